"""FEFF10: its input, real runs of a small cluster, and runs that fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Structure

from edgepair.conventions import OptionError, SimulationError
from edgepair.simulation import PRESETS, Feff10, SiteSimulator, load_simulator
from edgepair.simulation.feff10 import check_cards, feff10_input

SMALL = {"SCF": "3.0 0 8 0.2 3", "FMS": "4.2 0", "XANES": "3 0.07 0.3"}
"""Small spheres, so that a run takes seconds: what they give is FEFF's, if not good."""


def test_it_is_a_simulator() -> None:
    assert isinstance(Feff10(), SiteSimulator)
    assert Feff10().variable == "mu"


def test_input_of_the_fast_preset(rutile: Structure) -> None:
    text, counts = feff10_input(rutile, 0, PRESETS["fast"], {})
    lines = text.splitlines()
    assert "EDGE K" in lines
    # FMS stops at the 64th neighbour (and others as far), SCF at 3.5 Å, before the 15th
    assert 65 <= counts["fms"] <= 70
    assert counts["scf"] == 13
    assert float(next(line for line in lines if line.startswith("SCF")).split()[1]) == pytest.approx(
        3.5, abs=0.4
    )
    start = lines.index("POTENTIALS")
    assert lines[start + 1].split()[:3] == ["0", "22", "Ti"]
    # stoichiometry in the cell: Ti2O4
    assert {tuple(line.split()[i] for i in (2, 5)) for line in lines[start + 2 : start + 4]} == {
        ("Ti", "2"),
        ("O", "4"),
    }
    atoms = [line.split() for line in lines[lines.index("ATOMS") + 1 : lines.index("END")]]
    assert len(atoms) == counts["cluster"]
    assert atoms[0] == ["0.000000", "0.000000", "0.000000", "0"]
    assert not any(atom[3] == "0" for atom in atoms[1:])
    distances = [np.linalg.norm([float(x) for x in atom[:3]]) for atom in atoms]
    assert (np.diff(distances) > -1e-6).all()
    assert max(distances) <= PRESETS["fast"].cluster


def test_reference_preset_has_the_radii_of_the_materials_project(rutile: Structure) -> None:
    text, _ = feff10_input(rutile, 0, PRESETS["reference"], {})
    assert "SCF 7.0 0 100 0.2 3" in text
    assert "FMS 9.0 0" in text


def test_card_of_the_user_wins(rutile: Structure) -> None:
    simulator = Feff10(cards={"scf": "5.0 0 30 .1 1", "COREHOLE": ""})
    text, counts = feff10_input(rutile, 0, PRESETS["fast"], simulator.cards)
    assert "SCF 5.0 0 30 .1 1" in text
    assert "COREHOLE" not in text
    assert counts["scf"] > 40
    assert simulator.parameters() != Feff10().parameters()
    assert Feff10(allocator=False).parameters() == Feff10().parameters()


@pytest.mark.parametrize(
    "cards",
    [{"SFC": "1"}, {"ATOMS": "x"}, {"EDGE": "L3"}, {"SCF": "1\nEND"}, {"SCF": "wide"}, {"FMS": "-3 0"}],
)
def test_card_that_is_none(cards: dict[str, str]) -> None:
    with pytest.raises(OptionError, match="FEFF card") as caught:
        check_cards(cards)
    assert caught.value.suggestion


def test_unknown_preset() -> None:
    with pytest.raises(OptionError, match="fastt") as caught:
        Feff10("fastt")
    assert "fast" in caught.value.suggestion


def test_estimate_grows_with_the_spheres(rutile: Structure) -> None:
    fast, reference = Feff10().estimate(rutile, 0), Feff10("reference").estimate(rutile, 0)
    assert 5 < fast < 120
    assert reference > 10 * fast


@pytest.fixture(scope="module")
def spectrum() -> Any:
    """One real run, TiO2, spheres of some ten atoms."""
    from pymatgen.core import Lattice

    rutile = Structure.from_spacegroup(
        "P4_2/mnm", Lattice.tetragonal(4.5937, 2.9587), ["Ti", "O"], [[0, 0, 0], [0.3053, 0.3053, 0]]
    )
    return Feff10(cards=SMALL).simulate(rutile, 0)


def test_spectrum(spectrum: Any, tmp_path: Path) -> None:
    # Ti K: 4966.4 eV in the tables; FEFF's own edge lies within some eV of it
    assert 4940 < spectrum.x[0] < 4972
    assert spectrum.x[-1] - spectrum.x[0] > 30
    assert (np.diff(spectrum.x) > 0).all()
    assert spectrum.y[0] < 0.3
    assert 0.7 < spectrum.y[-10:].mean() < 1.4
    assert spectrum.cpu_seconds > 0.5
    assert spectrum.details["allocator"] == "set"
    assert spectrum.details["machine"]
    assert len(spectrum.details["mu0"]) == len(spectrum.x)


def test_limit_on_cpu_time_is_told_and_nothing_stays(
    rutile: Structure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SimulationError, match="XANES of site 0") as caught:
        Feff10(cpu_limit=1).simulate(rutile, 0)
    assert "s of CPU time" in caught.value.found
    assert list(tmp_path.iterdir()) == []


def test_what_feff_says_of_a_failure(
    rutile: Structure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SimulationError) as caught:
        Feff10(cards=SMALL | {"COREHOLE": "NONSENSE"}).simulate(rutile, 0)
    assert "Feff" in caught.value.found
    assert "Traceback" not in caught.value.found
    assert str(tmp_path) not in caught.value.found
    assert list(tmp_path.iterdir()) == []


def test_lone_atom() -> None:
    lone = Structure([[20, 0, 0], [0, 20, 0], [0, 0, 20]], ["Fe"], [[0, 0, 0]])
    with pytest.raises(SimulationError, match="input of site 0"):
        Feff10().simulate(lone, 0)


@pytest.mark.parametrize(
    "name",
    [
        *("nowhere:X", "edgepair.simulation:Nothing", "edgepair"),
        *("edgepair.simulation:Preset", "pathlib:Path"),
    ],
)
def test_simulator_that_cannot_be_loaded(name: str) -> None:
    with pytest.raises(OptionError, match="cannot use the simulator") as caught:
        load_simulator(name)
    assert caught.value.found
