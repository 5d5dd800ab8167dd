"""The dPDF per metal: its first peak counts the oxygen neighbours of one atom."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from edgepair.conventions import OptionError
from edgepair.dataset import load_bundled
from edgepair.features import compute_features, dpdf_normalisation
from edgepair.features.table import composition_factor, neighbours_per_metal

Floats = NDArray[np.float64]


def first_peak_areas(dataset: xr.Dataset, site: NDArray[np.int64]) -> Floats:
    """Integrate r·G less its straight line over the first peak of the dPDF of some sites' materials."""
    of_site = dataset["material_index"].values[site]
    r = dataset["r"].values
    curves = dataset["G_M"].values[of_site].astype(float)
    radial = r * curves - dataset["G_M_baseline"].values[of_site][:, None] * r**2
    near = np.abs(r - dataset["bond_length"].values[site][:, None]) < 0.5
    areas: Floats = (radial * np.gradient(r) * near).sum(axis=1)
    return areas


def octahedra(dataset: xr.Dataset) -> NDArray[np.int64]:
    """Sites that are the only one of their material and have six neighbours."""
    owner = dataset["material_index"].values
    alone = np.bincount(owner, minlength=dataset.sizes["material"])[owner] == 1
    alone &= dataset["complete"].values[owner]
    return np.flatnonzero(alone & (dataset["coordination_number"].values == 6))


@pytest.mark.parametrize(
    ("formula", "absorber", "factor"),
    [
        ("MnO", "Mn", 1.36125),  # (25 + 8)² / 4 / 25 / 8: half of the atoms are manganese
        ("Mn2O2", "Mn", 1.36125),
        ("NiO", "Ni", 36**2 / 4 / (28 * 8)),
        ("Fe2O3", "Fe", (76 / 5) ** 2 / (2 * 0.4 * 26 * 8)),
        ("LaMnO3", "Mn", (106 / 5) ** 2 / (2 * 0.2 * 25 * 8)),
    ],
)
def test_the_factor_is_that_of_the_composition(formula: str, absorber: str, factor: float) -> None:
    assert composition_factor(formula, absorber) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize(
    "formula", ["MnS", "FeO", "site 3", "", "Xx2O3", "Mn", "Mn1e99O" + "9" * 400, "Mn0O"]
)
def test_what_is_no_oxide_of_the_absorber_has_no_factor(formula: str) -> None:
    assert composition_factor(formula, "Mn") is None


@pytest.mark.parametrize("absorber", ["Mn", "Ni", "Fe"])
def test_the_first_peak_counts_six_neighbours_in_octahedra(absorber: str) -> None:
    dataset = load_bundled(absorber)
    site = octahedra(dataset)
    assert len(site) > 40
    factor = neighbours_per_metal(dataset)
    assert factor is not None
    of_site = dataset["material_index"].values[site]
    areas = first_peak_areas(dataset, site)
    number = areas * factor[of_site]
    # Of a few, another shell reaches into the first one.
    assert np.median(number) == pytest.approx(6, rel=0.01)
    assert np.mean(np.abs(number - 6) < 0.2) > 0.85
    # Neither without the factor nor with that of another material.
    assert np.mean(np.abs(areas - 6) < 0.2) < 0.1
    other = areas * np.roll(factor[of_site], 7)
    assert np.mean(np.abs(other - 6) < 0.2) < 0.3


def test_features_hold_the_number_of_neighbours() -> None:
    dataset = load_bundled("Ni")
    site = octahedra(dataset)
    six = {
        per: np.mean(np.abs(compute_features(dataset, "dpdf", per=per).values[site] - 6) < 0.2, axis=0)
        for per in ("metal", "total")
    }
    assert six["metal"].max() > 0.8  # the area of the first peak, or the running number behind it
    assert six["total"].max() < 0.3


def test_only_the_dpdf_is_counted_per_metal(synthetic_dataset: xr.Dataset) -> None:
    factor = neighbours_per_metal(synthetic_dataset)
    assert factor is not None
    for modality in ("xanes", "pdf", "npdf", "xanes+pdf"):
        metal, total = (
            compute_features(synthetic_dataset, modality, per=p).values for p in ("metal", "total")
        )
        np.testing.assert_array_equal(metal, total)
    scaled = synthetic_dataset.copy(deep=True)
    scaled["G_M"] = (("material", "r"), factor[:, None] * scaled["G_M"].values, scaled["G_M"].attrs)
    np.testing.assert_allclose(
        compute_features(synthetic_dataset, "xanes+dpdf").values,
        compute_features(scaled, "xanes+dpdf", per="total").values,
        rtol=1e-4, atol=1e-4,
    )  # fmt: skip


def test_without_compositions_the_dpdf_stays_as_it_is(synthetic_dataset: xr.Dataset) -> None:
    named = synthetic_dataset.copy(deep=True)
    named["formula"].values[3] = "sample 3"
    grouped = synthetic_dataset.copy(deep=True)
    grouped.attrs["groups"] = "material"
    for dataset in (named, grouped):
        assert neighbours_per_metal(dataset) is None
        assert dpdf_normalisation(dataset, "metal") == "total"
        np.testing.assert_array_equal(
            compute_features(dataset, "dpdf").values, compute_features(dataset, "dpdf", per="total").values
        )
    assert dpdf_normalisation(synthetic_dataset) == "metal"
    assert dpdf_normalisation(synthetic_dataset, "total") == "total"


def test_an_unknown_normalisation_is_refused(synthetic_dataset: xr.Dataset) -> None:
    for ask in (dpdf_normalisation, lambda data, per: compute_features(data, "xanes", per=per)):
        with pytest.raises(OptionError) as caught:
            ask(synthetic_dataset, "metals")
        assert caught.value.suggestion == "did you mean 'metal'?"
