"""The page Study: scores, what is behind a dot, findings; a study run from the page."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from edgepair.apps.web.settings import Shown
from edgepair.conventions import DataError
from edgepair.dataset import save_dataset
from edgepair.study import Progress, StudyResult, run_study

CELL = {"study-absorber.value": "Fe", "study-task.value": "oxidation_state", "study-which.value": "shown",
        "study-learner.value": "forest"}  # fmt: skip


def text_of(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False)


@pytest.fixture(scope="module")
def studied(make_synthetic: Callable[..., xr.Dataset]) -> StudyResult:
    """A small study, with contributions."""
    return run_study(
        make_synthetic(), tasks=["oxidation_state", "bond_length"], modalities=["xanes", "pdf", "xanes+pdf"],
        learners=["forest"], trees=8, folds=3, quick=True, contributions=True, n_jobs=1, cache=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def shown(studied: StudyResult, make_synthetic: Callable[..., xr.Dataset], tmp_path_factory: Any) -> Shown:
    """What whoever serves the page has put on it."""
    folder = tmp_path_factory.mktemp("shown")
    save_dataset(make_synthetic(), folder / "mine.zarr.zip")
    studied.save(folder / "study")
    return Shown.check(folder / "study", [folder / "mine.zarr.zip"])


@pytest.fixture
def page(make_page: Any, shown: Shown) -> Any:
    """A page with a study on it."""
    return make_page(shown=shown)


@pytest.fixture
def quickly(studied: StudyResult, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Put a stand-in in place of the study, which takes no time; return what it was asked."""
    asked = []

    def stand_in(datasets: Any, *, on_progress: Any, **options: Any) -> StudyResult:
        asked.append({"absorbers": [data.attrs["absorber"] for data in datasets], **options})
        on_progress(Progress(1.0, 2.0, "Fe oxidation_state", False))
        return studied

    monkeypatch.setattr("edgepair.study.run_study", stand_in)
    return asked


def show(visitor: Any, query: str = "") -> str:
    values = {"address.pathname": "/study", "address.search": query}
    return text_of(visitor.call("page.children", "address.pathname", values))


def cell(visitor: Any, modality: str = "xanes", **more: str) -> str:
    values = CELL | {"study-modality.value": modality} | {f"study-{k}.value": v for k, v in more.items()}
    return text_of(visitor.call("study-cell.children", "study-modality.value", values))


def run(visitor: Any, **more: Any) -> Any:
    values = {"study-run.n_clicks": 1, "study-datasets.value": ["mine.zarr.zip"],
              "study-tasks.value": ["oxidation_state"], "study-depth.value": "quick",
              "study-contributions.value": []}  # fmt: skip
    return visitor.call("study-order-job.data", "study-run.n_clicks", values | more)


def wait(visitor: Any, job: str) -> Any:
    for tick in range(500):
        seen = visitor.call(
            "study-order-done.data",
            "study-order-clock.n_intervals",
            {"study-order-job.data": job, "study-order-clock.n_intervals": tick},
        )
        if seen["study-order-clock"]["disabled"]:
            return seen
        time.sleep(0.02)
    raise AssertionError("the job does not end")


def save(visitor: Any, kind: str, which: str = "shown") -> Any:
    ident = {"type": "study-save", "kind": kind}
    changed = json.dumps(ident, sort_keys=True, separators=(",", ":")) + ".n_clicks"
    values = {"study-save.n_clicks": [(ident, 1)], "study-which.value": which, "changed": changed}
    return visitor.call("study-download.data", "study-save.n_clicks", values)["study-download"]["data"]


def test_the_study_is_told_and_drawn(visitor: Any, studied: StudyResult) -> None:
    text = show(visitor)
    for part in ("On 60 sites of Fe", "XANES alone beats the PDF alone", "95 % interval", "Run a study",
                 "weighted F1 (1 = perfect)", "SHA-256 of the Fe data"):  # fmt: skip
        assert part in text, part


