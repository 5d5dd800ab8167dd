"""The page: one safe file that shows what there is, and no more."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from edgepair.conventions import OutputError
from edgepair.conventions.wording import number
from edgepair.report import render_study, summarise_study, write_study
from edgepair.study import StudyResult

SECTIONS = (
    "scores",
    "findings",
    "importances",
    "shares",
    "predictions",
    "learning",
    "splits",
    "data",
    "tables",
    "methods",
)


class _Page(HTMLParser):
    """Collects what a browser would load, the sections, scripts and visible text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.loads: list[str] = []
        self.sections: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.specs: dict[str, Any] = {}
        self.words: list[str] = []
        self._script: str | None = None
        self._skip = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.append(tag)
        if tag != "a":
            self.loads += [v for k, v in attrs if k in ("src", "href", "srcset", "data", "action") and v]
        if told.get("id"):
            self.ids.append(str(told["id"]))
        if tag == "section":
            self.sections.append(str(told["id"]))
        self._script = told.get("id") if tag == "script" and told.get("type") == "application/json" else None
        self._skip = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._script, self._skip = None, False

    def handle_data(self, data: str) -> None:
        if self._script:
            self.specs[self._script.removeprefix("json-")] = json.loads(data)
        elif not self._skip:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def full(make_study: Any) -> str:
    """Render a full study once: figures take their time."""
    return render_study(make_study())


def test_the_file_loads_nothing(full: str) -> None:
    page = full
    assert all(load.startswith("data:") for load in _Page(page).loads)
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style is not None
    assert "@import" not in style[1]
    assert "url(" not in style[1]


def test_plotly_is_embedded_once(full: str) -> None:
    page = full
    assert page.count("plotly.js v") == 1
    assert len(page.encode()) < 6_500_000


def test_hostile_text_is_shown_not_run(study: Any) -> None:
    hostile = "</script><script>alert(1)</script><img src=http://e.vil onerror=alert(2)>"
    small = {"absorbers": ["Fe"], "tasks": ["bond_length"], "modalities": ["xanes", "pdf"]}
    result = study(
        **small,
        formula=hostile,
        skipped=[{"absorber": "Fe", "task": "", "modality": "", "reason": hostile, "whole": True}],
    )
    plain, attacked = _Page(render_study(study(**small))), _Page(render_study(result))
    assert attacked.tags.count("img") == 0
    assert attacked.tags.count("script") == plain.tags.count("script")
    assert hostile in attacked.text
    # Figures read some HTML of their own: what they are given is escaped once more.
    hovers = [h for s in attacked.specs.values() if isinstance(s, dict) for h in _strings(s) if "alert" in h]
    assert hovers
    assert not [text for text in hovers if "<script" in text or "<img" in text]


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _strings(item)]


def test_every_section_of_a_full_study(full: str) -> None:
    assert tuple(_Page(full).sections) == SECTIONS


@pytest.mark.parametrize(
    ("options", "absent"),
    [
        ({"extras": False}, {"learning", "splits"}),
        ({"split": "random"}, {"splits"}),
        ({"modalities": ["pdf"]}, {"findings", "shares"}),
        ({"modalities": ["xanes"], "extras": False}, {"findings", "shares", "learning", "splits"}),
        ({"absorbers": ["Mn", "Fe"], "tasks": ["bond_length"]}, set()),
        ({"tasks": ["oxidation_state"]}, set()),
        ({"learners": ["forest", "stock", "dummy"]}, set()),
        ({"learners": ["forest"]}, set()),
        ({"learners": ["dummy"]}, {"importances", "shares", "predictions", "learning", "splits"}),
        ({"modalities": ["xanes+pdf+dpdf"]}, {"findings"}),
    ],
)
def test_sections_follow_the_data(study: Any, options: dict[str, Any], absent: set[str]) -> None:
    small = {"absorbers": ["Fe"], "tasks": ["oxidation_state", "bond_length"]}
    small |= {"modalities": ["xanes", "pdf", "xanes+pdf"]}
    page = _Page(render_study(study(**small | options)))
    assert set(SECTIONS) - set(page.sections) == absent


def test_every_figure_named_in_the_page_is_there(full: str) -> None:
    text = full
    page = _Page(text)
    named = re.findall(r'data-spec="([^"]+)"', text)
    for explorer in ("importances", "predictions", "learning"):
        named += [panel["spec"] for shown in page.specs[explorer].values() for panel in shown]
    assert len(named) > 40
    for name in named:
        for trace in page.specs[name]["data"]:
            assert "shared" not in trace or trace["shared"] in page.specs
    assert len(page.ids) == len(set(page.ids))


def test_first_choices_lead_to_figures(full: str) -> None:
    text = full
    page = _Page(text)
    for explorer in ("importances", "predictions", "learning"):
        chosen = re.findall(rf'name="{explorer}-\w+" value="([^"]+)" checked', text)
        assert page.specs[explorer]["|".join(chosen)]


def test_a_random_split_is_named_everywhere(study: Any, full: str) -> None:
    page = _Page(render_study(study(split="random", absorbers=["Fe"], modalities=["xanes", "pdf"])))
    assert "these scores flatter every technique" in page.text.lower()
    assert page.text.count("random split") >= 6
    assert "flatter every technique" not in _Page(full).text


def test_scores_of_the_page_are_those_of_the_study(make_study: Any, full: str) -> None:
    result = make_study()
    text = _Page(full).text
    for value in result.scores["value"].unique():
        assert number(value) in text


def test_skipped_items_are_listed_with_reasons(study: Any, full: str) -> None:
    skip = {
        "absorber": "Ti",
        "task": "coordination_number",
        "modality": "",
        "reason": "no site has it",
        "whole": True,
    }
    text = _Page(render_study(study(absorbers=["Fe"], skipped=[skip]))).text
    assert "1 left out" in text
    assert "no site has it" in text
    assert "Nothing was left out" in _Page(full).text


def test_written_beside_the_tables(study: Any, tmp_path: Path) -> None:
    folder = study(absorbers=["Fe"], extras=False).save(tmp_path / "study")
    before = {path.name for path in folder.iterdir()}
    target = write_study(StudyResult.load(folder), folder)
    assert target == folder / "report.html"
    assert {path.name for path in folder.iterdir()} == before | {"report.html"}
    assert write_study(StudyResult.load(folder), str(folder)) == target


def test_a_study_read_back_gives_the_same_page(study: Any, tmp_path: Path) -> None:
    result = study()
    folder = result.save(tmp_path / "study")
    first, second = summarise_study(result), summarise_study(StudyResult.load(folder))
    assert json.dumps(_six(first)) == json.dumps(_six(second))


def _six(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _six(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_six(item) for item in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def test_no_folder_no_report(study: Any, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no such folder"):
        write_study(study(), tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


def test_a_failed_write_leaves_nothing(study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        write_study(study(absorbers=["Fe"], modalities=["pdf"]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_captions_say_what_the_numbers_rest_on(study: Any, full: str) -> None:
    text = _Page(full).text
    assert "PDFs are read up to 6 Å only" in text
    assert "depends on how many features each technique brings" in text
    assert "Fall of the score when a whole technique is shuffled" in text
    assert "At most 20 trees, one dealing of folds, at every size" in text
    result = study(absorbers=["Fe"], modalities=["xanes"], tasks=["bond_length"])
    result.config["groups"] = {"Fe": "material"}
    plain = _Page(render_study(result)).text
    assert "PDFs are read" not in plain
    assert "sites whose material it has not seen" in plain
    assert "number of materials to learn from" in plain
