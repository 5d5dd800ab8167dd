"""Is a PDF worth measuring beside the XANES of manganese, and up to which Q? With 95 % intervals."""

import matplotlib.pyplot as plt

import edgepair

advice = edgepair.advise(edgepair.load_bundled("Mn"), task="coordination_number")
print(*advice.recommendation[:3], sep="\n")
gains = advice.gains.query("metric == 'f1_weighted'").iloc[::-1]
levels = advice.requirements.query("quantity == 'qmax'")

figure, (left, right) = plt.subplots(1, 2)
names = [f"{add} added to {have}" for have, add in zip(gains["have"], gains["add"], strict=True)]
left.hlines(names, gains["lower"], gains["upper"])
left.plot(gains["value"], names, "o")
left.axvline(0, color="grey", linestyle=":")
left.set(xlabel="gain in weighted F1")
for technique, rows in levels.groupby("technique", sort=False):
    name = technique.replace("pdf", "PDF")
    right.plot(rows["level"], rows["value"], "o-", label=name)
    right.fill_between(rows["level"], rows["lower"], rows["upper"], alpha=0.15)
right.set(xlabel="Qmax (Å⁻¹)", ylabel="weighted F1")
right.legend()
plt.savefig("advice.png")
