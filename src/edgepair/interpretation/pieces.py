"""Pieces of work beside the fits: made in processes, kept as soon as they are done."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair.study.cache import models_digest
from edgepair.study.fits import interrupts_left_to_parent

if TYPE_CHECKING:
    from edgepair.files.kept_arrays import KeptArrays


@dataclass(frozen=True)
class Piece:
    """One piece of work."""

    key: str
    kind: type[Any]
    function: Callable[..., Any]
    args: tuple[Any, ...]
    cost: float


@dataclass(frozen=True)
class FinishedPiece:
    """A piece that is done."""

    number: int
    outcome: Any
    cached: bool


def piece_key(function: Callable[..., Any], *parts: str) -> str:
    """Hash what the outcome of a piece depends on."""
    source = Path(inspect.getfile(function)).read_bytes()
    code = [hashlib.sha256(source).hexdigest(), models_digest(), version("scikit-learn"), version("numpy")]
    return hashlib.sha256("\n".join([function.__name__, *code, *parts]).encode()).hexdigest()


def run_pieces(pieces: Sequence[Piece], kept: KeptArrays, n_jobs: int) -> Iterator[FinishedPiece]:
    """Carry out pieces in processes of this machine, those that were not before."""
    import joblib

    waiting = []
    for number, piece in enumerate(pieces):
        found = kept.load_as(piece.kind, piece.key)
        if found is not None:
            yield FinishedPiece(number, found, True)
        else:
            waiting.append((number, piece))
    if not waiting:
        return
    # The longest first, so that no process is left alone with one at the end.
    waiting.sort(key=lambda item: (-item[1].cost, item[0]))
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")
    with interrupts_left_to_parent():
        done = parallel(joblib.delayed(_carry_out)(*item, kept) for item in waiting)
    for number, outcome in done:
        yield FinishedPiece(number, outcome, False)


def _carry_out(number: int, piece: Piece, kept: KeptArrays) -> tuple[int, Any]:
    outcome = piece.function(*piece.args)
    # Kept by the process that made it: what is finished survives an interruption of the parent.
    kept.save_of(outcome, piece.key)
    return number, outcome
