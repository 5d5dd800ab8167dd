"""Bringing a measured curve to what a model compares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import MeasurementError, OptionError, edge_energy
from edgepair.measured import PdfCurve, XanesScan
from edgepair.measured.inspection import calibrated, inspect_xanes
from edgepair.models.edge_features import area_edge
from edgepair.prediction.energy_window import EnergyWindow, choose_window

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from edgepair.spectra.alignment import FoilReading

TOLD_OTHERWISE = ("no energy calibration", "energies as measured")
"""How warnings of the inspection begin that an answer has words of its own for."""

USUAL_EDGE = (2.0, 20.0)
"""eV from the tabulated edge between which the edges of oxides lie on a calibrated scale; a scan
without calibration whose edge lies elsewhere is first moved to the middle."""


@dataclass(frozen=True)
class PreparedXanes:
    """A measured spectrum, normalised.

    Attributes
    ----------
    absorber : str
        Chemical symbol.
    energy : numpy.ndarray
        Shape (n_energy,), eV from the tabulated edge.
    mu : numpy.ndarray
        Shape (n_energy,), edge-step normalised and flattened.
    shift : float
        What has been added to the measured energies, eV.
    error : float
        Likely error of the energies after that, eV.
    calibrated : bool
        Whether a foil or the user told the shift.
    warnings : tuple of str
        What makes it doubtful.
    """

    absorber: str
    energy: NDArray[np.float64]
    mu: NDArray[np.float64]
    shift: float
    error: float
    calibrated: bool
    warnings: tuple[str, ...]

    def moved(self, by: float, error: float) -> PreparedXanes:
        """Add to the energies.

        Parameters
        ----------
        by : float
            eV.
        error : float
            Likely error afterwards, eV.

        Returns
        -------
        PreparedXanes
            With another shift.
        """
        return replace(self, energy=self.energy + by, shift=self.shift + by, error=error)

    def window(self) -> EnergyWindow:
        """Choose what to compare.

        Returns
        -------
        EnergyWindow
            By the measured range.
        """
        return choose_window(float(self.energy[0]), float(self.energy[-1]))


def prepare_xanes(
    mu: XanesScan | tuple[ArrayLike, ArrayLike],
    absorber: str | None,
    *,
    shift: float | None = None,
    foil: FoilReading | None = None,
    e0: float | None = None,
) -> PreparedXanes:
    """Normalise a measured spectrum and put it on the tabulated energy scale as far as known.

    Parameters
    ----------
    mu : XanesScan or pair of array_like
        As read, or energies in eV and absorption.
    absorber : str or None
        Chemical symbol; None: what the scan says.
    shift : float, optional
        To be added to the energies, eV.
    foil : FoilReading, optional
        From a foil measured apart.
    e0 : float, optional
        Energy of the edge on the scale of the file, eV.

    Returns
    -------
    PreparedXanes
        Ready to be shown on a window.

    Raises
    ------
    MeasurementError
        The absorber is not known, or the spectrum cannot be normalised.
    """
    scan = mu if isinstance(mu, XanesScan) else _scan_of(mu)
    metal = absorber or scan.absorber
    if metal is None:
        raise MeasurementError(
            "cannot tell the absorber of a spectrum",
            found="no element in the header, and an edge that is none's or several's",
            needed="the element whose K edge was measured",
            suggestion="give --absorber, or absorber= in Python",
        )
    tabulated = edge_energy(metal)
    warnings = []
    if scan.absorber not in (None, metal):
        warnings.append(f"the file says {scan.absorber}, {metal} was asked for")
    inspection = inspect_xanes(replace(scan, absorber=metal, edge="K"), e0=e0, shift=shift, foil=foil)
    spectrum = calibrated(inspection)
    if spectrum is None:
        raise MeasurementError(
            f"cannot normalise {scan.file!r}" if scan.file else "cannot normalise the spectrum",
            found=inspection.problem,
            needed="a spectrum with its edge, and something before and after it",
            suggestion="look at it with edgepair inspect; give --e0 where the edge was not found",
        )
    known = inspection.calibration
    prepared = PreparedXanes(
        metal,
        spectrum.energy - tabulated,
        spectrum.mu,
        known.shift,
        known.error,
        bool(known.source),
        (
            *warnings,
            *(text for text in inspection.warnings if not text.startswith(TOLD_OTHERWISE)),
        ),
    )
    at = spectrum.e0 - tabulated
    if not prepared.calibrated and not USUAL_EDGE[0] - 6.0 <= at <= USUAL_EDGE[1] + 6.0:
        prepared = prepared.moved(float(np.mean(USUAL_EDGE)) - at, known.error)
    return prepared


def own_edge(prepared: PreparedXanes, window: EnergyWindow) -> float:
    """Find where the sample's edge lies.

    Parameters
    ----------
    prepared : PreparedXanes
        The sample.
    window : EnergyWindow
        What is compared.

    Returns
    -------
    float
        eV from the tabulated edge, as by `edgepair.models.edge_features.area_edge`.
    """
    return float(area_edge(window.grid(), window.show(prepared.energy, prepared.mu)[None])[0])


def technique_of(curve: PdfCurve, radiation: str | None) -> str:
    """Tell which technique a measured total PDF is.

    Parameters
    ----------
    curve : PdfCurve
        As read.
    radiation : str or None
        What the user says, where the header does not tell.

    Returns
    -------
    str
        ``pdf`` or ``npdf``.

    Raises
    ------
    OptionError
        Neither tells, or it is neither x-rays nor neutrons.
    """
    said = radiation or curve.radiation
    if said not in ("x-ray", "neutron"):
        raise OptionError(
            f"cannot answer for {curve.file!r}" if curve.file else "cannot answer for the PDF",
            found=f"radiation {said!r}" if said else "a header that does not tell the radiation",
            needed="an x-ray or a neutron PDF: the two weigh atoms differently",
            suggestion="give --radiation x-ray or --radiation neutron",
        )
    return "pdf" if said == "x-ray" else "npdf"


def pdf_curve(G: PdfCurve | tuple[ArrayLike, ArrayLike], radiation: str | None) -> PdfCurve:
    """Make a curve of arrays.

    Parameters
    ----------
    G : PdfCurve or pair of array_like
        As read, or r in Å and G.
    radiation : str or None
        Of arrays; x-rays where not given.

    Returns
    -------
    PdfCurve
        Checked by whoever uses it.
    """
    if isinstance(G, PdfCurve):
        return G
    r, values = (np.asarray(part, dtype=np.float64) for part in G)
    return PdfCurve("", "", "arrays", r, values, radiation=radiation or "x-ray")


def _scan_of(pair: tuple[ArrayLike, ArrayLike]) -> XanesScan:
    energy, mu = (np.asarray(part, dtype=np.float64) for part in pair)
    if energy.ndim == 1 and len(energy) > 1 and energy[0] > energy[-1]:
        energy, mu = energy[::-1], mu[::-1]
    return XanesScan("", "", "arrays", energy, mu, "as given")
