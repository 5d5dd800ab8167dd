"""What is refused: in four parts, with exit code 2, and nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgepair.dataset import open_dataset, save_dataset

SMALL = ("--quick", "--trees", "2", "--jobs", "1", "--modality", "xanes", "--task", "oxidation_state")


def contents(root: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")
    }


def assert_four_parts(done: Any) -> None:
    assert done.code == 2
    assert done.out == ""
    lines = done.err.splitlines()
    assert lines[0].startswith("edgepair: cannot ")
    assert [line.split(":")[0].strip() for line in lines[-3:]] == ["Found", "Needed", "Try"]
    assert all(line.split(":", 1)[1].strip() for line in lines[-3:])
    assert "Traceback" not in done.err


OPTIONS = [
    ("--task", "oxidation"),
    ("--modality", "xane"),
    ("--modality", "xanes+xanes"),
    ("--learner", "deep"),
    ("--absorber", "Cu"),
    ("--absorber", "Unobtainium"),
    ("--split", "site"),
    ("--folds", "1"),
    ("--folds", "41"),
    ("--repeats", "0"),
    ("--trees", "0"),
    ("--seed", "-1"),
    ("--jobs", "0"),
    ("--jobs", "-2"),
    ("--task", ""),
    ("--data", " , "),
]


@pytest.mark.parametrize(("name", "value"), OPTIONS)
def test_a_wrong_option_is_refused(
    edgepair: Callable[..., Any], saved: Path, quiet_place: Path, name: str, value: str
) -> None:
    options = {"--data": str(saved), "--modality": "xanes", "--task": "oxidation_state"} | {name: value}
    listed = [part for pair in options.items() for part in pair]
    assert_four_parts(edgepair("study", *listed, "--quick", "--out", "out"))
    assert contents(quiet_place) == {}


def test_an_unknown_bundled_absorber_is_refused_with_those_there_are(edgepair: Callable[..., Any]) -> None:
    done = edgepair("study", "--absorber", "Xx", "--quick")
    assert_four_parts(done)
    assert "Ti, V, Cr, Mn, Fe, Co, Ni, Cu" in done.err


def cut_zip(saved: Path) -> str:
    Path("bad.zarr.zip").write_bytes(saved.read_bytes()[:-3000])
    return "bad.zarr.zip"


def flipped_zip(saved: Path) -> str:
    data = bytearray(saved.read_bytes())
    for place in range(len(data) // 3, len(data) // 3 + 400):
        data[place] ^= 0xFF
    Path("bad.zarr.zip").write_bytes(data)
    return "bad.zarr.zip"


def not_a_zip(_: Path) -> str:
    Path("bad.zarr.zip").write_text("energy mu\n7112 0.5\n")
    return "bad.zarr.zip"


def empty_file(_: Path) -> str:
    Path("bad.zarr.zip").touch()
    return "bad.zarr.zip"


def empty_folder(_: Path) -> str:
    Path("bad.zarr").mkdir()
    return "bad.zarr"


def missing(_: Path) -> str:
    return "nowhere.zarr.zip"


def twice(saved: Path) -> str:
    return f"{saved},{saved.parent}/../{saved.parent.name}/{saved.name}"


def without_labels(saved: Path) -> str:
    save_dataset(open_dataset(saved).drop_vars("oxidation_state"), "bare.zarr.zip")
    return "bare.zarr.zip"


def in_kev(saved: Path) -> str:
    """A foreign file: `save_dataset` itself would not write it."""
    dataset = open_dataset(saved)
    dataset["energy"] = ("energy", dataset["energy"].values / 1000, dataset["energy"].attrs)
    dataset.to_zarr("kev.zarr", zarr_format=2, consolidated=False)
    return "kev.zarr"


def with_nan(saved: Path) -> str:
    dataset = open_dataset(saved)
    dataset["mu"].values[3, 4] = float("nan")
    dataset.to_zarr("nan.zarr", zarr_format=2, consolidated=False)
    return "nan.zarr"


BAD_DATA = [
    cut_zip, flipped_zip, not_a_zip, empty_file, empty_folder, missing, twice, without_labels, in_kev,
    with_nan,
]  # fmt: skip


@pytest.mark.parametrize("make", BAD_DATA)
def test_bad_data_are_refused(
    make: Callable[[Path], str], edgepair: Callable[..., Any], saved: Path, quiet_place: Path
) -> None:
    path = make(saved)
    before = contents(quiet_place)
    done = edgepair("study", "--data", path, *SMALL, "--out", "out")
    assert_four_parts(done)
    assert contents(quiet_place) == before
    if make is in_kev:
        assert "keV" in done.err
    if make is with_nan:
        assert "not finite" in done.err


def holding_something_else() -> str:
    Path("thesis").mkdir()
    Path("thesis", "chapter.tex").write_text("years of work")
    return "thesis"


def a_file() -> str:
    Path("file").write_text("in the way")
    return "file"


def below_a_file() -> str:
    return a_file() + "/sub/out"


def too_long() -> str:
    return "n" * 300


@pytest.mark.parametrize("make", [holding_something_else, a_file, below_a_file, too_long])
def test_an_unusable_folder_is_refused_before_anything_is_computed(
    make: Callable[[], str], edgepair: Callable[..., Any], saved: Path, quiet_place: Path
) -> None:
    out = make()
    before = contents(quiet_place)
    assert_four_parts(edgepair("study", "--data", saved, *SMALL, "--out", out))
    assert contents(quiet_place) == before
    assert not (quiet_place.parent / "cache").exists()


def test_refusals_as_real_commands(command: Callable[..., Any], saved: Path, quiet_place: Path) -> None:
    assert_four_parts(command("study", "--data", "nowhere", "--out", "out"))
    done = command("study", "--data", saved, "--modality", "xanse")
    assert_four_parts(done)
    assert "did you mean 'xanes'?" in done.err
    assert contents(quiet_place) == {}


@pytest.mark.parametrize(
    "arguments", [("study", "--folds", "five"), ("study", "--nonsense"), ("stydy",), ("data", "validate")]
)
def test_wrong_usage_ends_with_two(edgepair: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    done = edgepair(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err
    assert len(done.err.splitlines()) < 12


def test_an_unwritable_folder_is_refused(edgepair: Callable[..., Any], saved: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser may write anywhere")
    Path("locked").mkdir(mode=0o555)
    assert_four_parts(edgepair("study", "--data", saved, *SMALL, "--out", "locked/out"))
