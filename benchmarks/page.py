"""Time the page as a visitor waits for it, in a browser without a window.

usage: python benchmarks/page.py [--project FILE] [--out page.json]

Needs chromium, chromedriver and selenium. The server comes up, its first page is drawn; a spectrum is
dropped and drawn; *Answer* is pressed, first and again; then, in another tab, a project is dropped, listed
and answered; in a third, a series of 200 spectra is analysed, and another point and figure of it are shown.
`blocked` is the longest time for which the tab did nothing else (tasks over 50 ms, as browsers count them).
`browser` is a page that only says "ok". Without `--project`, one of 40 groups is made.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edgepair.standards import load_standards

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
from screenshots import open_browser, running_app

LONGEST = 300.0
LOOKS_FOR_A_FILE = 3.0
GOALS = {
    "server up": 1.5, "first page": 1.0, "drop to curve": 0.7, "first answer": 3.0, "answer again": 1.0,
    "project listed": 5.0, "project's first row": 5.0, "project answered": 15.0,
    "blocked by a spectrum": 0.2, "blocked by the project": 0.2,
    "another point": 0.3, "another figure": 0.3, "blocked by redrawing": 0.3,
}  # fmt: skip
"""Seconds that are wanted at most."""

_WATCH = """
window.longest = 0;
new PerformanceObserver(list => list.getEntries().forEach(e => longest = Math.max(longest, e.duration)))
    .observe({entryTypes: ["longtask"]});
