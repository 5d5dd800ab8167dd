"""Compare our FEFF10 spectra with the Materials Project's FEFF9 spectra of the same sites.

usage: python scripts/compare_feff.py SHARED_DATA

Each FEFF10 spectrum is shifted in energy by one constant and scaled by one factor (the sources
normalise differently) to lie best on its partner; R² is over the range that both have.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

ROOT = Path(__file__).resolve().parents[1]
STEP = 0.25


def overlap_r2(
    shift: float, energy: np.ndarray, mu: np.ndarray, partner_energy: np.ndarray, partner_mu: np.ndarray
) -> float:
    """R² of a spectrum, shifted and scaled, against its partner."""
    moved = energy + shift
    grid = np.arange(max(moved[0], partner_energy[0]), min(moved[-1], partner_energy[-1]), STEP)
    ours = np.interp(grid, moved, mu)
    theirs = np.interp(grid, partner_energy, partner_mu)
    ours *= (ours @ theirs) / (ours @ ours)
    return float(1 - np.sum((ours - theirs) ** 2) / np.sum((theirs - theirs.mean()) ** 2))


def compare(folder: Path, absorber: str) -> pd.DataFrame:
    """Shift and R² of every site that both have."""
    table = pd.read_parquet(folder / "mp_feff9" / f"{absorber}_spectra.parquet")
    partners = {
        (str(row.mp_id), int(row.site)): (np.asarray(row.energy, float), np.asarray(row.mu, float))
        for row in table.itertuples(index=False)
    }
    rows = []
    with gzip.open(ROOT / "simulations" / f"{absorber}.jsonl.gz", "rt") as lines:
        for row in map(json.loads, lines):
            material_id, site = row["about"]["material_id"], row["about"]["site"]
            partner = partners.get((material_id, site))
            if partner is None:
                continue
            ours = (np.asarray(row["value"]["x"]), np.asarray(row["value"]["y"]), *partner)

            def loss(shift: float, ours: tuple[np.ndarray, ...] = ours) -> float:
                return -overlap_r2(shift, *ours)

            start = min(np.arange(-6, 6.1, 0.5), key=loss)
            best = minimize_scalar(loss, bounds=(start - 0.5, start + 0.5), method="bounded")
            rows.append({"mp_id": material_id, "site": site, "shift": best.x, "r2": -best.fun})
    return pd.DataFrame(rows)


def main(folder: Path) -> None:
    """Print a row per absorber."""
    print("| absorber | sites | R² median | R² lowest | shift median, eV | shift scatter, eV |")
    print("|---|---|---|---|---|---|")
    for absorber in ("Ti", "Cu"):
        found = compare(folder, absorber)
        print(
            f"| {absorber} | {len(found)} | {found.r2.median():.4f} | {found.r2.min():.4f} "
            f"| {found['shift'].median():+.2f} | {found['shift'].std():.2f} |"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
