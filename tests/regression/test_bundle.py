"""The scripts that made the bundled data still make them."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import shutil
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.builder import ResultStore, SpectraTable, build_dataset, read_spectra_table
from edgepair.builder.gates import (
    BOND_VALENCE_OFF,
    FARTHEST_EDGE,
    FEWEST_BONDS,
    MOST_ABSORPTION,
    MOST_BONDS,
    edge_position,
    median_edges,
)
from edgepair.builder.records import digest
from edgepair.conventions import BUNDLED_ABSORBERS
from edgepair.dataset import GATE_SEPARATOR, GATES, bundled_path, drop_gated, open_dataset
from edgepair.labels import bond_valence_sum
from edgepair.structures import SourceMaterial, read_structure_table

ROOT = Path(__file__).resolve().parents[2]
CURVES = ("G", "G_M", "G_neutron")
EXACT = (
    "site_index",
    "multiplicity",
    "oxidation_state",
    "coordination_number",
    "coordination_number_bond_valence",
)


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def make_bundle() -> ModuleType:
    """The script that makes the bundle."""
    return load_script("make_bundle")


def pick(table: Path, ids: set[str], count: int) -> list[SourceMaterial]:
    """Take the first small materials that are bundled, oblique cells among them."""
    chosen = []
    for material in read_structure_table(table):
        if material.material_id in ids and len(material.structure()) <= 24:
            chosen.append(material)
        if len(chosen) == count:
            break
    angles = [angle for material in chosen for angle in material.structure().lattice.angles]
    assert len(chosen) == count
    assert max(abs(angle - 90) for angle in angles) > 5
    return chosen


def compare(fresh: xr.Dataset, stored: xr.Dataset) -> None:
    """Compare a fresh dataset with the rows of a stored one, to what storing rounds off."""
    ids = stored["material_id"].values.tolist()
    for number, name in enumerate(fresh["material_id"].values.tolist()):
        row = ids.index(name)
        new = fresh.isel(site=np.flatnonzero(fresh["material_index"].values == number))
        old = stored.isel(site=np.flatnonzero(stored["material_index"].values == row))
        for label in EXACT:
            np.testing.assert_array_equal(new[label].values, old[label].values, err_msg=name)
        # CrystalNN's distances are the same sums on every machine up to their last bits
        np.testing.assert_allclose(new["bond_length"], old["bond_length"], rtol=1e-9)
        assert bool(new["complete"][number]) is bool(old["complete"][row])
        assert str(new["formula"].values[number]) == str(old["formula"].values[row])
        # 14 bits of the mantissa, and 32-bit numbers before
        np.testing.assert_allclose(new["mu"], old["mu"], rtol=2.0**-15 + 2.0**-22)
        for curve in CURVES:
            # 12 bits of the mantissa; where G crosses zero, PDFfit2's own noise
            np.testing.assert_allclose(
                new[curve].values[number], old[curve].values[row], rtol=2.0**-13 + 2.0**-21, atol=2e-6
            )
            assert float(new[f"{curve}_baseline"][number]) == pytest.approx(
                float(old[f"{curve}_baseline"][row]), rel=1e-9
            )
    np.testing.assert_allclose(fresh["energy"], stored["energy"], rtol=1e-14)


def test_titanium_from_the_materials_projects_spectra(
    make_bundle: ModuleType, shared: Path, tmp_path: Path
) -> None:
    stored = open_dataset(bundled_path("Ti"), instrument=None)
    folder = shared / "data" / "mp_feff9"
    chosen = pick(folder / "Ti_structures.parquet", set(stored["material_id"].values.tolist()), 6)
    table = read_spectra_table(folder / "Ti_spectra.parquet", origin="feff9")
    wanted = {m.material_id: table.spectra[m.material_id] for m in chosen}
    result = build_dataset(
        chosen,
        absorber="Ti",
        out=tmp_path / "ti.zarr",
        spectra=SpectraTable(wanted, "feff9"),
        energy_range=make_bundle.GRIDS["Ti"],
        composition_states=False,
        workers=1,
    )
    compare(result.dataset, stored)


@pytest.mark.parametrize("absorber", ["Mn", "Fe", "V", "Ni"])
def test_from_the_projects_own_simulations(
    absorber: str, make_bundle: ModuleType, shared: Path, tmp_path: Path
) -> None:
    """The keys of ``simulations/`` are still those of the structures: nothing would be done again."""
    stored = open_dataset(bundled_path(absorber), instrument=None)
    table = shared / "data" / "feff10" / make_bundle.FEFF10_TARGETS[absorber]
    chosen = pick(table, set(stored["material_id"].values.tolist()), 3)
    (tmp_path / "store").mkdir()
    shutil.copy(ROOT / "simulations" / f"{absorber}.jsonl.gz", tmp_path / "store")
    result = build_dataset(
        [SourceMaterial(m.material_id, m.source, m.form) for m in chosen],
        absorber=absorber,
        out=tmp_path / "x.zarr",
        store=tmp_path / "store",
        energy_range=make_bundle.GRIDS[absorber],
        composition_states=False,
        simulate=False,
        workers=1,
    )
    assert result.dataset.sizes["material"] == 3
    compare(result.dataset, stored)


every_absorber = pytest.mark.parametrize("absorber", BUNDLED_ABSORBERS)


@every_absorber
def test_every_row_passes_or_says_what_it_failed(absorber: str) -> None:
    """Each check again, from what the bundle holds; of bond valence, by the nearest neighbours alone."""
    dataset = open_dataset(bundled_path(absorber), instrument=None)
    energy, curves = dataset["energy"].values, dataset["mu"].values
    states = dataset["oxidation_state"].values
    edges = np.array([edge_position(energy, mu) for mu in curves])
    medians = median_edges(edges, states)
    expected = np.array([medians.get(float(state), np.nan) for state in states])
    off = np.abs(edges - expected)
    number = dataset["coordination_number"].values
    failed = {
        "edge position": ~np.isfinite(edges) | (off > FARTHEST_EDGE),
        "absorption": curves.max(axis=1) > MOST_ABSORPTION,
        "coordination": (number < FEWEST_BONDS) | (number > MOST_BONDS),
    }
    texts = dataset["gate"].values.tolist()
    marked = {gate: np.array([gate in text.split(GATE_SEPARATOR) for text in texts]) for gate in GATES}
    counts = {gate: int(rows.sum()) for gate, rows in marked.items()}
    # rounding for storage may move a row that lies at a limit
    edge_sure = np.abs(off - FARTHEST_EDGE) > 0.05
    top_sure = np.abs(curves.max(axis=1) - MOST_ABSORPTION) > 1e-3
    for gate, sure in (("edge position", edge_sure), ("absorption", top_sure), ("coordination", True)):
        np.testing.assert_array_equal(
            failed[gate] & sure, marked[gate] & sure, err_msg=f"{absorber} {gate}: {counts}"
        )
    # neighbours beyond the nearest add: what exceeds the limit without them is certain
    most, part = BOND_VALENCE_OFF
    distances = dataset["neighbour_distance"].values
    sums = np.array(
        [bond_valence_sum(absorber, s, d[np.isfinite(d)]) for s, d in zip(states, distances, strict=True)]
    )
    limit = np.maximum(most, part * np.abs(states))
    assert marked["bond valence"][sums - states > limit + 1e-6].all(), f"{absorber}: {counts}"
    assert not marked["bond valence"][~np.isfinite(states)].any()
    passed = drop_gated(dataset)
    assert passed.sizes["site"] == sum(not text for text in texts)
    assert passed.sizes["site"] > 0.85 * len(texts), f"{absorber}: {counts}"


@every_absorber
def test_states_that_charge_balance_contradicts_are_missing(absorber: str) -> None:
    dataset = open_dataset(bundled_path(absorber), instrument=None)
    source = dataset["oxidation_state_source"].values
    contradicted = source == "contradicted"
    known = np.isfinite(dataset["oxidation_state"].values)
    np.testing.assert_array_equal(known, source == "bond_valence")
    share = contradicted.sum() / (known.sum() + contradicted.sum())
    assert share < (0.25 if absorber == "Cu" else 0.09), f"{absorber}: {contradicted.sum()} of {len(source)}"


def test_copper_of_licuo2_is_neither_one_nor_two() -> None:
    dataset = open_dataset(bundled_path("Cu"), instrument=None)
    formulas = dataset["formula"].values[dataset["material_index"].values]
    for formula, mean in (("LiCuO2", 3.0), ("La(CuO2)2", 2.5)):
        rows = formulas == formula
        assert rows.any()
        states = dataset["oxidation_state"].values[rows]
        assert (np.isnan(states) | (formula == "LiCuO2") & (states == mean)).all(), (formula, states)


def test_a_failed_simulation_of_a_manganite_does_not_stand_unmarked() -> None:
    """SrMnO3, whose first spectrum had a white line of 5.7 steps, 10 eV too low."""
    dataset = open_dataset(bundled_path("Mn"), instrument=None)
    names = dataset["material_id"].values[dataset["material_index"].values]
    (row,) = np.flatnonzero((names == "mp-1017466") & (dataset["site_index"].values == 1))
    again = json.loads(dataset["mu"].attrs.get("run_again", "{}")).get("sites", [])
    if "mp-1017466 site 1" in again:
        assert dataset["gate"].values[row] == ""
        assert float(dataset["mu"][row].max()) < MOST_ABSORPTION
    else:
        assert dataset["gate"].values[row] == "edge position; absorption"


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that packs simulations, working in a folder of its own."""
    script = load_script("pack_simulations")
    monkeypatch.setattr(script, "FOLDER", tmp_path)
    return script


