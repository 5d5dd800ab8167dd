"""The measured files at hand are read as their index says."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from edgepair.conventions import edge_energy
from edgepair.measured import XanesScan, read_xanes
from edgepair.measured.expression import evaluate
from edgepair.spectra import find_e0

UNLABELLED = "-ln(c12/c11)"
"""What the index says of five files whose labels say nothing: there the user has to."""


@cache
def _read(path: Path, mu: str | None) -> tuple[XanesScan, ...]:
    return read_xanes(path, mu=mu)


Known = Callable[[Any], bool]


def _scans(shared: Path, known: Known) -> list[tuple[pd.Series, XanesScan]]:
    folder = shared / "data" / "experiment"
    index = pd.read_csv(folder / "xanes_index.csv", dtype={"item": str}, keep_default_na=False)
    found = []
    for _, row in index.iterrows():
        if not known(row):
            continue
        if row["file"].endswith(".h5"):
            pytest.importorskip("h5py")
        scans = _read(folder / row["file"], UNLABELLED if row["mu_definition"] == UNLABELLED else None)
        name = row["item"].replace(" ", "_").replace(".", "_")
        one = [s for s in scans if s.item.replace(" ", "_").replace(".", "_") == name]
        assert len(one) == 1, (row["file"], row["item"], [s.item for s in scans])
        found.append((row, one[0]))
    return found


def test_every_file_is_read_and_its_element_found(shared: Path, readable_rows: Known) -> None:
    scans = _scans(shared, readable_rows)
    assert len(scans) == 231
    wrong = [row["file"] for row, scan in scans if (scan.absorber, scan.edge) != (row["element"], "K")]
    assert wrong == []


def test_edges_lie_where_the_index_has_them(shared: Path, readable_rows: Known) -> None:
    wrong = []
    for row, scan in _scans(shared, readable_rows):
        tabulated = edge_energy(row["element"])
        shift = float(row["suggested_energy_shift_eV"] or 0)
        e0 = find_e0(scan.energy, scan.mu, near=tabulated)
        # Oxides rise up to 22 eV above the metal: chromates, whose main rise is far above their pre-edge.
        if not -5 < e0 + shift - tabulated < 23:
            wrong.append((row["file"], e0))
    assert wrong == []


def test_absorption_is_what_the_index_defines(shared: Path, readable_rows: Known) -> None:
    """Up to scale and offset; for text of columns, by reading them in the plainest way."""
    folder = shared / "data" / "experiment"
    compared = 0
    for row, scan in _scans(shared, readable_rows):
        definition = row["mu_definition"]
        if not row["file"].endswith((".xdi", ".xd", ".fio")):
            continue
        lines = (folder / row["file"]).read_text(errors="replace").split("\n")
        labels = next((line for line in reversed(lines) if line.startswith("#")), "#").lstrip("# ").split()
        body = [line.split() for line in lines if line[:1] in (" ", "5", "6", "7", "8", "9", "4")]
        width = len(body[-2])
        values = np.array([[float(w) for w in b] for b in body if len(b) == width and "Col" not in b])
        if definition.startswith("col 4"):
            expression, labels = "$4", []
        elif definition.startswith("-ln(itrans/i0)"):
            expression = "-ln(itrans/i0)"
        else:
            expression = {"ln(C1/C2)": "ln($6/$7)", UNLABELLED: "-ln($12/$11)", "mutrans": "mutrans"}[
                definition
            ]
        mu = evaluate(expression, labels, values)
        order = np.argsort(values[:, 0], kind="stable")
        there = np.interp(scan.energy, values[order, 0], mu[order])
        scale = np.polyfit(there, scan.mu, 1)
        rest = np.abs(scan.mu - np.polyval(scale, there)).max() / np.ptp(scan.mu)
        # Repeated points are averaged here and not there.
        assert rest < 5e-3, (row["file"], rest)
        assert scale[0] > 0
        compared += 1
    assert compared == 197


def test_stored_shifts_of_projects_are_applied(shared: Path, readable_rows: Known) -> None:
    shifts = {
        s.item: s.energy_shift
        for row, s in _scans(shared, readable_rows)
        if "bkg_eshift" in row["mu_definition"]
    }
    assert shifts["tieu_128"] == -3.72
    assert shifts["PbTiO3 600 K"] == 0.605


def test_fluorescence_called_transmission_is_doubted(shared: Path, readable_rows: Known) -> None:
    """The index names six files whose fourth column is fluorescence by DTC, labelled mutrans."""
    scans = _scans(shared, readable_rows)
    doubted = {row["file"] for row, s in scans if any("may be fluorescence" in w for w in s.warnings)}
    assert doubted == {row["file"] for row, _ in scans if "DTC1" in row["mu_definition"]}


def test_intensities_without_known_labels_are_found(shared: Path) -> None:
    """Five scans whose chambers are called VFC01, VFC02, …, beside motors and temperatures."""
    folder = shared / "data" / "experiment" / "xanes" / "Fe"
    for path in sorted(folder.glob("araucaria__20K_GOE_Fe_K_240.0000?.xdi")):
        assert read_xanes(path)[0].candidates[0].expression == "ln($11/$12)"


def test_foils_have_their_edges(shared: Path) -> None:
    """Foils of one beamline: within 3 eV of the tabulated edges."""
    for path in sorted((shared / "data" / "experiment" / "foils").glob("*.xdi")):
        (scan,) = read_xanes(path)
        assert scan.absorber is not None
        tabulated = edge_energy(scan.absorber)
        if path.name.endswith("Mn-Mnfoil.xdi"):
            # Nothing but the foil behind the empty place of the sample.
            assert "the sample shows no edge; mu is that of the foil behind it" in scan.warnings
        assert abs(find_e0(scan.energy, scan.mu, near=tabulated) - tabulated) < 3, path.name
