"""Make the pictures of ``docs/tutorial/series.md`` from the made-up series that it tells of.

Used by maintainers only, as `screenshots.py`, whose browser it takes. Look at the pictures afterwards.

    python scripts/series_pictures.py docs/pictures
"""

from __future__ import annotations

import runpy
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from screenshots import LONGEST_WAIT, SETTLES, open_browser, running_app

from edgepair.series import analyse_series, read_series

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "made_up_series.py"
FIGURES = {
    "series-values": "values along the series, with their intervals",
    "series-resolved": "resolved fractions; the band is the rotational ambiguity",
    "series-first-peak": "first peak of the PDFs",
}
"""Pictures by the titles of their figures."""


def main() -> None:
    """Make them all."""
    folder = Path(sys.argv[1])
    made = runpy.run_path(str(EXAMPLE))
    with tempfile.TemporaryDirectory() as scratch, open_browser() as driver:
        spectra = made["write_series"](Path(scratch) / "heating")
        pdfs = made["write_pdfs"](Path(scratch) / "pdfs")
        heated = analyse_series(read_series(spectra, shift=0.0))
        results = [heated, heated, analyse_series(read_series(pdfs, absorber="Fe"), answered=False)]
        for result, (name, title) in zip(results, FIGURES.items(), strict=True):
            page = Path(scratch) / f"{name}.html"
            figure = result.plot(title)
            figure.write_html(page, config={"displayModeBar": False})
            driver.set_window_size(900, int(figure.layout.height) + 160)
            driver.get(page.as_uri())
            time.sleep(SETTLES)
            driver.find_element("css selector", ".plotly-graph-div").screenshot(str(folder / f"{name}.png"))
        with running_app(None) as address:
            _page(driver, address, spectra, folder / "page-series.png")


def _page(driver: Any, address: str, files: list[Path], picture: Path) -> None:
    """Drop a series on the page, and picture what it tells."""
    driver.set_window_size(1366, 1500)
    driver.get(address + "series")
    for selector, typed in (("#series-file", "\n".join(map(str, files))), ("#series-shift", "0")):
        _seen(driver, selector).send_keys(typed)
    _seen(driver, "#series-files strong")
    time.sleep(SETTLES)
    _seen(driver, "#series-analyse").click()
    _seen(driver, "#series-point .js-plotly-plot")
    time.sleep(4 * SETTLES)
    driver.save_screenshot(str(picture))


def _seen(driver: Any, selector: str) -> Any:
    end = time.monotonic() + LONGEST_WAIT
    while not (found := driver.find_elements("css selector", selector)):
        if time.monotonic() > end:
            raise RuntimeError(f"no {selector}")
        time.sleep(0.2)
    return found[0]


if __name__ == "__main__":
    main()
