"""One file that holds the whole report: text, tables, figures and the program that draws them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.conventions import OutputError
from edgepair.files.writing import write_whole
from edgepair.report.kit.embedding import FigureShelf, render_page
from edgepair.report.kit.style import modality_colour, modality_symbol
from edgepair.report.kit.tables import MOST_SITES
from edgepair.report.study.figure_contributions import part_colour
from edgepair.report.study.panels import collect_explorers, collect_panels
from edgepair.report.study.published_page import render_published
from edgepair.report.study.summary import summarise_study

if TYPE_CHECKING:
    from edgepair.study import StudyResult

REPORT_NAME = "report.html"
SYMBOL_PATHS = {
    "circle": "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z",
    "square": "M3 3h10v10h-10z",
    "diamond": "M8 1.5l6.5 6.5l-6.5 6.5l-6.5-6.5z",
    "triangle-up": "M8 2l6.5 11.5h-13z",
    "triangle-down": "M8 14l6.5-11.5h-13z",
    "cross": "M5.8 1.5h4.4v4.3h4.3v4.4h-4.3v4.3h-4.4v-4.3h-4.3v-4.4h4.3z",
    "x": "M4.6 1.5l3.4 3.4l3.4-3.4l3.1 3.1l-3.4 3.4l3.4 3.4"
    "l-3.1 3.1l-3.4-3.4l-3.4 3.4l-3.1-3.1l3.4-3.4l-3.4-3.4z",
    "pentagon": "M8 1.5l6.5 4.8l-2.5 7.7h-8l-2.5-7.7z",
    "hexagon": "M4.5 2h7l3.5 6l-3.5 6h-7l-3.5-6z",
    "star": "M8 1l1.9 4.9l5.1.2l-4 3.3l1.4 5.1l-4.4-2.9l-4.4 2.9l1.4-5.1l-4-3.3l5.1-.2z",
}
"""The symbols of the figures, for legends outside them."""


def write_study(result: StudyResult, directory: str | Path) -> Path:
    """Write the report of a study beside its tables.

    Parameters
    ----------
    result : StudyResult
        The study.
    directory : str or Path
        Folder that `StudyResult.save` made.

    Returns
    -------
    pathlib.Path
        ``report.html`` in that folder: one file that opens without a network.

    Raises
    ------
    OutputError
        The folder is not there, or cannot be written.
    """
    folder = Path(directory)
    target = folder / REPORT_NAME
    if not folder.is_dir():
        raise OutputError(
            f"cannot write the report to {str(target)!r}",
            found="a file" if folder.exists() else "no such folder",
            needed="the folder of a saved study, with room for about 8 MB",
            suggestion="save the study there first, with StudyResult.save",
        )
    published = result.config["config"].get("protocol") == "published"
    page = render_published(result) if published else render_study(result)
    return write_whole(
        target, page, what="the report", suggestion="save the study there first, with StudyResult.save"
    )


def render_study(result: StudyResult) -> str:
    """Make the text of the report.

    Parameters
    ----------
    result : StudyResult
        The study.

    Returns
    -------
    str
        A whole HTML page.
    """
    from edgepair.features.pdf import R_LAST

    shelf = FigureShelf()
    panels = collect_panels(result, shelf.keep)
    explorers = collect_explorers(result, shelf.keep)
    content = {
        "study": summarise_study(result),
        "panels": {**panels, **explorers},
        "most_sites": MOST_SITES,
        "pdf_last": R_LAST,
        "colour": modality_colour,
        "part_colour": part_colour,
        "symbol_path": lambda name: SYMBOL_PATHS.get(modality_symbol(name), SYMBOL_PATHS["circle"]),
    }
    return render_page("report.html.j2", content, shelf, explorers)
