"""Reference FEFF10 runs of Cu sites, kept in the project's result store: hours each, resumable.

usage: python benchmarks/reference_runs.py SHARED_DATA [--sites 10]

The sites are drawn from the Materials Project's Cu sites with a fixed seed and done in the order of
their estimated cost. The C library's allocator is left as it comes, as a user without edgepair
would have it.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pymatgen.core import Structure

from edgepair.builder import ResultStore
from edgepair.builder.records import site_key, structure_digest
from edgepair.builder.work import pack_structure, simulate, unpack_structure
from edgepair.simulation import Feff10
from edgepair.structures import prepare_structure

STORE = Path(__file__).resolve().parents[1] / "simulations"
DRAWN = 40
REFERENCE = Feff10("reference", allocator=False)


@dataclass(frozen=True)
class Candidate:
    """One Cu site that the Materials Project has a FEFF 9.9.1 spectrum of."""

    material_id: str
    site: int
    structure: Structure
    index: int
    energy: np.ndarray
    mu: np.ndarray

    def key(self, simulator: Feff10) -> str:
        """Return where its result is kept."""
        return site_key(structure_digest(self.structure), self.index, simulator)


def candidates(data: Path) -> list[Candidate]:
    """Draw sites, the cheapest first."""
    spectra = pd.read_parquet(data / "mp_feff9" / "Cu_spectra.parquet").set_index(["mp_id", "site"])
    poscars = pd.read_parquet(data / "mp_feff9" / "Cu_structures.parquet").set_index("mp_id")["poscar"]
    names = sorted(spectra.index)
    random.Random(0).shuffle(names)
    found = []
    for material_id, site in names[:DRAWN]:
        structure = Structure.from_str(poscars.loc[material_id], fmt="poscar")
        prepared = prepare_structure(structure, "Cu")
        number = next(i for i, item in enumerate(prepared.sites) if site in item.equivalent)
        row = spectra.loc[(material_id, site)]
        found.append(
            Candidate(
                material_id,
                int(site),
                unpack_structure(pack_structure(prepared.structure)),
                prepared.primitive_index[number],
                np.asarray(row["energy"], float),
                np.asarray(row["mu"], float),
            )
        )
    return sorted(found, key=lambda item: REFERENCE.estimate(item.structure, item.index))


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description="Run FEFF10 with the reference preset on Cu sites.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--sites", type=int, default=10)
    options = parser.parse_args()
    store = ResultStore(STORE)
    for item in candidates(options.data)[: options.sites]:
        key = item.key(REFERENCE)
        if store.is_ok(key):
            continue
        estimate = REFERENCE.estimate(item.structure, item.index)
        print(f"{item.material_id} site {item.site}: estimated {estimate / 60:.0f} min", flush=True)
        record = simulate(pack_structure(item.structure), item.index, REFERENCE)
        about = {"material_id": item.material_id, "absorber": "Cu", "site": item.site}
        store.put("feff10", key, {"about": about} | record)
        print(f"    {record.get('problem', '')} {record.get('cpu_seconds', 0) / 60:.1f} min", flush=True)


if __name__ == "__main__":
    main()