def test_a_dot_leads_to_its_cell(visitor: Any) -> None:
    point = {"points": [{"customdata": ["Fe", "bond_length", "xanes+pdf"]}]}
    told = visitor.call("study-absorber.value", "study-scores.clickData", {"study-scores.clickData": point})
    assert {key: value["value"] for key, value in told.items() if key != "side"} == {
        "study-absorber": "Fe", "study-task": "bond_length", "study-modality": "xanes+pdf",
    }  # fmt: skip
    nothing = visitor.call(
        "study-absorber.value", "study-scores.clickData", {"study-scores.clickData": {"points": [{}]}}
    )
    assert not any("value" in value for value in nothing.values())


def test_every_dot_of_the_figure_says_what_it_is(visitor: Any, studied: StudyResult) -> None:
    from edgepair.report import overview_figure

    dots = [tuple(point) for trace in overview_figure(studied).data for point in trace.customdata or ()]
    rows = studied.scores[studied.scores["metric"].isin(["f1_weighted", "r2"])]
    rows = rows[rows["learner"] == "forest"]
    assert sorted(dots) == sorted(zip(rows["absorber"], rows["task"], rows["modality"], strict=True))


def test_behind_a_class_stand_confusion_importances_and_contributions(
    visitor: Any, studied: StudyResult
) -> None:
    text = cell(visitor, "xanes+pdf")
    for part in ("true class against predicted", "Where XANES is read, within XANES + PDF", "Shapley values",
                 "only XANES", "baseline: no curve", "together gain"):  # fmt: skip
        assert part in text, part
    rows = studied.scores
    mine = rows[(rows["task"] == "oxidation_state") & (rows["modality"] == "xanes+pdf")]
    mine = mine[(mine["learner"] == "forest") & (mine["metric"] == "accuracy")]
    assert f"{mine['value'].iloc[0]:.3f}" in text


def test_behind_a_length_stands_a_parity_plot_with_units(visitor: Any) -> None:
    text = cell(visitor, "pdf", task="bond_length")
    assert "predicted against true" in text
    assert "predicted (Å)" in text
    assert "mean absolute error (Å)" in text


def test_all_side_by_side(visitor: Any) -> None:
    text = cell(visitor, "*")
    assert text.count("true class against predicted") == 3
    assert "is read" not in text


def test_a_choice_without_scores_says_so(visitor: Any) -> None:
    assert "no scores for this choice" in cell(visitor, absorber="Zz")


def test_the_address_holds_the_cell(visitor: Any) -> None:
    values = CELL | {"study-modality.value": "pdf"}
    told = visitor.call("study-cell.children", "study-modality.value", values)
    assert told["view"]["data"] == {"study": "shown", "learner": "forest", "absorber": "Fe",
                                    "task": "oxidation_state", "modality": "pdf"}  # fmt: skip
    assert '"value": "pdf"' in show(visitor)
    assert '"value": "bond_length"' in show(visitor, "?task=bond_length&absorber=Zz")


def test_a_study_of_another_visit_is_not_shown(
    visitor: Any, page: Any, visitor_of: Any, quickly: Any
) -> None:
    wait(visitor, run(visitor)["study-order-job"]["data"])
    other = visitor_of(page[0])
    text = show(other, "?study=run1")
    assert "cannot show the study 'run1'" in text
    assert "Needed" in text


def test_a_study_is_run_and_shown(visitor: Any, quickly: list[dict[str, Any]]) -> None:
    job = run(visitor, **{"study-contributions.value": ["yes"]})["study-order-job"]["data"]
    assert wait(visitor, job)["study-order-done"]["data"] == job
    told = visitor.call("study-choice.children", "study-order-done.data", {"study-order-done.data": job})
    text = text_of(told)
    assert "Your study 1: mine.zarr.zip (quick)" in text
    assert "the study on this page" in text
    assert "On 60 sites of Fe" in text
    assert quickly == [
        {"absorbers": ["Fe"], "tasks": ("oxidation_state",), "quick": True, "contributions": True}
    ]
    assert "true class against predicted" in cell(visitor, which="run1")
    # It is there when the page is loaded again.
    assert "Your study 1" in show(visitor, "?study=run1")


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("study-datasets.value", [], "without a dataset"),
        ("study-tasks.value", None, "without a task"),
        ("study-datasets.value", ["/etc"], "cannot show the dataset '/etc'"),
    ],
)
def test_an_incomplete_order_is_refused(
    visitor: Any, quickly: Any, field: str, value: Any, word: str
) -> None:
    told = run(visitor, **{field: value})
    assert "study-order-job" not in told
    assert word in text_of(told)
    assert quickly == []


