"""Which regions carry the oxidation state of manganese? What is lost when each is exchanged between sites."""

import matplotlib.pyplot as plt

import edgepair

result = edgepair.interpret(
    edgepair.load_bundled("Mn"), tasks=["oxidation_state"], techniques=["xanes", "dpdf"],
    repeats=1, trees=60, shap_rows=0,
)  # fmt: skip
print(result)
regions = result.importances.query("kind == 'permutation' and grouping == 'region'")
figure, panels = plt.subplots(1, 3, figsize=(8.4, 3.4), sharex=True, width_ratios=[1, 1, 1])
for axes, modality in zip(panels, ("xanes", "dpdf", "xanes+dpdf"), strict=True):
    rows = regions[regions["modality"] == modality].iloc[::-1]
    colours = ["C0" if technique == "xanes" else "C2" for technique in rows["technique"]]
    axes.barh(rows["title"], rows["value"], color=colours, alpha=0.85)
    axes.hlines(rows["title"], rows["lower"], rows["upper"], color="black", linewidth=1)
    axes.set(title=modality.replace("xanes", "XANES").replace("dpdf", "dPDF"), xlabel="weighted F1 lost")
    axes.tick_params(axis="y", labelsize=7)
plt.savefig("regions.png")
