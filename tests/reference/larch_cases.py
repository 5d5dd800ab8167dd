"""Spectra and settings that are normalised by edgepair and by Larch alike.

Run as a script, by a Python that has both, it writes what Larch gives to ``larch_numbers.json``.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepair.conventions import edge_energy
from edgepair.measured import read_xanes
from edgepair.spectra import find_e0, normalize_mu

Floats = NDArray[np.float64]
NUMBERS = Path(__file__).with_name("larch_numbers.json")
SAMPLES = (-60.0, -25.0, -8.0, -2.0, 0.0, 3.0, 8.0, 20.0, 45.0, 90.0, 180.0, 400.0)
"""eV from E0 at which values are stored."""

# The label that the columns of PETRA III P65 lack: index, mu_definition -ln(c12/c11).
_P65 = "-ln($12/$11)"


@dataclass(frozen=True)
class Case:
    """One spectrum and how it is normalised."""

    name: str
    energy: Floats
    mu: Floats
    e0: float
    pre: tuple[float, float]
    post: tuple[float, float]
    degree: int


def made_cases() -> Iterator[Case]:
    """Make spectra by formula: transmission, fluorescence on a slope, short, and pre-normalised ones."""
    long = np.r_[np.arange(-200, -30, 10.0), np.arange(-30, -15, 2.0), np.arange(-15, 40, 0.3)]
    long = 7112 + np.r_[long, np.arange(40, 800, 3.0)]
    short = 7112 + np.arange(-57, 128, 0.7)
    for name, energy, slope, scale, pre, post, degree in (
        ("transmission", long, -6e-4, 0.8, (-150.0, -30.0), (50.0, 500.0), 2),
        ("fluorescence", long, 3e-4, 0.02, (-150.0, -30.0), (50.0, 500.0), 2),
        ("linear post-edge", long, -6e-4, 1.7, (-180.0, -50.0), (80.0, 250.0), 1),
        ("short", short, -2e-4, 0.5, (-50.0, -20.0), (45.0, 115.0), 0),
        ("scaled before", long, 0.0, 1.0, (-120.0, -25.0), (60.0, 700.0), 2),
    ):
        x = energy - 7124.0
        k = np.sqrt(np.clip(x, 0, None) * 0.2625)
        edge = 0.5 + np.arctan(x / 1.5) / np.pi + 0.5 * np.exp(-(((x - 7) / 5) ** 2))
        waves = np.where(x > 0, 0.3 * np.sin(4 * k + 1) * np.exp(-0.05 * k**2), 0.0)
        mu = scale * (edge + waves) + slope * x + (1.3 if slope < 0 else 0.0) + 1e-7 * x**2
        yield Case(name, energy, mu, 7123.4, pre, post, degree)


def indexed_cases(experiment: Path, names: Container[str] | None = None) -> Iterator[Case]:
    """Take every spectrum of the index, or those of some names, with our E0 and ranges."""
    with (experiment / "xanes_index.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        name = f"{row['file']} {row['item']}".strip()
        if names is not None and name not in names:
            continue
        options: dict[str, Any] = {"item": row["item"]} if row["item"] else {}
        if row["mu_definition"].startswith("-ln(c12/c11)"):
            options["mu"] = _P65
        scan = read_xanes(experiment / row["file"], absorber=row["element"], **options)[0]
        e0 = find_e0(scan.energy, scan.mu, near=edge_energy(row["element"]))
        ours = normalize_mu(scan.energy, scan.mu, e0=e0)
        yield Case(name, scan.energy, scan.mu, ours.e0, ours.pre, ours.post, ours.degree)


def has_both_regions(case: Case) -> bool:
    """Say whether a line can be fitted before the edge, and something 40 eV long after it."""
    return case.pre[0] <= -23 and case.post[1] >= 50


def by_larch(case: Case) -> tuple[float, Floats, Floats]:
    """Normalise by Larch: edge step, norm, flat."""
    from larch import Group  # type: ignore[import-not-found, unused-ignore]
    from larch.xafs import pre_edge  # type: ignore[import-not-found, unused-ignore]

    group = Group(energy=case.energy.copy(), mu=case.mu.copy())
    pre_edge(
        group, e0=case.e0, pre1=case.pre[0], pre2=case.pre[1],
        norm1=case.post[0], norm2=case.post[1], nnorm=case.degree,
    )  # fmt: skip
    return float(group.edge_step), np.asarray(group.norm), np.asarray(group.flat)


def sampled(case: Case, values: Floats) -> list[float]:
    """Cut a curve down to what is stored."""
    inside = [at for at in SAMPLES if case.energy[0] <= case.e0 + at <= case.energy[-1]]
    found: list[float] = np.interp(case.e0 + np.array(inside), case.energy, values).round(7).tolist()
    return found


def main(experiment: Path) -> None:
    """Write what Larch gives."""
    import larch  # type: ignore[import-not-found, unused-ignore]

    stored = {}
    for case in [*made_cases(), *filter(has_both_regions, indexed_cases(experiment))]:
        step, norm, flat = by_larch(case)
        settings = {"e0": case.e0, "pre": case.pre, "post": case.post, "degree": case.degree}
        stored[case.name] = settings | {
            "edge_step": step, "norm": sampled(case, norm), "flat": sampled(case, flat),
        }  # fmt: skip
    lines = [f"{json.dumps(name)}: {json.dumps(numbers)}" for name, numbers in stored.items()]
    text = f'{{"program": "xraylarch {larch.__version__}",\n"spectra": {{\n' + ",\n".join(lines) + "\n}}\n"
    NUMBERS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
