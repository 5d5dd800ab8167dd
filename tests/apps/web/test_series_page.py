"""The pages Series and Mixtures: what is dropped, shown, clicked and saved."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepair.standards import load_standards


def heated(n: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """Write siderite that turns into hematite, as a beamline would."""
    known = {one.compound: one for one in load_standards("Fe") if np.isfinite(one.energy_shift)}
    first, last = known["siderite"], known["hematite"]
    energy = np.r_[np.arange(7010.0, 7092, 5), np.arange(7092.0, 7140, 0.4), np.arange(7140.0, 7350, 3)]
    rng = np.random.default_rng(seed)
    for k in range(n):
        part = 1 / (1 + np.exp(-(k / (n - 1) - 0.5) * 12))
        mu = (1 - part) * np.interp(energy, first.energy, first.mu)
        mu += part * np.interp(energy, last.energy, last.mu) + rng.normal(0, 0.003, len(energy))
        rows = "\n".join(f"{x:.2f} {y:.6f}" for x, y in zip(energy, mu, strict=True))
        yield f"heat_{30 + 10 * k}C.dat", f"# energy mu\n{rows}\n".encode()


@pytest.fixture
def quick(fake: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Answers that need no model, and errors of few draws."""
    monkeypatch.setattr("edgepair.series.resolution.DRAWS", 4)
    monkeypatch.setattr("edgepair.series.answers.predict", fake)
    return fake


def dropped(visitor: Any, n: int = 8, page: str = "series") -> None:
    for name, content in heated(n):
        assert visitor.upload(name, content, page).status_code == 200


def analyse(visitor: Any, **fields: Any) -> str:
    """Press Analyse and wait; return what the page then shows as text."""
    return ended(
        visitor,
        "series-answer",
        "series-analyse",
        "series-results",
        {f"series-{name}.value": value for name, value in {"shift": 0.0, "number": "", **fields}.items()},
    )


def ended(visitor: Any, job: str, button: str, results: str, values: dict[str, Any]) -> str:
    """Press a button, wait for the end of its job, and return what is shown then as text."""
    begun = visitor.call(f"{job}-job.data", f"{button}.n_clicks", {f"{button}.n_clicks": 1, **values})
    key = begun.get(f"{job}-job", {}).get("data")
    if key is None:
        return json.dumps(begun, ensure_ascii=False)
    for _ in range(12000):
        seen = visitor.call(
            f"{job}-done.data",
            f"{job}-clock.n_intervals",
            {f"{job}-job.data": key, f"{job}-clock.n_intervals": 1},
        )
        if seen[f"{job}-clock"]["disabled"]:
            break
        threading.Event().wait(0.02)
    told = visitor.call(f"{results}.children", f"{job}-done.data", {f"{job}-done.data": key})
    return json.dumps(told or seen, ensure_ascii=False)


def click(visitor: Any, place: int, data: Any) -> Any:
    ident = {"place": place, "type": "series-figure"}
    changed = json.dumps(ident, sort_keys=True, separators=(",", ":")) + ".clickData"
    return visitor.call(
        "series-point.children", "series-figure.clickData",
        {"series-figure.clickData": [(ident, data)], "series-place.value": 1, "changed": changed},
    )  # fmt: skip


def chosen(visitor: Any, which: str) -> Any:
    return visitor.call("series-chosen.children", "series-which.value", {"series-which.value": which})


def saved(visitor: Any, kind: str) -> bytes:
    ident = {"kind": kind, "type": "series-save"}
    changed = json.dumps(ident, sort_keys=True, separators=(",", ":")) + ".n_clicks"
    told = visitor.call(
        "series-download.data", "series-save.n_clicks",
        {"series-save.n_clicks": [(ident, 1)], "changed": changed},
    )["series-download"]["data"]  # fmt: skip
    return base64.b64decode(told["content"]) if told["base64"] else told["content"].encode()


