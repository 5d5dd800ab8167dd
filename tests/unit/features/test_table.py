"""Features: a row per site, and where on the axis each one sits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import DataError
from edgepair.features import compute_features
from edgepair.models import choose_windows


@pytest.mark.parametrize("modality", ["xanes", "pdf", "npdf", "xanes+dpdf", "xanes+pdf+dpdf"])
def test_every_feature_draws_on_a_stretch_of_its_axis(synthetic_dataset: xr.Dataset, modality: str) -> None:
    table = compute_features(synthetic_dataset, modality)

    assert table.values.shape == (60, len(table.technique))
    assert table.values.dtype == np.float32
    assert np.isfinite(table.values).all()
    assert list(dict.fromkeys(table.technique.tolist())) == modality.split("+")
    for name in modality.split("+"):
        axis = synthetic_dataset["energy" if name == "xanes" else "r"].values
        mine = table.technique == name
        assert (table.low[mine] >= axis[0]).all()
        assert (table.high[mine] <= axis[-1]).all()
        assert (table.low[mine] <= table.position[mine]).all()
        assert (table.position[mine] <= table.high[mine]).all()


def test_a_combination_is_its_parts_side_by_side(synthetic_dataset: xr.Dataset) -> None:
    both = compute_features(synthetic_dataset, "dpdf+xanes")
    first, second = (compute_features(synthetic_dataset, name) for name in ("xanes", "dpdf"))
    np.testing.assert_array_equal(both.values, np.hstack([first.values, second.values]))
    np.testing.assert_array_equal(both.position, np.r_[first.position, second.position])


def test_sites_of_one_material_share_its_pdf_but_not_their_xanes(synthetic_dataset: xr.Dataset) -> None:
    index = synthetic_dataset["material_index"].values
    one, two = np.flatnonzero(index == 45)
    pdf = compute_features(synthetic_dataset, "pdf").values
    xanes = compute_features(synthetic_dataset, "xanes").values
    np.testing.assert_array_equal(pdf[one], pdf[two])
    assert not np.array_equal(xanes[one], xanes[two])


def test_rows_follow_sites(synthetic_dataset: xr.Dataset) -> None:
    order = np.random.default_rng(0).permutation(60)
    turned = synthetic_dataset.isel(site=order)
    for modality in ("xanes", "pdf"):
        straight = compute_features(synthetic_dataset, modality).values
        np.testing.assert_array_equal(compute_features(turned, modality).values, straight[order])


def test_a_missing_spectrum_is_named(synthetic_dataset: xr.Dataset) -> None:
    with pytest.raises(DataError) as caught:
        compute_features(synthetic_dataset.drop_vars("G_M"), "xanes+dpdf")
    assert "'G_M'" in caught.value.found
    assert "dpdf" in caught.value.suggestion


@pytest.mark.parametrize("modality", ["xanes", "xanes+pdf", "pdf+npdf"])
def test_windows_partition_the_features_of_each_technique(
    synthetic_dataset: xr.Dataset, modality: str
) -> None:
    table = compute_features(synthetic_dataset, modality)
    windows = choose_windows(table)

    for kind in (False, True):
        columns = sorted(c for window in windows if window.whole is kind for c in window.columns)
        assert columns == list(range(len(table.technique)))
    assert [w.technique for w in windows if w.whole] == modality.split("+")
    for window in windows:
        mine = list(window.columns)
        assert set(table.technique[mine]) == {window.technique}
        assert (table.position[mine] >= window.low - 1e-9).all()
        assert (table.position[mine] <= window.high + 1e-9).all()
    narrow = [w for w in windows if not w.whole and w.technique == modality.split("+")[0]]
    assert len(narrow) > 3
    assert all(one.high == pytest.approx(two.low) for one, two in itertools.pairwise(narrow))
