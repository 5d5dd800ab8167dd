"""Make the spectra of metal foils that foils are recognised by: src/edgepair/spectra/foils.csv.

usage: python scripts/make_foils.py SHARED_DATA
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from edgepair.measured import read_xanes
from edgepair.spectra import normalize_mu
from edgepair.spectra.alignment import METALS, foil_energy

TARGET = Path(__file__).resolve().parents[1] / "src" / "edgepair" / "spectra" / "foils.csv"
GRID = np.arange(-10.0, 40.5, 0.5)
HEADER = """\
# Edge-step normalised K edges of metal foils against eV from their first inflection.
# NIST reference library measured at NSLS-II BMM, doi 10.18434/mds2-4032; written by scripts/make_foils.py
"""


def main() -> None:
    """Write the table."""
    folder = Path(sys.argv[1]) / "experiment" / "foils"
    columns = []
    for metal in METALS:
        file = next(iter(sorted(folder.glob(f"*__{metal}-K-*"))))
        (scan,) = read_xanes(file, mu="ln($6/$7)")
        spectrum = normalize_mu(scan.energy, scan.mu)
        at = foil_energy(scan.energy, scan.mu, metal)
        columns.append(np.interp(at + GRID, spectrum.energy, spectrum.mu))
    lines = [",".join(["energy_eV", *METALS])]
    lines += [
        f"{x:g}," + ",".join(f"{value:.4f}" for value in row)
        for x, row in zip(GRID, np.array(columns).T, strict=True)
    ]
    TARGET.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
