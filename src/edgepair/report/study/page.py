"""One file that holds the whole report: text, tables, figures and the program that draws them."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair.conventions import OutputError
from edgepair.conventions.wording import capital, count, interval, number, percent, short_title
from edgepair.report.kit.style import modality_colour, modality_symbol
from edgepair.report.kit.tables import MOST_SITES
from edgepair.report.study.figure_contributions import part_colour
from edgepair.report.study.panels import collect_panels
from edgepair.report.study.published_page import render_published
from edgepair.report.study.summary import summarise_study

if TYPE_CHECKING:
    from edgepair.study import StudyResult

REPORT_NAME = "report.html"
_WORTH_SHARING = 400
"""Traces longer than this, in characters, are written once however many figures show them."""

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
        raise _unwritable(target, "a file" if folder.exists() else "no such folder")
    published = result.config["config"].get("protocol") == "published"
    page = render_published(result) if published else render_study(result)
    scratch = None
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix=".report-", suffix=".html")
        scratch = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(page)
        scratch.chmod(0o644)
        scratch.replace(target)
    except OSError as error:
        if scratch is not None:
            scratch.unlink(missing_ok=True)
        raise _unwritable(target, f"{type(error).__name__}: {error.strerror or error}") from error
    return target


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
    import jinja2
    import plotly.offline
    from markupsafe import Markup

    from edgepair.features.pdf import R_LAST

    shelf = _Shelf()
    panels = collect_panels(result, shelf.keep)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("edgepair.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "number": number,
        "signed": lambda value, digits=3: number(value, digits, sign=True),
        "capital": capital,
        "count": count,
        "percent": percent,
    }
    environment.globals |= {
        "interval": interval,
        "technique_title": short_title,
        "colour": modality_colour,
        "part_colour": part_colour,
        "symbol_path": lambda name: SYMBOL_PATHS.get(modality_symbol(name), SYMBOL_PATHS["circle"]),
    }
    explorers = {
        name: Markup(_embedded(panels[name]["panels"]))
        for name in ("conditions", "contributions", "importances", "predictions", "learning")
        if panels[name]
    }
    folder = files("edgepair.report") / "templates"
    return environment.get_template("report.html.j2").render(
        study=summarise_study(result),
        panels=panels,
        explorers=explorers,
        most_sites=MOST_SITES,
        pdf_last=R_LAST,
        specs=[{"id": key, "json": Markup(_embedded(value))} for key, value in shelf.specs.items()],
        template=Markup(_embedded(shelf.template)),
        style=Markup((folder / "report.css").read_text(encoding="utf-8")),
        script=Markup((folder / "report.js").read_text(encoding="utf-8")),
        plotly=Markup(plotly.offline.get_plotlyjs().replace("</script", "<\\/script")),
    )


@dataclass
class _Shelf:
    """Figures as they are embedded: each trace and the template once."""

    specs: dict[str, Any] = field(default_factory=dict)
    template: dict[str, Any] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict)

    def keep(self, figure: Any) -> dict[str, Any]:
        """Shelve a figure; return what the page needs to show it."""
        spec = json.loads(figure.to_json())
        layout = spec["layout"]
        self.template = layout.pop("template", None) or self.template
        name = f"f{len(self.specs)}"
        data = [self._shared(trace) for trace in spec["data"]]
        self.specs[name] = {"data": data, "layout": layout}
        return {"spec": name, "height": int(layout.get("height", 400))}

    def _shared(self, trace: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(trace, sort_keys=True)
        if len(text) < _WORTH_SHARING:
            return trace
        if text not in self._known:
            name = f"t{len(self._known)}"
            self._known[text] = name
            self.specs[name] = trace
        return {"shared": self._known[text]}


def _embedded(value: Any) -> str:
    """Write JSON that can stand inside a script element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _unwritable(target: Path, found: str) -> OutputError:
    return OutputError(
        f"cannot write the report to {str(target)!r}",
        found=found,
        needed="the folder of a saved study, with room for about 8 MB",
        suggestion="save the study there first, with StudyResult.save",
    )
