"""Ideal pair distribution functions from PDFfit2."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import SimulationError

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from edgepair.conventions.tasks import Floats

IDEAL_U_ISO = 0.003
"""Isotropic displacement parameter of every atom in an ideal PDF, Å².

Small enough for any instrument's and any sample's broadening to be added later; large enough
(peak width 0.077 Å) for the grid of `IDEAL_R_STEP` to hold the curve exactly."""

IDEAL_R_STEP = 0.04
"""Grid step of ideal PDFs, Å. The signal at its Nyquist frequency (79 Å⁻¹) is below 1e-8."""

IDEAL_R_LAST = 23.0
"""Last grid point of ideal PDFs, Å: 3 Å beyond what is shown, so that a Qmax imposed later is
not disturbed by the end of the curve."""


@dataclass(frozen=True)
class PairDistribution:
    """Ideal PDFs of one structure.

    Attributes
    ----------
    r : numpy.ndarray
        Shape (n_r,), Å.
    G : numpy.ndarray
        Total x-ray PDF, shape (n_r,), Å⁻².
    G_M : dict of str to numpy.ndarray
        Differential x-ray PDF of each absorber species, each of shape (n_r,), Å⁻².
    G_neutron : numpy.ndarray
        Total neutron PDF, shape (n_r,), Å⁻².
    baseline : dict of str to float
        Slope of the curve before its first peak, Å⁻³: keys ``G``, ``G_neutron`` and the species.
    """

    r: Floats
    G: Floats
    G_M: dict[str, Floats]
    G_neutron: Floats
    baseline: dict[str, float]


def ideal_r(r_last: float = IDEAL_R_LAST) -> Floats:
    """Return the grid of ideal PDFs.

    Parameters
    ----------
    r_last : float, optional
        Last grid point, Å.

    Returns
    -------
    numpy.ndarray
        Shape (n_r,), Å: multiples of `IDEAL_R_STEP`.
    """
    steps = np.arange(1, round(r_last / IDEAL_R_STEP) + 1, dtype=np.float64)
    return steps * np.float64(IDEAL_R_STEP)


def differential_baseline(structure: Structure, absorber: str | None) -> float:
    r"""Compute the low-r slope of an x-ray PDF.

    .. math:: -4\pi\rho_0 \left[1 - \frac{(\sum_{X \ne M} c_X b_X)^2}{\langle b\rangle^2}\right]

    Parameters
    ----------
    structure : pymatgen.core.Structure
        An ordered structure.
    absorber : str or None
        Species M of a dPDF; None for the total PDF, whose bracket is 1.

    Returns
    -------
    float
        Slope, Å⁻³, with the atomic number as scattering power *b*.
    """
    slope = -4 * np.pi * len(structure) / structure.volume
    if absorber is None:
        return float(slope)
    total = sum(site.specie.Z for site in structure)
    rest = sum(site.specie.Z for site in structure if site.specie.symbol != absorber)
    return float(slope * (1 - (rest / total) ** 2))


def simulate_pdf(
    structure: Structure, absorbers: tuple[str, ...], *, r_last: float = IDEAL_R_LAST
) -> PairDistribution:
    """Simulate the ideal PDFs of a structure with PDFfit2.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        An ordered structure.
    absorbers : tuple of str
        Species whose dPDFs are wanted; all are made in one pass.
    r_last : float, optional
        Last grid point, Å; the time grows with its cube.

    Returns
    -------
    PairDistribution
        On the grid of `ideal_r`: no damping, no Qmax cut, every atom with `IDEAL_U_ISO`.

    Raises
    ------
    SimulationError
        PDFfit2 refuses the structure or gives numbers that are not finite.

    Notes
    -----
    With M as species *i* and all as species *j*, PDFfit2 gives the dPDF as edgepair defines it:
    all pairs with at least one M atom, weighted and normalised as in the total PDF.

    References
    ----------
    .. [1] Farrow et al., J. Phys.: Condens. Matter 19, 335219 (2007),
           doi 10.1088/0953-8984/19/33/335219
    """
    import diffpy.pdffit2
    from diffpy.pdffit2 import pdffit2 as engine

    diffpy.pdffit2.redirect_stdout(io.StringIO())
    r = ideal_r(r_last)
    # PDFfit2 spaces its points evenly from the first to the last and drops those below rmin.
    try:
        fit = diffpy.pdffit2.PdfFit()
        text = _pdffit_text(structure)
        fit.read_struct_string(text)
        fit.alloc("X", 0.0, 0.0, float(r[0]), float(r[-1]), len(r))
        fit.alloc("N", 0.0, 0.0, float(r[0]), float(r[-1]), len(r))
        total, neutron = _calculate(fit, 2)
        partial = {}
        elements = sorted({site.specie.symbol for site in structure})
        # Apart from the neutron PDF, which PDFfit2 would calculate again with each partial.
        fit = diffpy.pdffit2.PdfFit()
        fit.read_struct_string(text)
        fit.alloc("X", 0.0, 0.0, float(r[0]), float(r[-1]), len(r))
        for absorber in absorbers:
            for element in elements:
                fit.selectAtomType(1, "i", element, element == absorber)
                fit.selectAtomType(1, "j", element, True)
            partial[absorber] = _calculate(fit, 1)[0]
    except (
        engine.structureError,
        engine.calculationError,
        engine.dataError,
        engine.unassignedError,
        RuntimeError,
        ValueError,
        AttributeError,
        IndexError,
    ) as error:
        raise SimulationError(
            f"cannot simulate the PDF of {structure.formula}",
            found=f"{type(error).__name__}: {error}",
            needed="a structure that PDFfit2 accepts",
            suggestion="look for atoms that overlap or elements without scattering lengths",
        ) from error
    curves = [total, neutron, *partial.values()]
    if any(len(curve) != len(r) or not np.isfinite(curve).all() for curve in curves):
        raise SimulationError(
            f"cannot simulate the PDF of {structure.formula}",
            found="values that are not finite",
            needed="a finite curve",
            suggestion="look for elements without scattering lengths",
        )
    baseline = {species: differential_baseline(structure, species) for species in absorbers}
    slope = differential_baseline(structure, None)
    return PairDistribution(r, total, partial, neutron, {"G": slope, "G_neutron": slope, **baseline})


def _calculate(fit: object, n_datasets: int) -> list[Floats]:
    """Run PDFfit2 and collect the curve of each dataset."""
    fit.calc()  # type: ignore[attr-defined]
    curves = []
    for number in range(1, n_datasets + 1):
        fit.setdata(number)  # type: ignore[attr-defined]
        curves.append(np.asarray(fit.getpdf_fit(), dtype=np.float64))  # type: ignore[attr-defined]
    return curves


def _pdffit_text(structure: Structure) -> str:
    """Write a structure in PDFfit2's own format, every atom with the ideal displacement."""
    lattice = structure.lattice
    cell = (lattice.a, lattice.b, lattice.c, lattice.alpha, lattice.beta, lattice.gamma)
    lines = [
        f"title  {structure.formula}",
        "format pdffit",
        "scale   1.0",
        "sharp   0.0, 0.0, 1.0, 0.0",
        "spcgr   P1",
        "cell    " + ", ".join(f"{value:.8f}" for value in cell),
        "dcell   0.0, 0.0, 0.0, 0.0, 0.0, 0.0",
        f"ncell   1, 1, 1, {len(structure)}",
        "atoms",
    ]
    u = IDEAL_U_ISO
    # U_ij refers to the reciprocal axes: where these are oblique, an isotropic displacement has
    # U_ij = U cos(a*_i, a*_j), not 0.
    alpha, beta, gamma = np.radians(lattice.reciprocal_lattice.angles)
    u12, u13, u23 = (f"{u * np.cos(angle):.12f}" for angle in (gamma, beta, alpha))
    for site in structure:
        x, y, z = site.frac_coords % 1.0
        lines.append(f"{site.specie.symbol.upper():4s} {x:.8f} {y:.8f} {z:.8f} 1.0")
        lines += [" 0 0 0 0", f" {u} {u} {u}", " 0 0 0", f" {u12} {u13} {u23}", " 0 0 0"]
    return "\n".join(lines) + "\n"
