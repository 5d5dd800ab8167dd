"""Which standards is a spectrum most like? The nearest ones, laid beside it.

Made here: maghemite of the library with noise: itself comes first, and then what is most like it.
"""

import matplotlib.pyplot as plt
import numpy as np

import edgepair
from edgepair.standards import load_standards

maghemite = load_standards("Fe", only=["maghemite"])[1]
noise = np.random.default_rng(0).normal(0, 0.004, len(maghemite.energy))
answer = edgepair.predict((maghemite.energy, maghemite.mu + noise), absorber="Fe", shift=0.0, explain=False)
print(answer)
print(answer.nearest[["rank", "kind", "name", "distance", "oxidation_state"]].to_string(index=False))

sample, *nearest = answer.curves["xanes"]
figure, axes = plt.subplots()
for k, curve in enumerate(nearest):
    axes.plot(curve.x, curve.y - 0.25 * k, color=f"C{k + 1}", label=curve.name)
    axes.plot(sample.x, sample.y - 0.25 * k, color="black", linewidth=0.8, linestyle="--")
axes.plot([], [], color="black", linewidth=0.8, linestyle="--", label="the sample, on each")
axes.set(xlabel="energy (eV)", ylabel="normalised µ, shifted", title="the standards most like maghemite",
         xlim=(nearest[0].x[0], nearest[0].x[-1]))  # fmt: skip
axes.legend(fontsize=7)
plt.savefig("compare_with_standards.png")
