"""What is a sample mixed of? Linear combinations of standards, and which fit as well.

Made here: 60 % hematite, 30 % siderite and 10 % magnetite of the library, with noise.
"""

import matplotlib.pyplot as plt
import numpy as np

from edgepair.mixtures import fit_mixtures
from edgepair.standards import load_standards

standards = load_standards("Fe", only=["NSLS-II BMM"])
known = {one.compound: one for one in standards}
energy = np.arange(7080.0, 7230.0, 0.4)
parts = {"hematite": 0.6, "siderite": 0.3, "magnetite": 0.1}
mu = sum(part * np.interp(energy, known[name].energy, known[name].mu) for name, part in parts.items())
mu += np.random.default_rng(0).normal(0, 0.003, len(energy))

found = fit_mixtures(energy, mu, standards)
print(found.table[["compounds", "fractions", "errors", "reduced_chi_square", "as_good"]].head(5).to_string())
best = found.fractions[found.fractions["rank"] == 1]
figure, axes = plt.subplots()
axes.plot(found.energy, found.mu, ".", color="grey", markersize=3, label="sample")
axes.plot(found.energy, found.fitted, label="best combination")
for row in best.itertuples():
    standard = known[row.compound]
    part = row.fraction * np.interp(found.energy, standard.energy, standard.mu)
    name = f"{row.compound} {row.fraction:.2f} ± {row.error:.2f}"
    axes.fill_between(found.energy, part, alpha=0.3, label=name)
axes.plot(found.energy, found.mu - found.fitted - 0.1, color="C5", label="what is left, 0.1 lower")
axes.set(xlabel="energy (eV)", ylabel="normalised µ", ylim=(-0.2, 1.75))
axes.legend(ncols=2)
plt.savefig("mixtures.png")
