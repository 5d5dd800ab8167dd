"""Which oxidation states of iron are confused? Counts on formulas never seen, and the formulas themselves."""

import edgepair

iron = edgepair.load_bundled("Fe")
result = edgepair.run_study(iron, tasks=["oxidation_state"], modalities=["xanes", "pdf", "dpdf"], quick=True)
wrong = result.predictions.query("modality == 'xanes' and true != predicted")
print(wrong[["formula", "true", "predicted"]].drop_duplicates().head(8).to_string(index=False))
figure = edgepair.figures.draw_confusion(result, absorber="Fe", task="oxidation_state")
figure.savefig("confusion.png", dpi=200)
