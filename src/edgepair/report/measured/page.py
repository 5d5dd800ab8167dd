"""One file that shows measured curves as they were understood, and opens without a network."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair._version import __version__
from edgepair.conventions import OutputError
from edgepair.report.measured.figures import normalized_figure, pdf_figure, raw_figure

if TYPE_CHECKING:
    from edgepair.measured import PdfCurve
    from edgepair.measured.xanes.inspection import XanesInspection


@dataclass(frozen=True)
class MeasuredEntry:
    """One curve on the page."""

    title: str
    facts: Sequence[tuple[str, str]]
    warnings: Sequence[str]
    curve: XanesInspection | PdfCurve


def write_inspection(entries: Sequence[MeasuredEntry], path: str | Path) -> Path:
    """Write the page."""
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise _unwritable(target, f"the ending {target.suffix!r}", "a file name that ends in .html")
    page = _render(entries)
    scratch: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".inspect-", suffix=".html")
        scratch = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(page)
        scratch.chmod(0o644)
        scratch.replace(target)
    except OSError as error:
        if scratch is not None:
            scratch.unlink(missing_ok=True)
        found = f"{type(error).__name__}: {error.strerror or error}"
        raise _unwritable(target, found, "a folder that exists, with room for about 5 MB") from error
    return target


def _render(entries: Sequence[MeasuredEntry]) -> str:
    import jinja2
    import plotly.offline
    from markupsafe import Markup

    from edgepair.measured.pdf.curve import PdfCurve

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("edgepair.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    items = []
    for number, entry in enumerate(entries):
        if isinstance(entry.curve, PdfCurve):
            drawn = [("G(r)", pdf_figure(entry.curve))]
        else:
            normal = normalized_figure(entry.curve)
            drawn = [("as measured, with the lines of the normalisation", raw_figure(entry.curve))]
            drawn += [("normalised and flattened", normal)] if normal is not None else []
        figures = [_figure(f"c{number}-{k}", title, figure) for k, (title, figure) in enumerate(drawn)]
        items.append(
            {"title": entry.title, "facts": entry.facts, "warnings": entry.warnings, "figures": figures}
        )
    style = (files("edgepair.report") / "templates" / "report.css").read_text(encoding="utf-8")
    return environment.get_template("inspect.html.j2").render(
        version=__version__,
        items=items,
        style=Markup(style),
        plotly=Markup(plotly.offline.get_plotlyjs().replace("</script", "<\\/script")),
    )


def _figure(name: str, title: str, figure: Any) -> dict[str, Any]:
    from markupsafe import Markup

    spec = json.loads(figure.to_json())
    text = json.dumps({"data": spec["data"], "layout": spec["layout"]}, ensure_ascii=False, allow_nan=False)
    for character in "<>&":
        # Nothing from a file can end the script element that it stands in.
        text = text.replace(character, f"\\u{ord(character):04x}")
    return {"name": name, "title": title, "height": int(spec["layout"]["height"]), "json": Markup(text)}


def _unwritable(target: Path, found: str, needed: str) -> OutputError:
    return OutputError(
        f"cannot write the figure {str(target)!r}",
        found=found,
        needed=needed,
        suggestion="choose another place with --report",
    )
