"""Standards of your own: a table of compounds and files, measured as the sample was, beat any library.

Made here from the library's cobalt: own standards, and 70 % CoO with 30 % LiCoO2 as the sample, all on
an energy scale that is 3 eV too high and that nobody calibrated.
"""

import csv
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from edgepair.mixtures import fit_mixtures
from edgepair.standards import load_standards, read_standards

library = load_standards("Co", only=["NSLS-II BMM", "LiCoO2"])
known = {one.compound: one for one in library}
with Path("standards.csv").open("w", newline="", encoding="utf-8") as file:
    table = csv.writer(file)
    table.writerow(["file", "compound", "oxidation_state", "coordination_number", "bond_length"])
    for name, one in known.items():
        np.savetxt(f"{name}.dat", np.c_[one.energy + 3, one.mu], header="energy mu")
        table.writerow([f"{name}.dat", name, one.oxidation_state, one.coordination_number, one.bond_length])
own = read_standards("standards.csv")

energy = np.arange(7690.0, 7800.0, 0.4)
parts = {"CoO": 0.7, "LiCoO2": 0.3}
mu = sum(part * np.interp(energy - 3, known[n].energy, known[n].mu) for n, part in parts.items())
mu += np.random.default_rng(0).normal(0, 0.003, len(energy))
figure, panels = plt.subplots(1, 2, sharey=True, figsize=(8.4, 3.8))
for axes, (title, standards) in zip(panels, {"your own": own, "the library": library}.items(), strict=True):
    found = fit_mixtures(energy, mu, standards)
    best = found.fractions[found.fractions["rank"] == 1]
    words = [f"{row.compound} {row.fraction:.2f} ± {row.error:.2f}" for row in best.itertuples()]
    print(f"{title}: {', '.join(words)}; {'; '.join(found.warnings) or 'nothing doubtful'}")
    axes.plot(found.energy, found.mu, ".", color="grey", markersize=3, label="sample")
    axes.plot(found.energy, found.fitted, label="\n".join(words))
    axes.plot(found.energy, found.mu - found.fitted - 0.15, color="C1", label="what is left, 0.15 lower")
    axes.set(title=f"standards: {title}", xlabel="energy as measured (eV)", ylim=(-0.3, 2.3))
    axes.legend(loc="upper left")
panels[0].set(ylabel="normalised µ")
plt.savefig("own_standards.png")
