"""Total and differential PDF of SrTiO3: which peaks are pairs with the metal, by x-rays and neutrons."""

import matplotlib.pyplot as plt
from pymatgen.core import Lattice, Structure

from edgepair.simulation import IDEAL_U_ISO, simulate_pdf
from edgepair.spectra import PDFInstrument, apply_instrument

perovskite = Structure(
    Lattice.cubic(3.905), ["Sr", "Ti", "O", "O", "O"],
    [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]],
)  # fmt: skip
ideal = simulate_pdf(perovskite, ("Ti",))
instrument = PDFInstrument(qmax=25.0, qdamp=0.02, r_step=0.02)
curves = {"G": ideal.G, "Ti": ideal.G_M["Ti"], "G_neutron": ideal.G_neutron}
shown = {
    name: apply_instrument(
        ideal.r, curve, baseline=ideal.baseline[name], ideal_u_iso=IDEAL_U_ISO, instrument=instrument
    )[0]
    for name, curve in curves.items()
}  # fmt: skip
r = instrument.grid()
print(f"first peak of the titanium dPDF at {r[shown['Ti'][r < 2.3].argmax()]:.2f} Å")
figure, axes = plt.subplots(figsize=(6.8, 4.4))
for k, (name, title) in enumerate(zip(shown, ("all pairs", "pairs with Ti", "by neutrons"), strict=True)):
    axes.plot(r, shown[name] - 22 * k, label=title)
for text, distance in {"Ti–O": 1.95, "Sr–O": 2.76, "Sr–Ti": 3.38, "Ti–Ti, Sr–Sr": 3.905}.items():
    axes.axvline(distance, color="grey", linewidth=0.7, linestyle=":")
    axes.text(distance, 23, text, rotation=90, ha="right", va="top", fontsize=8)
axes.set(xlim=(1, 8), ylim=(-62, 24), xlabel="r (Å)", ylabel="G (Å⁻²), shifted")
axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
plt.savefig("pdf_of_a_crystal.png")
