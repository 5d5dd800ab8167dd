"""Pieces of work: kept as soon as they are done, made again where what was kept is damaged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.files.kept_arrays import KeptArrays
from edgepair.interpretation.pieces import Piece, piece_key, run_pieces


@dataclass(frozen=True)
class Made:
    """Comes of a piece."""

    values: NDArray[np.float64]
    count: NDArray[np.int64]


CALLS: list[int] = []


def make(number: int) -> Made:
    CALLS.append(number)
    if number < 0:
        raise RuntimeError("interrupted")
    return Made(np.full(3, number / 3), np.array(number))


def piece(number: int) -> Piece:
    return Piece(piece_key(make, str(number)), Made, make, (number,), float(number))


@pytest.fixture
def kept(tmp_path: Path) -> KeptArrays:
    CALLS.clear()
    return KeptArrays(tmp_path / "kept")


def test_the_costliest_are_made_first_and_kept_ones_not_again(kept: KeptArrays) -> None:
    first = list(run_pieces([piece(1), piece(3), piece(2)], kept, 1))
    assert CALLS == [3, 2, 1]
    again = list(run_pieces([piece(2), piece(4)], kept, 1))
    assert CALLS == [3, 2, 1, 4]
    assert [done.cached for done in again] == [True, False]
    assert [done.number for done in first] == [1, 2, 0]
    np.testing.assert_array_equal(again[0].outcome.values, np.full(3, 2 / 3))


def test_what_was_finished_before_an_interruption_is_kept(kept: KeptArrays) -> None:
    with pytest.raises(RuntimeError, match="interrupted"):
        list(run_pieces([piece(5), piece(-1)], kept, 1))
    assert next(iter(run_pieces([piece(5)], kept, 1))).cached


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half a file"])
def test_a_damaged_entry_is_made_again(kept: KeptArrays, damage: bytes) -> None:
    list(run_pieces([piece(1)], kept, 1))
    (entry,) = (kept.folder or Path()).iterdir()
    entry.write_bytes(damage)
    (done,) = run_pieces([piece(1)], kept, 1)
    assert (done.cached, done.outcome.count) == (False, 1)
    (done,) = run_pieces([piece(1)], kept, 1)
    assert done.cached


def test_an_entry_of_another_kind_is_not_taken(kept: KeptArrays) -> None:
    kept.save(piece(1).key, {"values": np.zeros(3)})
    (done,) = run_pieces([piece(1)], kept, 1)
    assert not done.cached


def test_without_a_folder_nothing_is_kept(kept: KeptArrays, tmp_path: Path) -> None:
    list(run_pieces([piece(1)], KeptArrays(None), 1))
    KeptArrays(None).prune()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_costs_only_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (done,) = run_pieces([piece(1)], KeptArrays(tmp_path / "file" / "kept"), 1)
    assert done.outcome.count == 1


def test_names_follow_function_and_arguments() -> None:
    assert piece_key(make, "1") == piece_key(make, "1")
    assert len({piece_key(make, "1"), piece_key(make, "2"), piece_key(piece, "1")}) == 3
