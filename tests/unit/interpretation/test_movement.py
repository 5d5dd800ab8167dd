"""How numbers and curves move with a label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import spearmanr

from edgepair.conventions import TASKS
from edgepair.interpretation.dependence import curve_movement_rows, movement_rows
from edgepair.interpretation.number_forests import number_table
from edgepair.study.config import StudyConfig
from edgepair.study.importances import MOST_POINTS
from edgepair.study.plan import Cell, plan_cell
from edgepair.study.scoring import draw_groups

Maker = Callable[..., xr.Dataset]


def cell_of(dataset: xr.Dataset, task: str) -> Cell:
    cell, _ = plan_cell(dataset, TASKS[task], StudyConfig.check(quick=True))
    assert cell is not None
    return cell


def movement_of(cell: Cell, draws: int = 200) -> pd.DataFrame:
    numbers = number_table(cell.dataset, ("xanes", "dpdf"))
    rows = movement_rows(cell, numbers, draw_groups(cell.n_groups, draws, [0]))
    return pd.DataFrame(rows).set_index(["number", "kind"])


def test_the_edge_moves_as_it_was_made_to(make_synthetic: Maker) -> None:
    row = movement_of(cell_of(make_synthetic(), "oxidation_state")).loc[("xanes_edge_position", "slope")]
    # make_synthetic_dataset: 3 eV per unit
    assert row["lower"] < 3.0 < row["upper"]
    assert row["upper"] - row["lower"] < 0.5
    assert (row["unit"], row["absorber"], row["task"]) == ("eV", "Fe", "oxidation_state")


def test_slope_and_rho_are_those_of_numpy_and_scipy(make_synthetic: Maker) -> None:
    cell = cell_of(make_synthetic(), "coordination_number")
    numbers = number_table(cell.dataset, ("xanes",))
    table = movement_of(cell)
    label = np.array(cell.classes)[cell.target]
    for name in ("xanes_white_line_height", "xanes_edge_position"):
        values = numbers.values[cell.sites, numbers.names.index(name)].astype(float)
        assert table.loc[(name, "slope"), "value"] == pytest.approx(np.polyfit(label, values, 1)[0], rel=1e-7)
        expected = spearmanr(label, values).statistic
        assert table.loc[(name, "rho"), "value"] == pytest.approx(expected, rel=1e-10)
        assert table.loc[(name, "rho"), "unit"] == ""


def test_a_length_counts_per_tenth_of_an_angstrom(make_synthetic: Maker) -> None:
    cell = cell_of(make_synthetic(), "bond_length")
    numbers = number_table(cell.dataset, ("dpdf",))
    values = numbers.values[cell.sites, numbers.names.index("dpdf_first_shell_position")].astype(float)
    slope = np.polyfit(cell.target, values, 1)[0]
    table = movement_of(cell)
    assert table.loc[("dpdf_first_shell_position", "slope"), "value"] == pytest.approx(slope / 10, rel=1e-7)


def test_draws_are_those_of_a_bootstrap_over_formulas(make_synthetic: Maker) -> None:
    """Each draw gives the slope and the rho of sites taken as often as it says."""
    cell = cell_of(make_synthetic(), "coordination_number")
    numbers = number_table(cell.dataset, ("xanes",))
    values = numbers.values[cell.sites, numbers.names.index("xanes_edge_slope")].astype(float)
    label = np.array(cell.classes)[cell.target]
    drawn = draw_groups(cell.n_groups, 5, [3])
    for draw in drawn:
        taken = np.repeat(np.arange(len(values)), draw[cell.groups].astype(int))
        # One draw: both bounds of its interval are that draw.
        rows = pd.DataFrame(movement_rows(cell, numbers, draw[None])).set_index(["number", "kind"])
        slope = rows.loc[("xanes_edge_slope", "slope"), "lower"]
        assert slope == pytest.approx(np.polyfit(label[taken], values[taken], 1)[0], rel=1e-7)
        rho = rows.loc[("xanes_edge_slope", "rho"), "upper"]
        assert rho == pytest.approx(spearmanr(label[taken], values[taken]).statistic, rel=1e-9)


def test_sites_without_a_number_do_not_count(make_synthetic: Maker) -> None:
    cell = cell_of(make_synthetic(), "oxidation_state")
    numbers = number_table(cell.dataset, ("xanes",))
    column = numbers.names.index("xanes_edge_position")
    spoiled, known = numbers.values.copy(), numbers.known.copy()
    spoiled[:9, column], known[:9, column] = 1e6, False
    drawn = draw_groups(cell.n_groups, 100, [0])
    rows = pd.DataFrame(movement_rows(cell, replace(numbers, values=spoiled, known=known), drawn))
    value = rows.query("number == 'xanes_edge_position' and kind == 'slope'")["value"].iloc[0]
    assert value == pytest.approx(3.0, abs=0.3)


def test_intervals_hold_zero_for_labels_that_mean_nothing(make_synthetic: Maker) -> None:
    """labels drawn by formula, 60 times: 95 % intervals of the bootstrap hold zero in most."""
    cell = cell_of(make_synthetic(), "oxidation_state")
    numbers = number_table(cell.dataset, ("xanes",))
    rng = np.random.default_rng(0)
    drawn = draw_groups(cell.n_groups, 200, [0])
    held = []
    for _ in range(60):
        target = rng.integers(0, 2, cell.n_groups)[cell.groups]
        rows = pd.DataFrame(movement_rows(replace(cell, target=target), numbers, drawn))
        mine = rows[rows["number"] == "xanes_edge_position"].set_index("kind")
        held.append((mine["lower"] < 0) & (mine["upper"] > 0))
    share = pd.DataFrame(held).mean()
    # 0.95 within what 60 trials allow (binomial: 0.95 - 4 * 0.028)
    assert share.between(0.83, 1.0).all()


def test_curves_move_where_they_were_made_to(make_synthetic: Maker) -> None:
    cell = cell_of(make_synthetic(), "oxidation_state")
    drawn = draw_groups(cell.n_groups, 100, [0])
    table = pd.DataFrame(curve_movement_rows(cell, "xanes", drawn))
    label = np.array(cell.classes)[cell.target]
    curves = cell.dataset["mu"].values[cell.sites]
    assert table["value"].to_numpy() == pytest.approx(np.polyfit(label, curves, 1)[0], rel=1e-7, abs=1e-9)
    # The edge moves up in energy: before the white line the mean curve falls.
    lowest = table.loc[table["value"].idxmin()]
    assert 7112 < lowest["position"] < 7125
    assert lowest["upper"] < 0


def test_a_material_s_curve_counts_for_each_of_its_sites(make_synthetic: Maker) -> None:
    cell = cell_of(make_synthetic(), "bond_length")
    table = pd.DataFrame(curve_movement_rows(cell, "dpdf", draw_groups(cell.n_groups, 50, [0])))
    curves = cell.dataset["G_M"].values[cell.dataset["material_index"].values[cell.sites]]
    slopes = np.polyfit(cell.target / 0.1, curves, 1)[0]
    assert table["value"].to_numpy() == pytest.approx(slopes, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("count", [149, 151, 299, 301])
def test_long_curves_are_thinned(make_synthetic: Maker, count: int) -> None:
    dataset = make_synthetic()
    energy = np.linspace(7100.0, 7160.0, count)
    mu = np.array([np.interp(energy, dataset["energy"].values, row) for row in dataset["mu"].values])
    longer = dataset.drop_dims("energy").assign(mu=(("site", "energy"), mu)).assign_coords(energy=energy)
    cell = replace(cell_of(dataset, "oxidation_state"), dataset=longer)
    rows = curve_movement_rows(cell, "xanes", draw_groups(cell.n_groups, 3, [0]))
    assert MOST_POINTS / 2 <= len(rows) <= MOST_POINTS
