"""Write a made-up series: siderite of the library that turns into hematite on heating, with noise.

python examples/made_up_series.py heating         # spectra
python examples/made_up_series.py pdfs --pdf      # PDFs: FeO of the bundle that turns into Fe2O3
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from edgepair.dataset import load_bundled
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


def write_pdfs(folder: str | Path, *, points: int = 25, noise: float = 0.02, seed: int = 3) -> list[Path]:
    """Write PDFs as r in Å and G: simulated ones that expand on heating, with noise up to Qmax."""
    data = load_bundled("Fe")
    formulas = [str(formula) for formula in data["formula"].values]
    r = data["r"].values
    first, last = (data["G"].values[formulas.index(formula)] for formula in ("FeO", "Fe2O3"))
    q = np.arange(0.5, 25.0, np.pi / (r[-1] + 5))
    rng, paths = np.random.default_rng(seed), []
    Path(folder).mkdir(parents=True, exist_ok=True)
    for temperature in range(30, 30 + 20 * points, 20):
        part = 1 / (1 + np.exp(-(temperature - 280) / 30))
        G = np.interp(r / (1 + 1.2e-5 * (temperature - 30)), r, (1 - part) * first + part * last)
        ripples = rng.normal(size=len(q)) * q @ np.sin(q[:, None] * r)
        G += ripples * noise * G.std() / ripples.std()
        path = Path(folder) / f"sample_{temperature}C.gr"
        rows = "\n".join(f"{x:.2f} {y:.5f}" for x, y in zip(r, G, strict=True))
        path.write_text(f"mode = xray\nqmax = 25.0\n#### start data\n{rows}\n", encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "heating"
    write = write_pdfs if "--pdf" in sys.argv else write_series
    print(f"{len(write(where))} files in {where}")
