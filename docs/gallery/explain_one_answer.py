"""Why this answer? What each stretch of one spectrum adds to its oxidation state, against the average."""

import matplotlib.pyplot as plt
import numpy as np

import edgepair
from edgepair.standards import load_standards

ilmenite = load_standards("Fe", only=["ilmenite"])[0]
answer = edgepair.predict((ilmenite.energy, ilmenite.mu), absorber="Fe", shift=0.0)
print(answer)
regions = edgepair.interpret_sample(answer)
print(regions.head())
print(answer.explanation.head())
