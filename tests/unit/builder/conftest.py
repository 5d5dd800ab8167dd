"""A small set of oxides, and a simulator that takes no time."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pymatgen.core import Lattice, Structure

from edgepair.simulation import SiteSimulator
from edgepair.structures import SourceMaterial

SIMULATORS = Path(__file__).resolve().parents[2] / "simulators"


@pytest.fixture
def simulators(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of simulators for tests, importable in worker processes too."""
    monkeypatch.syspath_prepend(str(SIMULATORS))
    path = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(SIMULATORS), path])))
    return importlib.import_module("edge_step")


@pytest.fixture
def edge_step(simulators: Any) -> SiteSimulator:
    """The simulator that takes no time."""
    simulator: SiteSimulator = simulators.EdgeStep()
    return simulator


@cache
def _rock_salt(a: float, metal: str, occupancy: float = 1.0) -> Structure:
    species = [{metal: occupancy}, "O"]
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), species, [[0, 0, 0], [0.5] * 3])


@pytest.fixture
def oxides(hematite: Structure, magnetite: Structure, franklinite: Structure) -> list[SourceMaterial]:
    """Three iron oxides with four iron sites, and two structures that cannot be used."""
    # a = 4.307 Å: Fjellvåg et al., J. Solid State Chem. 124, 52 (1996)
    wustite = _rock_salt(4.307, "Fe", 0.95)
    nio = _rock_salt(4.1771, "Ni")
    named = {"hem": hematite, "mag": magnetite, "fra": franklinite, "wus": wustite, "nio": nio}
    return [SourceMaterial(name, structure.as_dict(), "dict") for name, structure in named.items()]


@pytest.fixture
def build(tmp_path: Path, oxides: list[SourceMaterial], edge_step: SiteSimulator) -> Callable[..., Any]:
    """Build the oxides in one process, into a folder of this test."""
    from edgepair.builder import build_dataset

    def run(**changes: Any) -> Any:
        options: dict[str, Any] = {
            "absorber": "Fe",
            "out": tmp_path / "fe.zarr",
            "simulator": edge_step,
            "workers": 1,
        }
        options |= changes
        return build_dataset(options.pop("source", oxides), **options)

    return run
