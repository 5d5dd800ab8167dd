"""The page Predict by its requests: files in, answers out, errors in four parts beside their fields."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from edgepair.conventions import BUNDLED_ABSORBERS
from edgepair.standards import load_standards

Make = Callable[..., Any]


def save(visitor: Any, kind: str) -> dict[str, Any]:
    ident = {"type": "predict-save", "kind": kind}
    told = visitor.call(
        "predict-download.data",
        "predict-save.n_clicks",
        {
            "predict-save.n_clicks": [(ident, 1)],
            "changed": json.dumps(ident, sort_keys=True, separators=(",", ":")) + ".n_clicks",
        },
    )
    file: dict[str, Any] = told["predict-download"]["data"]
    return file


def click(visitor: Any, what: str, key: str) -> Any:
    ident = {"type": f"predict-{what}", "key": key}
    return visitor.call(
        "predict-files.children",
        f"predict-{what}.n_clicks",
        {
            f"predict-{what}.n_clicks": [(ident, 1)],
            "changed": json.dumps(ident, sort_keys=True, separators=(",", ":")) + ".n_clicks",
        },
    )


def number(visitor: Any, samples: dict[str, int]) -> None:
    ids = {key: {"type": "predict-sample", "key": key} for key in samples}
    visitor.call(
        "predict-files.children",
        "predict-sample.value",
        {
            "predict-sample.value": [(ids[key], value) for key, value in samples.items()],
            "changed": json.dumps(next(iter(ids.values())), sort_keys=True, separators=(",", ":")) + ".value",
        },
    )


def test_a_spectrum_and_a_pdf_are_one_sample(visitor: Any, texts: Any, fake: Any) -> None:
    visitor.upload("rust.xdi", texts.spectrum())
    visitor.upload("rust.gr", texts.pdf())
    listed, shown = visitor.files()
    for part in ("rust.xdi", "rust.gr", "XANES of Fe (XDI)", "PDF ("):
        assert part in listed
    assert shown == "f1"
    page = visitor.answer()
    (call,) = fake.calls
    assert (call["mu"].file, call["G"].file) == ("rust.xdi", "rust.gr")
    assert call["confidence_level"] == 0.9
    for part in (
        "XANES + PDF",
        "2.98",
        "2.60 to 3.20",
        "like the training set",
        "Nearest known",
        "rust.xdi + rust.gr",
    ):
        assert part in page, part
    assert page.count('"type": "Graph"') == 5  # values, two of probabilities, two curves


def test_files_are_answered_together_by_their_sample_numbers(visitor: Any, texts: Any, fake: Any) -> None:
    for name in ("a.xdi", "b.xdi"):
        visitor.upload(name, texts.spectrum())
    for name in ("a.gr", "b.gr"):
        visitor.upload(name, texts.pdf())
    visitor.files()
    number(visitor, {"f1": 1, "f2": 2, "f3": 1, "f4": 2})
    visitor.answer()
    pairs = [(call["mu"].file, call["G"].file) for call in fake.calls]
    assert pairs == [("a.xdi", "a.gr"), ("b.xdi", "b.gr")]
    number(visitor, {"f1": 1, "f2": 1, "f3": 1, "f4": 2})
    page = visitor.answer()
    assert "two curves of one technique" in page
    assert "give each its own sample number" in page
    assert "2.98" in page


def test_the_fields_are_what_is_read_and_answered_with(visitor: Any, texts: Any, fake: Any) -> None:
    visitor.upload("a.xdi", texts.spectrum())
    _, key = visitor.files()
    plain = str(visitor.redraw(key))
    assert "none" in plain
    assert "'calibration'" in plain
    told = str(visitor.redraw(key, e0=7121.5, shift=-1.25, absorber="Fe", energy_unit="eV"))
    assert "7120.25 eV" in told
    told = str(
        visitor.redraw(key, e0=7121.5, shift=-1.25, absorber="Fe", pre="-120,-40", post="\u221280,300")
    )
    assert "starts below the edge" in told
    told = str(visitor.redraw(key, e0=7121.5, shift=-1.25, absorber="Fe", pre="-120, -40", post="80,300"))
    for part in ("-120 to -40 eV", "+80 to +300 eV", "Graph"):
        assert part in told
    page = visitor.answer(68)
    (call,) = fake.calls
    assert (call["e0"], call["shift"], call["absorber"]) == (7121.5, -1.25, "Fe")
    assert (call["pre"], call["post"]) == ((-120, -40), (80, 300))
    assert "pre-edge -120 to -40 eV, post-edge +80 to +300 eV, as given" in page
    assert call["confidence_level"] == 0.68


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("shift", 5000.0, "5000 eV"),
        ("mu", "no_such", "no_such"),
        ("mu", "__import__('os').system('true')", "__import__"),
        ("energy_column", "9", "9"),
        ("e0", 1.0, "1 eV"),
        ("pre", "-30,-150", "does not end above its start"),
        ("pre", "a to b", "a to b"),
        ("post", "50", "two numbers"),
        ("post", "-5,200", "starts below the edge"),
    ],
)
def test_an_error_stands_beside_its_field(
    visitor: Any, texts: Any, field: str, value: Any, found: str
) -> None:
    visitor.upload("a.xdi", texts.spectrum())
    _, key = visitor.files()
    told = visitor.redraw(key, **{field: value})
    slot = json.dumps({"key": key, "name": field, "type": "predict-slot"}, separators=(",", ":"))
    beside = json.dumps(told[slot]["children"], ensure_ascii=False)
    assert "notice" in beside
    assert found in beside
    assert "--" not in beside
    assert told["predict-curve"]["children"] == []
    # Given back to what the file says, it is drawn again.
    again = visitor.redraw(key, **{field: None})
    assert again[slot]["children"] is None
    assert "Graph" in str(again["predict-curve"])


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("pre", "-900,-700", "0 points"),
        ("post", "2000,3000", "0 points"),
        ("e0", 9000.0, "outside"),
    ],
)
def test_what_the_scan_does_not_reach_is_said_beside_the_field_and_the_scan_drawn(
    visitor: Any, texts: Any, fake: Any, field: str, value: Any, found: str
) -> None:
    visitor.upload("a.xdi", texts.spectrum())
    _, key = visitor.files()
    fields = str(visitor.call("predict-controls.children", "predict-shown.data", {"predict-shown.data": key}))
    assert "-150,-30" in fields  # what was chosen, where nothing is given
    told = visitor.redraw(key, **{field: value})
    slot = json.dumps({"key": key, "name": field, "type": "predict-slot"}, separators=(",", ":"))
    beside = json.dumps(told[slot]["children"], ensure_ascii=False)
    for part in ("notice", found, "Needed", "Try"):
        assert part in beside
    assert "--" not in beside
    assert str(told["predict-curve"]).count("'Graph'") == 1
    again = visitor.redraw(key, **{field: None})
    assert again[slot]["children"] is None
    assert str(again["predict-curve"]).count("'Graph'") == 2


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("photo.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 400, "an image"),
        ("paper.pdf", b"%PDF-1.7\n" + b"\x00" * 400, "PDF format"),
        ("model.xdi", b"\x80\x04\x95" + b"\x00" * 400, "pickles"),
        ("a.gr", b"\x7fELF" + bytes(range(256)) * 8, "bytes that are no text"),
        ("letter.txt", b"Dear sir,\nthis is no spectrum.\n" * 10, "'letter.txt'"),
        ("structure.cif", b"data_x\n_cell_length_a 4.2\nloop_\n_atom_site_label\nFe\n", "CIF"),
    ],
)
def test_a_wrong_file_is_refused_beside_its_name(
    visitor: Any, fake: Any, name: str, content: bytes, found: str
) -> None:
    visitor.upload(name, content)
    listed, _ = visitor.files()
    for part in ("not read", name, found, "Needed", "Try"):
        assert part in listed, part
    assert "edgepair-web-" not in listed
    assert "f1." not in listed
    assert "no file that could be read" in visitor.answer()
    assert fake.calls == []


def test_columns_without_names_are_told_by_what_they_hold(visitor: Any, texts: Any, fake: Any) -> None:
    """The energies stand last; fields still choose another column."""
    lines = texts.spectrum().decode().splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    strange = "\n".join(f"{m} {float(m) + 3} {e}" for e, m in rows)
    visitor.upload("strange.dat", strange.encode())
    listed, key = visitor.files()
    assert "XANES of Fe" in listed
    assert "not read" not in listed
    visitor.redraw(key, energy_column="3", mu="2", absorber="Fe")
    assert "2.98" in visitor.answer()


def test_names_and_errors_cannot_be_markup(visitor: Any, texts: Any, fake: Any) -> None:
    evil = "<img src=x onerror=alert(1)>.xdi"
    visitor.upload("%3Cimg src=x onerror=alert(1)%3E.xdi", texts.spectrum())
    listed, _ = visitor.files([{"problem": "<b>", "found": ["x"], "needed": 3}, "what"])
    assert evil in listed  # a child, which React writes as text
    page = visitor.answer()
    assert evil in page
    for text in (listed, page):
        assert "dangerously" not in text
        assert '"type": "Markdown"' not in text
    report = save(visitor, "html")["content"]
    assert "<img src=x" not in report
    assert "&lt;img src=x" in report


def test_downloads_are_what_the_command_writes(visitor: Any, texts: Any, fake: Any) -> None:
    visitor.upload("a.xdi", texts.spectrum())
    visitor.upload("bad.xdi", b"nothing")
    visitor.upload("b.xdi", texts.spectrum())
    visitor.files()
    visitor.answer()
    table = list(csv.DictReader(io.StringIO(save(visitor, "csv")["content"])))
    assert [row["file"] for row in table[::3]] == ["a.xdi", "b.xdi"]
    assert table[0]["value"] == "2.98"
    document = json.loads(save(visitor, "json")["content"])
    assert [sample["file"] for sample in document["samples"]] == ["a.xdi", "b.xdi"]
    report = save(visitor, "html")
    assert report["filename"] == "edgepair-answers.html"
    assert report["content"].startswith("<!doctype html>")


def test_of_many_answers_one_is_drawn_at_a_time(visitor: Any, texts: Any, fake: Any) -> None:
    for name in ("a.xdi", "b.xdi", "c.xdi"):
        visitor.upload(name, texts.spectrum())
    visitor.files()
    page = visitor.answer()
    assert page.count('"className": "card"') == 1
    assert page.count('"type": "Graph"') < 10
    assert all(name in page for name in ("a.xdi", "b.xdi", "c.xdi"))

    def opened(number: object) -> str:
        asked = {"predict-open.data": {"number": number, "tick": 1}}
        return json.dumps(visitor.call("predict-opened.children", "predict-open.data", asked))

    assert "c.xdi" in opened(2)
    for wrong in (3, -1, "0", None, 1.5):
        assert "card" not in opened(wrong)


def test_files_are_removed_and_shown(page: Any, visitor: Any, texts: Any) -> None:
    _, services = page
    for name in ("a.xdi", "b.gr"):
        visitor.upload(name, texts.spectrum() if name == "a.xdi" else texts.pdf())
    visitor.files()
    assert click(visitor, "show", "f2")["predict-shown"]["data"] == "f2"
    fields = str(
        visitor.call("predict-controls.children", "predict-shown.data", {"predict-shown.data": "f2"})
    )
    assert "Radiation" in fields
    assert "E0" not in fields
    told = click(visitor, "remove", "f2")
    assert told["predict-shown"]["data"] == "f1"
    assert "b.gr" not in str(told)
    assert [path.name for path in services.visits.find(visitor.key).folder.iterdir()] == ["f1.xdi"]
    click(visitor, "remove", "f1")
    assert "without a measurement" in visitor.answer()


def test_a_file_of_many_curves(visitor: Any, fake: Any) -> None:
    from edgepair.standards import load_standards

    standard = load_standards("Fe")[0]
    names = [f"scan{k}" for k in range(4)]
    rows = [
        ",".join([f"{e:.3f}", *(f"{m + 0.001 * k:.6f}" for k in range(4))])
        for e, m in zip(standard.energy, standard.mu, strict=True)
    ]
    visitor.upload("night.csv", "\n".join([",".join(["energy", *names]), *rows]).encode())
    listed, key = visitor.files()
    assert "4 curves" in listed
    fields = visitor.call("predict-controls.children", "predict-shown.data", {"predict-shown.data": key})
    assert "Curves to answer" in str(fields)
    assert "scan2" in str(visitor.redraw(key, part="scan2", parts=names[1:]))
    visitor.answer()
    assert [call["mu"].item for call in fake.calls] == names[1:]


def test_what_the_page_holds_comes_back_with_the_visit(visitor: Any, texts: Any, fake: Any) -> None:
    visitor.upload("a.xdi", texts.spectrum())
    visitor.files()
    visitor.answer()
    opened = {"address.pathname": "/predict", "address.search": "?confidence=95"}
    page = json.dumps(visitor.call("page.children", "address.pathname", opened))
    for part in ("a.xdi", "2.98", '"value": 95'):
        assert part in page


def begin(visitor: Any, example: str) -> str:
    """Open the page with an example in its address."""
    opened = {"address.pathname": "/predict", "address.search": f"?example={example}"}
    page = json.dumps(visitor.call("page.children", "address.pathname", opened))
    assert '"id": "predict-begin"' in page
    told = visitor.call(
        "predict-files.children",
        "predict-begin.n_intervals",
        {"predict-begin.n_intervals": 1, "predict-example.value": example},
    )
    return json.dumps(told, ensure_ascii=False)


@pytest.mark.parametrize("absorber", BUNDLED_ABSORBERS)
def test_examples_are_there_for_every_metal(visitor: Any, absorber: str) -> None:
    told = begin(visitor, absorber)
    assert f"XANES of {absorber} (XDI)" in told
    assert "PDF (" in told
    assert "not read" not in told
    assert f'"predict-example-shown": {{"data": "{absorber}"}}' in told


@pytest.mark.parametrize("example", ["../etc", "Xx", "%00", "Zr"])
def test_an_example_that_somebody_made_up_does_no_harm(visitor: Any, example: str) -> None:
    assert "nothing bundled" in begin(visitor, example)


@pytest.mark.parametrize(
    "search", ["?confidence=-1&%00=1", "?confidence=1e9", "?" + "a=b&" * 5000, "?confidence=²"]
)
def test_an_address_that_somebody_made_up_does_no_harm(visitor: Any, search: str) -> None:
    opened = {"address.pathname": "/predict", "address.search": search}
    assert '"value": 90' in json.dumps(visitor.call("page.children", "address.pathname", opened))


def test_nobody_gets_at_anothers_job_files_or_answers(
    page: Any, visitor: Any, visitor_of: Make, texts: Any, fake: Any
) -> None:
    visitor.upload("secret.xdi", texts.spectrum())
    _, key = visitor.files()
    begun = visitor.call(
        "predict-answers-job.data",
        "predict-answer.n_clicks",
        {"predict-answer.n_clicks": 1, "predict-confidence.value": 90},
    )
    job = begun["predict-answers-job"]["data"]
    other = visitor_of(page[0])
    for told in (
        other.files(),
        other.redraw(key),
        click(other, "show", key),
        other.call(
            "predict-results.children", "predict-answers-done.data", {"predict-answers-done.data": job}
        ),
        other.call(
            "predict-answers-done.data",
            "predict-answers-clock.n_intervals",
            {"predict-answers-job.data": job},
        ),
    ):
        assert "secret" not in str(told)
        assert "2.98" not in str(told)


def test_twenty_visitors_with_two_hundred_files_do_not_mix(page: Any, visitor_of: Make, fake: Any) -> None:
    """Each uploads ten measured spectra of its own names, and gets back those, with their elements."""
    standards = load_standards()
    app, _ = page

    def visit(number: int) -> tuple[str, list[str], str]:
        visitor = visitor_of(app)
        mine = [standards[(number * 7 + k * 3) % len(standards)] for k in range(10)]
        answered = ""
        for k, standard in enumerate(mine):
            rows = "\n".join(f"{x:.3f} {y:.5f}" for x, y in zip(standard.energy, standard.mu, strict=True))
            content = f"# XDI/1.0\n# Element.symbol: {standard.absorber}\n# Element.edge: K\n# ---\n{rows}\n"
            assert visitor.upload(f"v{number}-{k}.xdi", content.encode()).status_code == 200
            if k == 0 and number % 2:
                # A whole answer takes longer than forty files; those of ten are enough to be mixed up.
                visitor.files()
                answered = visitor.answer()
                assert f"v{number}-0.xdi" in answered
        return visitor.files()[0], [standard.absorber for standard in mine], answered

    with ThreadPoolExecutor(20) as pool:
        visits = list(pool.map(visit, range(20)))
    for number, (listed, metals, answered) in enumerate(visits):
        assert all(f"v{number}-{k}.xdi" in listed for k in range(10))
        for text in (listed, answered):
            assert not any(f"v{other}-" in text for other in range(20) if other != number)
        assert [f"XANES of {metal}" in listed for metal in metals] == [True] * 10
    assert len(fake.calls) == 10
