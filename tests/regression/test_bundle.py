"""The scripts that made the bundled data still make them."""

from __future__ import annotations

import gzip
import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.dataset import bundled_path, open_dataset

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
CURVES = ("G", "G_M", "G_neutron")


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def make_bundle() -> Iterator[ModuleType]:
    """The script that makes the bundle."""
    yield load_script("make_bundle")
    del sys.modules["make_bundle"]


@pytest.fixture(scope="module")
def titanium(make_bundle: ModuleType, shared: Path) -> tuple[xr.Dataset, list[Any]]:
    """The stored dataset, and the sources of six small materials of it, oblique cells among them."""
    stored = open_dataset(bundled_path("Ti"), instrument=None)
    ids = set(stored["material_id"].values.tolist())
    chosen = []
    for material, spectra in make_bundle.read_feff9(shared / "data", "Ti"):
        if material.material_id in ids and len(material.structure()) <= 24:
            chosen.append((material, spectra))
        if len(chosen) == 6:
            break
    assert len(chosen) == 6
    angles = [angle for material, _ in chosen for angle in material.structure().lattice.angles]
    assert max(abs(angle - 90) for angle in angles) > 5
    return stored, chosen


@pytest.fixture(scope="module")
def joined(
    make_bundle: ModuleType, titanium: tuple[xr.Dataset, list[Any]]
) -> list[tuple[int, xr.Dataset, Any]]:
    """Row, stored sites and fresh result of each chosen material."""
    stored, chosen = titanium
    rows = []
    for material, spectra in chosen:
        number = stored["material_id"].values.tolist().index(material.material_id)
        sites = stored.isel(site=np.flatnonzero(stored["material_index"].values == number))
        rows.append((number, sites, make_bundle.join(material, spectra, "Ti")))
    return rows


def test_labels_are_stored_exactly(joined: list[tuple[int, xr.Dataset, Any]]) -> None:
    for number, sites, result in joined:
        fresh = [
            (row.site, row.multiplicity, row.oxidation_state, row.environment.coordination_number)
            for row in result.rows
        ]
        names = ("site_index", "multiplicity", "oxidation_state", "coordination_number")
        kept = list(zip(*(sites[name].values.tolist() for name in names), strict=True))
        np.testing.assert_array_equal(np.array(fresh, float), np.array(kept, float))
        # CrystalNN's distances are the same sums on every machine up to their last bits
        np.testing.assert_allclose(
            sites["bond_length"], [r.environment.bond_length for r in result.rows], rtol=1e-12
        )
        assert bool(sites["complete"].values[number]) is result.complete
        assert sites["formula"].values[number] == result.formula


def test_spectra_are_stored_to_rounding(
    joined: list[tuple[int, xr.Dataset, Any]], make_bundle: ModuleType
) -> None:
    for _, sites, result in joined:
        fresh = np.array([row.mu for row in result.rows])
        # 14 bits of the mantissa, and 32-bit numbers before
        np.testing.assert_allclose(sites["mu"], fresh, rtol=2.0**-15 + 2.0**-23)
        np.testing.assert_allclose(sites["energy"], make_bundle.energy_grid("Ti"), rtol=1e-14)


def test_pdfs_are_stored_to_rounding(joined: list[tuple[int, xr.Dataset, Any]]) -> None:
    for number, sites, result in joined:
        for name in CURVES:
            kept = sites[name].values[number]
            # 12 bits of the mantissa; where G crosses zero, PDFfit2's own noise
            np.testing.assert_allclose(kept, result.curves[name], rtol=2.0**-13 + 2.0**-22, atol=1e-6)
            assert float(sites[f"{name}_baseline"][number]) == pytest.approx(
                result.baselines[name], rel=1e-12
            )


def test_what_cannot_be_used_is_counted(
    make_bundle: ModuleType, titanium: tuple[xr.Dataset, list[Any]]
) -> None:
    material, spectra = titanium[1][0]
    oxygen = next(i for i, site in enumerate(material.structure()) if site.specie.symbol == "O")
    short = make_bundle.Spectrum(spectra[0].site, spectra[0].energy[:5], spectra[0].mu[:5])
    elsewhere = make_bundle.Spectrum(oxygen, spectra[0].energy, spectra[0].mu)
    result = make_bundle.join(material, [short, elsewhere], "Ti")
    assert sorted(result.left_out) == ["DataError", "not an absorber site"]
    assert (result.rows, result.complete, result.curves) == ((), False, {})
    twice = make_bundle.join(material, [spectra[0], spectra[0]], "Ti")
    assert twice.left_out == ("equivalent to another site",)
    assert len(twice.rows) == 1


