"""Draw the README's picture: the dot plot of a finished study, as a PNG.

Used by maintainers only. Needs chromium (Debian: ``apt-get install chromium``); users of edgepair
never do, because the report draws itself in the reader's browser.

    python scripts/make_readme_picture.py STUDY_DIR OUT.png

Beside the picture stands OUT.json with the checksums of the data that the study saw; a test compares them
with those of the bundle, so that the picture cannot be older than the data.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from edgepair import EdgepairError, StudyResult
from edgepair.report import overview_figure

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTH, HEIGHT = 1400, 700
SCALE = 2
"""Pixels of the picture per pixel of the page: sharp on fine screens."""


def make_picture(study: Path, picture: Path, *, width: int = WIDTH, height: int = HEIGHT) -> Path:
    """Draw the dot plot of a study.

    Parameters
    ----------
    study : pathlib.Path
        Folder that ``edgepair study`` wrote.
    picture : pathlib.Path
        PNG to write.
    width, height : int, optional
        Size, pixels of the page; the picture has twice as many each way.

    Returns
    -------
    pathlib.Path
        The picture.

    Raises
    ------
    RuntimeError
        Chromium is not there, or wrote no picture.
    EdgepairError
        The folder holds no study.
    """
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise RuntimeError(
            "cannot draw the picture: no browser found (looked for " + ", ".join(BROWSERS) + "); "
            "install one, on Debian with `apt-get install chromium`"
        )
    result = StudyResult.load(study)
    figure = overview_figure(result, height=height)
    figure.update_layout(width=width, margin={"l": 24, "r": 24, "t": 60, "b": 20}, font_size=15)
    figure.update_annotations(font={"size": 19})
    figure.update_xaxes(tickfont_size=14, title_font_size=15)
    figure.update_yaxes(tickfont_size=18)
    figure.update_traces(marker_size=11, selector={"mode": "markers"})
    picture = picture.resolve()
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "overview.html"
        body = figure.to_html(include_plotlyjs=True, full_html=False, config={"displayModeBar": False})
        page.write_text(
            f'<!doctype html><meta charset="utf-8"><body style="margin:0;background:#fff">{body}</body>',
            encoding="utf-8",
        )
        command = [
            browser,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/profile",
            f"--force-device-scale-factor={SCALE}",
            f"--window-size={width},{height}",
            "--virtual-time-budget=8000",
            f"--screenshot={picture}",
            page.as_uri(),
        ]
        picture.unlink(missing_ok=True)
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if not picture.is_file():
        told = done.stderr[-2000:]
        raise RuntimeError(f"{browser} wrote no picture (exit code {done.returncode}):\n{told}")
    seen = json.dumps({"data_sha256": result.config["data_sha256"]}, indent=1)
    picture.with_suffix(".json").write_text(seen + "\n", encoding="utf-8")
    return picture


def main() -> int:
    """Read the command line.

    Returns
    -------
    int
        Exit code: 0 done, 2 refused.
    """
    parser = argparse.ArgumentParser(description="Draw the README's picture from a finished study.")
    parser.add_argument("study", type=Path, metavar="STUDY_DIR")
    parser.add_argument("picture", type=Path, metavar="OUT.png")
    chosen = parser.parse_args()
    try:
        print(make_picture(chosen.study, chosen.picture))
    except (RuntimeError, EdgepairError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
