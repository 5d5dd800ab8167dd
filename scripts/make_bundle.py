"""Make the datasets that ship inside the package, or one of them anew, with the builder.

usage: python scripts/make_bundle.py [SHARED_DATA] [--absorber Fe ...] [--workers 2] [--out FOLDER]

SHARED_DATA holds ``mp_feff9/`` and ``feff10/``. Spectra of V, Mn, Fe and Ni are those in
``simulations/``, which is a result store; labels and PDFs go into ``simulations/`` too, but not into
the repository. The same inputs give the same bytes. What `edgepair data` shows of all is written last.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from edgepair.builder import BuildResult, build_dataset, read_spectra_table
from edgepair.conventions import BUNDLED_ABSORBERS
from edgepair.dataset import bundled_path, load_bundled, summarise
from edgepair.dataset.bundled import bundled_digest

ROOT = Path(__file__).resolve().parents[1]

GRIDS = {
    "Ti": (-1.75, 33.0),
    "V": (-3.0, 62.0),
    "Cr": (0.0, 35.0),
    "Mn": (-3.0, 62.0),
    "Fe": (-3.0, 62.0),
    "Co": (0.0, 35.0),
    "Ni": (-3.0, 62.0),
    "Cu": (5.0, 79.0),
}
"""First and last grid point of each absorber, eV from the tabulated edge."""

FEFF10_TARGETS = {
    "Mn": "targets_Mn_Fe.json.gz",
    "Fe": "targets_Mn_Fe.json.gz",
    "V": "targets_V_Cr_Co_Ni.json.gz",
    "Ni": "targets_V_Cr_Co_Ni.json.gz",
}

LIMITS: dict[str, Any] = {"max_sites": 40, "max_elements": 5}
"""Of the FEFF10 simulations: what a core can do in a minute."""

FEFF9_ATTRIBUTES = {
    "long_name": "edge-step normalised absorption",
    "source": "Materials Project, by way of OmniXAS",
    "licence": "CC-BY 4.0 (Materials Project), BSD-3-Clause (OmniXAS)",
    "citation": "Mathew et al., Sci. Data 5, 180151 (2018), doi 10.1038/sdata.2018.151; "
    "Jain et al., APL Mater. 1, 011002 (2013), doi 10.1063/1.4812323; by way of OmniXAS, "
    "Kharel et al., arXiv 2409.19552",
    "code": "FEFF 9.9.1",
    "settings": '{"SCF radius": "7 Å", "FMS radius": "9 Å", "core hole": "RPA"}',
}

ATTRIBUTES = {
    "licence": "CC-BY 4.0",
    "structures": "Materials Project (CC-BY 4.0), identifiers in material_id; not included",
    "structures_citation": "Jain et al., APL Mater. 1, 011002 (2013), doi 10.1063/1.4812323",
}


def build(data: Path, absorber: str, out: Path, workers: int) -> BuildResult:
    """Make the dataset of one absorber."""
    options: dict[str, Any] = {
        "absorber": absorber,
        "out": out,
        "store": ROOT / "simulations",
        "workers": workers,
        "energy_range": GRIDS[absorber],
        # The bundle and the study take bond valence only.
        "composition_states": False,
        "attributes": ATTRIBUTES | {"title": f"{absorber} K-edge XANES and PDFs of oxides, simulated"},
    }
    if absorber in FEFF10_TARGETS:
        source = data / "feff10" / FEFF10_TARGETS[absorber]
        return build_dataset(source, simulate=False, **options, **LIMITS)
    spectra = read_spectra_table(
        data / "mp_feff9" / f"{absorber}_spectra.parquet", origin="feff9", attributes=FEFF9_ATTRIBUTES
    )
    source = data / "mp_feff9" / f"{absorber}_structures.parquet"
    return build_dataset(source, spectra=spectra, max_sites=None, **options)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Make the bundled datasets.")
    parser.add_argument(
        "data", type=Path, nargs="?", help="folder with mp_feff9/ and feff10/; without: only the summaries"
    )
    parser.add_argument("--absorber", action="append", choices=BUNDLED_ABSORBERS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "src/edgepair/dataset/bundled")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for absorber in (options.absorber or BUNDLED_ABSORBERS) if options.data else ():
        target = options.out / f"{absorber}.zarr.zip"
        result = build(options.data, absorber, target, options.workers)
        counts = {name: count for name, count in result.counts().items() if name != "done"}
        sizes = result.dataset.sizes
        print(
            f"{absorber}: {sizes['site']} sites, {sizes['material']} materials, "
            f"{target.stat().st_size / 1e6:.2f} MB, {result.seconds:.0f} s; left out: {counts or 'nothing'}",
            flush=True,
        )
    if options.out.samefile(bundled_path("Fe").parent):
        known = {
            name: {"sha256": bundled_digest(name), "summary": summarise(load_bundled(name))}
            for name in BUNDLED_ABSORBERS
        }
        text = json.dumps(known, ensure_ascii=False, indent=1) + "\n"
        (options.out / "summaries.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
