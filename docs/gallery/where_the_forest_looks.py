"""A forest of one's own in scikit-learn: permutation importance of energies for manganese's oxidation state."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import permutation_importance

import edgepair
from edgepair.dataset import select_sites

manganese = edgepair.load_bundled("Mn")
manganese = select_sites(manganese, np.flatnonzero(manganese["oxidation_state"].isin([2, 3, 4])))
held_out = manganese.edgepair.split(folds=5, task="oxidation_state").values[0] == 0
mu, state = manganese["mu"].values, manganese["oxidation_state"].values.astype(int)
energy = manganese["energy"].values

forest = edgepair.OxideForestClassifier(axis=energy, random_state=0).fit(mu[~held_out], state[~held_out])
print(f"accuracy on unseen formulas: {forest.score(mu[held_out], state[held_out]):.2f}")
worth = permutation_importance(forest, mu[held_out], state[held_out], n_repeats=1, random_state=0)

figure, (above, below) = plt.subplots(2, 1, sharex=True, height_ratios=[2, 1])
for one in (2, 3, 4):
    above.plot(energy, mu[state == one].mean(axis=0), label=f"Mn$^{{{one}+}}$")
above.set(ylabel="mean normalised µ")
above.legend()
below.bar(energy, worth.importances_mean, width=energy[1] - energy[0], color="C3")
below.set(xlabel="energy (eV)", ylabel="accuracy lost")
plt.savefig("where_the_forest_looks.png")
