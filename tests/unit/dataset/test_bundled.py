"""The datasets inside the package."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import BUNDLED_ABSORBERS, OptionError
from edgepair.dataset import bundled_path, find_problems, load_bundled, open_dataset
from edgepair.simulation import IDEAL_U_ISO
from edgepair.spectra import TYPICAL_INSTRUMENT, PDFInstrument

OWN = ("V", "Mn", "Fe", "Ni")
"""Absorbers with spectra of our own."""

every_absorber = pytest.mark.parametrize("absorber", BUNDLED_ABSORBERS)


@every_absorber
def test_follows_the_schema_and_the_projects_rules(absorber: str) -> None:
    dataset = open_dataset(bundled_path(absorber), instrument=None)
    assert find_problems(dataset) == []
    assert dataset.attrs["absorber"] == absorber
    assert set(dataset["oxidation_state_source"].values.tolist()) <= {"bond_valence", "contradicted", ""}
    known = np.isfinite(dataset["oxidation_state"].values)
    np.testing.assert_array_equal(known, dataset["oxidation_state_source"].values == "bond_valence")
    assert set(dataset["origin"].values.tolist()) == {"feff10" if absorber in OWN else "feff9"}
    for name in ("mu", "G", "G_M", "G_neutron"):
        assert {"source", "licence", "citation", "code", "settings"} <= set(dataset[name].attrs)
    assert dataset["mu"].min() > -0.2  # none runs away
    pairs = list(zip(dataset["material_index"].values, dataset["site_index"].values, strict=True))
    assert len(set(pairs)) == len(pairs)


@every_absorber
def test_labels_agree_with_the_neighbours(absorber: str) -> None:
    dataset = open_dataset(bundled_path(absorber), instrument=None)
    distances = dataset["neighbour_distance"].values
    np.testing.assert_array_equal(np.isfinite(distances).sum(axis=1), dataset["coordination_number"])
    # the same numbers averaged in another order
    np.testing.assert_allclose(np.nanmean(distances, axis=1), dataset["bond_length"], rtol=1e-12)
    assert 1.5 < float(dataset["bond_length"].min()) < float(dataset["bond_length"].max()) < 3.2


@every_absorber
def test_stored_pdfs_start_along_their_baseline(absorber: str) -> None:
    dataset = open_dataset(bundled_path(absorber), instrument=None)
    low = dataset["r"].values < 0.4  # below any pair, hydrogen's included
    for name in ("G", "G_M", "G_neutron"):
        slopes = dataset[name].values[:, low] / dataset["r"].values[low]
        # stored to 2**-13 of the value
        np.testing.assert_allclose(
            slopes, dataset[f"{name}_baseline"].values[:, None] + 0 * slopes, rtol=2e-4
        )
        assert dataset[name].attrs["ideal_u_iso"] == IDEAL_U_ISO
    assert (dataset["G_M_baseline"].values > dataset["G_baseline"].values).all()


@every_absorber
def test_spectra_rise_by_one_step(absorber: str) -> None:
    dataset = open_dataset(bundled_path(absorber), instrument=None)
    mu, energy = dataset["mu"].values, dataset["energy"].values
    after = mu[:, energy > energy[-1] - 10].mean(axis=1)
    # normalised over or near these last 10 eV, which still oscillate
    np.testing.assert_allclose(after, 1.0, atol=0.25)
    assert (mu.min(axis=1) < 0.35).all()
    assert mu.min() > -0.05


def test_sizes_leave_room_in_the_package() -> None:
    sizes = {absorber: bundled_path(absorber).stat().st_size for absorber in BUNDLED_ABSORBERS}
    assert max(sizes.values()) < 10e6, sizes
    assert sum(sizes.values()) < 40e6, sizes


def test_copies_are_independent() -> None:
    one = load_bundled("Fe")
    one["mu"].values[:] = 0
    one.attrs["absorber"] = "spoilt"
    one["G"].attrs.clear()
    other = load_bundled("Fe")
    assert float(other["mu"].max()) > 1
    assert other.attrs["absorber"] == "Fe"
    assert other["G"].attrs["units"] == "Å⁻²"


def test_pdfs_are_shown_through_the_typical_instrument() -> None:
    shown, ideal = load_bundled("Mn"), load_bundled("Mn", instrument=None)
    np.testing.assert_allclose(shown["r"], TYPICAL_INSTRUMENT.grid())
    assert "ideal_u_iso" not in shown["G"].attrs
    assert ideal.sizes["r"] > shown.sizes["r"]
    xr.testing.assert_identical(shown["mu"], ideal["mu"])


def test_another_instrument_is_imposed() -> None:
    low = load_bundled("Mn", instrument=PDFInstrument(qmax=10, r_last=10))
    assert float(low["r"][-1]) == pytest.approx(10.0)
    typical = load_bundled("Mn")["G"].sel(r=slice(0, 10.01))
    assert float(np.abs(low["G"].values).max()) < float(np.abs(typical.values).max())


@pytest.mark.parametrize(("absorber", "hint"), [("Xe", "own"), ("fe", "own"), ("FE", "own"), ("", "own")])
def test_absorber_that_is_not_bundled(absorber: str, hint: str) -> None:
    with pytest.raises(OptionError, match="one of Ti, V, Cr, Mn, Fe, Co, Ni, Cu") as caught:
        load_bundled(absorber)
    assert hint in caught.value.suggestion
    assert caught.value.found == f"absorber {absorber!r}"
