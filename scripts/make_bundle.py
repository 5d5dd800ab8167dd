"""Make the datasets that ship inside the package, or one of them anew.

usage: python scripts/make_bundle.py SHARED_DATA [--absorber Fe ...] [--jobs 2] [--out FOLDER]

SHARED_DATA holds ``mp_feff9/`` and ``feff10/``. Spectra of Mn and Fe are those in ``simulations/``.
The same inputs give the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import track

from edgepair.conventions import BUNDLED_ABSORBERS, EdgepairError, edge_energy
from edgepair.dataset import assemble, save_dataset
from edgepair.labels import Environment, find_environment, find_oxidation_states
from edgepair.simulation import IDEAL_R_LAST, IDEAL_R_STEP, IDEAL_U_ISO, ideal_r, simulate_pdf
from edgepair.spectra import resample_mu
from edgepair.structures import SourceMaterial, find_absorber_sites, read_structure_table

ROOT = Path(__file__).resolve().parents[1]
CPU_LIMIT = 900.0
"""CPU seconds that one material may take before it is left out."""

GRIDS = {
    "Ti": (-1.75, 33.0),
    "Cr": (0.0, 35.0),
    "Co": (0.0, 35.0),
    "Cu": (5.0, 79.0),
    "Mn": (-3.0, 62.0),
    "Fe": (-3.0, 62.0),
}
"""First and last grid point of each absorber, eV from the tabulated edge; see `energy_grid`."""
STEP = 0.25
HOLD = 5.0
"""eV by which a spectrum may end inside the grid: each starts at its own Fermi level, where the
pre-edge is still flat, and is continued by its end value."""

MP_CITATION = (
    "Mathew et al., Sci. Data 5, 180151 (2018), doi 10.1038/sdata.2018.151; "
    "Jain et al., APL Mater. 1, 011002 (2013), doi 10.1063/1.4812323; by way of OmniXAS, "
    "Kharel et al., arXiv 2409.19552"
)
SOURCES: dict[str, dict[str, str]] = {
    "feff9": {
        "origin": "feff9",
        "source": "Materials Project, by way of OmniXAS",
        "licence": "CC-BY 4.0 (Materials Project), BSD-3-Clause (OmniXAS)",
        "citation": MP_CITATION,
        "code": "FEFF 9.9.1",
        "settings": json.dumps({"SCF radius": "7 Å", "FMS radius": "9 Å", "core hole": "RPA"}),
    },
    "feff10": {
        "origin": "feff10",
        "source": "simulated for edgepair on Materials Project structures",
        "licence": "CC-BY 4.0",
        "citation": "Kas et al., J. Synchrotron Rad. 28, 1801 (2021), doi 10.1107/S1600577521008614; "
        "structures: Jain et al., APL Mater. 1, 011002 (2013), doi 10.1063/1.4812323",
        "code": "FEFF10 (feff10-rs 0.2.4)",
        "settings": json.dumps(
            {
                "SCF": "3.5 Å or the 15th neighbour's distance, the smaller, not under 2.4 Å; 12 iterations",
                "FMS": "6 Å or the 64th neighbour's distance, the smaller, not under 4 Å",
                "cluster": "8 Å",
                "lmax": "SCF 1 (ligands) and 2 (metals), FMS 2 and 3",
                "core hole": "RPA",
                "XANES": "4 0.07 0.1",
                "EXCHANGE": "0 0 0 2",
                "S02": "0",
                "limits": "at most 5 elements, 40 sites, 300 s of CPU time a site",
            }
        ),
    },
}


@dataclass(frozen=True)
class Spectrum:
    """One computed spectrum, its site as in the structure given."""

    site: int
    energy: np.ndarray
    mu: np.ndarray


@dataclass(frozen=True)
class Row:
    """One site that goes into the dataset."""

    site: int
    multiplicity: int
    environment: Environment
    oxidation_state: float
    mu: np.ndarray


@dataclass(frozen=True)
class Result:
    """What became of one material."""

    material_id: str
    formula: str
    complete: bool
    rows: tuple[Row, ...]
    curves: dict[str, np.ndarray]
    baselines: dict[str, float]
    left_out: tuple[str, ...]


def energy_grid(absorber: str) -> np.ndarray:
    """Grid points of one absorber: where all its spectra are known, up to `HOLD`."""
    first, last = GRIDS[absorber]
    edge = edge_energy(absorber)
    return edge + np.arange(round(first / STEP), round(last / STEP) + 1) * STEP


def read_feff9(folder: Path, absorber: str) -> Iterator[tuple[SourceMaterial, list[Spectrum]]]:
    """Structures and spectra of the Materials Project."""
    table = pd.read_parquet(folder / "mp_feff9" / f"{absorber}_spectra.parquet")
    spectra: dict[str, list[Spectrum]] = {}
    for row in table.itertuples(index=False):
        spectra.setdefault(str(row.mp_id), []).append(
            Spectrum(int(row.site), np.asarray(row.energy, float), np.asarray(row.mu, float))
        )
    for material in read_structure_table(folder / "mp_feff9" / f"{absorber}_structures.parquet"):
        if material.material_id in spectra:
            yield material, spectra[material.material_id]


def read_feff10(folder: Path, absorber: str) -> Iterator[tuple[SourceMaterial, list[Spectrum]]]:
    """Structures of the Materials Project with this project's spectra."""
    spectra: dict[str, list[Spectrum]] = {}
    with gzip.open(ROOT / "simulations" / f"{absorber}.jsonl.gz", "rt") as lines:
        for line in lines:
            row = json.loads(line)
            spectra.setdefault(row["mp_id"], []).append(
                Spectrum(int(row["site"]), np.asarray(row["energy"]), np.asarray(row["mu"]))
            )
    for material in read_structure_table(folder / "feff10" / "targets_Mn_Fe.json.gz"):
        if material.row["metal"] == absorber and material.material_id in spectra:
            yield material, spectra[material.material_id]


