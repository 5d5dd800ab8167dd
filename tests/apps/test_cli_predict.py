"""``edgepair predict``: what it reads together, prints, writes and refuses."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepair.conventions import TASKS
from edgepair.spectra.alignment import foil_spectra

Call = Callable[..., Any]
COLUMNS = [
    "file", "item", "technique", "absorber", "task", "value", "lower", "upper", "classes", "probability",
    "trust", "status", "message",
]  # fmt: skip
ENERGY = 7112 + np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.5), np.arange(60, 400, 5.0)]


def write_spectrum(name: str, *, edge: float = 7124.0, element: str = "Fe") -> Path:
    x = ENERGY - 7124
    mu = 0.8 / (1 + np.exp(-x / 1.3)) + 0.3 * np.exp(-0.5 * ((x - 6) / 3) ** 2) + 0.5
    at = ENERGY + edge - 7124
    rows = "\n".join(f"{e:.3f} {m:.6f}" for e, m in zip(at, mu, strict=True))
    header = f"# XDI/1.0 test\n# Column.1: energy eV\n# Column.2: mutrans\n# Element.symbol: {element}\n"
    path = Path(name)
    path.write_text(header + "# Element.edge: K\n# ---\n# energy mutrans\n" + rows + "\n", encoding="utf-8")
    return path


def write_curve(name: str, *, radiation: str = "xray") -> Path:
    r = np.arange(0.0, 20.0, 0.02)
    G = -1.0 * r * np.exp(-0.02 * r) + 8 * np.exp(-0.5 * ((r - 2.0) / 0.1) ** 2) + np.sin(7 * r)
    rows = "\n".join(f"{a:.2f} {b:.5f}" for a, b in zip(r, G, strict=True))
    mode = f"mode = {radiation}\n" if radiation else ""
    header = f"[DEFAULT]\n{mode}qmax = 25.0\ncomposition = Fe2O3\n#### start data\n#S 1\n#L r(A) G(A^-2)\n"
    path = Path(name)
    path.write_text(header + rows + "\n", encoding="utf-8")
    return path


def write_many(name: str, count: int = 3) -> Path:
    """One table of many spectra."""
    x = ENERGY - 7124
    mu = 0.8 / (1 + np.exp(-x / 1.3)) + 0.3 * np.exp(-0.5 * ((x - 6) / 3) ** 2) + 0.5
    head = ",".join(["energy", *(f"scan{k}" for k in range(count))])
    rows = [
        ",".join([f"{e:.3f}", *(f"{m + 0.001 * k:.6f}" for k in range(count))])
        for e, m in zip(ENERGY, mu, strict=True)
    ]
    path = Path(name)
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def table(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def left() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_a_pair_has_three_rows_per_task_the_combined_one_last(edgepair: Call, fake: Any) -> None:
    write_spectrum("a.xdi"), write_curve("b.gr")
    done = edgepair("predict", "b.gr", "a.xdi", "--out", "r.csv")
    assert (done.code, done.err) == (0, "")
    (call,) = fake.calls
    assert call["mu"].file == "a.xdi"
    assert call["G"].file == "b.gr"
    rows = table("r.csv")
    assert list(rows[0]) == COLUMNS
    assert [row["technique"] for row in rows[::3]] == ["xanes", "pdf", "xanes+pdf"]
    assert [(row["file"], row["item"]) for row in rows[::3]] == [
        ("a.xdi", ""),
        ("b.gr", ""),
        ("a.xdi|b.gr", "|"),
    ]
    assert {row["status"] for row in rows} == {"ok"}
    assert rows[0]["classes"] == "3"
    assert float(rows[0]["value"]) == pytest.approx(2.99)
    assert (rows[2]["task"], rows[2]["classes"], rows[2]["probability"]) == ("bond_length", "", "")
    for part in ("XANES + PDF", "2.99", "class 3 (94 %)", "trust ok", "Nearest by"):
        assert part in done.out
    assert "7115" in done.out  # a window that drove the answer
    assert "! no energy calibration" in done.out


def test_files_alone_in_the_order_of_the_input(edgepair: Call, fake: Any) -> None:
    for name, element, edge in (
        ("1.xdi", "Fe", 7124),
        ("2.xdi", "Mn", 6552),
        ("3.xdi", "Fe", 7124),
        ("4.xdi", "Mn", 6552),
    ):
        write_spectrum(name, element=element, edge=edge)
    done = edgepair("predict", "1.xdi", "2.xdi", "3.xdi", "4.xdi", "--out", "r.csv")
    assert done.code == 0
    assert [call["absorber"] for call in fake.calls] == [
        "Fe",
        "Fe",
        "Mn",
        "Mn",
    ]  # one absorber's models at a time
    assert [row["file"] for row in table("r.csv")[::3]] == ["1.xdi", "2.xdi", "3.xdi", "4.xdi"]
    assert "4 samples: 4 answered (trust: 4 ok, 0 caution, 0 outside)" in done.out
    assert "! no energy calibration (4 of 4)" in done.out
    assert not any(call["explain"] for call in fake.calls)


def test_failures_are_rows_with_their_reason(edgepair: Call, fake: Any) -> None:
    write_spectrum("good.xdi"), write_spectrum("broken.xdi"), write_spectrum("strange.xdi")
    Path("empty.xdi").write_bytes(b"")
    done = edgepair("predict", "empty.xdi", "good.xdi", "broken.xdi", "strange.xdi", "--out", "r.csv")
    assert done.code == 1
    rows = table("r.csv")
    assert [row["status"] for row in rows[::3]] == ["refused", "ok", "failed", "ok"]
    assert (rows[0]["file"], rows[0]["technique"], rows[0]["value"]) == ("empty.xdi", "", "")
    assert "empty file" in rows[0]["message"]
    assert "ZeroDivisionError: a fault of ours" in rows[6]["message"]
    assert [row["trust"] for row in rows[::3]] == ["", "ok", "", "outside"]
    assert "Traceback" not in done.err
    assert done.err.count("Try:") == 2
    assert "1 refused, 1 failed" in done.out


def test_all_refused_is_2_and_the_table_says_why(edgepair: Call, fake: Any) -> None:
    Path("a.ddp").write_bytes(b"\x80\x02}q\x00.")
    Path("b.txt").write_text("nothing of use\n", encoding="utf-8")
    done = edgepair("predict", "a.ddp", "b.txt", "--absorber", "Fe", "--out", "r.csv", "--report", "r.html")
    assert (done.code, done.out) == (2, "")
    assert "pickle" in done.err
    assert [row["status"] for row in table("r.csv")] == ["refused"] * 6
    assert not Path("r.html").exists()
    assert fake.calls == []
    document = json.loads(edgepair("predict", "a.ddp", "--json").out)
    assert [sample["status"] for sample in document["samples"]] == ["refused"]


def test_json_is_one_document(edgepair: Call, fake: Any) -> None:
    write_spectrum("a.xdi"), write_curve("b.gr")
    done = edgepair("predict", "a.xdi", "b.gr", "missing.xdi", "--json")
    assert done.code == 1
    samples = json.loads(done.out)["samples"]
    assert [sample["file"] for sample in samples] == ["a.xdi", "b.gr", "missing.xdi"]
    assert [sample["status"] for sample in samples] == ["ok", "ok", "refused"]
    assert set(samples[0]) == set(samples[2])
    assert {"item", "absorber", "message", "answers", "explanation", "nearest"} <= set(samples[0])
    assert set(samples[0]["coordination_counted"]) == {"xanes"}
    assert samples[0]["answers"][2]["probability"] is None
    assert samples[2]["answers"] == []
    assert samples[2]["message"]


def test_a_file_of_many_gives_a_row_set_each(edgepair: Call, fake: Any) -> None:
    write_many("series.csv", 7)
    done = edgepair("predict", "series.csv", "--out", "r.csv", "--report", "r.html", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert [row["item"] for row in table("r.csv")[::3]] == [f"scan{k}" for k in range(7)]
    page = Path("r.html").read_text(encoding="utf-8")
    assert 'id="series"' in page
    assert "Fe: 7 scans" in page
    one = edgepair("predict", "series.csv", "--item", "scan3", "--out", "one.csv")
    assert one.code == 0
    assert {row["item"] for row in table("one.csv")} == {"scan3"}


def test_an_item_of_a_pair_belongs_to_the_file_that_has_it(edgepair: Call, fake: Any) -> None:
    write_many("series.csv"), write_curve("b.gr")
    asked = edgepair("predict", "series.csv", "b.gr")
    assert asked.code == 2
    assert "--item" in asked.err
    assert "3 curves" in asked.err
    done = edgepair("predict", "series.csv", "b.gr", "--item", "scan1", "--out", "r.csv")
    assert done.code == 0
    assert table("r.csv")[-1]["item"] == "scan1|"
    assert edgepair("predict", "series.csv", "b.gr", "--item", "scan9").code == 1  # the PDF is answered


def test_pairs_by_a_table(edgepair: Call, fake: Any) -> None:
    Path("data").mkdir()
    for k in (1, 2):
        write_spectrum(f"data/{k}.xdi"), write_curve(f"data/{k}.gr")
    Path("data/pairs.csv").write_text(
        "xanes,pdf,absorber\n1.xdi,1.gr,Fe\n2.xdi,missing.gr,\n,2.gr,Mn\n", encoding="utf-8"
    )
    done = edgepair("predict", "--pairs", "data/pairs.csv", "--out", "r.csv")
    assert done.code == 1
    rows = table("r.csv")[::3]
    assert [(row["technique"], row["status"]) for row in rows] == [
        ("xanes", "ok"), ("pdf", "ok"), ("xanes+pdf", "ok"),
        ("xanes", "ok"), ("pdf", "refused"),
        ("pdf", "ok"),
    ]  # fmt: skip
    assert rows[-1]["absorber"] == "Mn"
    assert rows[2]["file"] == "data/1.xdi|data/1.gr"
    swapped = Path("swapped.csv")
    swapped.write_text("xanes,pdf\ndata/1.gr,data/1.xdi\n", encoding="utf-8")
    done = edgepair("predict", "--pairs", swapped)
    assert done.code == 2
    assert "put the file into the other column" in done.err


def test_what_a_pair_cannot_answer_its_parts_may(edgepair: Call, fake: Any) -> None:
    write_spectrum("a.xdi"), write_curve("unknown.gr", radiation="")
    done = edgepair("predict", "a.xdi", "unknown.gr", "--out", "r.csv")
    assert done.code == 1
    rows = table("r.csv")[::3]
    assert [(row["technique"], row["status"]) for row in rows] == [
        ("xanes", "ok"), ("pdf", "refused"), ("xanes+pdf", "refused"),
    ]  # fmt: skip
    assert rows[2]["file"] == "a.xdi|unknown.gr"
    assert done.err.count("give --radiation") == 1  # said once, though it stops two answers


def test_a_neutron_pdf_is_told_apart(edgepair: Call, fake: Any) -> None:
    write_spectrum("a.xdi"), write_curve("n.gr", radiation="neutron"), write_curve("x.gr", radiation="")
    edgepair("predict", "a.xdi", "n.gr", "--out", "r.csv")
    assert [row["technique"] for row in table("r.csv")[::3]] == ["xanes", "npdf", "xanes+npdf"]
    assert [row["file"] for row in table("r.csv")[::3]] == ["a.xdi", "n.gr", "a.xdi|n.gr"]
    assert (
        edgepair("predict", "x.gr", "--radiation", "neutron", "--absorber", "Fe", "--out", "r.csv").code == 0
    )
    assert fake.calls[-1]["G"].radiation == "neutron"
    assert table("r.csv")[0]["technique"] == "npdf"


def test_a_dpdf_joins_its_sample(edgepair: Call, fake: Any) -> None:
    write_spectrum("a.xdi"), write_curve("d.gr"), write_curve("b.gr")
    assert edgepair("predict", "a.xdi", "--dpdf", "d.gr", "--out", "r.csv").code == 0
    assert [row["file"] for row in table("r.csv")[::3]] == ["a.xdi", "d.gr", "a.xdi|d.gr"]
    assert edgepair("predict", "a.xdi", "b.gr", "--dpdf", "d.gr", "--out", "r.csv").code == 0
    assert table("r.csv")[-1]["file"] == "a.xdi|b.gr|d.gr"
    assert edgepair("predict", "--dpdf", "d.gr", "--absorber", "Fe", "--out", "r.csv").code == 0
    assert {row["technique"] for row in table("r.csv")} == {"dpdf"}
    assert edgepair("predict", "a.xdi", "--dpdf", "a.xdi").code == 2


def test_options_reach_the_models(edgepair: Call, fake: Any) -> None:
    write_spectrum("a.xdi")
    edgepair(
        "predict", "a.xdi", "--shift", "-1.5", "--e0", "7123", "--confidence", "0.8", "--model", "m.skops"
    )
    call = fake.calls[0]
    assert (call["shift"], call["e0"], call["confidence_level"]) == (-1.5, 7123, 0.8)
    assert str(call["model"]) == "m.skops"
    assert (call["pre"], call["post"]) == (None, None)


def test_ranges_reach_the_models_and_stand_in_the_report(edgepair: Call, fake: Any) -> None:
    write_spectrum("a.xdi"), write_curve("b.gr")
    ranges = ("--pre", "-120,-40", "--post", "60,250")
    done = edgepair("predict", "a.xdi", *ranges, "--report", "r.html", "--quiet")
    assert (done.code, done.err) == (0, "")
    (call,) = fake.calls
    assert (call["pre"], call["post"]) == ((-120, -40), (60, 250))
    page = Path("r.html").read_text(encoding="utf-8")
    assert "pre-edge -120 to -40 eV, post-edge +60 to +250 eV, as given" in page
    edgepair("predict", "a.xdi", "--report", "r.html", "--quiet")
    assert ", as given" not in Path("r.html").read_text(encoding="utf-8")
    none = edgepair("predict", "b.gr", "--absorber", "Fe", *ranges)
    assert none.code == 2
    assert "cannot use --pre, --post" in none.err


def test_explanations_are_made_where_they_are_shown(
    edgepair: Call, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgepair.apps.cli.predict.MOST_EXPLAINED", 4)
    write_many("series.csv", 7)
    told = json.loads(edgepair("predict", "series.csv", "--json").out)["samples"]
    assert [bool(sample["explanation"]) for sample in told] == [True] * 4 + [False] * 3
    fake.calls.clear()
    edgepair("predict", "series.csv", "--quiet")
    assert not any(call["explain"] for call in fake.calls)
    fake.calls.clear()
    edgepair("predict", "series.csv", "--quiet", "--explain")
    assert sum(call["explain"] for call in fake.calls) == 7


def test_the_folder_of_all_is_named_once(edgepair: Call, fake: Any) -> None:
    for folder in ("run/a/x", "run/b/x"):
        Path(folder).mkdir(parents=True)
        for k in (1, 2):
            write_spectrum(f"{folder}/{k}.xdi")
    lines = edgepair("predict", *sorted(Path("run").rglob("*.xdi"))).out.splitlines()
    assert lines[0] == "in run/"
    assert [line.split()[0] for line in lines[2:6]] == ["a/x/1.xdi", "a/x/2.xdi", "b/x/1.xdi", "b/x/2.xdi"]


def test_the_report_is_one_file_that_loads_nothing(edgepair: Call, fake: Any) -> None:
    hostile = "a<script>alert(1)<!--.xdi"
    write_spectrum(hostile), write_curve("b.gr")
    done = edgepair("predict", hostile, "b.gr", "--report", "page.html", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    page = Path("page.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "<script src" not in page
    assert '<link rel="stylesheet' not in page
    assert page.count("plotly.js v") == 1
    assert sorted(name for name in left() if name.endswith(".html")) == ["page.html"]


def test_a_name_that_is_no_text_is_written_all_the_same(edgepair: Call, fake: Any) -> None:
    name = os.fsdecode(b"scan\xff.xdi")
    try:
        write_spectrum(name)
    except OSError:
        pytest.skip("this file system takes no such names")
    done = edgepair("predict", name, name, "--out", "r.csv", "--report", "r.html", "--json")
    assert done.code == 0
    assert table("r.csv")[0]["file"] == "scan\\udcff.xdi"
    assert json.loads(done.out)["samples"][0]["file"] == "scan\\udcff.xdi"


def test_an_interruption_keeps_what_was_answered(edgepair: Call, fake: Any) -> None:
    write_spectrum("a.xdi"), write_spectrum("interrupted.xdi")
    Path("r.csv").write_text("old\n", encoding="utf-8")
    before = left()
    done = edgepair("predict", "a.xdi", "interrupted.xdi", "--out", "r.csv", "--report", "r.html")
    assert (done.code, done.out) == (130, "")
    assert "interrupted; 1 of 2 samples are in 'r.csv'" in done.err
    rows = {row["file"]: (row["status"], row["message"]) for row in table("r.csv")}
    assert rows["a.xdi"][0] == "ok"
    assert rows["interrupted.xdi"] == ("failed", "interrupted before it was answered")
    assert left() == before


def test_the_same_command_goes_on_after_an_interruption(edgepair: Call, fake: Any) -> None:
    write_spectrum("a.xdi"), write_spectrum("interrupted.xdi"), write_spectrum("b.xdi", edge=7125.0)
    command = ("predict", "a.xdi", "b.xdi", "interrupted.xdi", "--out", "r.csv")
    assert edgepair(*command).code == 130
    first, answered = table("r.csv"), len(fake.calls)
    Path("r.csv").unlink()
    assert edgepair(*command).code == 130
    # Only the one that was not answered is asked again.
    assert [call["mu"].file for call in fake.calls[answered:]] == ["interrupted.xdi"]
    assert table("r.csv") == first
    # Another file under the same name is another sample.
    write_spectrum("b.xdi", edge=7125.5)
    assert edgepair(*command).code == 130
    assert [call["mu"].file for call in fake.calls[answered + 1 :]] == ["b.xdi", "interrupted.xdi"]


@contextmanager
def killed_at(name: str, fake: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Interrupt the command when it comes to a file."""
    answer = type(fake).__call__

    def killed(self: Any, mu: Any = None, *rest: Any, **options: Any) -> Any:
        if mu.file == name:
            raise KeyboardInterrupt
        return answer(self, mu, *rest, **options)

    with monkeypatch.context() as patched:
        patched.setattr(type(fake), "__call__", killed)
        yield


