"""Which technique tells most of manganese? Scores on formulas never seen, with 95 % intervals.

The quick settings: the numbers of `edgepair study` rest on more trees and repeats.
"""

import edgepair

manganese = edgepair.load_bundled("Mn")
result = edgepair.run_study(manganese, quick=True, n_jobs=1)
print(result)
for finding in result.findings:
    print(finding.sentence)
edgepair.figures.draw_scores(result).savefig("study_scores.png", dpi=200)
