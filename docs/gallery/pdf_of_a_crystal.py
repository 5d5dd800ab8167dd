"""Total and differential PDF of a crystal: which peaks are pairs with the metal, by x-rays and neutrons."""

import matplotlib.pyplot as plt
from pymatgen.core import Lattice, Structure

from edgepair.simulation import simulate_pdf
from edgepair.spectra import PDFInstrument, apply_instrument

perovskite = Structure(
    Lattice.cubic(3.905), ["Sr", "Ti", "O", "O", "O"],
    [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]],
)  # fmt: skip
ideal = simulate_pdf(perovskite, ("Ti",))
