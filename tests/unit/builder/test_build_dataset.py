"""From structures to a dataset: what is in it, what is not and why, and what is not done twice."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Structure

from edgepair.builder import (
    BuildProgress,
    SpectraTable,
    estimate_build,
    read_spectra_table,
    read_status,
)
from edgepair.conventions import DataError, OptionError, OutputError
from edgepair.dataset import drop_gated, find_problems, open_dataset
from edgepair.structures import SourceMaterial

Build = Callable[..., Any]


def calls(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a line for each call of the simulator, in whatever process."""
    monkeypatch.setenv("EDGE_STEP_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def test_what_is_built_and_what_is_not(build: Build, tmp_path: Path, log: Path) -> None:
    result = build()
    dataset = result.dataset
    assert find_problems(dataset) == []
    assert dataset["material_id"].values.tolist() == ["fra", "hem", "mag"]
    assert dataset["formula"].values.tolist() == ["Zn(FeO2)2", "Fe2O3", "Fe3O4"]
    assert dataset["complete"].values.all()
    # the primitive cell of magnetite: two tetrahedral and four octahedral iron atoms
    magnetite = dataset["material_index"].values == 2
    assert sorted(dataset["multiplicity"].values[magnetite].tolist()) == [2, 4]
    assert sorted(dataset["coordination_number"].values[magnetite].tolist()) == [4, 6]
    hematite = int(np.flatnonzero(dataset["material_index"].values == 1)[0])
    assert float(dataset["oxidation_state"][hematite]) == 3
    assert dataset["oxidation_state_source"].values[hematite] == "bond_valence"
    # Blake et al. (1966): 1.946 and 2.116 Å, three each
    assert float(dataset["bond_length"][hematite]) == pytest.approx(2.031, abs=0.002)
    assert dataset["neighbour_element"].values[hematite][:6].tolist() == ["O"] * 6
    # bond valences take magnetite's tetrahedra, which hold Fe(III), for Fe(II): their bonds say otherwise
    assert result.counts() == {"done": 4, "rejected: disordered": 1, "rejected: no absorber": 1}
    assert np.isnan(dataset["oxidation_state"].values[magnetite]).all()
    assert set(dataset["oxidation_state_source"].values[magnetite]) == {"contradicted"}
    assert set(dataset["gate"].values) == {""}
    np.testing.assert_array_equal(dataset["coordination_number_bond_valence"], dataset["coordination_number"])
    assert drop_gated(dataset).sizes["site"] == 4
    assert (result.complete, result.all_there) == (True, False), "left out by rule"
    assert len(calls(log)) == 4
    for name in ("G", "G_M", "G_neutron", "G_baseline"):
        assert name in dataset
    opened = open_dataset(tmp_path / "fe.zarr", instrument=None)
    assert json.loads(opened.attrs["left_out"]) == {
        "rejected: disordered": 1,
        "rejected: no absorber": 1,
    }
    made = json.loads(opened.attrs["build"])
    assert made["simulator"] == {"name": "edgestep", "version": "1", "width": 1.5}
    assert str(tmp_path) not in json.dumps(opened.attrs)
    items = pd.read_csv(tmp_path / "fe.results" / "fe.zarr.items.csv")
    assert items.columns.tolist() == ["material_id", "site", "status", "reason", "message"]
    assert "partly empty" in items.set_index("material_id").loc["wus", "message"]


def test_a_site_whose_bonds_contradict_its_state_is_gated(build: Build, hematite: Structure) -> None:
    wide = hematite.copy()
    wide.scale_lattice(1.25 * hematite.volume)
    both = {"hem": hematite, "wide": wide}
    result = build(source=[SourceMaterial(name, one.as_dict(), "dict") for name, one in both.items()])
    assert result.counts() == {"done": 1, "gated: bond valence": 1}
    (gated,) = [item for item in result.items if item.status == "gated"]
    assert gated.material_id == "wide"
    assert "bond-valence sum" in gated.message
    assert json.loads(result.dataset.attrs["left_out"])["gated: bond valence"] == 1
    assert result.dataset["gate"].values.tolist() == ["", "bond valence"]
    assert drop_gated(result.dataset).sizes["site"] == 1


def test_without_dask_a_build_takes_one_process(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepair.engine.tasks.find_spec", lambda name: None)
    monkeypatch.setattr("edgepair.builder.stages.QUICK", 0.0)
    monkeypatch.setattr("edgepair.builder.stages.open_processes", pytest.fail)
    assert build(workers=None).counts()["done"] == 4


def test_nothing_is_done_twice(build: Build, log: Path, tmp_path: Path) -> None:
    first = build()
    second = build(out=tmp_path / "again.zarr.zip", store=tmp_path / "fe.results")
    assert len(calls(log)) == 4
    assert (second.computed, second.found) == (0, first.computed)
    # the path of the dataset is no part of it
    for name in first.dataset.variables:
        np.testing.assert_array_equal(first.dataset[name], second.dataset[name])
    assert first.dataset.attrs == second.dataset.attrs


def test_the_same_structures_give_the_same_bytes(build: Build, tmp_path: Path, oxides: Any) -> None:
    build(out=tmp_path / "a.zarr.zip", store=tmp_path / "a")
    build(out=tmp_path / "b.zarr.zip", store=tmp_path / "b", source=oxides[::-1], workers=2)
    assert (tmp_path / "a.zarr.zip").read_bytes() == (tmp_path / "b.zarr.zip").read_bytes()


def test_only_what_changed_is_done_again(
    build: Build, log: Path, simulators: Any, tmp_path: Path, oxides: list[SourceMaterial]
) -> None:
    build(source=oxides[:1])
    build()
    assert len(calls(log)) == 4
    build(simulator=simulators.EdgeStep(width=2.0))
    assert len(calls(log)) == 8
    result = build(pdf=False)
    assert len(calls(log)) == 8
    assert result.computed == 0
    assert "G" not in open_dataset(tmp_path / "fe.zarr")


def test_failure_is_tried_twice_recorded_and_not_tried_again(
    build: Build, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_STEP_FAIL", "Fe2O3")
    result = build()
    assert [line.split()[0] for line in calls(log)].count("Fe2O3") == 2
    assert result.counts()["failed: simulation failed"] == 1
    assert "cannot do Fe2O3" in next(i.message for i in result.items if i.status == "failed")
    build()
    assert len(calls(log)) == 5
    monkeypatch.delenv("EDGE_STEP_FAIL")
    result = build(retry_failed=True)
    assert len(calls(log)) == 6
    assert result.counts()["done"] == 4


def test_crash_of_a_worker_costs_its_own_row(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_STEP_CRASH", "Fe2O3")
    result = build()
    assert result.counts()["done"] == 3
    (failed,) = [item for item in result.items if item.status == "failed"]
    assert failed.material_id == "hem"
    assert "killed" in failed.message


def test_supercell_and_rotated_copy_are_duplicates(
    build: Build, oxides: list[SourceMaterial], hematite: Structure
) -> None:
    from pymatgen.core import SymmOp

    turned = hematite.copy()
    turned.apply_operation(SymmOp.from_axis_angle_and_translation((1, 2, 3), 40))
    turned.make_supercell([1, 1, 2])
    result = build(source=[*oxides[:1], SourceMaterial("copy", turned.as_dict(), "dict")])
    (copy,) = [item for item in result.items if item.material_id == "copy"]
    assert (copy.status, copy.message) == ("duplicate", "identical to hem")
    assert result.complete


def test_identifier_used_twice(build: Build, oxides: list[SourceMaterial]) -> None:
    twice = SourceMaterial("hem", oxides[1].source, "dict")
    result = build(source=[oxides[0], twice])
    assert result.counts() == {"done": 1, "rejected: identifier used twice": 1}


def test_neighbours_that_are_not_oxygen(build: Build, oxides: list[SourceMaterial]) -> None:
    # pyrite, a = 5.4166 Å: Brostigen and Kjekshus, Acta Chem. Scand. 23, 2186 (1969)
    pyrite = Structure.from_spacegroup(
        "Pa-3", [[5.4166, 0, 0], [0, 5.4166, 0], [0, 0, 5.4166]], ["Fe", "S"], [[0, 0, 0], [0.3849] * 3]
    )
    result = build(source=[oxides[0], SourceMaterial("pyrite", pyrite.as_dict(), "dict")])
    assert result.counts()["left out: neighbours not all oxygen"] == 1
    assert "pyrite" not in result.dataset["material_id"].values.tolist()


def test_limits(build: Build) -> None:
    result = build(max_sites=13, max_elements=2)
    assert result.counts() == {
        "done": 1,
        "rejected: too many sites": 2,
        "rejected: disordered": 1,
        "rejected: no absorber": 1,
    }


def test_nothing_that_can_be_used(build: Build, oxides: list[SourceMaterial], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot make a Fe dataset"):
        build(source=oxides[3:])
    assert not (tmp_path / "fe.zarr").exists()
    assert read_status(tmp_path / "fe.results", "fe.zarr")["state"] == "failed"


def test_dataset_of_what_is_finished(build: Build, oxides: list[SourceMaterial], log: Path) -> None:
    build(source=oxides[:1])
    result = build(simulate=False)
    assert result.dataset["material_id"].values.tolist() == ["hem"]
    assert result.counts()["missing: not simulated yet"] == 3
    assert len(calls(log)) == 1


def test_curve_that_the_schema_does_not_know(build: Build, simulators: Any, tmp_path: Path) -> None:
    result = build(simulator=simulators.Distances())
    assert result.dataset["chi"].dims == ("site", "k")
    assert "mu" not in result.dataset
    opened = open_dataset(tmp_path / "fe.zarr")
    np.testing.assert_allclose(opened["chi"], result.dataset["chi"], rtol=1e-6)


def test_progress_and_status(build: Build, tmp_path: Path) -> None:
    steps: list[BuildProgress] = []
    build(on_progress=steps.append)
    assert list(dict.fromkeys(step.stage for step in steps)) == [
        "reading", "comparing", "labels", "spectra", "PDFs",
    ]  # fmt: skip
    last = [step for step in steps if step.stage == "spectra"][-1]
    assert (last.done, last.total, last.failed) == (4, 4, 0)
    assert last.cost_done == pytest.approx(last.cost_total)
    status = read_status(tmp_path / "fe.results", "fe.zarr")
    assert status["state"] == "finished"
    assert status["stages"]["spectra"] == {"done": 4, "total": 4, "failed": 0, "found": 0}
    with pytest.raises(DataError, match="status"):
        read_status(tmp_path / "fe.results", "other.zarr")


def test_estimate_writes_nothing(
    oxides: list[SourceMaterial], edge_step: Any, tmp_path: Path, build: Build
) -> None:
    options: dict[str, Any] = {"absorber": "Fe", "out": tmp_path / "fe.zarr", "simulator": edge_step}
    estimate = estimate_build(oxides, workers=1, **options)
    assert list(tmp_path.iterdir()) == []
    assert (estimate.materials, estimate.sites, estimate.sites_known) == (3, 4, 0)
    # three materials to label at a second each, four sites at 0.01 s an atom
    assert estimate.cpu_seconds == pytest.approx(3.5, abs=0.1)
    assert estimate.bytes_needed > 10_000
    build()
    again = estimate_build(oxides, workers=1, **options)
    assert (again.sites_known, again.cpu_seconds) == (4, 0)


@pytest.mark.parametrize("name", ["t.parquet", "t.json", "t.jsonl", "t.json.gz"])
def test_spectra_computed_elsewhere(
    name: str, build: Build, edge_step: Any, magnetite: Structure, tmp_path: Path
) -> None:
    """Sites are those of the structure as given, here a cell four times the primitive one."""
    import gzip

    octahedral = [i for i, s in enumerate(magnetite) if s.specie.symbol == "Fe"][8:][5]
    rows = []
    for site, shift in ((0, 0.0), (octahedral, 3.0), (len(magnetite) - 1, 0.0)):
        energy = np.arange(7095.0, 7170.0, 0.5)
        rows.append(
            {
                "mp_id": "mag",
                "site": site,
                "energy": energy.tolist(),
                "mu": (1 / (1 + np.exp(-(energy - 7118 - shift)))).tolist(),
            }
        )
    path = tmp_path / name
    if name.endswith("parquet"):
        pd.DataFrame(rows).to_parquet(path)
    elif name.endswith("jsonl"):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        text = json.dumps(rows).encode()
        path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    table = read_spectra_table(path, origin="feff9", attributes={"source": "elsewhere"})
    result = build(spectra=table, simulator=edge_step)
    assert result.counts() == {
        "done": 2,
        "rejected: not an absorber site": 1,
        "left out: no spectrum": 4,
    }
    dataset = result.dataset
    assert dataset["origin"].values.tolist() == ["feff9", "feff9"]
    assert dataset["mu"].attrs["source"] == "elsewhere"
    assert dataset["coordination_number"].values.tolist() == [4, 6]
    assert dataset["complete"].values.tolist() == [True]
    half = [float(dataset["energy"][int(np.argmin(np.abs(mu - 0.5)))]) for mu in dataset["mu"].values]
    assert half == pytest.approx([7118, 7121], abs=0.3)


def test_second_spectrum_of_one_orbit(build: Build, magnetite: Structure) -> None:
    from edgepair.builder.spectra_table import JoinedSpectrum

    energy = np.arange(7095.0, 7170.0, 0.5)
    mu = 1 / (1 + np.exp(7118 - energy))
    pair = tuple(JoinedSpectrum(site, energy, mu) for site in (0, 1))
    result = build(spectra=SpectraTable({"mag": pair}))
    assert any(i.status == "duplicate" and i.site == 1 for i in result.items)
    assert result.dataset["complete"].values.tolist() == [False]


def test_spectrum_that_is_too_short(build: Build) -> None:
    from edgepair.builder.spectra_table import JoinedSpectrum

    energy = np.arange(7095.0, 7170.0, 0.5)
    mu = 1 / (1 + np.exp(7118 - energy))
    spectra = {
        "mag": (JoinedSpectrum(0, energy, mu),),
        "hem": (JoinedSpectrum(0, energy, mu),),
        "fra": (JoinedSpectrum(0, energy[:60], mu[:60]),),
    }
    result = build(spectra=SpectraTable(spectra))
    (short,) = [i for i in result.items if i.reason == "spectrum too short"]
    assert (short.material_id, short.site) == ("fra", 0)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"mp_id": "a", "site": 0, "energy": [1, 2]}], "no spectrum"),
        ([{"mp_id": "a", "energy": [1, 2], "mu": [1, 2]}], "site"),
        ([{"site": 0, "energy": [1, 2], "mu": [1, 2]}], "mp_id"),
        ([{"mp_id": "a", "site": 0, "energy": "x", "mu": [1, 2]}], "ValueError"),
        ([{"mp_id": "a", "site": 0, "energy": [1, 2], "mu": [1, 2]}] * 2, "two spectra of site 0"),
    ],
)
def test_table_of_spectra_that_cannot_be_used(rows: Any, words: str, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(rows))
    with pytest.raises(DataError, match="spectra") as caught:
        read_spectra_table(path)
    assert words in caught.value.found