def simulated(absorber: str, material_id: str, site: int, *, ok: bool = True) -> dict[str, Any]:
    about = {"material_id": material_id, "absorber": absorber, "site": site}
    if not ok:
        return {"ok": False, "about": about, "reason": "simulation failed", "problem": "too large"}
    return {
        "ok": True,
        "about": about,
        "cpu_seconds": 1.5,
        "value": {"x": [1.0, 2.0], "y": [0.0, float(site)], "details": {}},
    }


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]


def fill(folder: Path, records: list[dict[str, Any]]) -> None:
    with ResultStore(folder) as store:
        for record in records:
            store.put("feff10", digest(record["about"]), record)


RECORDS = [
    simulated("Fe", "mp-10", 0),
    simulated("Fe", "mp-9", 3),
    simulated("Fe", "mp-9", 1),
    simulated("Mn", "mp-2", 0),
    simulated("Mn", "mp-3", 0, ok=False),
]


def test_spectra_are_packed_in_order_and_failures_apart(pack: ModuleType, tmp_path: Path) -> None:
    fill(tmp_path, RECORDS)
    pack.main()
    packed = rows(tmp_path / "Fe.jsonl.gz")
    assert [(r["about"]["material_id"], r["about"]["site"]) for r in packed] == [
        ("mp-9", 1), ("mp-9", 3), ("mp-10", 0),
    ]  # fmt: skip
    assert len(rows(tmp_path / "Mn.jsonl.gz")) == 1
    assert [record["about"]["material_id"] for record in rows(tmp_path / "failed.jsonl.gz")] == ["mp-3"]
    with ResultStore(tmp_path) as store:
        assert len(store) == 5


