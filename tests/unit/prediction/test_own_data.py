"""The user's own dataset: which absorber, what was measured, whose instrument."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import DataError
from edgepair.dataset import from_arrays, load_bundled, save_dataset
from edgepair.dataset.store import data_digest
from edgepair.prediction import fitted
from edgepair.prediction.sample import EnergyWindow
from edgepair.spectra import PDFInstrument, resample_pdf


def test_a_file_is_read_once_while_it_stays_the_same(synthetic_dataset: xr.Dataset, tmp_path: Path) -> None:
    path = tmp_path / "fe.zarr.zip"
    save_dataset(synthetic_dataset, path)
    first = fitted.open_data(path, "Fe")
    assert fitted.open_data(str(path), "Fe") is first
    other = synthetic_dataset.isel(site=slice(None)).copy(deep=True)
    other["bond_length"].values[:] = 2.5
    save_dataset(other, path)
    assert float(fitted.open_data(path, "Fe")["bond_length"].values[0]) == 2.5


def test_data_of_another_absorber_do_not_answer(synthetic_dataset: xr.Dataset) -> None:
    with pytest.raises(DataError) as caught:
        fitted.open_data(synthetic_dataset, "Mn")
    assert "Mn" in caught.value.problem
    assert "dataset of Fe" in caught.value.found


def test_what_was_measured_counts_as_standards(synthetic_dataset: xr.Dataset) -> None:
    origin = np.array(["user"] * synthetic_dataset.sizes["site"], dtype=object)
    origin[:10] = "measured"
    mixed = synthetic_dataset.assign(origin=("site", origin))
    standards, simulated = fitted.own_spectra(mixed)
    assert len(standards) + len(simulated) >= 50
    assert {s.name for s in standards}.isdisjoint(s.name for s in simulated)
    assert all(s.energy_shift == 0.0 and s.absorber == "Fe" for s in standards)
    one = next(s for s in standards if s.name == "made-3")
    np.testing.assert_allclose(one.mu, synthetic_dataset["mu"].values[3])
    assert one.bond_length == pytest.approx(float(synthetic_dataset["bond_length"].values[3]))
    assert fitted.own_spectra(synthetic_dataset)[0] == ()


def test_a_dataset_of_pdfs_holds_no_spectra(synthetic_dataset: xr.Dataset) -> None:
    assert fitted.own_spectra(synthetic_dataset.drop_dims("energy")) == ((), ())


def test_curves_with_an_instrument_of_their_own_are_resampled(synthetic_dataset: xr.Dataset) -> None:
    asked = PDFInstrument(qmax=18.0, r_last=20.0)
    shown = fitted.fitting_instrument(synthetic_dataset, asked, "pdf")
    assert (shown.r_first, shown.r_last, shown.qmax) == (1.0, 9.9, 18.0)
    found = fitted.shown_data(synthetic_dataset, shown, "pdf")
    np.testing.assert_allclose(found["r"].values, shown.grid())
    r, G = synthetic_dataset["r"].values, synthetic_dataset["G"].values[4]
    np.testing.assert_allclose(found["G"].values[4], resample_pdf(r, G, instrument=shown))
    ideal = load_bundled("V", instrument=None)
    assert fitted.is_ideal(ideal, "pdf")
    assert fitted.fitting_instrument(ideal, asked, "pdf") == asked


def test_windows_end_where_spectra_do(synthetic_dataset: xr.Dataset) -> None:
    # the synthetic spectra reach from -12 to +47 eV of the tabulated edge
    assert fitted.common_window(synthetic_dataset, EnergyWindow()) == EnergyWindow()
    short = synthetic_dataset.isel(energy=slice(0, 38))
    assert fitted.common_window(short, EnergyWindow()).high == 24.0
    for part in (slice(0, 30), slice(20, None)):
        with pytest.raises(DataError, match="cannot learn"):
            fitted.common_window(synthetic_dataset.isel(energy=part), EnergyWindow())


def test_ranges_that_do_not_overlap_are_refused() -> None:
    r = np.arange(12.0, 20.0, 0.1)
    far = from_arrays(absorber="Fe", r=r, G=np.sin(3 * r)[None] * np.ones((3, 1)), bond_length=[2.0] * 3)
    with pytest.raises(DataError, match="cannot compare"):
        fitted.fitting_instrument(far, PDFInstrument(r_last=10.0), "pdf")


def test_the_digest_sees_values_and_attributes(synthetic_dataset: xr.Dataset) -> None:
    first = data_digest(synthetic_dataset)
    assert data_digest(synthetic_dataset.copy(deep=True)) == first
    changed = synthetic_dataset.copy(deep=True)
    changed["G"].attrs["ideal_u_iso"] = 0.001
    assert data_digest(changed) != first
    changed = synthetic_dataset.copy(deep=True)
    changed["formula"].values[0] = "Fe9O9"
    assert data_digest(changed) != first
