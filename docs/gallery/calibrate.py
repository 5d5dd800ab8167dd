"""Calibrate energies by a metal foil, and see what an uncalibrated scale does to an answer.

Made here: magnetite of the library and a foil with the edge of iron, both read 1.7 eV too high.
"""

import matplotlib.pyplot as plt
import numpy as np

import edgepair
from edgepair.conventions import edge_energy
from edgepair.spectra import read_foil
from edgepair.standards import load_standards

error = 1.7
energy = np.arange(7020.0, 7300.0, 0.4)
magnetite = load_standards("Fe", only=["bmm-standards__Fe-Magnetite.xdi"])[0]
mu = np.interp(energy, magnetite.energy, magnetite.mu)
rise = energy - edge_energy("Fe")
metal = 0.35 / (1 + np.exp(-rise / 0.7)) + 0.65 / (1 + np.exp(-(rise - 9) / 2.5))

foil = read_foil(energy + error, metal, "Fe")
print(f"first inflection of the foil at {foil.energy:.2f} eV: add {foil.shift:+.2f} eV")
scales = {"unknown": {}, "trusted as it is": {"shift": 0.0}, "calibrated by the foil": {"foil": foil}}
figure, (left, right) = plt.subplots(1, 2, width_ratios=[1.2, 1])
left.plot(energy + error, metal, label="foil, as measured")
left.plot(energy + error + foil.shift, metal, label="foil, calibrated")
left.axvline(edge_energy("Fe"), color="grey", linestyle=":", label="edge in tables")
left.set(xlim=(7095, 7150), xlabel="energy (eV)", ylabel="normalised µ")
left.legend(loc="lower right")
for name, scale in scales.items():
    answer = edgepair.predict((energy + error, mu), absorber="Fe", explain=False, **scale)
    state = answer.table.set_index("task").loc["oxidation_state"]
    print(f"{name}: {state['value']:.2f} ({state['lower']:.2f} to {state['upper']:.2f})")
    right.plot(state["value"], name, "o")
    right.plot([state["lower"], state["upper"]], [name, name], color=right.lines[-1].get_color())
right.axvline(2.667, color="grey", linestyle=":")
right.set(xlim=(2, 3.5), ylim=(-0.5, 2.5), xlabel="oxidation state", title="energy scale (magnetite: 2.667)")
plt.savefig("calibrate.png")
