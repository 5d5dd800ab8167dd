"""Figures and errors as a visitor's page can show them: plain values, names in place of paths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgepair.conventions import EdgepairError

if TYPE_CHECKING:
    import plotly.graph_objects as go

Figure: TypeAlias = dict[str, Any]
"""A figure as plain values, as plotly's program in the browser takes it."""

Drawn: TypeAlias = tuple[str, Figure]
"""A caption, and its figure."""

_PARTS = ("problem", "found", "needed", "suggestion")


def in_visitors_words(error: EdgepairError, names: Mapping[Path, str]) -> EdgepairError:
    """Put names in the place of paths.

    >>> told = EdgepairError("cannot open '/a/fe.zip'", found="", needed="", suggestion="")
    >>> in_visitors_words(told, {Path("/a/fe.zip"): "fe.zip"}).problem
    "cannot open 'fe.zip'"
    """
    told = {part: str(getattr(error, part)) for part in _PARTS}
    for path, name in names.items():
        told = {part: text.replace(str(path), name) for part, text in told.items()}
    return type(error)(told.pop("problem"), **told)


def plain_figure(figure: go.Figure) -> Figure:
    """Write a figure as plain values."""
    spec: Figure = json.loads(figure.to_json())
    return spec