"""


def write_files(folder: Path) -> tuple[Path, Path]:
    """Write a spectrum, and a project of 40 groups as Larch does."""
    standards = [one for one in load_standards("Fe") if one.energy[0] < 7050 and one.energy[-1] > 7250]
    grid = np.arange(7050.0, 7250.0, 0.5)
    rng = np.random.default_rng(0)
    groups: dict[str, Any] = {"_____header1": "# Athena project file -- Demeter version 0.9.26"}
    for number in range(40):
        one = standards[number % len(standards)]
        mu = np.interp(grid, one.energy, one.mu) + rng.normal(0.0, 0.001, len(grid))
        label = f"{one.compound} {number}"
        groups[f"g{number:04}"] = {
            "args": {"label": label, "datatype": "xmu", "is_xmu": 1}, "x": grid.tolist(), "y": mu.tolist()
        }  # fmt: skip
        if number == 0:
            np.savetxt(folder / "one.dat", np.column_stack([grid, mu]), header="energy_eV mu", fmt="%.5f")
    path = folder / "forty.prj"
    path.write_bytes(gzip.compress(json.dumps(groups).encode()))
    return folder / "one.dat", path


def write_series(folder: Path) -> list[Path]:
    """Write 200 spectra of siderite that turns into hematite."""
    known = {one.compound: one for one in load_standards("Fe") if np.isfinite(one.energy_shift)}
    first, last = known["siderite"], known["hematite"]
    energy = np.r_[np.arange(7010.0, 7092, 5), np.arange(7092.0, 7140, 0.4), np.arange(7140.0, 7350, 3)]
    rng, paths = np.random.default_rng(1), []
    for k in range(200):
        part = 1 / (1 + np.exp(-(k / 199 - 0.5) * 12))
        mu = (1 - part) * np.interp(energy, first.energy, first.mu)
        mu += part * np.interp(energy, last.energy, last.mu) + rng.normal(0, 0.003, len(energy))
        paths.append(folder / f"heat_{30 + 2 * k}C.dat")
        np.savetxt(paths[-1], np.column_stack([energy, mu]), header="energy_eV mu", fmt="%.6f")
    return paths


def until(seen: Callable[[], bool]) -> float:
    """Wait for something; seconds."""
    started = time.monotonic()
    while not seen():
        if time.monotonic() - started > LONGEST:
            raise TimeoutError("it never came")
        time.sleep(0.02)
    return time.monotonic() - started


def measure(driver: Any, address: str, spectrum: Path, project: Path, series: list[Path]) -> dict[str, float]:
    """Visit as a person would; seconds by what was waited for."""

    def count(selector: str) -> int:
        found: int = driver.execute_script("return document.querySelectorAll(arguments[0]).length", selector)
        return found

    def choose(file: Path) -> None:
        driver.find_element("css selector", "input[type=file]").send_keys(str(file))

    def press() -> None:
        driver.execute_script("document.querySelector('#predict-answer').click()")

    def text(selector: str) -> str:
        found: str = driver.execute_script(
            "return document.querySelector('#series-point ' + arguments[0]).innerText", selector
        )
        return found

    def longest() -> float:
        value = float(driver.execute_script("return longest")) / 1000
        driver.execute_script("longest = 0")
        return value

    times: dict[str, float] = {}
    started = time.monotonic()
    driver.get("data:text/html,<p>ok")
    times["browser"] = time.monotonic() - started

    def opened() -> float:
        started = time.monotonic()
        driver.get(address)
        until(lambda: count("h1") > 0 and count("input[type=file]") > 0)
        took = time.monotonic() - started
        driver.execute_script(_WATCH)
        return took

    times["first page"] = opened()
    time.sleep(LOOKS_FOR_A_FILE)
    longest()
    choose(spectrum)
    times["drop to curve"] = until(lambda: count(".curve .js-plotly-plot") > 0)
    press()
    times["first answer"] = until(lambda: count(".headline") > 0)
    driver.execute_script("document.querySelector('.headline').dataset.old = 1")
    press()
    times["answer again"] = until(lambda: count(".headline") > 0 and count("[data-old]") == 0)
    times["blocked by a spectrum"] = longest()
    driver.switch_to.new_window("tab")  # another visit
    opened()
    time.sleep(LOOKS_FOR_A_FILE)
    longest()
    choose(project)
    times["project listed"] = until(lambda: count("table.files tbody tr") > 0)
    until(lambda: count(".curve .js-plotly-plot") > 0)
    started = time.monotonic()
    press()
    until(lambda: count("#predict-answers-progress tbody tr") > 0 or count(".headline") > 0)
    times["project's first row"] = time.monotonic() - started
    until(lambda: count(".headline") > 0)
    times["project answered"] = time.monotonic() - started
    times["blocked by the project"] = longest()
    driver.switch_to.new_window("tab")
    address = address.rstrip("/") + "/series"
    opened()
    time.sleep(LOOKS_FOR_A_FILE)
    driver.find_element("css selector", "input[type=file]").send_keys("\n".join(map(str, series)))
    until(lambda: "200 files" in driver.find_element("id", "series-files").text)
    longest()
    started = time.monotonic()
    driver.execute_script("document.querySelector('#series-analyse').click()")
    until(lambda: count("#series-point .js-plotly-plot .main-svg") > 0)
    times["200 points analysed"] = time.monotonic() - started
    time.sleep(2)
    times["blocked by the series"] = longest()
    show = "dash_clientside.set_props(arguments[0], {value: arguments[1]})"
    driver.execute_script(show, "series-place", 150)
    times["another point"] = until(lambda: count("#series-point h3") > 0 and "Point 150" in text("h3"))
    drawn = "#series-chosen .js-plotly-plot .main-svg"
    driver.execute_script(f"document.querySelector('{drawn}').dataset.old = 1")
    driver.execute_script(show, "series-which", "2")
    times["another figure"] = until(lambda: count(drawn) > 0 and count("#series-chosen [data-old]") == 0)
    time.sleep(1)
    times["blocked by redrawing"] = longest()
    return times


def main() -> None:
    """Print a table, and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path)
    parser.add_argument("--out", type=Path, default=Path("page.json"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgepair-page-") as folder:
        spectrum, project = write_files(Path(folder))
        series = write_series(Path(folder))
        with open_browser() as driver:
            started = time.monotonic()
            with running_app(None) as address:
                times = {"server up": time.monotonic() - started}
                times |= measure(driver, address, spectrum, asked.project or project, series)
    print(f"{'':<24}{'s':>8}{'at most':>9}")
    for name, seconds in times.items():
        print(f"{name:<24}{seconds:>8.2f}{GOALS.get(name, ''):>9}")
    asked.out.write_text(json.dumps(times, indent=1))


if __name__ == "__main__":
    main()