@pytest.mark.parametrize("content", [None, b"not json", b"\x1f\x8bxx"])
def test_damaged_table_of_spectra(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "t.json.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="cannot read the spectra"):
        read_spectra_table(path)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"absorber": "Xx"}, OptionError),
        ({"max_sites": 0}, OptionError),
        ({"workers": 0}, OptionError),
        ({"energy_range": (10.0, 10.0)}, OptionError),
        ({"out": Path("/absent/fe.zarr")}, OutputError),
    ],
)
def test_bad_options_are_refused(changes: dict[str, Any], error: type[Exception], build: Build) -> None:
    with pytest.raises(error):
        build(**changes)


def test_something_else_in_the_place_of_the_dataset(build: Build, tmp_path: Path) -> None:
    (tmp_path / "fe.zarr").mkdir()
    (tmp_path / "fe.zarr" / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="cannot save"):
        build()
    assert (tmp_path / "fe.zarr" / "thesis.txt").read_text() == "mine"
    assert not (tmp_path / "fe.results").exists()


def test_energy_grid_is_chosen_or_given(build: Build) -> None:
    chosen = build().dataset["energy"].values
    assert (chosen[0], chosen[-1]) == (7092.0, 7171.5)
    given = build(energy_range=(-10, 50)).dataset["energy"].values
    assert (given[0], given[-1], given[1] - given[0]) == (7102.0, 7162.0, 0.25)