ROWS = [
    {"mp_id": "mp-10", "metal": "Fe", "site": 0, "energy": [1.0, 2.0], "mu": [0.0, 1.0]},
    {"mp_id": "mp-9", "metal": "Fe", "site": 3, "energy": [1.0, 2.0], "mu": [0.1, 1.0]},
    {"mp_id": "mp-9", "metal": "Fe", "site": 1, "energy": [1.0, 2.0], "mu": [0.2, 1.0]},
    {"mp_id": "mp-2", "metal": "Mn", "site": 0, "energy": [1.0, 2.0], "mu": [0.3, 1.0]},
    {"mp_id": "mp-3", "metal": "Mn", "site": 0, "error": "too large"},
]


@pytest.fixture
def append(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that appends simulations, working in a folder of its own."""
    script = load_script("append_simulations")
    monkeypatch.delitem(sys.modules, "append_simulations")
    monkeypatch.setattr(script, "FOLDER", tmp_path / "simulations")
    return script


def write(path: Path, rows: list[dict[str, Any]], *, tail: str = "") -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + tail)
    return str(path)


def stored_rows(folder: Path, absorber: str) -> list[dict[str, Any]]:
    lines = gzip.decompress((folder / f"{absorber}.jsonl.gz").read_bytes()).decode().splitlines()
    return [json.loads(line) for line in lines]


def test_results_are_sorted_and_failures_left_out(append: ModuleType, tmp_path: Path) -> None:
    append.main(write(tmp_path / "r.jsonl", ROWS))
    assert stored_rows(append.FOLDER, "Fe") == [ROWS[2], ROWS[1], ROWS[0]]
    assert stored_rows(append.FOLDER, "Mn") == [ROWS[3]]
    assert sorted(p.name for p in append.FOLDER.iterdir()) == ["Fe.jsonl.gz", "Mn.jsonl.gz"]


def test_known_rows_are_kept(append: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append.main(write(tmp_path / "a.jsonl", ROWS[:2]))
    again = [ROWS[0] | {"mu": [9.0, 9.0]}, ROWS[2]]
    append.main(write(tmp_path / "b.jsonl", again))
    assert stored_rows(append.FOLDER, "Fe") == [ROWS[2], ROWS[1], ROWS[0]]
    assert capsys.readouterr().out.splitlines()[-1] == "Fe: 3 sites, 1 new"


def test_same_results_give_the_same_bytes(append: ModuleType, tmp_path: Path) -> None:
    append.main(write(tmp_path / "a.jsonl", ROWS))
    first = (append.FOLDER / "Fe.jsonl.gz").read_bytes()
    append.main(write(tmp_path / "b.jsonl", ROWS[::-1]))
    assert (append.FOLDER / "Fe.jsonl.gz").read_bytes() == first
    (append.FOLDER / "Fe.jsonl.gz").unlink()
    append.main(write(tmp_path / "c.jsonl", ROWS[::-1]))
    assert (append.FOLDER / "Fe.jsonl.gz").read_bytes() == first


def test_half_written_line_is_skipped(
    append: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    append.main(write(tmp_path / "a.jsonl", ROWS[:2], tail='{"mp_id": "mp-11", "metal": "Fe", "si'))
    assert len(stored_rows(append.FOLDER, "Fe")) == 2
    assert "not complete" in capsys.readouterr().err


def test_the_projects_own_results_are_kept_byte_by_byte(append: ModuleType, tmp_path: Path) -> None:
    source = SCRIPTS.parent / "simulations"
    shutil.copytree(source, append.FOLDER)
    for path in sorted(source.glob("*.jsonl.gz")):
        rows = stored_rows(append.FOLDER, path.name.split(".")[0])
        changed = [rows[0] | {"mu": [0.0]}, *rows[1:3]]
        append.main(write(tmp_path / "again.jsonl", changed))
        kept = stored_rows(append.FOLDER, path.name.split(".")[0])
        assert kept == rows
        # the compressor's version may differ, its input may not
        assert gzip.decompress((append.FOLDER / path.name).read_bytes()) == gzip.decompress(path.read_bytes())
