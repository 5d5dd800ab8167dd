"""Every command that the documentation shows is run, as typed, on files of the names that it uses."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Structure

from edgepair.dataset import open_dataset, save_dataset
from edgepair.spectra.alignment import foil_spectra

Call = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = re.compile(r"^\$ edgepair (.*?)(?:\s+#.*)?$", re.MULTILINE)
COMMANDS = sorted(
    {text.strip() for page in PAGES for text in SHOWN.findall(page.read_text(encoding="utf-8"))}
)
NOT_HERE = {
    "app": "serves until it is ended; tests/apps/web starts it",
    "--scheduler": "needs the scheduler of a cluster; test_cli_build.py starts one",
    "my_module:MyClass": "a class that the reader writes",
    "exafs_simulator": "run by tests/test_examples.py",
    "--retry-failed": "needs an earlier run that failed; tests/unit/builder has one",
}
"""What a command has that cannot be run here, and where it is run instead."""
QUICK = ("inspect", "data", "cite")


def _spectrum(edge: float, *, white_line: float = 0.3) -> np.ndarray[Any, Any]:
    energy = 7112 + np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.4), np.arange(60, 400, 4.0)]
    step = 0.8 / (1 + np.exp(-(energy - edge) / 1.3))
    line = white_line * np.exp(-0.5 * ((energy - edge - 6) / 3) ** 2)
    return np.column_stack([energy, 0.5 + step + line + 0.02 * np.sin((energy - edge) / 8) * (energy > edge)])


def _write(name: str, table: np.ndarray[Any, Any]) -> None:
    named = "Column.1: energy eV\nColumn.2: mutrans\nElement.symbol: Fe\nElement.edge: K"
    header = f"XDI/1.0 test\n{named}\n---\nenergy mu"
    np.savetxt(name, table, fmt="%.5f", header=header, comments="# ")


@pytest.fixture
def typed_names(edgepair: Call, saved: Path, hematite: Structure, quiet_place: Path) -> None:
    """Files of the names that the pages use."""
    for number, name in enumerate(("sample", "soil", "scan1", "scan2")):
        _write(f"{name}.xdi", _spectrum(7123.5 + 0.3 * number))
    x, foils = foil_spectra()
    energy = _spectrum(7112.0)[:, 0]
    _write("foil.xdi", np.column_stack([energy, 0.5 + np.interp(energy - 7112.6, x, foils["Fe"])]))
    r = np.arange(0.0, 25.0, 0.02)
    waves = 2 * np.sin(7 * r) * np.exp(-0.05 * r) * (1 - np.exp(-((r / 2) ** 4)))
    G = waves - r * np.exp(-((r / 1.9) ** 4)) + 8 * np.exp(-0.5 * ((r - 2.0) / 0.1) ** 2)
    pdf = "[DEFAULT]\nmode = xray\nqmax = 25.0\ncomposition = Fe2O3\n#### start data\n#S 1\n#L r(A) G(A^-2)"
    np.savetxt("sample.gr", np.column_stack([r, G]), fmt="%.5f", header=pdf, comments="")
    for name in ("own", "iron", "fe"):
        shutil.copy(saved, f"{name}.zarr.zip")
    save_dataset(open_dataset(saved), "fe.zarr")
    Path("cifs").mkdir()
    hematite.to("cifs/hematite.cif")
    assert edgepair("data", "standards", "--absorber", "Fe", "--save", "iron").code == 0
    spec = importlib.util.spec_from_file_location("made_up_series", ROOT / "examples" / "made_up_series.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    made.write_series("heating", points=8)
    made.write_series("scans", points=3)
    table = Path("iron/standards.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"iron/{line}" for line in table[1:] if "Goethite" in line or "Hematite" in line]
    Path("standards.csv").write_text("\n".join([table[0], *rows[:6]]) + "\n", encoding="utf-8")


def reason_not_here(command: str) -> str:
    words = shlex.split(command)
    return next((why for what, why in NOT_HERE.items() if any(what in word for word in words)), "")


def is_quick(command: str) -> bool:
    return command.split()[0] in QUICK or "--dry-run" in command


@pytest.mark.parametrize("command", [c for c in COMMANDS if is_quick(c) and not reason_not_here(c)])
def test_a_quick_command_does_what_the_page_says(edgepair: Call, typed_names: None, command: str) -> None:
    if "--save iron" in command:
        shutil.rmtree("iron")  # what the page is about to make
    done = edgepair(*shlex.split(command))
    assert done.code == 0, done.err
    assert done.out


def _files(word: str) -> list[Path] | list[str]:
    """Do what a shell does with patterns of files that are there."""
    return sorted(Path().glob(word)) or [word]


@pytest.mark.slow
@pytest.mark.parametrize("command", [c for c in COMMANDS if not is_quick(c) and not reason_not_here(c)])
def test_a_command_does_what_the_page_says(edgepair: Call, typed_names: None, command: str) -> None:
    words = [str(name) for word in shlex.split(command) for name in _files(word)]
    if "--status" in words or "--no-simulate" in words:
        # both look at what a build has left
        assert edgepair("build", "cifs/", "--absorber", "Fe", "--out", "fe.zarr").code == 0
    done = edgepair(*words)
    assert done.code in ((0, 1) if "--no-simulate" in words else (0,)), done.err
    assert done.out


def test_most_commands_are_run_and_reasons_are_needed() -> None:
    left = [command for command in COMMANDS if reason_not_here(command)]
    assert len(left) < len(COMMANDS) / 5
    assert [what for what in NOT_HERE if not any(what in command for command in COMMANDS)] == []