def work(job: tuple[SourceMaterial, list[Spectrum], str]) -> Result:
    """Label one material and simulate its PDFs; a failure is a recorded reason."""
    material, spectra, absorber = job

    def stop(*_: object) -> None:
        raise TimeoutError(f"over {CPU_LIMIT:g} s of CPU time")

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_LIMIT)
    try:
        return join(material, spectra, absorber)
    except (EdgepairError, TimeoutError) as error:
        reason = str(error.args[0]) if isinstance(error, EdgepairError) else str(error)
        kind = type(error).__name__
        print(f"left out {material.material_id}: {reason}", file=sys.stderr)
        return Result(material.material_id, "", False, (), {}, {}, (kind,) * len(spectra))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def join(material: SourceMaterial, spectra: list[Spectrum], absorber: str) -> Result:
    """Join one material's structure, labels, spectra and PDFs."""
    structure = material.structure()
    sites = find_absorber_sites(structure, absorber)
    try:
        states: tuple[float, ...] = find_oxidation_states(structure)
    except EdgepairError:
        states = (np.nan,) * len(structure)
    rows: dict[int, Row] = {}
    left_out = []
    grid = energy_grid(absorber)
    for spectrum in sorted(spectra, key=lambda s: s.site):
        site = next((s for s in sites if spectrum.site in s.equivalent), None)
        if site is None:
            left_out.append("not an absorber site")
            continue
        if site.index in rows:
            left_out.append("equivalent to another site")
            continue
        try:
            environment = find_environment(structure, site.index)
            mu = resample_mu(spectrum.energy, spectrum.mu, grid=grid, hold=HOLD)
        except EdgepairError as error:
            left_out.append(type(error).__name__)
            continue
        if not environment.all_oxygen:
            left_out.append("neighbours not all oxygen")
            continue
        rows[site.index] = Row(site.index, site.multiplicity, environment, states[site.index], mu)
    curves: dict[str, np.ndarray] = {}
    baselines: dict[str, float] = {}
    if rows:
        pdf = simulate_pdf(structure, (absorber,))
        curves = {"G": pdf.G, "G_M": pdf.G_M[absorber], "G_neutron": pdf.G_neutron}
        slopes = pdf.baseline
        baselines = {"G": slopes["G"], "G_M": slopes[absorber], "G_neutron": slopes["G_neutron"]}
    return Result(
        material.material_id,
        structure.composition.reduced_formula,
        {site.index for site in sites} == set(rows),
        tuple(rows[index] for index in sorted(rows)),
        curves,
        baselines,
        tuple(left_out),
    )


