"""Which technique tells most of iron and manganese? Scores on formulas never seen, with 95 % intervals.

The quick settings: the numbers of `edgepair study` rest on more trees and repeats.
"""

import edgepair

oxides = [edgepair.load_bundled(metal) for metal in ("Mn", "Fe")]
result = edgepair.run_study(oxides, tasks=["oxidation_state", "bond_length"], quick=True)
print(result)
for finding in result.findings[:4]:
    print(finding.sentence)
edgepair.figures.draw_scores(result).savefig("study_scores.png", dpi=200)