def test_packed_again_with_more(pack: ModuleType, tmp_path: Path) -> None:
    fill(tmp_path, RECORDS[:2])
    pack.main()
    first = (tmp_path / "Fe.jsonl.gz").read_bytes()
    pack.main()
    assert (tmp_path / "Fe.jsonl.gz").read_bytes() == first
    fill(tmp_path, RECORDS[2:4])
    pack.main()
    assert len(rows(tmp_path / "Fe.jsonl.gz")) == 3


def test_files_of_ended_builds_are_removed_once_packed(pack: ModuleType, tmp_path: Path) -> None:
    fill(tmp_path, RECORDS)
    (segment,) = tmp_path.glob("feff10-*.jsonl")
    pack.main()
    # written to a moment ago: a build may still be at it
    assert segment.exists()
    long_ago = time.time() - 2 * pack.QUIET_SECONDS
    os.utime(segment, (long_ago, long_ago))
    pack.main()
    assert not segment.exists()
    with ResultStore(tmp_path) as store:
        assert len(store) == 5
        assert not store.is_ok(digest(RECORDS[-1]["about"]))


def test_the_projects_own_results_are_as_packed(pack: ModuleType, tmp_path: Path) -> None:
    for path in sorted((ROOT / "simulations").glob("*.jsonl.gz")):
        shutil.copy(path, tmp_path)
    pack.main()
    for path in sorted((ROOT / "simulations").glob("*.jsonl.gz")):
        # the compressor's version may differ, its input may not
        assert gzip.decompress((tmp_path / path.name).read_bytes()) == gzip.decompress(path.read_bytes())
