"""Take a picture of every page of ``edgepair app``, as its first visitor would see it.

Used by maintainers only. Needs chromium and chromedriver (Debian: ``apt-get install chromium
chromium-driver``) and selenium. Look at the pictures afterwards: no test can.

    python scripts/screenshots.py docs/pictures [--study edgepair-study] [--only predict]
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

LONGEST_WAIT = 600.0
"""Seconds for an answer: models may have to be fitted first, a study's contributions computed."""

SETTLES = 1.5
"""Seconds for figures to take their final size."""


@dataclass(frozen=True)
class Scene:
    """One picture.

    Attributes
    ----------
    name : str
        Of its file.
    address : str
        Path and query of the page.
    steps : tuple of tuple of str
        What to wait for, as a CSS selector, and what to do with it: ``see`` or ``click``.
    width, height : int
        Of the window, pixels.
    dark : bool
        Whether in the dark theme.
    top : str
        Selector of what to scroll to; empty: the top of the page.
    """

    name: str
    address: str
    steps: tuple[tuple[str, str], ...]
    width: int = 1366
    height: int = 1000
    dark: bool = False
    top: str = ""


_ANSWERED = (("#predict-files table", "see"), ("#predict-answer", "click"), (".card .js-plotly-plot", "see"))
_ANSWER = "#predict-results"

# By their places in the table: what is drawn fits the filter, whatever rows the dataset has.
_COMPARED = (
    ("#data-rows tr:nth-child(2) button.small", "click"),
    ("#data-curves .js-plotly-plot", "see"),
    ("#data-rows tr:nth-child(5) button.small", "click"),
    ("#data-curves thead th:nth-child(3)", "see"),
    ("#data-means .js-plotly-plot", "see"),
)

SCENES = (
    Scene("predict", "predict?example=Fe", ((".curve .js-plotly-plot", "see"),), height=1400),
    Scene("predict-answer", "predict?example=Fe", _ANSWERED, height=1200, top=_ANSWER),
    Scene("predict-dark", "predict?example=Mn", _ANSWERED, width=820, height=1180, dark=True, top=_ANSWER),
    Scene("study", "study", (("#page .js-plotly-plot", "see"),)),
    Scene("data", "data?set=Fe&elements=Li", _COMPARED, height=2150),
    Scene(
        "advise",
        "advise?set=Fe&task=oxidation_state&requirements=no",
        (("#advise-ask", "click"), ("#advise-result .js-plotly-plot", "see")),
        height=1300,
        top="#advise-result",
    ),
)
"""The pictures."""


@contextmanager
def running_app(study: Path | None) -> Iterator[str]:
    """Run the page on a free port.

    Parameters
    ----------
    study : pathlib.Path or None
        To be shown on the page Study.

    Yields
    ------
    str
        Its address.
    """
    command = [sys.executable, "-m", "edgepair", "app", "--no-browser", "--port", "0"]
    command += ["--study", str(study)] if study is not None else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as app:
        try:
            assert app.stdout is not None
            found = re.search(r"http://\S+", app.stdout.readline())
            if found is None:
                raise RuntimeError("the page did not start")
            yield found[0]
        finally:
            app.terminate()


@contextmanager
def open_browser() -> Iterator[Any]:
    """Open a browser that shows no window.

    Yields
    ------
    selenium.webdriver.Chrome
        Closed afterwards.
    """
    from selenium import webdriver

    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        raise RuntimeError("no chromium or chromedriver; on Debian: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    try:
        yield driver
    finally:
        driver.quit()


def take(driver: Any, address: str, scene: Scene, folder: Path) -> Path:
    """Take one picture.

    Parameters
    ----------
    driver : selenium.webdriver.Chrome
        The browser.
    address : str
        Of the page.
    scene : Scene
        What to show.
    folder : pathlib.Path
        Where the picture goes.

    Returns
    -------
    pathlib.Path
        A PNG.
    """
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    def visible(selector: str, driver: Any) -> Any:
        found = driver.find_elements(By.CSS_SELECTOR, selector)
        return next((one for one in found if one.is_displayed()), None)

    driver.set_window_size(scene.width, scene.height)
    # A file of the same origin without scripts: a page would begin a visit while it is being forgotten.
    driver.get(address + "assets/style.css")
    driver.execute_script("sessionStorage.clear(); localStorage.setItem('edgepair-theme', arguments[0])",
                          "dark" if scene.dark else "light")  # fmt: skip
    driver.get(address + scene.address)
    wait = WebDriverWait(driver, LONGEST_WAIT, ignored_exceptions=[StaleElementReferenceException])
    for selector, what in scene.steps:
        element = wait.until(partial(visible, selector))
        if what == "click":
            element.click()
    time.sleep(SETTLES)
    if scene.top:
        driver.execute_script("document.querySelector(arguments[0]).scrollIntoView()", scene.top)
        time.sleep(SETTLES)
    picture = folder / f"page-{scene.name}.png"
    if not driver.save_screenshot(str(picture)):
        raise RuntimeError(f"no picture of {scene.name}")
    return picture


def main() -> None:
    """Take the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--study", type=Path, help="a finished study to show; default: a quick one is made")
    parser.add_argument("--only", help="name of one picture")
    order = parser.parse_args()
    order.folder.mkdir(parents=True, exist_ok=True)
    scenes = [scene for scene in SCENES if order.only in (None, scene.name)]
    with tempfile.TemporaryDirectory() as scratch:
        study = order.study
        if study is None and any(scene.name == "study" for scene in scenes):
            study = Path(scratch) / "study"
            quick = ["study", "--quick", "--absorber", "Ti,Fe", "--out", str(study), "--quiet"]
            subprocess.run([sys.executable, "-m", "edgepair", *quick], check=True)
        with running_app(study) as address, open_browser() as driver:
            for scene in scenes:
                print(take(driver, address, scene, order.folder), flush=True)


if __name__ == "__main__":
    main()