def test_a_series_is_analysed_a_point_clicked_and_all_saved(page: Any, visitor: Any, quick: Any) -> None:
    dropped(visitor)
    listed = visitor.call(
        "series-files.children", "series-uploads.data",
        {"series-uploads.data": {"tick": 1, "refused": []}, "series-clear.n_clicks": []},
    )  # fmt: skip
    assert "8 files" in str(listed)
    told = analyse(visitor)
    # figures but the map and one are drawn when they are chosen
    assert "fractions of standards" in told
    told += str(chosen(visitor, "4"))
    assert chosen(visitor, "99") == chosen(visitor, "x") == {}
    for part in ("8 spectra of Fe along temperature (°C)", "spectra along the axis", "hematite", "Point 1"):
        assert part in told
    assert len(quick.calls) == 8 + 2  # points and components
    # the map stands first, with the axis upwards; then waterfall and difference, which hold no points
    point = click(visitor, 0, {"points": [{"x": 7120.0, "y": 61.0}]})
    assert point["series-place"]["value"] == 4
    assert "heat_60C.dat" in str(point)
    assert "2.98 (2.60 to 3.20)" in str(point)
    assert click(visitor, 1, {"points": [{"x": 7120.0, "y": 0.5}]}) == {}
    for wrong in (None, {}, {"points": []}, {"points": [{"x": 1, "y": "no"}]}, {"points": [{"y": None}]}):
        assert click(visitor, 0, wrong) == {}
    assert click(visitor, 99, {"points": [{"x": 7120.0, "y": 61.0}]}) == {}
    with zipfile.ZipFile(io.BytesIO(saved(visitor, "zip"))) as archive:
        names = set(archive.namelist())
        assert {"points.csv", "values.csv", "fractions.csv", "series.json", "series.html"} <= names
        assert json.loads(archive.read("series.json"))["n_components"] == 2
    assert saved(visitor, "csv").decode().startswith("point,position,modality,task,value")
    assert b"spectra along the axis" in saved(visitor, "html")


def test_points_at_one_place_are_each_shown(visitor: Any, quick: Any) -> None:
    for name, content in [*heated(6), *((f"again_{name}", content) for name, content in heated(6, seed=2))]:
        visitor.upload(name, content, "series")
    assert "Point, 1 to 12" in analyse(visitor)
    told = [
        visitor.call("series-point.children", "series-place.value", {"series-place.value": k}) for k in (1, 2)
    ]
    assert ["again" in str(one["series-point"]) for one in told] == [False, True]


def test_another_number_of_components_asks_no_model_again(page: Any, visitor: Any, quick: Any) -> None:
    dropped(visitor, 6)
    analyse(visitor)
    before = len(quick.calls)
    told = analyse(visitor, number="3")
    assert "3 stand out" in told
    assert len(quick.calls) == before + 3  # the components alone
    _, services = page
    visit = services.visits.find(visitor.key)
    assert [one.name for one in visit.folder.glob("s[0-9]*") if one.is_dir()] == ["s2"]


def test_a_foil_among_the_files_calibrates_the_others(visitor: Any, quick: Any, texts: Any) -> None:
    dropped(visitor, 6)
    visitor.upload("foil.xdi", texts.foil(edge=7113.5), "series")
    told = analyse(visitor, shift=None, foil="f7")
    assert "6 spectra" in told
    assert "shift −1.4" in told or "shift −1.5" in told
    assert "no calibration" not in told
    # a shift goes before it; what is no foil is refused by its name
    assert "shift +0.50" in analyse(visitor, shift=0.5, foil="f7")
    assert "cannot calibrate energies by 'heat_30C.dat'" in analyse(visitor, shift=None, foil="f1")