def test_crash_in_a_library_is_that_materials_row() -> None:
    """What prepares and analyses runs in a fork that may end as it likes."""
    from edgepair.builder import work

    record = work._guarded(os.abort, limit=5.0)
    assert record == {"ok": False, "reason": "analysis failed", "problem": "crashed (SIGABRT)"}


@pytest.mark.parametrize("name", ["Fe2O3", "Fe3O4"])
def test_damaged_result_is_made_again(name: str, build: Build, tmp_path: Path, log: Path) -> None:
    build()
    (segment,) = (tmp_path / "fe.results").glob("edgestep-*.jsonl")
    lines = segment.read_text().splitlines(keepends=True)
    damaged = [line.replace('"value":{"x"', '"value":{"x?') if name in line else line for line in lines]
    assert damaged != lines
    segment.write_text("".join(damaged))
    before = len(calls(log))
    assert build().counts()["done"] == 4
    assert len(calls(log)) - before == sum(name in line for line in lines)
    assert build().counts()["done"] == 4
    assert len(calls(log)) - before == sum(name in line for line in lines)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([1.0, np.nan], [0.0, 1.0], "not finite"),
        ([1.0, 2.0], [0.0, 1e300], "beyond"),
        ([2.0, 1.0], [0.0, 1.0], "does not increase"),
        ([[1.0, 2.0]], [[0.0, 1.0]], "shapes"),
        ([1.0, 2.0], [0.0], "shapes"),
        (5.0, 5.0, "shapes"),
        ("x", "y", "no numbers"),
    ],
)
def test_curve_that_cannot_be_used(x: Any, y: Any, words: str) -> None:
    from edgepair.builder.gates import curve_problem

    assert words in curve_problem(x, y)


