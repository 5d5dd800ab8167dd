"""Files written whole or not at all, and figures inside a page that opens without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from edgepair._version import __version__
from edgepair.conventions import OptionError, OutputError
from edgepair.conventions.errors import check_choice
from edgepair.conventions.wording import capital, count, interval, number, percent, short_title, with_minus
from edgepair.files.writing import write_whole

if TYPE_CHECKING:
    import jinja2
    import plotly.graph_objects as go

_WORTH_SHARING = 400
"""Traces longer than this, in characters, are written once however many figures show them."""


class Panel(TypedDict, total=False):
    """How a page finds a figure: its name on the shelf, height in pixels, title, and whose look it has."""

    spec: str
    height: int
    title: str
    looks: str


class Explorer(TypedDict, total=False):
    """Panels behind choices; empty where there are none."""

    choices: list[dict[str, object]]
    start: list[str]
    panels: dict[str, list[Panel]]


@dataclass
class FigureShelf:
    """Figures as a page embeds them: each trace and the template once."""

    specs: dict[str, object] = field(default_factory=dict)
    template: dict[str, object] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict)

    def keep(self, figure: go.Figure, title: str = "") -> Panel:
        """Shelve a figure."""
        spec = json.loads(figure.to_json())
        layout = spec["layout"]
        self.template = layout.pop("template", None) or self.template
        name = f"f{len(self.specs)}"
        self.specs[name] = {"data": [self._shared(trace) for trace in spec["data"]], "layout": layout}
        return {"spec": name, "height": int(layout.get("height", 400)), "title": title}

    def _shared(self, trace: dict[str, object]) -> dict[str, object]:
        text = json.dumps(trace, sort_keys=True)
        if len(text) < _WORTH_SHARING:
            return trace
        if text not in self._known:
            name = f"t{len(self._known)}"
            self._known[text] = name
            self.specs[name] = trace
        return {"shared": self._known[text]}


def embedded_json(value: object) -> str:
    """Write JSON that can stand inside a script element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def write_text(text: str, path: str | Path, *, what: str, option: str) -> Path:
    """Write a file beside its place and move it there when it is complete."""
    return write_whole(path, text, what=what, suggestion=f"choose another place with {option}")


def write_page(render: Callable[[], str], path: str | Path, *, what: str, option: str) -> Path:
    """Write a page, whose name is checked before it is made."""
    target = Path(path)
    check_page_name(target)
    return write_text(render(), target, what=what, option=option)


def check_page_name(target: Path) -> None:
    """Refuse a name that no browser would open as a page."""
    if target.suffix.lower() not in (".html", ".htm"):
        raise OutputError(
            f"cannot write the report to {str(target)!r}",
            found=f"the ending {target.suffix!r}",
            needed="a file name that ends in .html",
            suggestion=f"--report {target.stem or 'report'}.html",
        )


def render_page(
    name: str,
    content: Mapping[str, object],
    shelf: FigureShelf,
    explorers: Mapping[str, Explorer] | None = None,
) -> str:
    """Fill a template with its content, figures and the programs that draw them: a page without a network."""
    import plotly.offline
    from markupsafe import Markup

    folder = files("edgepair.report") / "templates"
    behind = explorers or {}
    return _template(name).render(
        {"version": __version__, **content},
        explorers=behind,
        scripts={key: Markup(embedded_json(value["panels"])) for key, value in behind.items() if value},
        specs=[{"id": key, "json": Markup(embedded_json(value))} for key, value in shelf.specs.items()],
        template=Markup(embedded_json(shelf.template)),
        style=Markup((folder / "report.css").read_text(encoding="utf-8")),
        script=Markup((folder / "report.js").read_text(encoding="utf-8")),
        plotly=Markup(plotly.offline.get_plotlyjs().replace("</script", "<\\/script")),
    )


def render_tables(title: str, sentences: Sequence[str], content: Mapping[str, object]) -> str:
    """Lay out tables of a page for a notebook."""
    return _template("views.html.j2").render({"title": title, "sentences": sentences, **content})


def render_methods(name: str, content: Mapping[str, object]) -> list[dict[str, str]]:
    """Fill a text of methods and give its paragraphs, but those that have nothing to say."""
    parts = re.split(r"^# (.+)$", _template(name).render(content), flags=re.MULTILINE)[1:]
    texts = (re.sub(r"[ \n]+", " ", text).strip() for text in parts[1::2])
    return [{"title": title, "text": text} for title, text in zip(parts[::2], texts, strict=True) if text]


def _template(name: str) -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("edgepair.report", "templates"),
        autoescape=name.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "number": number, "signed": lambda value, digits=3: number(value, digits, sign=True),
        "capital": capital, "count": count, "percent": percent, "minus": with_minus,
    }  # fmt: skip
    environment.globals |= {"interval": interval, "technique_title": short_title}
    return environment.get_template(name)


@dataclass(frozen=True)
class Drawing:
    """What draws a figure, and what has to be chosen for it: each choice with the values at hand."""

    draw: Callable[..., go.Figure | None]
    choices: Mapping[str, Sequence[str]]


def draw_figure(drawings: Mapping[str, Drawing], name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw a figure by its name, by default the first; what has one value only need not be chosen."""
    name = name or next(iter(drawings))
    check_choice("cannot draw the figure", "figure", name, drawings)
    choices = drawings[name].choices
    chosen = {key: values[0] for key, values in choices.items() if len(values) == 1} | dict(given)
    wrong = [key for key in chosen if key not in choices or chosen[key] not in choices[key]]
    missing = [key for key in choices if key not in chosen]
    figure = None if wrong or missing else drawings[name].draw(**chosen)
    if figure is None:
        at_hand = (f"{key} ({', '.join(values) or 'none here'})" for key, values in choices.items())
        raise OptionError(
            f"cannot draw the figure {name!r}",
            found=", ".join(f"{key}={value!r}" for key, value in given.items()) or "nothing chosen",
            needed="a result that holds it; choices: " + ("; ".join(at_hand) or "none"),
            suggestion=f"choose {', '.join(missing or wrong) or 'another figure or other values'}",
        )
    return figure
