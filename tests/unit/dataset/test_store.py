"""Saving and opening datasets, whole and damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import DataError, OutputError
from edgepair.dataset import from_arrays, open_dataset, save_dataset
from edgepair.dataset.store import round_mantissa

# of the value: half of the last kept bit, 14 bits for mu and 12 for G (store._KEPT_BITS)
ROUNDING = {"mu": 2.0**-15, "G": 2.0**-13, "G_M": 2.0**-13, "G_neutron": 2.0**-13}


@pytest.fixture
def small(synthetic_dataset: xr.Dataset) -> xr.Dataset:
    """Four materials with every kind of variable."""
    part = synthetic_dataset.isel(site=slice(0, 4), material=slice(0, 4))
    part["oxidation_state"].values[2] = np.nan
    part.attrs |= {"settings": json.dumps({"radius": "7 Å"}), "number": 1.5}
    return part


@pytest.fixture
def saved(small: xr.Dataset, tmp_path: Path) -> Path:
    """The small dataset as a file."""
    path = tmp_path / "small.zarr.zip"
    save_dataset(small, path)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def assert_same(opened: xr.Dataset, original: xr.Dataset) -> None:
    assert opened.attrs == original.attrs
    assert set(opened.variables) == set(original.variables)
    for name in original.variables:
        assert opened[name].dims == original[name].dims
        assert opened[name].dtype == original[name].dtype, name
        assert opened[name].attrs == original[name].attrs
        if name in ROUNDING:
            np.testing.assert_allclose(opened[name], original[name], rtol=ROUNDING[str(name)])
        else:
            np.testing.assert_array_equal(opened[name], original[name])


def test_zip_round_trip(saved: Path, small: xr.Dataset) -> None:
    assert_same(open_dataset(saved), small)


def test_directory_round_trip(tmp_path: Path, small: xr.Dataset) -> None:
    folder = tmp_path / "building.zarr"
    small.to_zarr(folder, zarr_format=2, consolidated=False)
    assert_same(open_dataset(folder), small)


def test_text_that_is_not_ascii(tmp_path: Path, small: xr.Dataset) -> None:
    named = small.assign(formula=("material", np.array(["Fe₂O₃", "Fe O", "a" * 300, "FeO·x"], dtype=object)))
    save_dataset(named, tmp_path / "a.zip")
    assert open_dataset(tmp_path / "a.zip")["formula"].values.tolist() == [
        "Fe₂O₃",
        "Fe O",
        "a" * 300,
        "FeO·x",
    ]


def test_saving_again_gives_the_same_bytes(saved: Path, small: xr.Dataset, tmp_path: Path) -> None:
    again, reopened = tmp_path / "again.zip", tmp_path / "reopened.zip"
    save_dataset(small, again)
    save_dataset(open_dataset(saved), reopened)
    assert again.read_bytes() == saved.read_bytes()
    assert reopened.read_bytes() == saved.read_bytes()


def test_saving_replaces_and_leaves_nothing_else(saved: Path, synthetic_dataset: xr.Dataset) -> None:
    save_dataset(synthetic_dataset, saved)
    assert open_dataset(saved).sizes["site"] == 60
    assert names(saved.parent) == [saved.name]


@pytest.mark.parametrize("name", ["data.zarr", "data.zarr.zip", "x"])
def test_any_file_name_will_do(name: str, small: xr.Dataset, tmp_path: Path) -> None:
    save_dataset(small, tmp_path / name)
    assert open_dataset(tmp_path / name).sizes["site"] == 4


def test_dataset_is_left_as_it_was(small: xr.Dataset, tmp_path: Path) -> None:
    before = small.copy(deep=True)
    save_dataset(small, tmp_path / "a.zip")
    assert small.identical(before)


def test_invalid_dataset_is_not_written(small: xr.Dataset, tmp_path: Path) -> None:
    small["mu"].values[0, 0] = np.nan
    with pytest.raises(DataError, match="'mu' has 1 values"):
        save_dataset(small, tmp_path / "a.zip")
    assert names(tmp_path) == []


@pytest.mark.parametrize("place", ["file/a.zip", "absent/a.zip", "folder"])
def test_unwritable_place(place: str, small: xr.Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="cannot save the dataset") as caught:
        save_dataset(small, tmp_path / place)
    assert place in caught.value.problem
    assert names(tmp_path) == ["file", "folder"]
    assert names(tmp_path / "folder") == []
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.6, 0.9, 0.99, 0.9999])
def test_cut_file(part: float, saved: Path) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(part * len(content))])
    with pytest.raises(DataError, match="cannot open the dataset") as caught:
        open_dataset(saved)
    assert saved.name in caught.value.problem


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bit_is_found_or_harmless(seed: int, saved: Path, small: xr.Dataset) -> None:
    content = bytearray(saved.read_bytes())
    rng = np.random.default_rng(seed)
    # half of the flips in the directory at the end of the zip
    first = 0 if seed % 2 else content.rindex(b"PK\x01\x02") - 2000
    content[int(rng.integers(first, len(content)))] ^= 1 << int(rng.integers(8))
    saved.write_bytes(content)
    try:
        opened = open_dataset(saved)
    except DataError:
        return  # found; any other exception fails the test
    assert_same(opened, small)  # a time stamp or a permission bit


@pytest.mark.parametrize(
    "content", [b"", b"not a zip", b"PK\x03\x04" + b"\x00" * 100], ids=["empty", "text", "head"]
)
def test_not_a_zip(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match="Needed: a complete Zarr folder or zip"):
        open_dataset(tmp_path / "a.zip")


@pytest.mark.parametrize("victim", [".zgroup", ".zattrs", "mu/.zarray", "material_index/.zarray"])
def test_damaged_directory(victim: str, tmp_path: Path, small: xr.Dataset) -> None:
    folder = tmp_path / "building.zarr"
    small.to_zarr(folder, zarr_format=2, consolidated=False)
    (folder / victim).write_text("{")
    with pytest.raises(DataError, match=r"building\.zarr"):
        open_dataset(folder)


def test_empty_directory(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot open the dataset"):
        open_dataset(tmp_path)


def test_missing_path(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        open_dataset(tmp_path / "absent.zip")


def test_zarr_of_something_else(tmp_path: Path) -> None:
    folder = tmp_path / "other.zarr"
    xr.Dataset({"temperature": ("time", [1.0, 2.0])}).to_zarr(folder, zarr_format=2, consolidated=False)
    with pytest.raises(DataError, match="'schema_version' is None"):
        open_dataset(folder)


def test_dataset_of_pdfs_alone(tmp_path: Path) -> None:
    r = np.arange(1.0, 5.0, 0.1)
    only = from_arrays(absorber="Fe", r=r, G=[np.sin(r), np.cos(r)])
    save_dataset(only, tmp_path / "a.zip")
    assert_same(open_dataset(tmp_path / "a.zip"), only)


@pytest.mark.parametrize("bits", [4, 12, 14, 22, 23])
def test_rounding_error_is_half_of_the_last_kept_bit(bits: int) -> None:
    values = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    error = np.abs(round_mantissa(values, bits) / values - 1)
    # rounding of the quotient itself: 2**-24
    assert error.max() <= 2.0 ** -(bits + 1) + 2.0**-23 if bits < 23 else error.max() == 0
