"""Every error that a user can cause, in four parts; and what is doubtful of a result that is given."""

from __future__ import annotations

import difflib
import json
import math
import unicodedata
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Self

from edgepair.conventions.spelling import spelled


class EdgepairError(Exception):
    """Base of every error that a user can cause.

    Parameters
    ----------
    problem : str
        What could not be done, and to which item.
    found : str
        What was found.
    needed : str
        What was needed instead.
    suggestion : str
        What to try.

    Examples
    --------
    >>> print(EdgepairError("cannot read 'a.xdi'", found="an empty file", needed="two columns",
    ...                     suggestion="export it again"))
    cannot read 'a.xdi'
      Found:  an empty file
      Needed: two columns
      Try:    export it again
    """

    def __init__(self, problem: str, *, found: str, needed: str, suggestion: str) -> None:
        # Names of files and words in them stand in messages: a terminal must not obey them.
        parts = (problem, found, needed, suggestion)
        self._parts = [visible(part, kept="\n\t") for part in parts]
        super().__init__(self._parts[0])

    @property
    def problem(self) -> str:
        """What could not be done, and to which item."""
        return spelled(self._parts[0])

    @property
    def found(self) -> str:
        """What was found."""
        return spelled(self._parts[1])

    @property
    def needed(self) -> str:
        """What was needed instead."""
        return spelled(self._parts[2])

    @property
    def suggestion(self) -> str:
        """What to try."""
        return spelled(self._parts[3])

    def __str__(self) -> str:
        """Return the four parts, one a line."""
        return f"{self.problem}\n  Found:  {self.found}\n  Needed: {self.needed}\n  Try:    {self.suggestion}"

    def __reduce__(self) -> tuple[object, ...]:
        """Let the error cross process borders with its four parts."""
        problem, found, needed, suggestion = self._parts
        return partial(type(self), found=found, needed=needed, suggestion=suggestion), (problem,)


class Remark(str):
    """A warning, with a code to know it by where an answer has words of its own for it."""

    code: str

    def __new__(cls, text: str, code: str = "") -> Self:
        """Take a text; one that has a code already keeps it."""
        remark = super().__new__(cls, text)
        remark.code = code or getattr(text, "code", "")
        return remark


class DataError(EdgepairError):
    """A dataset, array or store is not what the schema asks for."""


class OptionError(EdgepairError):
    """An option or argument has a value that is not understood."""


class OutputError(EdgepairError):
    """A result could not be written where it was wanted."""


class StructureError(EdgepairError):
    """A crystal structure cannot be used."""


class LabelError(EdgepairError):
    """A site's label could not be determined."""


class SimulationError(EdgepairError):
    """An outside simulator did not give a usable result."""


class MeasurementError(EdgepairError):
    """A measured file cannot be understood."""


class ModelError(EdgepairError):
    """A saved model cannot be trusted or used."""


class EngineError(EdgepairError):
    """The processes that carry out tasks cannot be used."""


def near_miss(name: str, allowed: Iterable[str]) -> str:
    """Say which allowed name was probably meant.

    Parameters
    ----------
    name : str
        The name that was not understood.
    allowed : iterable of str
        The names that would have been.

    Returns
    -------
    str
        ``"did you mean 'xanes'?"``, or the list of allowed names where none is near.

    Examples
    --------
    >>> near_miss("xane", ["xanes", "pdf"])
    "did you mean 'xanes'?"
    """
    names = {item.lower(): item for item in allowed}
    close = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.6)
    return f"did you mean {names[close[0]]!r}?" if close else "use one of: " + ", ".join(names.values())


def check_choice(doing: str, what: str, name: object, allowed: Iterable[str]) -> None:
    """Refuse a name that is none of those that are allowed."""
    names = list(allowed)
    if name not in names:
        raise OptionError(
            f"{doing} {name!r}",
            found=f"{what} {name!r}",
            needed="one of " + ", ".join(names),
            suggestion=near_miss(str(name), names),
        )


def read_pair(option: str, text: str, *, of: str, needed: str, example: str) -> tuple[float, float]:
    """Read an option that takes two numbers.

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


_FORMULA = ("=", "+", "-", "@")


def visible(text: str, kept: str = "") -> str:
    r"""Write what terminals would obey (escapes, line ends, directions) as it is typed in Python."""
    if text.isprintable():
        return text
    return "".join(
        c
        if c.isprintable() or c in kept or unicodedata.category(c) == "Zs"
        else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def visible_json(text: str) -> str:
    """Write what terminals would obey in a JSON document as JSON does: it means the same."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or visible(c) == c else json.dumps(c)[1:-1] for c in text)


def visible_values(values: Mapping[str, str]) -> dict[str, str]:
    """Write keys and values of a header so that they can be shown."""
    return {visible(key): visible(value) for key, value in values.items()}


def table_cell(value: object) -> object:
    """Write a cell that spreadsheets take as text where it begins as a formula does; numbers stay."""
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
