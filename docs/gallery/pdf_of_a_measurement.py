"""What instrument was a PDF measured with, and which oxides would look like it there?

The file is made here: LaFeO3 of the bundle as an instrument with Qmax 17 Å⁻¹ shows it.
"""

import matplotlib.pyplot as plt
import numpy as np

import edgepair
from edgepair.measured import match_instrument, prepare_pdf
from edgepair.spectra import power_in_q

iron = edgepair.load_bundled("Fe", instrument=edgepair.PDFInstrument(qmax=17.0, qdamp=0.04, r_step=0.02))
oxide = iron.isel(material=list(iron["formula"].values).index("LaFeO3"))
np.savetxt("oxide.gr", np.c_[oxide["r"], oxide["G"]], header="r G")

curve = edgepair.read_pdf("oxide.gr")[0]
instrument = match_instrument(curve)
print(curve)
print(instrument)
q, power = power_in_q(curve.r, curve.G)
figure, (left, right) = plt.subplots(1, 2)
left.semilogy(q, power)
left.axvline(instrument.qmax, color="C1", linestyle="--", label=f"Qmax found: {instrument.qmax:g} Å⁻¹")
left.set(xlim=(0, 40), ylim=(1e-6, 1e3), xlabel="Q (Å⁻¹)", ylabel="power of G(r)")
left.legend()
right.plot(curve.r, curve.G, label="as measured")
right.plot(instrument.grid(), prepare_pdf(curve, instrument), label="as compared with simulations")
right.set(xlim=(0.8, 10), xlabel="r (Å)", ylabel="G (Å⁻²)")
right.legend()
plt.savefig("pdf_of_a_measurement.png")
