"""At which energies and distances does a forest read the oxidation state of manganese? On the mean curves."""

import edgepair

manganese = edgepair.load_bundled("Mn")
result = edgepair.run_study(
    manganese, tasks=["oxidation_state"], modalities=["xanes", "dpdf", "xanes+dpdf"], quick=True
)
points = result.importances.query("modality == 'xanes' and kind == 'impurity'")
print(points.nlargest(5, "value")[["position", "unit", "value", "lower", "upper"]].to_string(index=False))
figure = edgepair.figures.draw_importances(result, absorber="Mn", task="oxidation_state")
figure.savefig("importances.png", dpi=200)
