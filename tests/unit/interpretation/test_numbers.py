"""Tables of interpretable numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from edgepair.features import describe_pdf, describe_xanes
from edgepair.interpretation.number_forests import number_table

Maker = Callable[..., xr.Dataset]


def test_each_site_has_the_numbers_of_its_own_curves(make_synthetic: Maker) -> None:
    dataset = make_synthetic()
    table = number_table(dataset, ("xanes", "dpdf"))
    assert table.values.shape == table.known.shape == (60, len(table.names))
    for site in (0, 49, 55):
        spectrum = describe_xanes(dataset["energy"].values, dataset["mu"].values[site])
        material = int(dataset["material_index"].values[site])
        curve = describe_pdf(dataset["r"].values, dataset["G_M"].values[material])
        for name, expected in (
            ("xanes_edge_position", spectrum["edge_position"].iloc[0]),
            ("dpdf_first_shell_position", curve["first_shell_position"].iloc[0]),
        ):
            # float32 keeps 7 digits
            assert table.values[site, table.names.index(name)] == pytest.approx(expected, rel=3e-7)


def test_the_same_number_of_two_curves_is_told_apart(make_synthetic: Maker) -> None:
    table = number_table(make_synthetic(), ("pdf", "dpdf"))
    assert len(set(table.names)) == len(set(table.titles)) == len(table.names)
    column = table.names.index("dpdf_first_shell_position")
    assert table.titles[column].endswith("in the dPDF")
    assert (table.technique[column], table.units[column]) == ("dpdf", "Å")


def test_missing_numbers_are_the_median_and_said(make_synthetic: Maker) -> None:
    dataset = make_synthetic()
    mu = dataset["mu"].values.copy()
    mu[:7] = np.nan
    holed = dataset.assign(mu=(dataset["mu"].dims, mu))
    table = number_table(holed, ("xanes",))
    column = table.names.index("xanes_edge_position")
    assert not table.known[:7, column].any()
    assert table.known[7:, column].all()
    assert np.isfinite(table.values).all()
    assert table.values[:7, column] == pytest.approx(np.median(table.values[7:, column]), rel=3e-7)
    assert any("edge position (7 of 60)" in remark for remark in table.remarks)


def test_a_number_that_most_sites_lack_is_left_out(make_synthetic: Maker) -> None:
    dataset = make_synthetic()
    mu = dataset["mu"].values.copy()
    mu[:31] = np.nan
    table = number_table(dataset.assign(mu=(dataset["mu"].dims, mu)), ("xanes", "pdf"))
    assert "xanes" not in table.technique
    assert "pdf" in table.technique
    assert any("edge position (missing for 31 of 60 sites)" in remark for remark in table.remarks)


def test_curves_without_any_number_give_an_empty_table(make_synthetic: Maker) -> None:
    dataset = make_synthetic()
    flat = dataset.assign(mu=(dataset["mu"].dims, np.zeros_like(dataset["mu"].values)))
    table = number_table(flat, ("xanes",))
    assert table.values.shape == (60, 0)
    assert table.names == ()
    assert table.remarks


def test_a_constant_number_is_left_out(make_synthetic: Maker) -> None:
    dataset = make_synthetic()
    same = np.repeat(dataset["mu"].values[:1], 60, axis=0)
    table = number_table(dataset.assign(mu=(dataset["mu"].dims, same)), ("xanes",))
    assert table.names == ()
    assert any("the same for all sites" in remark for remark in table.remarks)


def test_the_first_neutron_peak_of_manganese_points_down(make_synthetic: Maker) -> None:
    dataset = make_synthetic(absorber="Mn", absorber_edge=6539.0)
    upside_down = dataset.assign(G_neutron=(dataset["G_M"].dims, -dataset["G_M"].values))
    neutron = number_table(upside_down, ("npdf",))
    column = neutron.names.index("npdf_first_shell_position")
    expected = describe_pdf(dataset["r"].values, -dataset["G_M"].values, dip=True)
    mine = expected["first_shell_position"].to_numpy()[dataset["material_index"].values]
    assert neutron.values[:, column] == pytest.approx(mine, rel=3e-7)
