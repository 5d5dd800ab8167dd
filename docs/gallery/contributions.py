"""What does each technique know that the other does not? Unique and shared parts of a score."""

import matplotlib.pyplot as plt

import edgepair

result = edgepair.run_study(
    edgepair.load_bundled("Mn"), tasks=["coordination_number"], contributions=True, quick=True
)
rows = result.contributions.query("metric == 'f1_weighted' and of in ['xanes+dpdf', 'xanes+pdf']")
parts = rows[rows["kind"].isin(["unique", "shared", "together"])]
print(parts[["of", "kind", "technique", "value", "lower", "upper"]].to_string(index=False))

figure, axes = plt.subplots(figsize=(6.8, 2.6))
for place, (pair, other) in enumerate([("xanes+dpdf", "dpdf"), ("xanes+pdf", "pdf")]):
    left = 0.0
    mine = parts[parts["of"] == pair].set_index(["kind", "technique"])["value"]
    for (kind, technique), colour in (
        (("unique", "xanes"), "C0"), (("shared", f"xanes&{other}"), "C5"), (("unique", other), "C2"),
    ):  # fmt: skip
        value = mine[kind, technique]
        axes.barh(place, value, left=left, color=colour, alpha=0.85)
        axes.text(left + value / 2, place, f"{value:.2f}", ha="center", va="center", color="white")
        left += value
axes.set(xlabel="weighted F1 above that of a guess")
axes.set_yticks([0, 1], ["XANES + dPDF", "XANES + PDF"])
axes.legend(["only XANES", "both", "only the PDF"], ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
plt.savefig("contributions.png")
