"""Mixtures of measured scans: how far energies may move, names, components, tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.conventions import DataError, MeasurementError
from edgepair.measured import XanesScan
from edgepair.mixtures.scan import COLUMNS, mix_scan
from edgepair.standards.standards import Standard

Floats = NDArray[np.float64]
ENERGY: Floats = np.r_[np.arange(6950.0, 7090, 5), np.arange(7090.0, 7160, 0.5), np.arange(7160.0, 7500, 4)]


def shape(energy: Floats, e0: float, white: float) -> Floats:
    """Compute an edge with a white line, normalised to 1."""
    x = energy - e0
    return 1 / (1 + np.exp(-x / 1.4)) + white * np.exp(-0.5 * ((x - 6) / 3) ** 2)


def standard(compound: str, e0: float, white: float, **changes: Any) -> Standard:
    values = {"name": f"{compound}.xdi", "absorber": "Fe", "oxidation_state": 2.0, "coordination_number": 6.0,
              "bond_length": 2.1, "energy_shift": 0.0}  # fmt: skip
    return Standard(compound=compound, energy=ENERGY, mu=shape(ENERGY, e0, white), **(values | changes))


LOW = standard("low", 7119.0, 0.2)
HIGH = standard("high", 7124.0, 0.6, oxidation_state=3.0)


def scan(*, moved: float = 0.0, **changes: Any) -> XanesScan:
    """Make a scan of 60 % low and 40 % high, whose energies read too low by ``moved``."""
    mu = 0.6 * shape(ENERGY, 7119.0, 0.2) + 0.4 * shape(ENERGY, 7124.0, 0.6)
    noisy = mu + np.random.default_rng(5).normal(0, 0.001, len(mu))
    values = {"file": "sample.dat", "item": "", "format": "columns", "mu_from": "mu", "absorber": "Fe"}
    return XanesScan(energy=ENERGY - moved, mu=0.5 * noisy + 0.2, **(values | changes))


def test_a_scan_is_normalised_calibrated_and_mixed() -> None:
    mixed = mix_scan(scan(moved=1.5), [LOW, HIGH], shift=1.5)
    first = mixed.result.fractions[mixed.result.fractions["rank"] == 1].set_index("compound")
    assert first.loc["low", "fraction"] == pytest.approx(0.6, abs=0.02)
    assert mixed.result.table["oxidation_state"].iloc[0] == pytest.approx(2.4, abs=0.02)
    assert mixed.shift_limit == 0.5
    assert abs(mixed.result.table["shift"].iloc[0]) < 0.2


def test_a_shift_is_free_as_far_as_the_calibration_may_be_wrong() -> None:
    free = mix_scan(scan(moved=1.2), [LOW, HIGH])
    assert free.shift_limit == 2
    assert free.result.table["shift"].iloc[0] == pytest.approx(1.2, abs=0.2)
    assert any("no energy calibration" in warning for warning in free.warnings)
    oxide = shape(ENERGY, 7112.0, 0.9)  # no metal has such a white line
    doubtful = mix_scan(scan(reference=(ENERGY, oxide), reference_absorber="Fe"), [LOW, HIGH])
    assert doubtful.inspection.calibration.source == ""
    assert doubtful.inspection.calibration.warnings
    assert doubtful.shift_limit == 2
    assert mix_scan(scan(), [LOW, HIGH], shift_limit=0.0).result.table["shift"].eq(0).all()


def test_what_is_added_here_is_not_said_to_be_missing() -> None:
    foil = 0.35 / (1 + np.exp(-(ENERGY - 7110.5) / 0.8)) + 0.65 / (1 + np.exp(-(ENERGY - 7118.5) / 1.6))
    mixed = mix_scan(
        scan(moved=1.5, reference=(ENERGY, foil), reference_absorber="Fe"), [LOW, HIGH], shift_limit=0.5
    )
    assert mixed.inspection.calibration.shift == pytest.approx(1.5, abs=0.15)
    assert abs(mixed.result.table["shift"].iloc[0]) < 0.3
    assert any(warning.startswith("energies as measured") for warning in mixed.inspection.warnings)
    assert "not_shifted" in [warning.code for warning in mixed.inspection.warnings]
    assert not any("energies as measured" in warning for warning in mixed.warnings)


def test_components_add_up_to_the_fit() -> None:
    mixed = mix_scan(scan(), [LOW, HIGH, standard("low", 7119.3, 0.25)], shift=0.0)
    total = np.sum([part.y for part in mixed.components], axis=0)
    np.testing.assert_allclose(total, mixed.result.fitted, atol=1e-9)
    assert [part.name for part in mixed.components] == ["low", "high"]


def test_standards_of_one_name_are_told_apart() -> None:
    worse = standard("low", 7121.0, 0.9)
    for standards in ([worse, LOW, HIGH], [LOW, worse, HIGH]):
        mixed = mix_scan(scan(), standards, shift=0.0)
        first = mixed.result.fractions[mixed.result.fractions["rank"] == 1].set_index("compound")
        expected = "low.xdi" if standards[0] is LOW else "low.xdi (2)"
        assert first.loc["low", "standard"] == expected
        np.testing.assert_allclose(
            np.sum([part.y for part in mixed.components], axis=0), mixed.result.fitted, atol=1e-9
        )


def test_other_elements_are_passed_over() -> None:
    mixed = mix_scan(scan(), [LOW, HIGH, standard("other", 7119.0, 0.2, absorber="Mn")], shift=0.0)
    assert mixed.n_standards == 2
    with pytest.raises(DataError, match="cannot fit mixtures"):
        mix_scan(scan(), [standard("far", 7319.0, 0.2, absorber="Mn")], shift=0.0)


def test_tables_and_json_say_the_same() -> None:
    mixed = mix_scan(scan(item="3"), [LOW, HIGH], shift=0.0, shift_limit=0.0)
    table, document = mixed.to_table(), mixed.to_json()
    assert tuple(table.columns) == COLUMNS
    assert set(table["item"]) == {"3"}
    assert len(document["mixtures"]) == table["rank"].max() == len(mixed.result.table)
    for mixture in document["mixtures"]:
        rows = table[table["rank"] == mixture["rank"]]
        assert [part["fraction"] for part in mixture["parts"]] == pytest.approx(
            list(rows["fraction"]), rel=1e-5
        )
        assert mixture["shift_error"] is None  # not free: nothing is known of it, and JSON has no NaN


def test_a_scan_without_an_edge_is_refused() -> None:
    flat = XanesScan("flat.dat", "2", "columns", ENERGY, np.ones(len(ENERGY)), "mu", absorber="Fe")
    with pytest.raises(MeasurementError, match="item '2'") as caught:
        mix_scan(flat, [LOW, HIGH])
    assert caught.value.found
