"""At which energies does a forest find manganese's oxidation state? scikit-learn's permutation importance."""

import numpy as np
from sklearn.inspection import permutation_importance

import edgepair
from edgepair.dataset import select_sites


def main() -> None:
    """Fit on four folds of formulas, permute the points of the fifth, and print the energies worth most."""
    manganese = edgepair.load_bundled("Mn")
    manganese = select_sites(manganese, np.flatnonzero(manganese["oxidation_state"].isin([2, 3, 4])))
    held_out = manganese.edgepair.split(folds=5, task="oxidation_state").values[0] == 0
    mu, state = manganese["mu"].values, manganese["oxidation_state"].values.astype(int)
    energy = manganese["energy"].values
    forest = edgepair.OxideForestClassifier(axis=energy, random_state=0).fit(mu[~held_out], state[~held_out])
    print(f"accuracy on unseen formulas: {forest.score(mu[held_out], state[held_out]):.2f}")
    worth = permutation_importance(forest, mu[held_out], state[held_out], n_repeats=1, random_state=0)
    for k in np.argsort(worth.importances_mean)[:-4:-1]:
        print(f"{energy[k]:.2f} eV: {worth.importances_mean[k]:+.3f}")


if __name__ == "__main__":
    main()
