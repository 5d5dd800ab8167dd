"""Write a made-up series: siderite of the library that turns into hematite on heating, with noise.

python examples/made_up_series.py heating
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from edgepair.standards import load_standards


def write_series(folder: str | Path, *, points: int = 25, noise: float = 0.004, seed: int = 3) -> list[Path]:
    """Write spectra as two columns, energy in eV and absorption with a background."""
    known = {one.compound: one for one in load_standards("Fe") if np.isfinite(one.energy_shift)}
    first, last = known["siderite"], known["hematite"]
    energy = np.r_[np.arange(7010.0, 7092, 5), np.arange(7092.0, 7140, 0.3), np.arange(7140.0, 7350, 2)]
    rng, paths = np.random.default_rng(seed), []
    Path(folder).mkdir(parents=True, exist_ok=True)
    for temperature in range(30, 30 + 20 * points, 20):
        part = 1 / (1 + np.exp(-(temperature - 280) / 30))
        mu = (1 - part) * np.interp(energy, first.energy, first.mu)
        mu += part * np.interp(energy, last.energy, last.mu)
        mu = 0.8 * mu + 0.3 + 1e-4 * (7400 - energy) + rng.normal(0, noise, len(energy))
        path = Path(folder) / f"sample_{temperature}C.dat"
        rows = "\n".join(f"{x:.2f} {y:.6f}" for x, y in zip(energy, mu, strict=True))
        path.write_text(f"# energy mu\n{rows}\n", encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "heating"
    print(f"{len(write_series(where))} spectra in {where}")
