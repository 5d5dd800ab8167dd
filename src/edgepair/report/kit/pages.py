"""Rendering pages from templates: what every page that stands alone needs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from edgepair.conventions import OutputError
from edgepair.conventions.wording import capital, count, interval, number, percent, short_title, with_minus
from edgepair.report.kit.embedding import FigureShelf, embedded_json


def check_page_name(target: Path, option: str = "--out") -> None:
    """Refuse a name that no browser would open as a page."""
    if target.suffix.lower() not in (".html", ".htm"):
        raise OutputError(
            f"cannot write the report to {str(target)!r}",
            found=f"the ending {target.suffix!r}",
            needed="a file name that ends in .html",
            suggestion=f"{option} {target.stem or 'report'}.html",
        )


def render_page(
    name: str,
    content: Mapping[str, Any],
    shelf: FigureShelf,
    explorers: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Fill a template with its content, figures and the programs that draw them."""
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
    environment.filters |= {
        "number": number, "capital": capital, "count": count, "percent": percent, "minus": with_minus
    }  # fmt: skip
    environment.globals |= {"interval": interval, "technique_title": short_title}
    folder = files("edgepair.report") / "templates"
    behind = dict(explorers or {})
    return environment.get_template(name).render(
        dict(content),
        explorers=behind,
        scripts={key: Markup(embedded_json(value["panels"])) for key, value in behind.items() if value},
        specs=[{"id": key, "json": Markup(embedded_json(value))} for key, value in shelf.specs.items()],
        template=Markup(embedded_json(shelf.template)),
        style=Markup((folder / "report.css").read_text(encoding="utf-8")),
        script=Markup((folder / "report.js").read_text(encoding="utf-8")),
        plotly=Markup(plotly.offline.get_plotlyjs().replace("</script", "<\\/script")),
    )
