"""From crystal structures to XANES, PDFs and labels: two manganese oxides through FEFF10 and PDFfit2.

The structures are made here from the usual cells of rock salt and rutile; small spheres, to take seconds.
"""

from pathlib import Path

import matplotlib.pyplot as plt
from pymatgen.core import Lattice, Structure

import edgepair
from edgepair.simulation import Feff10

Path("cifs").mkdir(exist_ok=True)
rock_salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.44), ["Mn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
rutile = Structure.from_spacegroup(
    "P4_2/mnm", Lattice.tetragonal(4.40, 2.87), ["Mn", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
)
rock_salt.to("cifs/MnO.cif")
rutile.to("cifs/MnO2.cif")

small = Feff10(cards={"SCF": "3 0 8 .2 3", "FMS": "4 0", "XANES": "3 .1 .3"})
built = edgepair.build_dataset("cifs", absorber="Mn", out="mn.zarr", simulator=small, workers=1)
oxides = built.dataset
print(built.counts())
print(oxides[["oxidation_state", "coordination_number", "bond_length"]].to_dataframe())

figure, (left, right) = plt.subplots(1, 2)
for site, name in enumerate(oxides["formula"].values):
    state = int(oxides["oxidation_state"][site])
    left.plot(oxides["energy"], oxides["mu"][site], label=f"{name}, Mn$^{{{state}+}}$")
    right.plot(oxides["r"], oxides["G_M"][site], label=name)
left.set(xlabel="energy (eV)", ylabel="normalised µ")
right.set(xlabel="r (Å)", ylabel="G$_{Mn}$ (Å⁻²)", xlim=(1, 8), ylim=(-8, 22))
left.legend()
plt.savefig("build_a_dataset.png")
