r"""What an instrument and thermal motion make of an ideal pair distribution function.

An ideal curve is a sum of narrow Gaussians (variance :math:`2 U_0`) over *r*, on a line:

.. math:: G(r) = \frac{1}{r} \sum_k w_k\, g(r - r_k) + s\, r

with the slope *s* of its low-r part. Larger displacements convolve :math:`r\,(G - s r)` with a
Gaussian of variance :math:`2 (U - U_0)`; the resolution in Q multiplies G by
:math:`\exp(-Q_\mathrm{damp}^2 r^2/2)`; ending the data at Qmax convolves the odd continuation of
G with :math:`\sin(Q_\mathrm{max} r) / \pi r`. All three are linear, so one matrix does them all.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from edgepair.conventions import OptionError
from edgepair.conventions.tasks import Floats


@dataclass(frozen=True)
class PDFInstrument:
    """How a PDF is shown: through which instrument and with which thermal motion.

    Attributes
    ----------
    qmax : float
        End of the data in Q, Å⁻¹; 0 for no end.
    qdamp : float
        Damping by the resolution in Q, Å⁻¹.
    u_iso : float
        Isotropic displacement parameter of every atom, Å².
    r_first, r_last, r_step : float
        Grid on which the curve is shown, Å. A step of π/Qmax or less loses nothing.
    """

    qmax: float = 25.0
    qdamp: float = 0.03
    u_iso: float = 0.005
    r_first: float = 0.8
    r_last: float = 20.0
    r_step: float = 0.1

    def __post_init__(self) -> None:
        """Refuse values that no instrument has."""
        values = asdict(self)
        words = [name for name, value in values.items() if not isinstance(value, Real)]
        if words:
            raise OptionError(
                "cannot use this PDF instrument",
                found=", ".join(f"{name} {values[name]!r}" for name in words),
                needed="numbers",
                suggestion="leave out what is not known: the defaults are typical",
            )
        wrong = [name for name, value in values.items() if not np.isfinite(value)]
        wrong += [name for name in ("qmax", "qdamp", "u_iso") if getattr(self, name) < 0]
        wrong += ["r_step"] if self.r_step <= 0 else []
        wrong += ["r_last"] if self.r_last < self.r_first else []
        if wrong:
            raise OptionError(
                "cannot use this PDF instrument",
                found=", ".join(f"{name} {getattr(self, name):g}" for name in dict.fromkeys(wrong)),
                needed="finite numbers, none of qmax, qdamp, u_iso negative, r_step above 0, "
                "r_last not below r_first",
                suggestion="leave out what is not known: the defaults are typical",
            )

    def grid(self) -> Floats:
        """Return the grid on which curves are shown.

        Returns
        -------
        numpy.ndarray
            Shape (n_r,), Å.
        """
        count = int(np.floor((self.r_last - self.r_first) / self.r_step + 1e-9)) + 1
        grid = self.r_first + self.r_step * np.arange(count, dtype=np.float64)
        return np.round(grid, 9)

    def parameters(self) -> dict[str, float]:
        """Return all parameters by name.

        Returns
        -------
        dict of str to float
            In Å and Å⁻¹ as above.
        """
        return asdict(self)


TYPICAL_INSTRUMENT = PDFInstrument()
"""A rapid-acquisition PDF beamline; the study's default."""


def apply_instrument(
    r: ArrayLike,
    G: ArrayLike,
    *,
    baseline: ArrayLike,
    ideal_u_iso: float,
    instrument: PDFInstrument = TYPICAL_INSTRUMENT,
) -> Floats:
    """Show ideal PDFs through an instrument.

    Parameters
    ----------
    r : array_like
        Shape (n_ideal,), Å: evenly spaced multiples of the step, starting at one step.
    G : array_like
        Shape (n_materials, n_ideal), Å⁻²: ideal curves.
    baseline : array_like
        Shape (n_materials,), Å⁻³: slope of each curve before its first peak.
    ideal_u_iso : float
        Displacement parameter of the ideal curves, Å².
    instrument : PDFInstrument, optional
        What to impose.

    Returns
    -------
    numpy.ndarray
        Shape (n_materials, n_r) on ``instrument.grid()``, Å⁻².

    Raises
    ------
    OptionError
        The instrument asks for less thermal motion than the ideal curves have, or for larger
        distances.

    Notes
    -----
    Beyond the last shown distance the ideal curve is faded out by half a cosine, so that its end
    does not ring. What is left of the end's effect, for 3 Å of ideal curve beyond what is shown,
    is below 0.5 % of the largest value.
    """
    axis = np.asarray(r, dtype=np.float64)
    curves = np.atleast_2d(np.asarray(G, dtype=np.float64))
    slope = np.atleast_1d(np.asarray(baseline, dtype=np.float64))[:, None]
    shown = instrument.grid()
    if instrument.u_iso < ideal_u_iso:
        raise OptionError(
            "cannot show a PDF with that thermal motion",
            found=f"U_iso {instrument.u_iso:g} Å²",
            needed=f"at least {ideal_u_iso:g} Å², what the stored curves have",
            suggestion=f"use u_iso={ideal_u_iso:g}",
        )
    if shown[-1] > axis[-1] + 1e-9 or shown[0] < 0 or len(shown) < 2:
        raise OptionError(
            "cannot show a PDF on that grid",
            found=f"r from {instrument.r_first:g} to {instrument.r_last:g} Å",
            needed=f"between 0 and {axis[-1]:.2f} Å, at least two points",
            suggestion="choose a shorter range",
        )
    step = axis[1] - axis[0]
    extra = 2 * (instrument.u_iso - ideal_u_iso)
    peaks = curves - slope * axis
    if extra > 0:
        spread = np.exp(-((axis[:, None] - axis[None, :]) ** 2) / (2 * extra))
        spread *= step / np.sqrt(2 * np.pi * extra)
        # Convolve r·G, in which peaks are pure Gaussians; divide by the new r afterwards.
        peaks = (peaks * axis) @ spread.T / axis
    damped = np.exp(-0.5 * (instrument.qdamp * axis) ** 2)
    beyond = axis > shown[-1] + 1e-9
    if beyond.any():
        left = (axis[-1] - axis[beyond]) / (axis[-1] - shown[-1])
        damped[beyond] *= 0.5 * (1 - np.cos(np.pi * left))
    ideal: Floats = (peaks + slope * axis) * damped
    return ideal @ _band_limit(axis, shown, instrument.qmax).T


def _band_limit(axis: Floats, shown: Floats, qmax: float) -> Floats:
    """Matrix (n_shown, n_ideal) that cuts at Qmax and changes the grid."""
    step = axis[1] - axis[0]
    cut = min(qmax, np.pi / step) if qmax > 0 else np.pi / step
    # sin(cut x)/(pi x) around +r' and, with the other sign, around its mirror image -r'
    matrix: Floats = np.sinc(cut * (shown[:, None] - axis[None, :]) / np.pi)
    matrix -= np.sinc(cut * (shown[:, None] + axis[None, :]) / np.pi)
    matrix *= cut * step / np.pi
    return matrix
