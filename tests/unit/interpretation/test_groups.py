"""Groups of features: regions cut the axis, clusters follow what goes together."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from edgepair.features import FeatureTable, Region, find_regions, region_numbers
from edgepair.interpretation.groups import (
    cluster_columns,
    join_groups,
    point_groups,
    technique_groups,
)
from edgepair.interpretation.rounds import Explained

REGIONS = tuple(
    Region(name, name, "energy", low, high)
    for name, low, high in (("pre_edge", 0.0, 10.0), ("edge", 10.0, 20.0), ("white_line", 20.0, 30.0))
)


def table(values: np.ndarray, position: np.ndarray, technique: str = "xanes") -> FeatureTable:
    names = np.full(len(position), technique)
    return FeatureTable(values.astype(np.float32), names, position, position, position)


def of(groups: list, grouping: str) -> list:
    return [group for group in groups if group.grouping == grouping]


def test_a_border_belongs_to_the_region_above_it_and_ends_to_the_outermost() -> None:
    found = region_numbers(REGIONS, np.array([-5.0, 0.0, 9.999, 10.0, 20.0, 30.0, 99.0]))
    assert found.tolist() == [0, 0, 0, 1, 2, 2, 2]


def test_copies_make_one_cluster_whatever_their_sign_and_what_is_independent_does_not() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 400))
    values = np.column_stack([one, np.exp(one), other, -one, np.ones(400), 2 * other + 1])
    assert [columns.tolist() for columns in cluster_columns(values)] == [[0, 1, 3], [2, 5]]
    shuffled = cluster_columns(values[:, [5, 4, 3, 2, 1, 0]])
    assert sorted(len(columns) for columns in shuffled) == [2, 3]


def test_a_set_without_variation_has_no_cluster() -> None:
    assert cluster_columns(np.ones((10, 3), dtype=np.float32)) == []
    assert [c.tolist() for c in cluster_columns(np.column_stack([np.arange(9.0), np.ones(9)]))] == [[0]]


def test_each_feature_is_in_one_region_one_cluster_and_one_point() -> None:
    rng = np.random.default_rng(1)
    position = np.sort(rng.uniform(0, 30, 60))
    features = table(rng.normal(size=(50, 60)), position)
    groups = technique_groups(features, "xanes", REGIONS)
    assert [group.name for group in of(groups, "technique")] == ["xanes"]
    for found in (of(groups, "region"), of(groups, "cluster"), point_groups(features, "xanes")):
        columns = [column for group in found for column in group.window.columns]
        assert sorted(columns) == list(range(60))
        assert len({group.name for group in found}) == len(found)
    for group in of(groups, "region"):
        inside = position[list(group.window.columns)]
        assert group.window.low <= inside.min()
        assert inside.max() <= group.window.high


def test_a_cluster_is_named_by_the_stretches_it_covers() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.normal(size=(2, 200))
    values = np.column_stack([one, one, other, one])
    groups = technique_groups(table(values, np.array([1.0, 2.0, 3.0, 4.0])), "xanes", REGIONS)
    assert [group.title for group in of(groups, "cluster")] == ["1.0–2.0, 4.0 eV", "3.0 eV"]


def test_groups_of_a_combination_point_at_the_features_of_their_technique(
    synthetic_dataset: xr.Dataset,
) -> None:
    about = Explained(synthetic_dataset, ("xanes", "dpdf"))
    joined = about.table("xanes+dpdf")
    for group in about.groups("xanes+dpdf"):
        assert set(joined.technique[list(group.window.columns)]) == {group.window.technique}
    alone = [group for group in about.groups("dpdf") if group.grouping == "region"]
    among = [
        group
        for group in about.groups("xanes+dpdf")
        if group.grouping == "region" and group.window.technique == "dpdf"
    ]
    for one, other in zip(alone, among, strict=True):
        same = about.table("dpdf").values[:, list(one.window.columns)]
        np.testing.assert_array_equal(same, joined.values[:, list(other.window.columns)])
    assert join_groups([(alone, 7)])[0].window.columns == alone[0].window.columns


def test_a_curve_without_an_edge_is_one_region() -> None:
    energy = np.arange(7100.0, 7150.0)
    (region,) = find_regions("Fe", "xanes", energy, np.zeros(50))
    assert (region.name, region.low, region.high) == ("whole", 7100.0, 7149.0)


@pytest.mark.parametrize(("absorber", "found"), [("Mn", True), ("Fe", False)])
def test_neutron_peaks_of_manganese_point_down(absorber: str, found: bool) -> None:
    r = np.arange(0.8, 8.0, 0.05)
    near = -4 * np.exp(-0.5 * ((r - 2.0) / 0.1) ** 2) + 6 * np.exp(-0.5 * ((r - 3.0) / 0.12) ** 2)
    regions = {region.name: region for region in find_regions(absorber, "npdf", r, near / r - 0.5 * r)}
    first = regions.get("first_shell")
    assert (first is not None and first.low < 2.0 < first.high) is found