def test_a_table_of_points_tells_the_axis_and_how_to_combine_is_chosen(visitor: Any, quick: Any) -> None:
    dropped(visitor, 6)
    rows = "".join(f"{name},{9 - k}\n" for k, (name, _) in enumerate(heated(5)))
    visitor.upload("points.csv", f"file,dose (MGy)\n{rows}".encode(), "series")
    listed = visitor.call(
        "series-files.children", "series-uploads.data",
        {"series-uploads.data": {"tick": 1, "refused": []}, "series-clear.n_clicks": []},
    )  # fmt: skip
    assert listed["series-axis"]["options"][0] == "dose (MGy)"
    told = analyse(visitor, axis="dose (MGy)", number="2", combine="components", neighbours=0.3)
    assert "5 spectra of Fe along dose (MGy)" in told
    assert "the table of points does not name it" in told
    assert "component 2" in told
    assert "nearest alone" in told
    assert "numbers of points" in analyse(visitor, ends="first")
    assert "none of the list" in analyse(visitor, combine="noise")
    assert "cannot combine spectra" in analyse(visitor, neighbours=7.0)


def test_what_cannot_be_analysed_is_said_on_the_page(visitor: Any, quick: Any) -> None:
    assert "no files" in analyse(visitor)
    dropped(visitor, 6)
    visitor.upload("holiday.txt", b"sun\n" * 40, "series")
    assert "left out holiday.txt" in analyse(visitor)
    assert "cannot put the series on the axis" in analyse(visitor, axis="potential")
    assert "cannot use" in analyse(visitor, shift=1e9)
    assert "none of the list" in analyse(visitor, number="33")
    assert "none of the list" in analyse(visitor, axis="../x")
    assert "“Components”" in analyse(visitor, number="8")
    told = visitor.call(
        "series-files.children", "series-clear.n_clicks",
        {"series-clear.n_clicks": [({"key": "all", "type": "series-clear"}, 1)],
         "changed": '{"key":"all","type":"series-clear"}.n_clicks'},
    )  # fmt: skip
    assert "file" not in str(told["series-files"])
    assert "no files" in analyse(visitor)


def test_a_series_may_have_more_files_than_other_pages(make_page: Any, visitor_of: Any, texts: Any) -> None:
    from edgepair.apps.web.settings import Limits

    app, _ = make_page(limits=Limits(files=2, series_files=3))
    visitor = visitor_of(app)
    answers = [visitor.upload(f"{k}.xdi", b"1 2\n", "series").status_code for k in range(4)]
    assert answers == [200, 200, 200, 422]
    answers = [visitor.upload(f"{k}.xdi", b"1 2\n", "predict").status_code for k in range(3)]
    assert answers == [200, 200, 422]


def test_nobody_sees_anothers_series(page: Any, visitor: Any, visitor_of: Any, quick: Any) -> None:
    dropped(visitor, 6)
    analyse(visitor)
    other = visitor_of(page[0])
    assert click(other, 0, {"points": [{"x": 7120.0, "y": 61.0}]}) == {}
    assert "no files" in analyse(other)


def fit(visitor: Any, most: Any = "2") -> str:
    return ended(visitor, "mixtures-fits", "mixtures-fit", "mixtures-results", {"mixtures-most.value": most})


def test_mixtures_of_dropped_spectra_are_those_of_the_command(visitor: Any, texts: Any) -> None:
    name, content = list(heated(7))[3]
    visitor.upload(name, content, "mixtures")
    visitor.upload("rust.gr", texts.pdf(), "mixtures")
    visitor.upload("more.dat", content, "mixtures")
    visitor.files(page="mixtures")
    # a spectrum, a PDF, which is refused by name, and the spectrum again
    told = fit(visitor)
    assert told.count("siderite 0.5") + told.count("hematite 0.5") >= 2
    assert "cannot fit mixtures to 'rust.gr'" in told
    ident = {"kind": "csv", "type": "mixtures-save"}
    table = visitor.call(
        "mixtures-download.data", "mixtures-save.n_clicks",
        {"mixtures-save.n_clicks": [(ident, 1)],
         "changed": '{"kind":"csv","type":"mixtures-save"}.n_clicks'},
    )["mixtures-download"]["data"]["content"]  # fmt: skip
    assert table.startswith("file,item,absorber,rank,compound")
    assert "more.dat" in table
    assert "one of 1, 2, 3, 4" in fit(visitor, "50")


