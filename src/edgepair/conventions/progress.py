"""How far a long computation is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a computation is.

    Attributes
    ----------
    done, total : float
        Work done and to do, in one arbitrary unit.
    text : str
        What was finished last.
    cached : bool
        Whether that was found in the cache, so that it took no time.
    """

    done: float
    total: float
    text: str
    cached: bool