@pytest.mark.parametrize("mode", ["nan", "raise", "cancel", "runaway", "details"])
def test_simulator_with_faults_costs_its_own_site(
    mode: str, build: Build, simulators: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_STEP_FAULT", f"{mode} Fe2O3")
    result = build(simulator=simulators.Faulty())
    counts = result.counts()
    if mode == "details":
        assert counts["done"] == 4
    else:
        assert (counts["done"], counts["failed: simulation failed"]) == (3, 1)


def test_bad_spectrum_in_a_table_costs_its_own_site(build: Build) -> None:
    from edgepair.builder.spectra_table import JoinedSpectrum

    energy = np.arange(7095.0, 7170.0, 0.5)
    mu = 1 / (1 + np.exp(7118 - energy))
    spectra = {
        "hem": (JoinedSpectrum(0, energy, mu),),
        "mag": (JoinedSpectrum(0, energy, np.where(energy > 7160, np.nan, mu)),),
        "absent": (JoinedSpectrum(0, energy, mu),),
    }
    counts = build(spectra=SpectraTable(spectra)).counts()
    assert counts["rejected: spectrum not usable"] == 1
    assert counts["left out: not in the source"] == 1
    assert counts["done"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"energy_range": (float("nan"), 10.0)},
        {"energy_range": (-1e12, 1e12)},
        {"store": "same"},
        {"out": Path()},
        {"absorber": "fe"},
    ],
)
def test_refused_before_any_work(changes: dict[str, Any], build: Build, log: Path, tmp_path: Path) -> None:
    if changes.get("store"):
        changes = {"store": tmp_path / "fe.zarr"}
    with pytest.raises(OptionError):
        build(**changes)
    assert calls(log) == []
    assert not (tmp_path / "fe.results").exists()
