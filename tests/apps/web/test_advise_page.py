"""The page Advise: the question, a sample, the answer."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import xarray as xr

from edgepair.advice import Advice, advise
from edgepair.conventions.wording import with_minus
from edgepair.study import Progress

FIELDS = {"advise-set.value": "Fe", "advise-task.value": "bond_length", "advise-gain.value": "0.02",
          "advise-requirements.value": ["yes"]}  # fmt: skip


def text_of(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False)


@pytest.fixture(scope="module")
def advice(make_synthetic: Callable[..., xr.Dataset]) -> Advice:
    """An answer on sixty made sites."""
    return advise(
        make_synthetic(), task="bond_length", techniques=["xanes", "pdf"], trees=5, requirements=False,
        n_jobs=1, cache=False,
    )  # fmt: skip


@pytest.fixture
def asked(advice: Advice, monkeypatch: pytest.MonkeyPatch, fake: Any) -> list[dict[str, Any]]:
    """Put a stand-in in place of the advisor, which takes no time; return what it was asked."""
    questions = []

    def stand_in(dataset: Any, *, on_progress: Any, **options: Any) -> Advice:
        questions.append({"absorber": dataset.attrs["absorber"], **options})
        on_progress(Progress(1.0, 2.0, "xanes", False))
        return advice

    monkeypatch.setattr("edgepair.advice.advise", stand_in)
    return questions


def upload(visitor: Any, name: str, content: bytes) -> str:
    visitor.upload(name, content, page="advise")
    told: str = visitor.files(page="advise")[0]
    return told


def ask(visitor: Any, **more: Any) -> str:
    """Press Ask and wait; return what the page then shows."""
    told = visitor.call(
        "advise-answer-job.data", "advise-ask.n_clicks", FIELDS | {"advise-ask.n_clicks": 1} | more
    )
    job = told.get("advise-answer-job", {}).get("data")
    if job is None:
        return text_of(told)
    for tick in range(500):
        seen = visitor.call(
            "advise-answer-done.data",
            "advise-answer-clock.n_intervals",
            {"advise-answer-job.data": job, "advise-answer-clock.n_intervals": tick},
        )
        if seen["advise-answer-clock"]["disabled"]:
            break
        time.sleep(0.02)
    if "advise-answer-done" not in seen:
        return text_of(seen)
    return text_of(
        visitor.call("advise-result.children", "advise-answer-done.data", {"advise-answer-done.data": job})
    )


def test_the_answer_is_words_figure_and_tables(visitor: Any, asked: Any, advice: Advice) -> None:
    text = ask(visitor)
    for sentence in advice.recommendation:
        assert with_minus(sentence) in text
    for part in ('"type": "Graph"', "What adding a technique changes", "R² (1 = perfect)", "Page (HTML)"):
        assert part in text, part
    (question,) = asked
    assert question["absorber"] == "Fe"
    assert (question["task"], question["smallest_gain"], question["requirements"]) == (
        "bond_length",
        0.02,
        True,
    )
    assert question["sample"] is None


def test_a_sample_goes_into_the_question(visitor: Any, asked: Any, fake: Any, texts: Any) -> None:
    listed = upload(visitor, "rust.xdi", texts.spectrum())
    assert "XANES of Fe (XDI)" in listed
    assert "PDF (" in upload(visitor, "rust.gr", texts.pdf())
    visitor.redraw("f2", page="advise", role="dpdf")
    ask(visitor)
    (question,) = asked
    assert question["sample"] is not None
    (call,) = fake.calls
    assert call["mu"].file == "rust.xdi"
    assert call["G_M"].file == "rust.gr"
    assert call["absorber"] == "Fe"
    assert call["data"] is None


def test_how_a_file_is_read_goes_into_the_question(visitor: Any, asked: Any, fake: Any, texts: Any) -> None:
    upload(visitor, "rust.xdi", texts.spectrum())
    upload(visitor, "foil.xdi", texts.foil(edge=7113.5))
    upload(visitor, "rust.gr", texts.pdf())
    visitor.redraw("f2", page="advise", role="foil")
    told = str(visitor.redraw("f1", page="advise", e0=7121.5, pre="-120,-40", post="80,300"))
    assert re.search(r"-1\.[45]\d eV, by a foil", told)
    assert "Graph" in told
    visitor.redraw("f3", page="advise", qmax=20.0)
    ask(visitor)
    (call,) = fake.calls
    assert (call["e0"], call["pre"], call["post"]) == (7121.5, (-120, -40), (80, 300))
    assert call["foil"].shift == pytest.approx(-1.5, abs=0.1)
    assert call["G"].qmax == 20.0
    slot = json.dumps({"key": "f1", "name": "pre", "type": "advise-slot"}, separators=(",", ":"))
    wrong = visitor.redraw("f1", page="advise", pre="-30,-150")
    assert "does not end above its start" in text_of(wrong[slot])


def test_a_sample_of_another_element_is_refused(visitor: Any, asked: Any, texts: Any) -> None:
    upload(visitor, "mn.xdi", texts.spectrum(element="Mn", edge=6550.0))
    text = ask(visitor)
    for part in ("cannot advise on 'mn.xdi' as a sample of Fe", "K edge of Mn", "choose a dataset of Mn"):
        assert part in text, part
    assert asked == []


def test_two_spectra_are_not_one_sample(visitor: Any, asked: Any, texts: Any) -> None:
    upload(visitor, "a.xdi", texts.spectrum())
    upload(visitor, "b.xdi", texts.spectrum())
    assert "cannot take 'a.xdi' and 'b.xdi' as one sample" in ask(visitor)
    assert asked == []


def test_a_file_that_was_not_read_is_never_left_out_in_silence(visitor: Any, asked: Any) -> None:
    listed = upload(visitor, "holiday.txt", b"sun\n" * 40)
    assert all(part in listed for part in ("not read", "holiday.txt", "Needed"))
    assert "cannot ask with the file 'holiday.txt'" in ask(visitor)
    ident = {"type": "advise-remove", "key": "f1"}
    changed = json.dumps(ident, sort_keys=True, separators=(",", ":")) + ".n_clicks"
    visitor.call("advise-files.children", "advise-remove.n_clicks",
                 {"advise-remove.n_clicks": [(ident, 1)], "changed": changed})  # fmt: skip
    ask(visitor)
    assert len(asked) == 1


@pytest.mark.parametrize("gain", ["", "much", "0", "0.9", None, "nan"])
def test_a_gain_that_cannot_be_is_refused_beside_its_field(visitor: Any, asked: Any, gain: Any) -> None:
    values = FIELDS | {"advise-gain.value": gain}
    told = visitor.call("advise-gain-slot.children", "advise-gain.value", values)
    assert "cannot ask with this smallest gain" in text_of(told["advise-gain-slot"])
    assert "cannot ask with this smallest gain" in ask(visitor, **{"advise-gain.value": gain})
    assert asked == []


def test_the_address_holds_the_question(visitor: Any, asked: Any) -> None:
    values = FIELDS | {"advise-gain.value": "0,05", "advise-requirements.value": []}
    told = visitor.call("advise-gain-slot.children", "advise-gain.value", values)
    assert told["advise-gain-slot"]["children"] == []
    assert told["view"]["data"] == {"set": "Fe", "task": "bond_length", "gain": "0,05", "requirements": "no"}
    shown = text_of(
        visitor.call(
            "page.children", "address.pathname", {"address.pathname": "/advise", "address.search": "?set=Ti"}
        )
    )
    assert '"value": "Ti"' in shown
    ask(visitor, **{"advise-gain.value": "0,05"})
    assert asked[-1]["smallest_gain"] == 0.05


def test_page_and_document_are_saved(visitor: Any, asked: Any, advice: Advice) -> None:
    ask(visitor)
    for kind, start in (("json", "{"), ("html", "<!doctype html")):
        ident = {"type": "advise-save", "kind": kind}
        changed = json.dumps(ident, sort_keys=True, separators=(",", ":")) + ".n_clicks"
        values = {"advise-save.n_clicks": [(ident, 1)], "changed": changed}
        file = visitor.call("advise-download.data", "advise-save.n_clicks", values)["advise-download"]["data"]
        assert file["content"].lstrip().lower().startswith(start)
        if kind == "json":
            assert json.loads(file["content"])["recommendation"] == list(advice.recommendation)


def test_a_task_or_dataset_that_does_not_exist_is_refused(visitor: Any, fake: Any) -> None:
    assert "cannot advise on the task 'colour'" in ask(visitor, **{"advise-task.value": "colour"})
    assert "cannot show the dataset '/etc'" in ask(visitor, **{"advise-set.value": "/etc"})


def test_a_visit_to_advise(browser: Any, served: str, asked: Any, texts: Any, tmp_path: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    path = tmp_path / "rust.xdi"
    path.write_bytes(texts.spectrum())
    browser.driver.get(served + "advise?set=Fe&task=bond_length&requirements=no")
    browser.see(".choose")
    browser.driver.find_element(By.CSS_SELECTOR, "#advise-file").send_keys(str(path))
    browser.see("table.files", text="XANES of Fe")
    gain = browser.see("#advise-gain")
    gain.send_keys(Keys.BACKSPACE * 6 + "9")
    browser.see("#advise-gain-slot .notice", text="smallest gain")
    gain.send_keys(Keys.BACKSPACE + "0.03")
    browser.see("#advise-ask").send_keys(Keys.ENTER)
    browser.see("#advise-result", text="What adding a technique changes")
    browser.see("#advise-result .js-plotly-plot")
    assert asked[-1]["smallest_gain"] == 0.03
    assert asked[-1]["requirements"] is False
    assert "gain=0.03" in browser.driver.current_url
    assert browser.complaints() == []
