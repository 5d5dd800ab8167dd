"""A store that does not hold what it says, or holds more than arrays, is refused before it is opened."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import DataError
from edgepair.dataset.store import read_arrays, save_arrays

DATA = xr.Dataset(
    {
        "mu": (("site", "energy"), np.ones((3, 40))),
        "bond_length": ("site", np.full(3, np.nan)),
        "name": ("site", np.array(["a", "b", "c"], dtype=object)),
    }
)


@pytest.fixture(params=["folder", "zip"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / ("a.zarr" if request.param == "folder" else "a.zarr.zip")
    save_arrays(DATA, path, zipped=request.param == "zip")
    return path


def _change(store: Path, name: str, content: bytes | None) -> None:
    """Replace a member, or take it away."""
    if store.is_dir():
        (store / name).unlink()
        if content is not None:
            (store / name).write_bytes(content)
        return
    with zipfile.ZipFile(store) as archive:
        members = {item.filename: archive.read(item) for item in archive.infolist()}
    members.pop(name)
    with zipfile.ZipFile(store, "w") as archive:
        for member, data in (members | ({} if content is None else {name: content})).items():
            archive.writestr(member, data)


def _metadata(store: Path, name: str) -> dict[str, object]:
    if store.is_dir():
        found: dict[str, object] = json.loads((store / name).read_bytes())
        return found
    with zipfile.ZipFile(store) as archive:
        found = json.loads(archive.read(name))
    return found


def test_missing_values_are_stored_and_read(store: Path) -> None:
    xr.testing.assert_identical(read_arrays(store)["bond_length"], DATA["bond_length"])


@pytest.mark.parametrize("name", ["bond_length/0", "mu/0.0"])
def test_a_lost_chunk_is_no_missing_value(store: Path, name: str) -> None:
    _change(store, name, None)
    with pytest.raises(DataError) as error:
        read_arrays(store)
    assert f"a chunk of {name.split('/')[0]!r} is not there" in error.value.found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"compressor": {"id": "pickle"}}, "packed by 'pickle'"),
        ({"filters": [{"id": "json2"}]}, "packed by 'json2'"),
        ({"shape": [3, 10**12], "chunks": [3, 10**12]}, "GB in"),
        ({"shape": [10**7, 40], "chunks": [1, 40]}, "chunks of 'mu'"),
        ({"chunks": [2, 40]}, "is not there"),
    ],
)
def test_metadata_decide_neither_code_nor_memory(store: Path, change: dict[str, object], words: str) -> None:
    about = _metadata(store, "mu/.zarray") | change
    _change(store, "mu/.zarray", json.dumps(about).encode())
    with pytest.raises(DataError) as error:
        read_arrays(store)
    assert words in error.value.found


def test_links_in_a_folder(tmp_path: Path) -> None:
    store = tmp_path / "a.zarr"
    save_arrays(DATA, store, zipped=False)
    outside = tmp_path / "outside"
    (store / "mu" / "0.0").rename(outside)
    (store / "mu" / "0.0").symlink_to(outside)
    with pytest.raises(DataError, match="cannot open") as error:
        read_arrays(store)
    assert "a link" in error.value.found


def test_a_packed_zip(tmp_path: Path) -> None:
    store, packed = tmp_path / "a.zarr.zip", tmp_path / "b.zarr.zip"
    save_arrays(DATA, store)
    with zipfile.ZipFile(store) as archive, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as other:
        for item in archive.infolist():
            other.writestr(item.filename, archive.read(item))
    with pytest.raises(DataError, match="cannot open") as error:
        read_arrays(packed)
    assert "a packed member" in error.value.found
