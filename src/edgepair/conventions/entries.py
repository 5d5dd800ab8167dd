"""Numbers that people type, checked where they come in."""

from __future__ import annotations

import math

from edgepair.conventions.errors import OptionError


def read_pair(option: str, text: str, *, of: str, needed: str, example: str) -> tuple[float, float]:
    """Read an option that takes two numbers.

    Examples
    --------
    >>> read_pair("--range", "-20,60", of="range", needed="eV from the edge", example="-20,60")
    (-20.0, 60.0)
    """
    try:
        # A minus sign as it is typeset, for what was copied from a page.
        first, last = (float(part) for part in text.replace("\u2212", "-").split(","))
        if not (math.isfinite(first) and math.isfinite(last)):
            raise ValueError
    except ValueError as error:
        raise OptionError(
            f"cannot read the {of} {text!r}",
            found=f"{text!r}",
            needed=f"two numbers with a comma between them, {needed}",
            suggestion=f"{option}={example}",
        ) from error
    return first, last


def check_number(name: str, value: float | None, low: float, high: float, unit: str) -> None:
    """Refuse an option's number that no measurement has."""
    if value is None or (math.isfinite(value) and low <= value <= high):
        return
    shown = f" {unit}" if unit else ""
    raise OptionError(
        f"cannot use {name} {value:g}",
        found=f"{value:g}{shown}",
        needed=f"a number from {low:g} to {high:g}{shown}",
        suggestion="check the unit" if unit else f"give it as in {name} {(low + high) / 2:g}",
    )
