"""What the address of the page Data holds: filters, order, page and sites, as text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from edgepair.conventions import TASKS, EdgepairError, OptionError

MOST_SITES = 6
"""Sites that one figure can tell apart."""

KEYS = ("set", "text", "elements", *TASKS, "sort", "page", "sites", "by")
"""Everything that the address may hold."""

_BETWEEN = ".."


def packed_range(low: object, high: object) -> str:
    """Write a range as it stands in the address."""
    ends = ["" if end in (None, "") else str(end).strip().replace(",", ".") for end in (low, high)]
    return _BETWEEN.join(ends) if any(ends) else ""


def split_range(text: str) -> tuple[str, str]:
    """Read the two ends of a range, as text.

    >>> split_range("1.9..2.1"), split_range("..2.1"), split_range("")
    (('1.9', '2.1'), ('', '2.1'), ('', ''))
    """
    low, _, high = text.partition(_BETWEEN)
    return low.strip(), high.strip()


def parse_filter(query: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, EdgepairError]]:
    """Read filters."""
    values: dict[str, tuple[float, ...]] = {}
    ranges: dict[str, tuple[float, float]] = {}
    errors: dict[str, EdgepairError] = {}
    for task in TASKS:
        text = query.get(task, "")
        try:
            if _BETWEEN in text:
                ranges[task] = _range(task, text)
            elif text:
                values[task] = tuple(_number(task, part) for part in text.split(","))
        except OptionError as error:
            errors[task] = error
    elements = tuple(part for part in re.split(r"[\s,;+-]+", query.get("elements", "")) if part)
    wanted = {"text": query.get("text", ""), "elements": elements, "values": values, "ranges": ranges}
    return wanted, errors


def parse_sites(text: str) -> list[int]:
    """Read the rows of the sites that are drawn."""
    numbers = [int(part) for part in text.split(",") if part.isdecimal() and len(part) < 9]
    return list(dict.fromkeys(numbers))[:MOST_SITES]


def parse_order(text: str, columns: Sequence[str]) -> tuple[str, bool]:
    """Read the order of the table."""
    name = text.removeprefix("-")
    return (name, text.startswith("-")) if name in columns else ("", False)


def short_texts(data: object) -> dict[str, str]:
    """Take what a browser sends as a dictionary of short texts."""
    if not isinstance(data, dict):
        return {}
    return {str(name): str(value)[:200] for name, value in data.items() if name in KEYS}


def joined_sites(sites: object) -> str:
    """Write the rows of the sites that are drawn as they stand in the address."""
    return ",".join(str(site)[:12] for site in sites[: 2 * MOST_SITES]) if isinstance(sites, list) else ""


def moved_place(
    place: Mapping[str, str], what: object, clicked: bool, columns: Sequence[str]
) -> tuple[tuple[str, bool], int]:
    """Find order and page of the table after a click; another filter or order begins at the first page."""
    order = parse_order(place.get("sort", ""), columns)
    told = place.get("page", "1")
    page = max(0, int(told) - 1) if told.isdecimal() and len(told) < 7 else 0
    if what == "data-wanted":
        return order, 0
    if not clicked:
        return order, page
    if what in ("data-previous", "data-next"):
        return order, max(0, page + (1 if what == "data-next" else -1))
    if isinstance(what, dict) and what.get("type") == "data-sort":
        column = str(what.get("column"))
        return parse_order(("-" if order == (column, False) else "") + column, columns), 0
    return order, page


def _range(task: str, text: str) -> tuple[float, float]:
    low, high = split_range(text)
    first = _number(task, low) if low else -math.inf
    last = _number(task, high) if high else math.inf
    if first > last:
        raise _refused(task, f"from {low} to {high}", "a first value that is not above the last")
    return first, last


def _number(task: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _refused(task, f"{text[:40]!r}", f"a number{_unit(task)}")
    return value


def _unit(task: str) -> str:
    return f", {TASKS[task].unit}" if TASKS[task].unit else ""


def _refused(task: str, found: str, needed: str) -> OptionError:
    return OptionError(
        f"cannot filter by the {TASKS[task].title}",
        found=found,
        needed=needed,
        suggestion="empty the field to see every value",
    )
