"""One file that shows mixtures: sample, fit, components, combinations; opens without a network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair._version import __version__
from edgepair.conventions import OutputError
from edgepair.files.writing import write_whole
from edgepair.report.kit.embedding import embedded_json
from edgepair.report.mixture.figure import mixture_figure
from edgepair.report.mixture.words import (
    HEADINGS,
    closing_line,
    combination_rows,
    mixture_facts,
    mixture_title,
)

if TYPE_CHECKING:
    from edgepair.mixtures.scan import SampleMixture


def write_mixtures(entries: Sequence[tuple[SampleMixture, Sequence[str]]], path: str | Path) -> Path:
    """Write the page."""
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise OutputError(
            f"cannot write the figure {str(target)!r}",
            found=f"the ending {target.suffix!r}",
            needed="a file name that ends in .html",
            suggestion="choose another name with --report",
        )
    return write_whole(
        target, _render(entries), what="the figure", suggestion="choose another place with --report"
    )


def _render(entries: Sequence[tuple[SampleMixture, Sequence[str]]]) -> str:
    import jinja2
    import plotly.offline
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("edgepair.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    items = [
        {
            "title": mixture_title(mixture),
            "facts": mixture_facts(mixture),
            "warnings": mixture.warnings,
            "rows": combination_rows(mixture),
            "closing": closing_line(mixture),
            "model": model,
            "figure": _figure(f"m{number}", mixture),
        }
        for number, (mixture, model) in enumerate(entries)
    ]
    style = (files("edgepair.report") / "templates" / "report.css").read_text(encoding="utf-8")
    return environment.get_template("mixture.html.j2").render(
        version=__version__,
        items=items,
        headings=HEADINGS,
        style=Markup(style),
        plotly=Markup(plotly.offline.get_plotlyjs().replace("</script", "<\\/script")),
    )


def _figure(name: str, mixture: SampleMixture) -> dict[str, Any]:
    from markupsafe import Markup

    spec = json.loads(mixture_figure(mixture).to_json())
    drawn = {"data": spec["data"], "layout": spec["layout"]}
    return {"name": name, "height": int(spec["layout"]["height"]), "json": Markup(embedded_json(drawn))}
