"""Why this answer? What each stretch of one spectrum adds to its oxidation state, beside the average."""

import matplotlib.pyplot as plt

import edgepair
from edgepair.standards import load_standards

ilmenite = load_standards("Fe", only=["ilmenite"])[0]
answer = edgepair.predict((ilmenite.energy, ilmenite.mu), absorber="Fe", shift=0.0)
print(answer)
regions = edgepair.interpret_sample(answer, tasks=["oxidation_state"])
print(regions[["region", "contribution"]].to_string(index=False))

added = answer.explanation.query("task == 'oxidation_state'")
sample = answer.curves["xanes"][0]
figure, (above, below) = plt.subplots(2, 1, sharex=True)
above.plot(sample.x, sample.y, color="black")
above.set(ylabel="normalised µ", title="ilmenite: from the average of the training data to Fe$^{2+}$")
for k, (name, rows) in enumerate(added.groupby("region", sort=False)):
    colour = f"C{(4, 0, 3, 2)[k]}"
    below.bar(rows["position"], rows["contribution"], width=2, label=name, color=colour)
    above.axvspan(rows["position"].min() - 1, rows["position"].max() + 1, color=colour, alpha=0.1)
below.set(xlabel="energy (eV)", ylabel="added to the state", xlim=(7095, 7185))
below.legend(loc="lower right")
plt.savefig("explain_one_answer.png")
