"""The checks that a row has to pass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepair.builder.gates import (
    FARTHEST_EDGE,
    MOST_ABSORPTION,
    Fault,
    edge_position,
    gate_text,
    label_faults,
    median_edges,
    spectrum_faults,
)
from edgepair.dataset import GATES

ENERGY = np.arange(6530.0, 6600.0, 0.25)


def step(at: float, height: float = 1.0, white_line: float = 0.0) -> np.ndarray:
    rise = height / (1 + np.exp(-(ENERGY - at)))
    return np.asarray(rise + white_line * np.exp(-(((ENERGY - at - 6) / 2) ** 2)))


@given(st.floats(6540, 6570), st.floats(0, 2))
def test_an_edge_is_where_half_a_step_is_reached(at: float, white_line: float) -> None:
    assert edge_position(ENERGY, step(at, white_line=white_line)) == pytest.approx(at, abs=0.15)


@given(st.floats(-20, 20))
def test_the_edge_moves_with_the_energies(shift: float) -> None:
    mu = step(6550, white_line=1)
    assert edge_position(ENERGY + shift, mu) - edge_position(ENERGY, mu) == pytest.approx(shift, abs=1e-6)


def test_a_strong_pre_edge_is_passed_over() -> None:
    mu = step(6550, white_line=0.5) + 0.9 * np.exp(-(((ENERGY - 6540) / 0.7) ** 2))
    assert edge_position(ENERGY, mu) == pytest.approx(6550, abs=0.2)


def test_what_starts_above_half_and_what_never_gets_there() -> None:
    assert edge_position([1, 2, 3], [0.6, 0.9, 1.0]) == 1
    assert np.isnan(edge_position([1, 2, 3], [0.1, 0.2, 0.3]))


def test_medians_pass_over_what_is_not_known() -> None:
    medians = median_edges([1.0, np.nan, 3.0, 9.0, 100.0], [2, 2, 2, 3, np.nan])
    assert medians == {2.0: 2.0, 3.0: 9.0}


@pytest.mark.parametrize("side", [-1, 1])
def test_edge_position(side: int) -> None:
    medians = {3.0: 6550.0}
    near, far = (step(6550 + side * (FARTHEST_EDGE + d)) for d in (-0.3, 0.3))
    assert spectrum_faults("Mn", ENERGY, near, 3, medians) == ()
    (fault,) = spectrum_faults("Mn", ENERGY, far, 3, medians)
    assert fault.gate == "edge position"
    word = "above" if side > 0 else "below"
    assert fault.message == f"edge 5.3 eV {word} the median of Mn(III)"
    # without a state there is nothing to compare with
    assert spectrum_faults("Mn", ENERGY, far, float("nan"), medians) == ()


def test_absorption() -> None:
    medians = {4.0: 6550.0}
    assert spectrum_faults("Mn", ENERGY, step(6550, white_line=MOST_ABSORPTION - 1.1), 4, medians) == ()
    (fault,) = spectrum_faults("Mn", ENERGY, step(6550, white_line=4), 4, medians)
    assert fault.gate == "absorption"
    assert "4.9" in fault.message or "5.0" in fault.message


def test_a_spectrum_that_never_rises() -> None:
    (fault,) = spectrum_faults("Mn", ENERGY, step(6550, height=0.3), 4, {})
    assert (fault.gate, fault.message) == ("edge position", "no rise to half an edge step")


@pytest.mark.parametrize(
    ("state", "total", "fails"),
    [(2, 2.59, False), (2, 2.61, True), (2, 1.39, True), (4, 3.01, False), (4, 2.99, True), (4, 5.01, True)],
)
def test_bond_valence(state: float, total: float, fails: bool) -> None:
    faults = label_faults("Fe", state, total, 6)
    assert [fault.gate for fault in faults] == ["bond valence"] * fails


def test_unknown_sums_are_not_judged() -> None:
    assert label_faults("Fe", 3, float("nan"), 6) == ()
    assert label_faults("Fe", float("nan"), 1.0, 6) == ()


@pytest.mark.parametrize(("number", "fails"), [(0, True), (1, True), (2, False), (8, False), (9, True)])
def test_coordination(number: int, fails: bool) -> None:
    faults = label_faults("Fe", float("nan"), float("nan"), number)
    assert [fault.gate for fault in faults] == ["coordination"] * fails


@given(st.lists(st.sampled_from(GATES)))
def test_text_names_each_gate_once_in_one_order(gates: list[str]) -> None:
    text = gate_text([Fault(gate, "…") for gate in gates])
    assert text.split("; ") == [gate for gate in GATES if gate in gates] if gates else text == ""
