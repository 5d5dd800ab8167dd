"""What does each technique know that the other does not? Unique, shared and only-together parts of a score."""

import matplotlib.pyplot as plt

import edgepair

manganese = edgepair.load_bundled("Mn")
result = edgepair.run_study(
    manganese, tasks=["oxidation_state", "coordination_number"], contributions=True, quick=True, n_jobs=1
)
print(result.contributions)
