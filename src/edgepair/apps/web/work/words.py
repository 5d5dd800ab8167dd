"""Errors in the words of a visitor, who knows names and not where files lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgepair.conventions import EdgepairError

_PARTS = ("problem", "found", "needed", "suggestion")


def in_visitors_words(error: EdgepairError, names: Mapping[Path, str]) -> EdgepairError:
    """Put names in the place of paths.

    Examples
    --------
    >>> told = EdgepairError("cannot open '/a/fe.zip'", found="", needed="", suggestion="")
    >>> in_visitors_words(told, {Path("/a/fe.zip"): "fe.zip"}).problem
    "cannot open 'fe.zip'"
    """
    told = {part: str(getattr(error, part)) for part in _PARTS}
    for path, name in names.items():
        told = {part: text.replace(str(path), name) for part, text in told.items()}
    return type(error)(told.pop("problem"), **told)
