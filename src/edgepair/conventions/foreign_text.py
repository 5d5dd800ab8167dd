"""Text that comes from files, written so that neither a terminal, a table nor a page obeys it."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping

_FORMULA = ("=", "+", "-", "@")


def visible(text: str, kept: str = "") -> str:
    r"""Write what terminals would obey (escapes, line ends, changes of direction) as it is typed in Python.

    Examples
    --------
    >>> visible("Fe\x1b[2J foil\u202e"), visible("hématite, 5 µm")
    ('Fe\\x1b[2J foil\\u202e', 'hématite, 5 µm')
    """
    if text.isprintable():
        return text
    return "".join(
        c
        if c.isprintable() or c in kept or unicodedata.category(c) == "Zs"
        else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def visible_values(values: Mapping[str, str]) -> dict[str, str]:
    """Write keys and values of a header so that they can be shown."""
    return {visible(key): visible(value) for key, value in values.items()}


def table_cell(value: object) -> object:
    """Write a cell that spreadsheets take as text where it begins as a formula does; numbers stay.

    Examples
    --------
    >>> table_cell("=1+1"), table_cell("-0.5"), table_cell("Fe2O3")
    ("'=1+1", '-0.5', 'Fe2O3')
    """
    if not isinstance(value, str):
        return value
    value = visible(value)
    if not value.startswith(_FORMULA):
        return value
    try:
        number = float(value)
    except ValueError:
        return "'" + value
    return value if math.isfinite(number) or value.lstrip("+-").isalpha() else "'" + value
