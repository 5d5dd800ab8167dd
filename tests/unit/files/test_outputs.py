"""No result is written onto a file that is read."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

from edgepair.conventions import OutputError
from edgepair.dataset.store import check_target, save_arrays
from edgepair.files.writing import check_outputs, write_whole


def _refused(found: str, target: Path, *inputs: object) -> None:
    with pytest.raises(OutputError) as error:
        check_outputs({"--out": target}, inputs)
    assert error.value.found == found
    assert "--out" in error.value.suggestion


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    path = tmp_path / "a.xdi"
    path.write_text("numbers")
    return path


def test_the_input_itself_however_it_is_written(
    measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "soft").symlink_to(measured)
    os.link(measured, tmp_path / "hard")
    (tmp_path / "folder").mkdir()
    for name in ("a.xdi", "./a.xdi", "folder/../a.xdi", "soft", "hard"):
        _refused("one of the files to be read", Path(name), measured)
    (tmp_path / "dangling").symlink_to(tmp_path / "later")
    _refused("one of the files to be read", tmp_path / "dangling", tmp_path / "later")


def test_files_that_a_table_names_and_parts_of_a_dataset(measured: Path, tmp_path: Path) -> None:
    table = tmp_path / "pairs.csv"
    table.write_text("xanes,pdf\na.xdi,b.gr\n")
    for name in ("a.xdi", "b.gr", "pairs.csv"):
        _refused("one of the files to be read", tmp_path / name, table)
    store = tmp_path / "fe.zarr"
    store.mkdir()
    (store / ".zgroup").write_text("{}")
    _refused("one of the files to be read", store / ".zattrs", store)


def test_places_that_cannot_be(measured: Path, tmp_path: Path) -> None:
    _refused("a folder of that name", tmp_path, measured)
    _refused(f"no folder {str(tmp_path / 'none')!r}", tmp_path / "none" / "a", measured)
    with pytest.raises(OutputError, match="cannot write") as error:
        check_outputs({"--out": tmp_path / "x", "--report": tmp_path / "x"}, [])
    assert error.value.found == "the same name for --out"


def test_a_folder_that_cannot_be_written(
    measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found before the work, which may take hours, not after it."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    _refused(f"a folder that cannot be written, {str(tmp_path)!r}", tmp_path / "new", measured)


def test_a_device_is_not_replaced(measured: Path, tmp_path: Path) -> None:
    """What is written beside is moved into place: as the administrator, that would take /dev/null away."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    _refused("a pipe or a device", pipe, measured)
    _refused("a pipe or a device", Path(os.devnull), measured)
    with pytest.raises(OutputError, match="a pipe or a device"):
        write_whole(pipe, "text", what="the table", suggestion="choose another place")
    with pytest.raises(OutputError, match="a pipe or a device"):
        save_arrays(xr.Dataset({"x": ("x", [1.0])}), pipe)
    with pytest.raises(OutputError, match="a pipe or a device"):
        check_target(pipe)
    assert pipe.is_fifo()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is of Linux")
def test_a_name_of_the_system_is_not_replaced(measured: Path, tmp_path: Path) -> None:
    """/dev/stdout leads to a regular file where a shell has put one there: moved onto, it would be gone."""
    with (tmp_path / "output").open("w") as stream:
        _refused("a name of the system's", Path(f"/proc/self/fd/{stream.fileno()}"), measured)
        _refused("a name of the system's", Path(f"/dev/fd/{stream.fileno()}"), measured)


def test_a_circle_of_links(measured: Path, tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to("round")
    _refused("a circle of links", tmp_path / "round", measured)
    # As an input it covers nothing; whoever reads it says what it is.
    check_outputs({"--out": tmp_path / "a.csv"}, [tmp_path / "round"])


def test_others_are_written(measured: Path, tmp_path: Path) -> None:
    check_outputs({"--out": tmp_path / "b.csv", "--report": None}, [measured, None, "amcsd:", "a\x00b"])


def test_a_table_of_spectra_is_no_table_of_files(tmp_path: Path) -> None:
    table = tmp_path / "spectra.csv"
    table.write_text("energy_eV,a\n" + "".join(f"{7000 + k / 100},{k / 7}\n" for k in range(20000)))
    started = time.process_time()
    check_outputs({"--out": tmp_path / "b.csv"}, [table])
    # looked up as files, these numbers took 3 s
    assert time.process_time() - started < 0.5