def build(folder: Path, absorber: str, jobs: int) -> tuple[Any, Counter[str]]:
    """Make the dataset of one absorber."""
    origin = "feff10" if absorber in ("Mn", "Fe") else "feff9"
    read = read_feff10 if origin == "feff10" else read_feff9
    work_list = [(material, spectra, absorber) for material, spectra in read(folder, absorber)]
    with ProcessPoolExecutor(jobs) as pool:
        done = list(track(pool.map(work, work_list, chunksize=4), absorber, len(work_list)))
    done.sort(key=lambda result: (len(result.material_id), result.material_id))
    left_out = Counter(reason for result in done for reason in result.left_out)
    kept = [result for result in done if result.rows]
    rows = [(number, row) for number, result in enumerate(kept) for row in result.rows]
    widest = max(row.environment.coordination_number for _, row in rows)
    neighbours = np.full((len(rows), widest), np.nan)
    for position, (_, row) in enumerate(rows):
        neighbours[position, : row.environment.coordination_number] = row.environment.distances
    states = np.array([row.oxidation_state for _, row in rows])
    names = ("G", "G_M", "G_neutron")
    arrays: dict[str, Any] = {
        "energy": energy_grid(absorber),
        "r": ideal_r(),
        "mu": [row.mu for _, row in rows],
        **{name: [result.curves[name] for result in kept] for name in names},
        **{f"{name}_baseline": [result.baselines[name] for result in kept] for name in names},
        "oxidation_state": states,
        "coordination_number": [row.environment.coordination_number for _, row in rows],
        "bond_length": [row.environment.bond_length for _, row in rows],
        "oxidation_state_source": np.where(np.isfinite(states), "bond_valence", ""),
        "origin": [origin] * len(rows),
        "multiplicity": [row.multiplicity for _, row in rows],
        "site_index": [row.site for _, row in rows],
        "material_index": [number for number, _ in rows],
        "neighbour_distance": neighbours,
        "material_id": [result.material_id for result in kept],
        "formula": [result.formula for result in kept],
        "complete": [result.complete for result in kept],
    }
    attributes = {"mu": SOURCES[origin] | {"long_name": "edge-step normalised absorption"}}
    attributes["mu"]["resampled"] = f"shape-preserving cubic to {STEP} eV; ends held by up to {HOLD} eV"
    attributes |= {name: pdf_attributes(name) for name in names}
    labels = label_attributes()
    for name in ("oxidation_state", "coordination_number", "bond_length"):
        attributes[name] = labels
    provenance = {
        "title": f"{absorber} K-edge XANES and PDFs of oxides, simulated",
        "licence": "CC-BY 4.0",
        "structures": "Materials Project (CC-BY 4.0), identifiers in material_id; not included",
        "left_out": json.dumps(dict(sorted(left_out.items()))),
        "made_by": "scripts/make_bundle.py",
        "groups": "formula",
    }
    return assemble(absorber, arrays, attributes=attributes, provenance=provenance), left_out


def pdf_attributes(name: str) -> dict[str, Any]:
    """Origin and settings of one kind of PDF."""
    titles = {
        "G": "total x-ray PDF",
        "G_M": "differential x-ray PDF of the absorber",
        "G_neutron": "total neutron PDF",
    }
    return {
        "long_name": titles[name],
        "origin": "pdffit2",
        "source": "simulated for edgepair on Materials Project structures",
        "licence": "CC-BY 4.0",
        "citation": "Farrow et al., J. Phys.: Condens. Matter 19, 335219 (2007), "
        "doi 10.1088/0953-8984/19/33/335219",
        "code": f"diffpy.pdffit2 {version('diffpy.pdffit2')}",
        "settings": json.dumps(
            {"qmax": 0, "qdamp": 0, "u_iso": IDEAL_U_ISO, "r_step": IDEAL_R_STEP, "r_last": IDEAL_R_LAST}
        ),
        "ideal_u_iso": IDEAL_U_ISO,
    }


def label_attributes() -> dict[str, Any]:
    """Origin and settings of the labels."""
    return {
        "origin": "computed for edgepair",
        "licence": "CC-BY 4.0",
        "code": f"pymatgen-core {version('pymatgen-core')}",
        "citation": "Ong et al., Comput. Mater. Sci. 68, 314 (2013), doi 10.1016/j.commatsci.2012.10.028",
        "settings": "BVAnalyzer(), CrystalNN().get_nn_info, SpacegroupAnalyzer(symprec=0.01)",
    }


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Make the bundled datasets.")
    parser.add_argument("data", type=Path, help="folder with mp_feff9/ and feff10/")
    parser.add_argument("--absorber", action="append", choices=BUNDLED_ABSORBERS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "src/edgepair/dataset/bundled")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for absorber in options.absorber or BUNDLED_ABSORBERS:
        dataset, left_out = build(options.data, absorber, options.jobs)
        target = options.out / f"{absorber}.zarr.zip"
        save_dataset(dataset, target)
        print(
            f"{absorber}: {dataset.sizes['site']} sites, {dataset.sizes['material']} materials, "
            f"{target.stat().st_size / 1e6:.2f} MB; left out: {dict(left_out) or 'nothing'}"
        )


if __name__ == "__main__":
    main()
