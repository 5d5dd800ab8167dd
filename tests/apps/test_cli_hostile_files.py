"""What colleagues send, given to every command: refused in four parts, not waited for, not shown raw."""

from __future__ import annotations

import io
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FE, NI = ("--absorber", "Fe"), ("--absorber", "Ni")
COMMANDS = {
    "inspect": ("inspect", "{}"),
    "reference": ("inspect", "a.dat", "--reference", "{}"),
    "predict": ("predict", "{}", *FE, "--no-explain"),
    "pairs": ("predict", "--pairs", "{}", *FE, "--no-explain"),
    "model": ("predict", "a.dat", *FE, "--no-explain", "--model", "{}"),
    "mix": ("mix", "{}", *FE, "--no-predict"),
    "standards": ("mix", "a.dat", *FE, "--no-predict", "--standards", "{}"),
    "series": ("series", "{}", *FE, "--no-predict"),
    "train": ("train", "--data", "{}", *NI, "--model", "out.model"),
    "trained": ("train", *NI, "--modality", "xanes", "--standards", "{}", "--model", "out.model"),
    "study": ("study", "--data", "{}", *NI, "--out", "out"),
    "interpret": ("interpret", "--data", "{}", *NI, "--out", "out"),
    "advise": ("advise", "--have", "{}", *FE),
    "build": ("build", "{}", *NI, "--out", "out.zarr", "--dry-run"),
    "spectra": ("build", "a.vasp", *NI, "--spectra", "{}", "--origin", "feff9", "--out", "out.zarr"),
    "data": ("data", "validate", "{}"),
}  # fmt: skip


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _zip_in_zip(path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.cif", b"0" * 20_000_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"{number}.zip", inner.getvalue())


@pytest.fixture
def spectrum(quiet_place: Path) -> Iterator[Path]:
    """A good spectrum; who waits for a pipe for more than a minute is woken by an error."""

    def wake(*_: object) -> None:
        raise TimeoutError("the command waits")

    energy = 7112 + np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.5), np.arange(60, 400, 5.0)]
    mu = 0.8 / (1 + np.exp(-(energy - 7122) / 1.3)) + 0.5
    np.savetxt("a.dat", np.column_stack([energy, mu]), header="energy mu")
    Path("a.vasp").write_text("NiO\n1\n4 0 0\n0 4 0\n0 0 4\nNi\n1\ndirect\n0 0 0\n")
    before = signal.signal(signal.SIGALRM, wake)
    signal.alarm(60)
    yield quiet_place / "a.dat"
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("attack", [_pipe, _device, _loop, _zip_in_zip])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses(
    command: str, attack: Callable[[Path], None], spectrum: Path, edgepair: Callable[..., Any]
) -> None:
    name = "b\x1b]0;x\x07\u202e.csv"
    attack(spectrum.with_name(name))
    before = {path.name for path in spectrum.parent.iterdir()}
    told = edgepair(*(part.format(name) for part in COMMANDS[command]))
    if "rejected: not readable" not in told.out:
        assert told.code in (1, 2)
        for part in ("Found:", "Needed:", "Try:"):
            assert part in told.err
    assert not set("\x1b\x07\u202e") & set(told.out + told.err)
    assert {path.name for path in spectrum.parent.iterdir()} == before


@pytest.mark.parametrize("command", ["inspect", "predict", "mix"])
def test_names_in_json(command: str, spectrum: Path, edgepair: Callable[..., Any]) -> None:
    name = "Fe\u202e\x9b2J.dat"
    spectrum.rename(spectrum.with_name(name))
    told = edgepair(*(part.format(name) for part in COMMANDS[command]), "--json")
    assert told.code == 0
    assert "\\u202e" in told.out
    assert not set("\x1b\x9b\u202e") & set(told.out)
