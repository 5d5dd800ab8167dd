"""A forest of one's own, in scikit-learn: what it loses when stretches of unseen spectra are exchanged."""

import matplotlib.pyplot as plt
import numpy as np

import edgepair
from edgepair.dataset import select_sites

manganese = edgepair.load_bundled("Mn")
manganese = select_sites(manganese, np.flatnonzero(manganese["oxidation_state"].isin([2, 3, 4])))
held_out = manganese.edgepair.split(folds=5, task="oxidation_state").values[0] == 0
mu, state = manganese["mu"].values, manganese["oxidation_state"].values.astype(int)
energy = manganese["energy"].values

forest = edgepair.OxideForestClassifier(axis=energy, random_state=0).fit(mu[~held_out], state[~held_out])
score = forest.score(mu[held_out], state[held_out])
print(f"accuracy on unseen formulas: {score:.2f}")
rng, starts, lost = np.random.default_rng(0), np.arange(energy[0], energy[-1], 4.0), []
for start in starts:
    stretch = (energy >= start) & (energy < start + 4)
    worse = []
    for _ in range(8):
        exchanged = mu[held_out].copy()
        exchanged[:, stretch] = rng.permutation(exchanged[:, stretch])
        worse.append(score - forest.score(exchanged, state[held_out]))
    lost.append(np.mean(worse))

figure, (above, below) = plt.subplots(2, 1, sharex=True, height_ratios=[2, 1])
for one in (2, 3, 4):
    above.plot(energy, mu[state == one].mean(axis=0), label=f"Mn$^{{{one}+}}$")
above.set(ylabel="mean normalised µ")
above.legend()
below.bar(starts, lost, width=4, align="edge", color="C3", edgecolor="white")
below.set(xlabel="energy (eV)", ylabel="accuracy lost")
plt.savefig("where_the_forest_looks.png")
