"""Filters written after the name of a database of structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgepair.conventions import StructureError, near_miss


def parse_filters(source: str, text: str, known: Mapping[str, str]) -> dict[str, str]:
    """Read filters such as ``elements=Fe+O,exclude=H``.

    Examples
    --------
    >>> parse_filters("amcsd", "elements=Fe+O, exclude=H", {"elements": "", "exclude": ""})
    {'elements': 'Fe+O', 'exclude': 'H'}
    """
    filters = {}
    for part in (part.strip() for part in text.split(",")):
        if not part:
            continue
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in known or not value:
            raise StructureError(
                f"cannot read the filter {part!r} of {source}",
                found=f"{part!r}",
                needed="NAME=VALUE, with commas between filters; names: "
                + ", ".join(f"{key} ({meaning})" for key, meaning in known.items()),
                suggestion=near_miss(name, known),
            )
        filters[name] = value
    return filters


def parse_elements(text: str) -> list[str]:
    """Read elements with ``+`` or ``-`` between them.

    Examples
    --------
    >>> parse_elements("Fe+O")
    ['Fe', 'O']
    """
    from pymatgen.core import Element

    symbols: Sequence[str] = [part.strip() for part in text.replace("-", "+").split("+")]
    for symbol in symbols:
        if not Element.is_valid_symbol(symbol):
            raise StructureError(
                f"cannot filter by the element {symbol!r}",
                found=f"{text!r}",
                needed="chemical symbols with + between them",
                suggestion="elements=Fe+O",
            )
    return list(symbols)
