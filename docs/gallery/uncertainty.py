"""How sure is an answer, and how much noise does it bear? Intervals of 90 % as a spectrum gets worse.

Made here: lepidocrocite of the library, with more and more noise.
"""

import matplotlib.pyplot as plt
import numpy as np

import edgepair
from edgepair.standards import load_standards

standard = load_standards("Fe", only=["bmm-standards__Fe-Lepidocrocite.xdi"])[0]
rng, levels = np.random.default_rng(0), np.array([0.002, 0.005, 0.01, 0.02, 0.05, 0.1])
samples = [(standard.energy, standard.mu + rng.normal(0, level, len(standard.mu))) for level in levels]
answers = edgepair.predict(samples, absorber="Fe", shift=0.0, explain=False)
print(answers)
figure, panels = plt.subplots(1, 3, figsize=(8.4, 3.2))
for axes, task in zip(panels, ("oxidation_state", "coordination_number", "bond_length"), strict=True):
    rows = answers.table.query("task == @task")
    axes.fill_between(levels, rows["lower"], rows["upper"], alpha=0.2)
    axes.semilogx(levels, rows["value"], "o-")
    axes.axhline(getattr(standard, task), color="grey", linestyle=":")
    axes.set(title=task.replace("_", " "), xlabel="noise (edge steps)")
plt.savefig("uncertainty.png")
