"""How well are bond lengths of iron told? Predicted against true ones, and where they differ most."""

import edgepair

iron = edgepair.load_bundled("Fe")
result = edgepair.run_study(iron, tasks=["bond_length"], modalities=["xanes", "pdf", "dpdf"], quick=True)
found = result.predictions.query("modality == 'xanes' and learner == 'forest'")
worst = found.assign(error=found["predicted"] - found["true"]).sort_values("error", key=abs).tail(5)
print(worst[["formula", "true", "predicted", "error"]].round(3).to_string(index=False))
edgepair.figures.draw_parity(result, absorber="Fe", task="bond_length").savefig("parity.png", dpi=200)
