"""Read a spectrum and normalise it: where the background is fitted, and what flattening does.

The file is made here: hematite of the library of standards, on a background of our own.
"""

import matplotlib.pyplot as plt
import numpy as np

import edgepair
from edgepair.spectra import normalize_mu
from edgepair.standards import load_standards

hematite = load_standards("Fe", only=["bmm-standards__Fe-Hematite.xdi"])[0]
measured = 0.7 * hematite.mu + 1.6 - 0.0009 * (hematite.energy - 7112)
np.savetxt("hematite.dat", np.c_[hematite.energy, measured], header="energy mutrans")

scan = edgepair.read_xanes("hematite.dat")[0]
done = normalize_mu(scan.energy, scan.mu)
print(scan)
print(f"E0 {done.e0:.1f} eV, edge step {done.edge_step:.3f}, post-edge of degree {done.degree}")

figure, (left, right) = plt.subplots(1, 2)
left.plot(scan.energy, scan.mu, label="as measured")
for name, (first, last), colour in (("pre-edge", done.pre, "C4"), ("post-edge", done.post, "C2")):
    left.axvspan(done.e0 + first, done.e0 + last, color=colour, alpha=0.2, label=f"{name} fitted here")
right.plot(done.energy, done.norm, label="normalised")
right.plot(done.energy, done.mu, label="and flattened")
for axes, what in ((left, "µ"), (right, "normalised µ")):
    axes.set(xlabel="energy (eV)", ylabel=what)
    axes.legend()
plt.savefig("read_and_normalise.png")