def test_a_visit_to_series_and_mixtures(browser: Any, served: str, quick: Any, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By

    paths = []
    for name, content in heated(8):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(content)
    browser.driver.get(served + "series")
    browser.see(".choose")
    browser.driver.find_element(By.CSS_SELECTOR, "#series-file").send_keys("\n".join(map(str, paths)))
    browser.see("#series-files", text="8 files")
    browser.see("#series-analyse").click()
    browser.see(".result h2", text="8 spectra of Fe along temperature")
    browser.see(".figures .js-plotly-plot")
    browser.see("#series-point", text="heat_30C.dat")
    clicked(browser, 0.3)
    browser.see("#series-point h3", text="heat_50C.dat")
    browser.driver.set_window_size(800, 1000)
    browser.fits()
    assert browser.complaints() == []
    browser.driver.get(served + "mixtures")
    browser.drop_file("mixed.dat", paths[4].read_text())
    browser.see("table.files", text="mixed.dat")
    browser.see("#mixtures-fit").click()
    browser.see(".card", text="hematite", seconds=120)
    assert browser.complaints() == []


def clicked(browser: Any, part: float) -> None:
    """Click into the map, so far up."""
    from selenium.webdriver import ActionChains

    area = browser.see("#series-map .nsewdrag")
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", area)
    up = int(area.size["height"] * (0.5 - part))
    ActionChains(browser.driver).move_to_element_with_offset(area, 0, up).click().perform()


@pytest.mark.slow
def test_two_hundred_points_are_redrawn_at_once(
    browser: Any, served: str, quick: Any, tmp_path: Path
) -> None:
    """The whole page, another point and another figure: seconds of CPU of the browser."""
    from selenium.webdriver.common.by import By

    paths = []
    for name, content in heated(200):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(content)
    browser.driver.get(served + "series")
    browser.see(".choose")
    browser.driver.find_element(By.CSS_SELECTOR, "#series-file").send_keys("\n".join(map(str, paths)))
    browser.see("#series-files", text="200 files", seconds=120)
    # seconds of the browser's own thread: the machine may be busy
    browser.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})

    def cpu() -> float:
        told = browser.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return float(next(one["value"] for one in told if one["name"] == "TaskDuration"))

    def rested() -> float:
        """Wait until nothing is drawn any more."""
        before, now = -1.0, cpu()
        while now - before > 0.02:
            time.sleep(1.5)
            before, now = now, cpu()
        return now

    browser.see("#series-analyse").click()
    browser.see(".result h2", text="200 spectra", seconds=400)
    browser.see("nav a", text="Mixtures").click()
    browser.see("h1", text="Mixtures")
    idle = -rested() + rested()
    start = rested()
    browser.see("nav a", text="Series").click()
    browser.see("#series-point h3", text="heat_30C.dat")
    browser.see("#series-map .nsewdrag")
    told = {"page": rested() - start}
    for part in (0.3, 0.6, 0.9):
        before, start = browser.see("#series-point h3").text, rested()
        clicked(browser, part)
        while browser.see("#series-point h3").text == before:
            time.sleep(0.05)
        told[f"point at {part}"] = rested() - start
    # difference, values, fractions, residual: chosen as the list does
    for place, name in ((2, "difference"), (4, "values along"), (6, "fractions of"), (9, "leave over")):
        start = rested()
        browser.driver.execute_script(
            f"window.dash_clientside.set_props('series-which', {{value: '{place}'}})"
        )
        browser.see("#series-chosen figcaption", text=name)
        told[name] = rested() - start
    told = {name: round(value - idle, 3) for name, value in told.items()}
    print(told)
    assert told.pop("page") < 1.0
    assert max(told.values()) < 0.3
