"""A series of scans while something changes: how many components, their fractions, and the mean state.

The files are made here: siderite of the library that turns into hematite between 200 and 360 °C, with noise.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import edgepair
from edgepair.standards import load_standards

bmm = {one.compound: one for one in load_standards("Fe", only=["NSLS-II BMM"])}
energy = np.r_[np.arange(7010.0, 7092, 4), np.arange(7092.0, 7140, 0.3), np.arange(7140.0, 7320, 2)]
low, high = (np.interp(energy, one.energy, one.mu) for one in (bmm["siderite"], bmm["hematite"]))
rng = np.random.default_rng(0)
Path("heating").mkdir(exist_ok=True)
for celsius in range(100, 460, 30):
    part = 1 / (1 + np.exp(-(celsius - 280) / 30))
    mu = low + part * (high - low) + rng.normal(0, 0.004, len(energy))
    np.savetxt(f"heating/sample_{celsius}C.dat", np.c_[energy, mu], header="energy mu")

series = edgepair.read_series(sorted(Path("heating").glob("*.dat")), shift=0.0)
result = edgepair.analyse_series(series)
print(result)
axis, state = series.axis, result.points["oxidation_state"]
band = [result.points[f"oxidation_state_{end}"] for end in ("lower", "upper")]
figure, (left, right) = plt.subplots(1, 2)
for compound, rows in result.fractions.table.groupby("compound", sort=False):
    left.errorbar(rows["position"], rows["fraction"], rows["error"], fmt="o-", label=compound)
left.set(xlabel=f"{axis.name} ({axis.unit})", ylabel="fraction")
left.legend()
right.fill_between(axis.values, *band, alpha=0.2)
right.plot(axis.values, state, "o-", label="model, 90 % intervals")
right.plot(axis.values, result.fractions.values["oxidation_state"], "s--", label="fractions of standards")
right.set(xlabel=f"{axis.name} ({axis.unit})", ylabel="oxidation state")
right.legend()
plt.savefig("a_series_of_scans.png")
