"""Where are answers wrong? Bond lengths against their true values, and which oxidation states are confused."""

import edgepair

iron = edgepair.load_bundled("Fe")
result = edgepair.run_study(
    iron, tasks=["oxidation_state", "bond_length"], modalities=["xanes", "pdf"], quick=True, n_jobs=1
)
wrong = result.predictions.query("task == 'oxidation_state' and modality == 'xanes' and true != predicted")
print(wrong[["formula", "true", "predicted"]].drop_duplicates().head(8).to_string(index=False))
edgepair.figures.draw_parity(result, absorber="Fe", task="bond_length").savefig("parity.png", dpi=200)
edgepair.figures.draw_confusion(result, absorber="Fe", task="oxidation_state").savefig("confusion.png", dpi=200)
