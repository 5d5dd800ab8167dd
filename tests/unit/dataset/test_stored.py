"""A store that does not hold what it says, or holds more than arrays, is refused before it is opened."""

from __future__ import annotations

import copy
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numcodecs import Blosc

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


TEN = {
    "zarr_format": 2, "shape": [10], "chunks": [10], "dtype": "<f8", "compressor": {"id": "blosc"},
    "filters": None, "fill_value": 0, "order": "C",
}  # fmt: skip
TEXTS = {"dtype": "|O", "filters": [{"id": "vlen-utf8"}], "fill_value": ""}
LARGE = Blosc("zstd").encode(np.zeros(10_000_000))
SHORT = Blosc("zstd").encode(np.random.default_rng(0).random(10))[:50]
V3 = {
    "zarr_format": 3, "node_type": "array", "shape": [10**9], "data_type": "float64", "fill_value": 1.0,
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10**9]}}, "attributes": {},
    "chunk_key_encoding": {"name": "default"}, "codecs": [{"name": "bytes"}],
}  # fmt: skip
COUNTS = struct.pack("<I", 10**9)

ATTACKS = {
    "a chunk that unpacks to 80 MB": ({"a/.zarray": TEN, "a/0": LARGE}, "80000000 bytes in the chunk"),
    "format 3 beside it": ({"zarr.json": {"zarr_format": 3}, "a/zarr.json": V3}, "Zarr format 3"),
    "a chunk cut short": ({"a/.zarray": TEN, "a/0": SHORT}, "bytes, not 96, of the packed chunk 'a/0'"),
    "a negative size": ({"a/.zarray": TEN | {"shape": [10**10], "chunks": [10**10]},
                         "b/c/.zarray": TEN | {"shape": [-(10**10)]}}, "an array of [-10000000000]"),
    "long texts": ({"a/.zarray": TEN | {"dtype": "<U100000000"}}, "4.0 GB in"),
    "empty texts": ({"a/.zarray": TEN | TEXTS | {"shape": [10**7], "chunks": [10**7]}}, "10000000 texts"),
    "a count of texts": ({"a/.zarray": TEN | TEXTS | {"compressor": None}, "a/0": COUNTS}, "1000000000 tex"),
    "a packed count": ({"a/.zarray": TEN | TEXTS, "a/0": Blosc().encode(COUNTS * 9)}, "1000000000 texts"),
    "packed twice": ({"a/.zarray": TEN | {"filters": [{"id": "blosc"}]}}, "through ['blosc']"),
    "empty chunks": ({"a/.zarray": TEN | {"shape": [10**7], "chunks": [1]}}, "10000000 chunks of 'a'"),
    "arrays": ({f"a{n}/.zarray": TEN for n in range(1001)}, "1001 arrays"),
    "attributes": ({".zattrs": "[" + "[]," * 4_000_000 + "[]]"}, "bytes of '.zattrs'"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_neither_metadata_nor_chunks_take_more_than_they_bring(attack: str, tmp_path: Path) -> None:
    members, words = ATTACKS[attack]
    path = tmp_path / "a.zarr.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(".zgroup", '{"zarr_format": 2}')
        for name, content in members.items():
            archive.writestr(name, content if isinstance(content, str | bytes) else json.dumps(content))
    with pytest.raises(DataError) as error:
        read_arrays(path)
    assert words in error.value.found


def test_members_of_a_zip_that_overlap(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/0", b"0" * 1000)
        for number in range(1, 50):
            again = copy.copy(archive.infolist()[0])
            again.filename = f"a/{number}"
            archive.filelist.append(again)
    with pytest.raises(DataError, match="overlap"):
        read_arrays(path)


def test_strangers_in_a_folder_are_not_named_as_they_are(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    save_arrays(DATA, tmp_path / "a.zarr", zipped=False)
    (tmp_path / "a.zarr" / "x\x1b[2J").mkdir()
    read_arrays(tmp_path / "a.zarr")
    assert not recwarn.list


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.zarr.zip")
    for path in (tmp_path / "a.zarr.zip", Path("/dev/zero")):
        with pytest.raises(DataError, match="a pipe or a device"):
            read_arrays(path)


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


@pytest.mark.parametrize("zipped", [False, True])
def test_groups_within_the_dataset(zipped: bool, tmp_path: Path) -> None:
    """A hundred thousand of them took 17 s."""
    if zipped:
        path = tmp_path / "groups.zarr.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in (".zgroup", *(f"{n}/.zgroup" for n in range(3))):
                archive.writestr(name, '{"zarr_format": 2}')
    else:
        path = tmp_path / "groups.zarr"
        (path / "inner").mkdir(parents=True)
        for folder in (path, path / "inner"):
            (folder / ".zgroup").write_text('{"zarr_format": 2}')
    with pytest.raises(DataError) as error:
        read_arrays(path)
    assert "a group within" in error.value.found
