"""How do the spectra of iron in oxides differ with its oxidation state? Mean curves and their spread."""

import matplotlib.pyplot as plt
import numpy as np

import edgepair

iron = edgepair.load_bundled("Fe")
print(iron.edgepair.summary()["tasks"]["oxidation_state"]["classes"])
figure, axes = plt.subplots()
for state in (2, 3, 4):
    mu = iron["mu"][(iron["oxidation_state"] == state).values]
    low, middle, high = np.percentile(mu, (16, 50, 84), axis=0)
    line = axes.plot(iron["energy"], middle, label=f"Fe$^{{{state}+}}$, {len(mu)} sites")[0]
    axes.fill_between(iron["energy"], low, high, color=line.get_color(), alpha=0.18)
axes.set(xlabel="energy (eV)", ylabel="normalised µ", title="simulated; bands hold two thirds of the sites")
axes.legend()
plt.savefig("curves_by_class.png")
