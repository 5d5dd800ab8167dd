"""The terminal's curve: highest at the top, no gaps, never an error."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepair.apps.cli.inspect import draw_curve


def heights(lines: list[str]) -> list[int]:
    """Give the row, from the top, of each character's highest dot."""
    body = [line.partition("┤")[2] for line in lines[:-1]]
    width = max(map(len, body))
    return [next((r for r, row in enumerate(body) if row[c : c + 1].strip()), -1) for c in range(width)]


def test_a_step_is_drawn_as_a_step_without_gaps() -> None:
    lines = draw_curve([0, 1, 1.01, 2], [0, 0, 1, 1], width=20, height=6, unit="eV")
    assert len(lines) == 7
    tops = heights(lines)
    assert tops[0] == 5
    assert tops[-1] == 0
    column = tops.index(0)
    assert all(line.partition("┤")[2][column].strip() for line in lines[:-1])
    assert lines[0].split()[0] == "1"
    assert lines[-1].split() == ["0", "2", "eV"]


@pytest.mark.parametrize("x", [[], [1.0], [2.0, 2.0], [math.nan, 1.0]])
def test_nothing_to_draw_draws_nothing(x: list[float]) -> None:
    assert draw_curve(x, [0.0] * len(x)) == []


@given(values=st.lists(st.floats(-1e12, 1e12) | st.just(math.nan), max_size=40))
def test_any_values_fit(values: list[float]) -> None:
    lines = draw_curve(list(map(float, range(len(values)))), values, width=30, height=5)
    assert len(lines) in (0, 6)
    assert all(len(line.partition("┤")[2]) <= 30 for line in lines[:-1])
