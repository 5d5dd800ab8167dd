"""What failed a check of its spectrum is simulated again, with a larger sphere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from edgepair.builder import build_dataset
from edgepair.dataset import open_dataset
from edgepair.simulation import Feff10
from edgepair.structures import SourceMaterial

Build = Callable[..., Any]


@pytest.fixture(scope="module")
def nickel() -> list[SourceMaterial]:
    """Three oxides of Ni(II), so that one of them is not the median."""

    def rock_salt(metal: str, a: float) -> Structure:
        return Structure.from_spacegroup(
            "Fm-3m", Lattice.cubic(a), [metal, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]
        )

    plain = rock_salt("Ni", 4.1771)
    with_magnesium = plain.copy()
    with_magnesium.replace(1, "Mg")
    with_calcium = rock_salt("Ni", 4.2)
    with_calcium.replace(1, "Mg")
    with_calcium.replace(2, "Mg")
    named = {"a": plain, "b": with_magnesium, "c": with_calcium}
    return [SourceMaterial(name, structure.as_dict(), "dict") for name, structure in named.items()]


@pytest.fixture
def run(
    tmp_path: Path, nickel: list[SourceMaterial], simulators: Any, monkeypatch: pytest.MonkeyPatch
) -> Build:
    """Build them with a FEFF10 whose small sphere gives a wrong edge of NiO."""
    monkeypatch.setenv("EDGE_STEP_WRONG", "NiO")
    monkeypatch.setenv("EDGE_STEP_LOG", str(tmp_path / "log"))

    def build(again: str, **changes: Any) -> Any:
        monkeypatch.setenv("EDGE_STEP_AGAIN", again)
        options: dict[str, Any] = {"simulator": simulators.SmallSphere(), "pdf": False, "workers": 1}
        return build_dataset(nickel, absorber="Ni", out=tmp_path / "ni.zarr", **(options | changes))

    return build


def calls(tmp_path: Path) -> int:
    return len((tmp_path / "log").read_text().splitlines())


def nio(result: Any) -> Any:
    (item,) = [item for item in result.items if item.material_id == "a"]
    return item


def test_a_second_spectrum_that_passes_takes_the_place_of_the_first(run: Build, tmp_path: Path) -> None:
    result = run("right")
    item = nio(result)
    assert (item.status, item.reason) == ("done", "")
    assert item.message.startswith("run again with SCF 4.5 0 30 0.2 3, for the first had edge ")
    assert item.message.endswith("below the median of Ni(II)")
    assert result.dataset["gate"].values.tolist().count("") == result.dataset.sizes["site"]
    # in the attributes too, after saving
    said = json.loads(open_dataset(tmp_path / "ni.zarr").attrs["left_out"])
    assert said == {}
    again = json.loads(open_dataset(tmp_path / "ni.zarr")["mu"].attrs["run_again"])
    assert again == {"cards": {"SCF": "4.5 0 30 0.2 3"}, "sites": ["a site 0"]}
    before = calls(tmp_path)
    second = run("right")
    assert calls(tmp_path) == before
    np.testing.assert_array_equal(second.dataset["mu"], result.dataset["mu"])


@pytest.mark.parametrize(
    ("again", "words"),
    [("wrong", "run again: edge 6.9 eV below the median"), ("fails", "run again: cannot do it: no end")],
)
def test_one_that_fails_too_leaves_the_site_gated(run: Build, again: str, words: str) -> None:
    result = run(again)
    item = nio(result)
    assert (item.status, item.reason) == ("gated", "edge position")
    assert words in item.message
    assert "run_again" not in result.dataset["mu"].attrs
    assert result.counts()["gated: edge position"] == 1


def test_without_simulating_what_is_in_the_store_is_taken(
    run: Build, tmp_path: Path, simulators: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(simulators.SmallSphere, "with_larger_scf", lambda self: None)
        assert nio(run("right")).message.count("run again") == 0
    before = calls(tmp_path)
    item = nio(run("right", simulate=False))
    assert (item.status, item.message.rpartition("; ")[2]) == ("gated", "run again: not done yet")
    assert calls(tmp_path) == before
    assert nio(run("right")).status == "done"
    assert calls(tmp_path) == before + 1
    assert nio(run("right", simulate=False)).status == "done"


def test_only_the_presets_own_small_sphere_is_enlarged() -> None:
    larger = Feff10().with_larger_scf()
    assert larger is not None
    assert larger.parameters() != Feff10().parameters()
    assert larger.parameters()["scf_atoms"] == 0
    assert larger.with_larger_scf() is None
    assert Feff10(preset="reference").with_larger_scf() is None
    assert Feff10(cards={"SCF": "4 0 30 .2 1"}).with_larger_scf() is None