def test_a_document_goes_on_where_it_was_interrupted(
    edgepair: Call, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_spectrum("a.xdi"), write_spectrum("late.xdi")
    command = ("predict", "a.xdi", "late.xdi", "--json")
    whole = json.loads(edgepair(*command).out)["samples"]
    with killed_at("late.xdi", fake, monkeypatch):
        assert edgepair(*command).code == 130
    before = len(fake.calls)
    again = edgepair(*command)
    assert (again.code, again.err) == (0, "")
    told = json.loads(again.out)["samples"]
    assert [(list(one), one["status"]) for one in told] == [(list(one), "ok") for one in whole]
    assert [call["mu"].file for call in fake.calls[before:]] == ["late.xdi"]
    # Nothing is left of it: the command begins anew.
    assert edgepair(*command).code == 0
    assert len(fake.calls) == before + 3


def test_rows_of_an_interrupted_run_are_written_when_the_command_ends(
    edgepair: Call, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_spectrum("a.xdi"), write_spectrum("late.xdi")
    command = ("predict", "a.xdi", "late.xdi", "--out", "r.csv")
    with killed_at("late.xdi", fake, monkeypatch):
        assert edgepair(*command).code == 130
    kept = [row for row in table("r.csv") if row["file"] == "a.xdi"]
    done = edgepair(*command)
    assert (done.code, done.err) == (0, "")
    assert "1 of 2 answers are those of an interrupted run" in done.out
    assert [row for row in table("r.csv") if row["file"] == "a.xdi"] == kept
    assert {row["status"] for row in table("r.csv")} == {"ok"}
    # Nothing is left of it: the command begins anew.
    before = len(fake.calls)
    assert edgepair(*command).code == 0
    assert len(fake.calls) == before + 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no file"),
        (("a.xdi", "--shift", "1e9"), "--shift"),
        (("a.xdi", "--e0", "nan"), "--e0"),
        (("a.xdi", "--pre", "-30,-150"), "--pre -150,-30"),
        (("a.xdi", "--post", "50;500"), "--post=50,500"),
        (("a.xdi", "--confidence", "90"), "--confidence"),
        (("a.xdi", "--shift", "1", "--reference", "a.xdi"), "calibrate the energies twice"),
        (("a.xdi", "--qmax", "20"), "no PDF"),
        (("b.gr", "--mu", "2"), "no spectrum"),
        (("a.xdi", "--report", "x.png"), "ends in .html"),
        (("a.xdi", "--out", "nowhere/x.csv"), "nowhere"),
        (("a.xdi", "--out", "a.xdi"), "one of the files to be read"),
        (("a.xdi", "--out", "x.html", "--report", "x.html"), "the same name"),
        (("a.xdi", "--out", "folder"), "a folder"),
        (("a.xdi", "--pairs", "missing.csv"), "missing.csv"),
        (("--pairs", "a.xdi"), "xanes and pdf"),
        (("a.xdi", "--pairs", "p.csv", "--dpdf", "b.gr"), "--dpdf"),
        (("a.xdi", "a.xdi", "--dpdf", "b.gr"), "2 samples"),
        (("a.xdi", "--standards", "missing.csv"), "missing.csv"),
        (("a.xdi", "--reference", "b.gr"), "b.gr"),
        (("a.xdi", "--absorber", "Zz"), "Zz"),
        (("a.xdi", "--item", "nothing"), "nothing"),
    ],
)
def test_refusals_have_four_parts(edgepair: Call, fake: Any, arguments: tuple[str, ...], said: str) -> None:
    write_spectrum("a.xdi"), write_curve("b.gr")
    Path("folder").mkdir()
    before = left()
    done = edgepair("predict", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    for part in ("Found:", "Needed:", "Try:"):
        assert part in done.err
    assert left() == before


def test_a_foil_of_another_element_is_refused(edgepair: Call, fake: Any) -> None:
    x, foils = foil_spectra()
    mu = np.interp(ENERGY - 7112 + 1.5, x, foils["Fe"])
    rows = "\n".join(f"{e:.3f} {m:.6f}" for e, m in zip(ENERGY, mu, strict=True))
    Path("foil.dat").write_text("# energy mu\n" + rows + "\n", encoding="utf-8")
    write_spectrum("fe.xdi"), write_spectrum("mn.xdi", element="Mn", edge=6552)
    done = edgepair("predict", "fe.xdi", "mn.xdi", "--reference", "foil.dat", "--out", "r.csv")
    assert done.code == 1
    assert fake.calls[0]["foil"].shift == pytest.approx(1.5, abs=0.1)
    assert len(fake.calls) == 1
    assert "foil of Fe" in table("r.csv")[3]["message"]


def test_measured_files_with_the_real_models(edgepair: Call, shared: Path) -> None:
    """Known values: ../shared/data/experiment/xanes_index.csv (hematite 3, 6; siderite 2, 6)."""
    folder = shared / "data" / "experiment"
    names = ["bmm-standards__Fe-Hematite.xdi", "bmm-standards__Fe-Siderite.xdi"]
    files = [
        *(folder / "xanes" / "Fe" / name for name in names),
        folder / "pdf/Mn/pdfttp_data__MnOpdfgui.ddp3",
    ]
    done = edgepair("predict", *files, "--json", "--out", "r.csv", "--report", "r.html")
    assert done.code == 1
    samples = json.loads(done.out)["samples"]
    assert [sample["status"] for sample in samples] == ["ok", "ok", "refused"]
    assert "pickle" in samples[2]["message"]
    rows = table("r.csv")
    states = [float(row["value"]) for row in rows if row["task"] == "oxidation_state" and row["value"]]
    assert states == pytest.approx([3, 2], abs=0.34)
    numbers = [float(row["value"]) for row in rows if row["task"] == "coordination_number" and row["value"]]
    assert numbers == pytest.approx([6, 6], abs=0.5)
    for row in rows[:6]:
        assert float(row["lower"]) <= float(row["value"]) <= float(row["upper"])
        assert row["trust"] in ("ok", "caution", "outside")
    assert samples[0]["nearest"]
    assert {part["task"] for part in samples[0]["explanation"]} == set(TASKS)
    assert "added to the oxidation state" in Path("r.html").read_text(encoding="utf-8")
