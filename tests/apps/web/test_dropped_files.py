"""Dropped files: what they are for, foils that calibrate others, and what stands beside which field."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def text_of(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False)


def listed(visitor: Any) -> str:
    """Read the list again, as the page does after a file was read anew."""
    return text_of(
        visitor.call("predict-files.children", "predict-looked.data", {"predict-looked.data": "f1"})
    )


def beside(told: Any, key: str, field: str, page: str = "predict") -> str:
    slot = json.dumps({"key": key, "name": field, "type": f"{page}-slot"}, separators=(",", ":"))
    return text_of(told[slot]["children"])


@pytest.fixture
def with_foil(visitor: Any, texts: Any, fake: Any) -> Any:
    """A visitor who has dropped a sample (f1), an iron foil 1.5 eV too high (f2) and a PDF (f3)."""
    visitor.upload("rust.xdi", texts.spectrum())
    visitor.upload("foil.xdi", texts.foil(edge=7113.5))
    visitor.upload("rust.gr", texts.pdf())
    visitor.files()
    return visitor


def test_a_foil_calibrates_the_others_and_is_no_sample(with_foil: Any, fake: Any) -> None:
    before = listed(with_foil)
    assert "A metal foil among them?" in before
    assert "choose its element" in before  # of the PDF, which stands alone yet
    assert "no energy calibration" in str(with_foil.redraw("f1"))
    told = str(with_foil.redraw("f2", role="foil"))
    assert re.search(r"-1\.[45]\d eV is added to the energies of other spectra", told)
    assert "no energy calibration" not in told
    after = listed(with_foil)
    for part in ("metal foil: calibrates", "rust.xdi"):
        assert part in after
    for part in ("1 warning", "choose its element", "A metal foil among them?"):
        assert part not in after
    seen = str(with_foil.redraw("f1"))
    assert re.search(r"-1\.[45]\d eV, by a foil whose edge lies at 7113\.[45]\d eV", seen)
    assert "no energy calibration" not in seen
    with_foil.answer()
    (call,) = fake.calls  # the spectrum and the PDF, which are one sample now
    assert (call["mu"].file, call["G"].file) == ("rust.xdi", "rust.gr")
    assert call["foil"].shift == pytest.approx(-1.5, abs=0.1)


def test_a_shift_goes_before_a_foil_and_a_foil_that_goes_takes_its_shift(with_foil: Any) -> None:
    with_foil.redraw("f2", role="foil")
    assert "+0.25 eV, as given" in str(with_foil.redraw("f1", shift=0.25))
    ident = {"type": "predict-remove", "key": "f2"}
    changed = json.dumps(ident, sort_keys=True, separators=(",", ":")) + ".n_clicks"
    with_foil.call("predict-files.children", "predict-remove.n_clicks",
                   {"predict-remove.n_clicks": [(ident, 1)], "changed": changed})  # fmt: skip
    assert "no energy calibration" in str(with_foil.redraw("f1"))


def test_a_foil_that_is_none_is_refused_beside_its_field_and_calibrates_nothing(
    visitor: Any, texts: Any, fake: Any
) -> None:
    visitor.upload("rust.xdi", texts.spectrum())
    visitor.upload("more-rust.xdi", texts.spectrum())
    visitor.files()
    told = visitor.redraw("f2", role="foil")
    assert "cannot calibrate energies by 'more-rust.xdi'" in beside(told, "f2", "role")
    page = visitor.answer()
    assert "cannot calibrate energies by 'more-rust.xdi'" in page
    assert fake.calls == []


def test_a_foil_of_another_element_calibrates_nothing(with_foil: Any, texts: Any, fake: Any) -> None:
    with_foil.upload("mn.xdi", texts.spectrum(element="Mn", edge=6550.0))
    with_foil.files()
    with_foil.redraw("f2", role="foil")
    assert "no energy calibration" in str(with_foil.redraw("f4"))
    with_foil.answer()
    foils = {call["mu"].file: call["foil"] for call in fake.calls if call["mu"] is not None}
    assert foils["mn.xdi"] is None
    assert foils["rust.xdi"] is not None


def test_two_foils_of_one_element_are_refused(with_foil: Any, texts: Any) -> None:
    with_foil.upload("foil-2.xdi", texts.foil())
    with_foil.files()
    for key in ("f2", "f4"):
        with_foil.redraw(key, role="foil")
    assert "2 foils of Fe" in str(with_foil.redraw("f1"))
    assert "2 foils of Fe" in with_foil.answer()


def test_what_comes_after_a_foil_is_calibrated_too(with_foil: Any, texts: Any) -> None:
    with_foil.redraw("f2", role="foil")
    with_foil.upload("later.xdi", texts.spectrum())
    told, _ = with_foil.files()
    assert "1 warning" not in told


def test_numbers_that_a_visitor_gave_are_kept(with_foil: Any, fake: Any) -> None:
    ids = {key: {"type": "predict-sample", "key": key} for key in ("f1", "f3")}
    changed = json.dumps(ids["f1"], sort_keys=True, separators=(",", ":")) + ".value"
    values = {"predict-sample.value": [(ids["f1"], 1), (ids["f3"], 7)], "changed": changed}
    with_foil.call("predict-files.children", "predict-sample.value", values)
    with_foil.redraw("f2", role="foil")
    with_foil.redraw("f3", absorber="Fe")
    with_foil.answer()
    assert len(fake.calls) == 2


def test_a_foil_in_the_scan_is_said_to_be_used(visitor: Any, texts: Any) -> None:
    """The words of ``edgepair inspect``, which leaves it to options, would deny it."""
    rows = [line.split() for line in texts.spectrum().decode().splitlines() if not line.startswith("#")]
    foil = [line.split() for line in texts.foil(edge=7114.0).decode().splitlines() if line[0] != "#"]
    x, y = ([float(row[k]) for row in foil] for k in (0, 1))
    from numpy import interp

    lines = [f"{e} {m} {interp(float(e), x, y):.6f}" for e, m in rows]
    head = ["# XDI/1.0", "# Element.symbol: Fe", "# Element.edge: K", "# Column.1: energy eV",
            "# Column.2: mutrans", "# Column.3: murefer", "# ---"]  # fmt: skip
    visitor.upload("both.xdi", "\n".join(head + lines).encode())
    visitor.files()
    told = str(visitor.redraw("f1"))
    assert "by the Fe foil in the scan" in told
    assert "the answer adds it" in told
    for wrong in ("--save", "energies as measured", "would calibrate"):
        assert wrong not in told


def test_the_edge_that_is_proposed_is_on_the_scale_of_the_file(visitor: Any, texts: Any) -> None:
    visitor.upload("a.xdi", texts.spectrum())
    visitor.files()

    def proposed() -> str:
        fields = visitor.call("predict-controls.children", "predict-shown.data", {"predict-shown.data": "f1"})
        made = [one["props"]["children"][0]["props"]["children"][0]["props"]["children"][1]["props"]
                for one in fields["predict-controls"]["children"]]  # fmt: skip
        return str(next(one["placeholder"] for one in made if one["id"]["name"] == "e0"))

    before = proposed()
    visitor.redraw("f1", shift=-20.0)
    assert proposed() == before


def test_a_number_density_scales_a_curve_of_another_function(visitor: Any, fake: Any) -> None:
    import numpy as np

    r = np.arange(0.02, 20.0, 0.02)
    level = np.where(r < 1.6, -2.0, np.sin(5 * r) * np.exp(-r / 8))
    rows = "\n".join(f"{a:.2f} {b:.5f}" for a, b in zip(r, level, strict=True))
    visitor.upload("keen.gr", f"{len(r)}\nsample\n{rows}\n".encode())
    told, key = visitor.files()
    assert "PDF (RMCProfile)" in told
    assert "Number density (Å⁻³)" in text_of(
        visitor.call("predict-controls.children", "predict-shown.data", {"predict-shown.data": key})
    )
    assert "typical of oxides" in str(visitor.redraw(key))
    assert "typical of oxides" not in str(visitor.redraw(key, number_density=0.1, absorber="Fe"))
    refused = visitor.redraw(key, number_density=-1.0)
    assert "cannot" in beside(refused, key, "number_density")
    visitor.redraw(key, number_density=0.05, absorber="Fe")
    visitor.answer()
    thin = fake.calls[-1]["G"]
    visitor.redraw(key, number_density=0.1, absorber="Fe")
    visitor.answer()
    assert np.allclose(fake.calls[-1]["G"].G, 2 * thin.G)


def test_files_stand_in_the_order_in_which_they_were_chosen(visitor: Any, texts: Any) -> None:
    for name in ("b.gr", "c.xdi", "a.xdi"):
        visitor.upload(name, texts.pdf() if name.endswith("gr") else texts.spectrum())
    told, shown = visitor.files(names=["a.xdi", "b.gr", "c.xdi"])
    assert shown == "f3"
    assert told.index("a.xdi") < told.index("b.gr") < told.index("c.xdi")


def test_a_visitors_file_has_no_file_beside_it(tmp_path: Path) -> None:
    """An HDF5 file may take numbers of another in its folder; there other visitors' files could lie."""
    h5py = pytest.importorskip("h5py")
    from edgepair.apps.web.work.reading import FileRequest, read
    from edgepair.conventions import EdgepairError

    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["it"] = np.arange(1.0, 301.0)
    with h5py.File(tmp_path / "mine.h5", "w") as file:
        file["energy"], file["i0"] = np.arange(7000.0, 7300.0), np.full(300, 1e5)
        layout = h5py.VirtualLayout(shape=(300,), dtype="f8")
        layout[:] = h5py.VirtualSource("other.h5", "it", shape=(300,))
        file.create_virtual_dataset("it", layout)
    with pytest.raises(EdgepairError, match=r"it in 'other\.h5'"):
        read(FileRequest(tmp_path / "mine.h5", "mine.h5"))
