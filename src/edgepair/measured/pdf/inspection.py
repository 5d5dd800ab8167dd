r"""What a measured PDF tells of its own quality.

Below the first peak :math:`G = -4 \pi \rho_0 r` whatever the sample is: the slope there tells whether
the scale can be right, and what swings about the line how well the data were reduced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgepair.conventions.tasks import Floats
from edgepair.measured.pdf.curve import PdfCurve
from edgepair.measured.pdf.first_shell import FirstShell, fit_curve, only_metal, read_first_shell
from edgepair.measured.pdf.function import DENSITIES
from edgepair.spectra import estimate_qmax, power_in_q
from edgepair.spectra.pdf_peaks import Peak

NO_ATOMS_BELOW = 1.2
"""Å; below it G is a straight line but for ripples (bonds of hydrogen apart)."""

FIRST_PEAK = (1.4, 2.8)
"""Å; where the first shell of a metal in an oxide lies."""

LOWEST_PEAK = 0.3
"""A maximum counts as the first peak from this part of the highest in `FIRST_PEAK`."""

RIPPLY = 0.5
"""Low-r ripple over the first peak beyond which the peak is hardly told from the ripples."""

_ENVELOPE_RANGE = 30.0
"""Å; a shorter curve hardly tells damping from disorder."""


@dataclass(frozen=True)
class PdfInspection:
    """What a measured PDF is.

    Attributes
    ----------
    n_points : int
        Number of points.
    r_first, r_last, r_step : float
        Range and median step, Å.
    qmax : float or None
        End of the data in Q, Å⁻¹: the curve's own where it shows, else the header's.
    qmax_from : str
        ``curve``, ``header`` or empty.
    qdamp : float or None
        Damping, Å⁻¹: the header's, else of the envelope of a curve of 30 Å or more.
    qdamp_from : str
        ``header``, ``curve`` or empty. The curve's is an upper bound: small particles and disorder
        damp as well.
    noise : float or None
        Upper bound of the noise over the root mean square of G, from what is left next to Qmax.
    low_r_slope : float or None
        Slope of the straight line before the first peak, Å⁻³; None where the curve starts too late.
    number_density : float or None
        What that slope would mean, atoms per Å³.
    slope_is_physical : bool
        Whether the slope is well determined and an oxide's: the scale may then be right. Of files
        at hand nearly none has it: programs that correct by polynomials leave any slope and scale.
    low_r_ripple : float or None
        Largest swing about that line from 0.6 to 1.2 Å, over how far the first peak stands out.
    first_peak : float or None
        Position of the first peak (or, with neutrons, dip) between 1.4 and 2.8 Å.
    first_peak_is_dip : bool
        Whether it points down, as with neutrons for Ti, V and Mn.
    radiation, composition : str or None
        As read.
    peaks : tuple of Peak
        Fitted by least squares, with what a cut at Qmax does to them; by distance, to 3.2 Å.
    first_shell : FirstShell or None
        The metal's first shell of oxygens, of these peaks; None where none is sure.
    warnings : tuple of str
        What makes the curve doubtful.
    """

    n_points: int
    r_first: float
    r_last: float
    r_step: float
    qmax: float | None
    qmax_from: str
    qdamp: float | None
    qdamp_from: str
    noise: float | None
    low_r_slope: float | None
    number_density: float | None
    slope_is_physical: bool
    low_r_ripple: float | None
    first_peak: float | None
    first_peak_is_dip: bool
    radiation: str | None
    composition: str | None
    peaks: tuple[Peak, ...] = ()
    first_shell: FirstShell | None = None
    warnings: tuple[str, ...] = ()


def inspect_pdf(curve: PdfCurve, *, absorber: str | None = None) -> PdfInspection:
    """Tell what a measured PDF is and what is doubtful about it.

    Parameters
    ----------
    curve : PdfCurve
        As read.
    absorber : str, optional
        Whose first shell is meant; left out: the one known metal of the composition.

    Returns
    -------
    PdfInspection
        Its warnings begin with those of the reading.
    """
    if curve.differential:
        # its areas count other pairs than its composition says
        curve = replace(curve, composition=None)
    r, G = curve.r, curve.G
    notes = list(curve.warnings)
    seen = estimate_qmax(r, G)
    qmax, qmax_from = _choose_qmax(curve, seen, notes)
    qdamp, qdamp_from = (curve.qdamp, "header") if curve.qdamp is not None else (_envelope(r, G), "curve")
    slope, certainty = _low_r_slope(r, G)
    density = None if slope is None else -slope / (4 * np.pi)
    physical = density is not None and DENSITIES[0] < density < DENSITIES[1] and certainty > 0.7
    line = slope * r if slope is not None else np.zeros_like(r)
    # A line that is not the sample's says nothing of what lies beyond it.
    position, height = _first_peak(r, G - line if physical else G, dips=curve.radiation == "neutron")
    ripple = _ripple(r, G - line, abs(height)) if slope is not None else None
    noise = noise_share(r, G, qmax)
    _warn(curve, notes, seen=seen, ripple=ripple, noise=noise)
    fit = fit_curve(curve, qmax)
    return PdfInspection(
        n_points=len(r),
        r_first=float(r[0]),
        r_last=float(r[-1]),
        r_step=float(np.median(np.diff(r))),
        qmax=qmax,
        qmax_from=qmax_from,
        qdamp=qdamp,
        qdamp_from=qdamp_from if qdamp is not None else "",
        noise=noise,
        low_r_slope=slope,
        number_density=density,
        slope_is_physical=physical,
        low_r_ripple=ripple,
        first_peak=position,
        first_peak_is_dip=height < 0,
        radiation=curve.radiation,
        composition=curve.composition,
        peaks=() if fit is None else fit.peaks,
        first_shell=read_first_shell(curve, fit, absorber or only_metal(curve.composition)),
        warnings=tuple(notes),
    )


def _choose_qmax(curve: PdfCurve, seen: float | None, notes: list[str]) -> tuple[float | None, str]:
    """Prefer what the curve shows: headers are copied from other runs."""
    told = curve.qmax
    if seen is None:
        return told, "header" if told is not None else ""
    if told is not None and abs(seen - told) < 0.05 * told:
        return told, "header"
    if told is not None:
        notes.append(f"the data end at Q = {seen:.1f} Å⁻¹ by the curve itself, not at the given {told:g}")
    return seen, "curve"


def _low_r_slope(r: Floats, G: Floats) -> tuple[float | None, float]:
    """Slope of the line through the origin, and the share of the square of G that it explains."""
    low = (r > 0) & (r <= NO_ATOMS_BELOW)
    if low.sum() < 4 or r[low][-1] - r[low][0] < 0.3:
        return None, 0.0
    x, y = r[low], G[low]
    slope = float(x @ y / (x @ x))
    square = float(y @ y)
    return slope, 1 - float(((y - slope * x) ** 2).sum()) / square if square > 0 else 0.0


def _first_peak(r: Floats, D: Floats, *, dips: bool) -> tuple[float | None, float]:
    """Position of the first peak worth the name, and how far it stands out, negative for a dip."""
    from scipy.signal import find_peaks, peak_prominences

    near = np.flatnonzero((r >= 1.0) & (r <= FIRST_PEAK[1] + 0.4))
    if len(near) < 5:
        return None, 0.0
    # Prominence, not height: peaks beside heavy atoms' stand on a falling line.
    x, y = r[near], D[near]
    tops = find_peaks(np.abs(y) if dips else y)[0]
    tops = tops[(x[tops] >= FIRST_PEAK[0]) & (x[tops] <= FIRST_PEAK[1])]
    if not len(tops):
        return None, 0.0
    out = np.zeros(len(tops))
    for sign in (1.0, -1.0) if dips else (1.0,):
        which = sign * y[tops] > 0 if dips else np.ones(len(tops), dtype=bool)
        out[which] = sign * peak_prominences(sign * y, tops[which])[0]
    first = int(np.argmax(np.abs(out) > LOWEST_PEAK * np.abs(out).max()))
    return float(x[tops[first]]), float(out[first])


def _ripple(r: Floats, D: Floats, height: float) -> float | None:
    low = (r >= 0.6) & (r <= NO_ATOMS_BELOW)
    if low.sum() < 3 or height <= 0:
        return None
    return float(np.abs(D[low]).max() / height)


def noise_share(r: Floats, G: Floats, qmax: float | None) -> float | None:
    """Share of G in noise: what is left next to Qmax, taken to grow like Q up to there."""
    if qmax is None:
        return None
    q, power = power_in_q(r, G)
    last = (q > 0.88 * qmax) & (q < 0.97 * qmax)
    band = q < qmax
    if last.sum() < 4 or not power[band].sum() > 0:
        return None
    per_q2 = float((power[last] / q[last] ** 2).mean())
    return float(np.sqrt(min(per_q2 * (q[band] ** 2).sum() / power[band].sum(), 1.0)))


def _envelope(r: Floats, G: Floats) -> float | None:
    """Damping of the swings of a long curve: exp(−Qdamp² r²/2)."""
    if r[-1] < _ENVELOPE_RANGE:
        return None
    width = 5.0
    starts = np.arange(5.0, r[-1] - width + 1e-6, width)
    size = np.array([np.sqrt(np.mean(G[(r >= a) & (r < a + width)] ** 2)) for a in starts])
    # What has fallen to a tenth may be noise; what follows it tells nothing.
    small = np.flatnonzero(size < 0.1 * size[:2].max())
    kept = slice(0, small[0] if len(small) else len(size))
    x, y = (starts[kept] + width / 2) ** 2, np.log(np.maximum(size[kept], 1e-300))
    if len(x) < 4:
        return None
    slope, level = np.polyfit(x, y, 1)
    explained = 1 - float(((y - slope * x - level) ** 2).sum()) / max(
        float(((y - y.mean()) ** 2).sum()), 1e-300
    )
    return float(np.sqrt(-2 * slope)) if slope < 0 and explained > 0.8 else None


def _warn(
    curve: PdfCurve, notes: list[str], *, seen: float | None, ripple: float | None, noise: float | None
) -> None:
    if curve.radiation is None:
        notes.append("the file does not tell its radiation: x-ray, neutron or electron")
    if seen is None and curve.qmax is None:
        notes.append("the end of the data in Q is neither told nor seen")
    if curve.r[0] >= 0.3 and curve.r[-1] < 50 and seen is None:
        notes.append(
            "no end of the data in Q is seen and the curve starts late: could this be a function of Q?"
        )
    if ripple is not None and ripple > RIPPLY:
        notes.append(f"ripples below {NO_ATOMS_BELOW:g} Å reach {ripple:.1f} of the first peak")
    if noise is not None and noise > 0.3:
        notes.append(f"up to {noise:.0%} of the curve may be noise")
    if curve.r[0] > 1.3:
        notes.append(f"the curve starts at {curve.r[0]:g} Å: the line before the first peak is not seen")
