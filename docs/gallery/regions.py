"""Which named regions of a spectrum carry the answers for manganese? Pre-edge, edge, white line and after."""

import edgepair

manganese = edgepair.load_bundled("Mn")
result = edgepair.interpret(
    manganese, tasks=["oxidation_state"], techniques=["xanes", "dpdf"], repeats=1, trees=60, shap_rows=0, n_jobs=1
)
print(result)
print(result.importances)
