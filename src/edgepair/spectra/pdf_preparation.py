r"""Bringing a measured pair distribution function to an instrument's grid and Qmax.

G is the sine transform of what was measured up to Qmax,

.. math:: G(r) = \frac{2}{\pi} \int_0^{Q_\mathrm{max}} Q\,[S(Q) - 1] \sin(Q r)\,\mathrm{d}Q,

so that its own sine transform is nothing above Qmax: there the end of the data is seen, and there a
shorter end can be imposed afterwards.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from edgepair.conventions import DataError
from edgepair.conventions.tasks import Floats
from edgepair.spectra.instrument import PDFInstrument

LEAST_DROP = 2.0
"""Decades by which the mean logarithm of the power falls at the end of the data. Reduction programs
leave 4 to 12; noise that was cut nowhere, 0."""

_SEEN_TO = 40.0
"""Å; what lies beyond adds resolution in Q that the search for the end does not need."""

_EXTENSION = 4.0
"""Å over which a curve is continued by its mirror image and faded out beyond its last point."""


def resample_pdf(r: ArrayLike, G: ArrayLike, *, instrument: PDFInstrument) -> Floats:
    r"""Bring a measured PDF to an instrument's grid and Qmax.

    Parameters
    ----------
    r : array_like
        Shape (n_r,), Å, increasing; evenly spaced or not.
    G : array_like
        Shape (n_r,), Å⁻².
    instrument : PDFInstrument
        Whose ``grid()`` and ``qmax`` to take; its damping and displacements are not imposed.

    Returns
    -------
    numpy.ndarray
        Shape (n_grid,), Å⁻²: G without what lies above ``qmax`` in Q.

    Raises
    ------
    DataError
        The grid reaches beyond the measured curve.

    Notes
    -----
    Before its first point the curve is continued by a straight line from the origin, which is what G
    is there; beyond its last one by its mirror image, faded out over 4 Å, so that the end does not
    ring. A constant-free odd function, it is then convolved with :math:`\sin(Q_\mathrm{max} r)/\pi r`.
    """
    axis, curve = np.asarray(r, dtype=np.float64), np.asarray(G, dtype=np.float64)
    shown = instrument.grid()
    if shown[0] < axis[0] - 1e-6 or shown[-1] > axis[-1] + 1e-6:
        raise DataError(
            "cannot bring a measured PDF to this grid",
            found=f"a curve from {axis[0]:g} to {axis[-1]:g} Å",
            needed=f"r from {shown[0]:g} to {shown[-1]:g} Å",
            suggestion="let match_instrument choose the range",
        )
    even, values = _even(axis, curve, last=shown[-1] + 2 * _EXTENSION)
    step = even[1] - even[0]
    end = even[-1]
    # What is measured beyond the shown range fades out; where too little is, its mirror image does.
    n_more = round(_EXTENSION / step)
    mirrored = values[-2 : -n_more - 2 : -1]
    fade = 0.5 * (1 + np.cos(np.pi * np.arange(1, len(mirrored) + 1) / (len(mirrored) + 1)))
    even = np.concatenate([even, end + step * np.arange(1, len(mirrored) + 1)])
    values = np.concatenate([values, mirrored * fade])
    cut = min(instrument.qmax, np.pi / step) if instrument.qmax > 0 else np.pi / step
    matrix = np.sinc(cut * (shown[:, None] - even[None, :]) / np.pi)
    matrix -= np.sinc(cut * (shown[:, None] + even[None, :]) / np.pi)
    result: Floats = matrix @ values * (cut * step / np.pi)
    return result


def _even(axis: Floats, curve: Floats, *, last: float) -> tuple[Floats, Floats]:
    """Put a curve on multiples of its own step (0.1 Å at most) from one step to its end."""
    from scipy.interpolate import CubicSpline

    steps = np.diff(axis)
    step = float(np.clip(np.median(steps), 0.005, 0.1))
    # To its last point exactly, so that no even grid is changed by the rounding of its step.
    count = max(int(np.floor(min(axis[-1], last) / step + 1e-6)), 2)
    even = step * np.arange(1, count + 1, dtype=np.float64)
    values = np.empty(count)
    inside = even >= axis[0] - 1e-9
    if np.allclose(steps, step, rtol=0, atol=1e-6) and abs(axis[0] / step - round(axis[0] / step)) < 1e-4:
        start = round(axis[0] / step)
        values[inside] = curve[np.arange(1, count + 1)[inside] - start]
    else:
        values[inside] = CubicSpline(axis, curve)(np.clip(even[inside], axis[0], axis[-1]))
    if not inside.all():
        values[~inside] = curve[0] * even[~inside] / max(axis[0], step)
    return even, values


def power_in_q(r: ArrayLike, G: ArrayLike) -> tuple[Floats, Floats]:
    """Compute the power of the sine transform of a PDF.

    Parameters
    ----------
    r : array_like
        Shape (n_r,), in any unit.
    G : array_like
        Shape (n_r,).

    Returns
    -------
    q : numpy.ndarray
        Shape (n_q,), inverse unit of r: from 0 to 0.95 of what the step of r can show.
    power : numpy.ndarray
        Shape (n_q,): square of the sine transform under half a Hann window.
    """
    from scipy.interpolate import CubicSpline

    axis, curve = np.asarray(r, dtype=np.float64), np.asarray(G, dtype=np.float64)
    kept = axis <= _SEEN_TO
    if kept.sum() >= 8:
        axis, curve = axis[kept], curve[kept]
    step = float(np.median(np.diff(axis)))
    count = max(min(int(axis[-1] / step + 1e-6), 20_000), 2)
    even = axis[-1] / count * np.arange(count + 1)
    values = np.where(even < axis[0], curve[0] * even / max(axis[0], step), 0.0)
    inside = even >= axis[0]
    values[inside] = CubicSpline(axis, curve)(even[inside])
    values *= 0.5 * (1 + np.cos(np.pi * even / even[-1]))
    n_padded = 1 << int(np.ceil(np.log2(8 * count)))
    transform = -np.fft.rfft(values, n_padded).imag * even[1]
    q = 2 * np.pi * np.arange(n_padded // 2 + 1, dtype=np.float64) / (n_padded * even[1])
    below = q < 0.95 * np.pi / even[1]
    return q[below], transform[below] ** 2


def estimate_qmax(r: ArrayLike, G: ArrayLike) -> float | None:
    """Find the end of the data in Q from the curve alone.

    Parameters
    ----------
    r : array_like
        Shape (n_r,), in any unit, increasing.
    G : array_like
        Shape (n_r,).

    Returns
    -------
    float or None
        Where the sine transform of the curve falls to nothing, in the inverse unit of r; None where
        it does not fall by `LEAST_DROP`: curves that were smoothed, filtered in r or are too coarse.
    """
    q, power = power_in_q(r, G)
    width = 2 * np.pi / min(float(np.asarray(r)[-1]), _SEEN_TO)
    spacing = q[1] - q[0]
    logs = np.log10(power + 1e-30 * power.max() + 1e-300)
    n_below, n_gap, n_above = (max(round(k * width / spacing), 1) for k in (8, 0.5, 12))
    if len(q) < 2 * (n_below + n_gap + n_above):
        return None
    total = np.concatenate([[0.0], np.cumsum(logs)])
    at = np.arange(n_below + n_gap, len(q) - n_above - n_gap)
    below = (total[at - n_gap] - total[at - n_gap - n_below]) / n_below
    above = (total[at + n_gap + n_above] - total[at + n_gap]) / n_above
    best = int(np.argmax(below - above))
    # An end of the data has nothing beyond it, at no Q.
    beyond = (total[len(q)] - total[at[best] + n_gap]) / (len(q) - at[best] - n_gap)
    if min(below[best] - above[best], below[best] - beyond) < LEAST_DROP:
        return None
    # The window smears the end: a quarter of the power is left exactly there.
    near = np.arange(at[best] - round(3 * width / spacing), at[best] + round(2 * width / spacing))
    typical = float(np.median(logs[near[0] - n_below : near[0] + 1])) if near[0] > n_below else below[best]
    high = near[logs[near] > typical - 0.6]
    return float(q[high[-1]]) if len(high) else float(q[at[best]])


@cache
def scattering_power(element: str, radiation: str) -> float:
    """Atomic number for x-rays, coherent scattering length in fm for neutrons; PDFfit2's values."""
    import diffpy.pdffit2

    diffpy.pdffit2.redirect_stdout(io.StringIO())
    try:
        return float(diffpy.pdffit2.PdfFit().get_scat("N" if radiation == "neutron" else "X", element))
    except (ValueError, RuntimeError) as error:
        raise DataError(
            f"cannot weight the peaks of {element}",
            found=f"no scattering power of {element!r} for {radiation}s",
            needed="an element that PDFfit2 knows",
            suggestion="check the composition",
        ) from error


def pair_weight(composition: Mapping[str, float], first: str, second: str, radiation: str) -> float:
    r"""Area in R(r) that each ``second`` atom about a ``first`` one has.

    .. math:: w = 2\,c_1 b_1 b_2 / \langle b \rangle^2
    """
    total = sum(composition.values())
    power = {element: scattering_power(element, radiation) for element in {*composition, first, second}}
    mean = sum(amount / total * power[element] for element, amount in composition.items())
    return 2 * composition[first] / total * power[first] * power[second] / mean**2
