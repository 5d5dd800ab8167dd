"""How does an instrument change a PDF? LaFeO3 of the bundle, ideal and through two instruments."""

import matplotlib.pyplot as plt

import edgepair

instruments = {
    "ideal": None,
    "beamline, Qmax 25 Å⁻¹": edgepair.PDFInstrument(qmax=25.0, qdamp=0.03, r_step=0.02),
    "laboratory, Qmax 12 Å⁻¹": edgepair.PDFInstrument(qmax=12.0, qdamp=0.06, r_step=0.02),
}
figure, rows = plt.subplots(3, 1, figsize=(6.8, 5.4), sharex=True)
for axes, (name, instrument) in zip(rows, instruments.items(), strict=True):
    iron = edgepair.load_bundled("Fe", instrument=instrument)
    oxide = iron.isel(material=list(iron["formula"].values).index("LaFeO3"))
    axes.plot(oxide["r"], oxide["G"], label="G(r), all pairs")
    axes.plot(oxide["r"], oxide["G_M"], color="C2", linewidth=1, label="G$_{Fe}$(r), pairs with iron")
    axes.set(title=name, ylabel="Å⁻²", xlim=(1, 8))
    print(f"{name}: highest peak {float(oxide['G'].max()):.1f} Å⁻²")
rows[0].legend(ncols=2)
rows[-1].set(xlabel="r (Å)")
plt.savefig("pdf_through_an_instrument.png")