def test_a_study_that_cannot_be_run_says_why(visitor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise DataError("cannot study Fe", found="two sites", needed="more", suggestion="add some")

    monkeypatch.setattr("edgepair.study.run_study", refuse)
    text = text_of(wait(visitor, run(visitor)["study-order-job"]["data"]))
    assert all(part in text for part in ("cannot study Fe", "two sites", "add some"))


def test_only_the_latest_studies_are_kept(visitor: Any, page: Any, quickly: Any) -> None:
    for number in range(1, 7):
        job = run(visitor)["study-order-job"]["data"]
        wait(visitor, job)
        visitor.call("study-choice.children", "study-order-done.data", {"study-order-done.data": job})
        assert number
    folder = page[1].visits.find(visitor.key).folder
    assert sorted(one.name for one in folder.iterdir()) == ["run3", "run4", "run5", "run6"]


def test_tables_and_report_are_saved(visitor: Any, shown: Shown) -> None:
    file = save(visitor, "zip")
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(file["content"]))) as archive:
        names = archive.namelist()
        assert "scores.csv" in names
        assert shown.study is not None
        assert archive.read("scores.csv") == (shown.study / "scores.csv").read_bytes()
    report = save(visitor, "html")["content"]
    assert report.lstrip().lower().startswith("<!doctype html")
    assert "XANES" in report


def test_without_a_study_the_form_is_open(make_page: Any, visitor_of: Any) -> None:
    text = show(visitor_of(make_page()[0]))
    assert "There is no study to show" in text
    assert '"open": true' in text


def test_a_damaged_study_is_told_without_its_place(make_page: Any, visitor_of: Any, tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text("{}")
    text = show(visitor_of(make_page(shown=Shown.check(tmp_path))[0]))
    assert "cannot load the study in" in text
    assert str(tmp_path) not in text


def test_a_study_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot show the study"):
        Shown.check(tmp_path)
    with pytest.raises(DataError, match="cannot show the dataset"):
        Shown.check(data=[tmp_path / "none.zarr.zip"])


def test_the_usual_folder_is_found(
    studied: StudyResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Shown.check().study is None
    studied.save("edgepair-study")
    assert Shown.check().study == tmp_path / "edgepair-study"


def test_a_visit_to_study(browser: Any, served: str, quickly: Any) -> None:
    from selenium.webdriver.common.by import By

    browser.driver.get(served + "study")
    browser.see("#study-scores .js-plotly-plot")
    browser.see("#study-cell .drawing", text="true class against predicted")
    # A click on a dot shows what is behind it.
    browser.driver.execute_script(
        """
        const plot = document.querySelector('#study-scores .js-plotly-plot');
        const trace = plot.data.findIndex(one => one.customdata && one.xaxis === 'x2');
        const point = {curveNumber: trace, pointNumber: 0, customdata: plot.data[trace].customdata[0]};
        plot.emit('plotly_click', {points: [{...point, data: plot.data[trace]}], event: {}});
        """
    )
    browser.see("#study-cell .drawing", text="predicted against true")
    assert "task=bond_length" in browser.driver.current_url
    assert browser.see("#study-cell").find_elements(By.CSS_SELECTOR, "tr.here")
    browser.see(".verdict")
    # A study of one's own.
    browser.see(".order summary").click()
    browser.see("#study-run").click()
    browser.see("#study-choice", text="Your study 1")
    browser.see("#study-cell .drawing")
    assert quickly
    assert browser.complaints() == []


def test_the_command_refuses_what_is_not_there(edgepair: Callable[..., Any], tmp_path: Path) -> None:
    for option in ("--study", "--data"):
        told = edgepair("app", "--no-browser", "--port", 0, option, tmp_path / "none")
        assert told.code == 2
        assert f"{tmp_path / 'none'}" in told.err
        assert "Try:" in told.err
