"""The error family: every error that a user can cause, in four parts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from edgepair.conventions.foreign_text import visible


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
        self.problem, self.found, self.needed, self.suggestion = (
            visible(part, kept="\n\t") for part in (problem, found, needed, suggestion)
        )
        super().__init__(self.problem)

    def __str__(self) -> str:
        """Return the four parts, one a line."""
        return f"{self.problem}\n  Found:  {self.found}\n  Needed: {self.needed}\n  Try:    {self.suggestion}"

    def __reduce__(self) -> tuple[object, ...]:
        """Let the error cross process borders with its four parts."""
        return (
            _rebuild,
            (type(self), self.problem, self.found, self.needed, self.suggestion),
        )


def _rebuild(
    kind: type[EdgepairError], problem: str, found: str, needed: str, suggestion: str
) -> EdgepairError:
    return kind(problem, found=found, needed=needed, suggestion=suggestion)


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
