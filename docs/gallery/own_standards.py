"""Standards of your own: a table of compounds and files, and how an answer changes with them.

Made here: standards of cobalt from the library and a sample, all on a scale that is 3 eV too high.
"""

import csv

import matplotlib.pyplot as plt
import numpy as np

import edgepair
from edgepair.standards import load_standards, read_standards

moved = 3.0
library = {one.compound: one for one in load_standards("Co")}
with open("standards.csv", "w", newline="", encoding="utf-8") as file:
    table = csv.writer(file)
    table.writerow(["file", "compound", "oxidation_state", "coordination_number", "bond_length"])
    for name in ("CoO", "Co3O4", "CoAl2O4"):
        one = library[name]
        np.savetxt(f"{name}.dat", np.c_[one.energy + moved, one.mu], header="energy mu")
        table.writerow([f"{name}.dat", name, one.oxidation_state, one.coordination_number, one.bond_length])

own = read_standards("standards.csv")
print(*own, sep="\n")
