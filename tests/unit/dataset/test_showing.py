"""Showing a dataset's ideal PDFs."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import OptionError
from edgepair.dataset import find_problems, from_arrays, show_pdf
from edgepair.spectra import PDFInstrument, apply_instrument

R = np.arange(1, 301) * 0.04
SLOPES = np.array([-1.2, -0.9])
NAMES = ("G", "G_M", "G_neutron")


@pytest.fixture
def ideal() -> xr.Dataset:
    """Two materials with narrow peaks at 2.0 and 2.2 Å in every kind of PDF."""
    peaks = np.array([np.exp(-((R - at) ** 2) / 0.012) / R for at in (2.0, 2.2)])
    curves = {name: k * (peaks + SLOPES[:, None] * R) for k, name in enumerate(NAMES, 1)}
    dataset = from_arrays(absorber="Fe", r=R, bond_length=[2.0, 2.2], **curves)
    for k, name in enumerate(NAMES, 1):
        dataset[f"{name}_baseline"] = ("material", k * SLOPES, {"units": "Å⁻³"})
        dataset[name].attrs |= {"ideal_u_iso": 0.003, "source": "made here"}
    assert find_problems(dataset) == []
    return dataset


def test_every_pdf_goes_through_the_instrument(ideal: xr.Dataset) -> None:
    instrument = PDFInstrument(qmax=22, r_last=9.0)
    shown = show_pdf(ideal, instrument)
    assert find_problems(shown) == []
    np.testing.assert_array_equal(shown["r"], instrument.grid())
    for k, name in enumerate(NAMES, 1):
        expected = apply_instrument(
            R, ideal[name], baseline=k * SLOPES, ideal_u_iso=0.003, instrument=instrument
        )
        # stored as 32-bit numbers
        np.testing.assert_allclose(shown[name], expected, rtol=1e-6, atol=1e-7)


def test_attributes_tell_what_was_imposed(ideal: xr.Dataset) -> None:
    instrument = PDFInstrument(qmax=22, r_last=9.0)
    shown = show_pdf(ideal, instrument)
    for name in NAMES:
        assert json.loads(shown[name].attrs["instrument"]) == instrument.parameters()
        assert "ideal_u_iso" not in shown[name].attrs
        assert shown[name].attrs["source"] == "made here"
    assert shown["r"].attrs["units"] == "Å"
    assert shown.attrs == ideal.attrs


def test_the_rest_is_kept(ideal: xr.Dataset) -> None:
    shown = show_pdf(ideal, PDFInstrument(r_last=9.0))
    rest = [name for name in ideal.variables if name not in ("r", *NAMES)]
    assert all(shown[name].identical(ideal[name]) for name in rest)
    assert set(shown.variables) == set(ideal.variables)


def test_shown_pdfs_are_not_shown_again(ideal: xr.Dataset) -> None:
    once = show_pdf(ideal, PDFInstrument(r_last=9.0))
    assert show_pdf(once, PDFInstrument(qmax=5, r_last=5.0)).identical(once)


def test_measured_pdfs_are_left_alone(synthetic_dataset: xr.Dataset) -> None:
    assert show_pdf(synthetic_dataset, PDFInstrument()).identical(synthetic_dataset)


def test_dataset_without_pdfs(synthetic_dataset: xr.Dataset) -> None:
    bare = synthetic_dataset.drop_dims("r")
    assert show_pdf(bare, PDFInstrument()).identical(bare)


def test_original_is_left_as_it_was(ideal: xr.Dataset) -> None:
    before = ideal.copy(deep=True)
    show_pdf(ideal, PDFInstrument(r_last=9.0))
    assert ideal.identical(before)


def test_instrument_that_cannot_be_imposed(ideal: xr.Dataset) -> None:
    with pytest.raises(OptionError, match=r"between 0 and 12\.00 Å"):
        show_pdf(ideal, PDFInstrument(r_last=15.0))
