r"""Peaks of a pair distribution function by least squares, as they are fitted by hand.

Every pair distance is a Gaussian of the radial distribution on the line that G is where no pairs are,

.. math:: r\,G(r) + s\,r^2 = \sum_k A_k\, g(r; r_k, \sigma_k), \qquad s = 4 \pi \rho_0,

and data that end at Qmax show each Gaussian's sine transform cut there: its ripples are part of the model,
not peaks of their own, and its width is not broadened by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

    from edgepair.conventions.tasks import Floats

FIT_FROM, FIT_UNTIL = 1.3, 3.2
"""Å; what is fitted: from where no two atoms but those of hydrogen are, over the first shells of metals to
the oxygen-oxygen distances of their polyhedra."""

STEP = 0.04
"""Å; step of the grid on which curves are compared: a quarter of what Qmax = 20 Å⁻¹ resolves."""

RIPPLES_FROM = 0.9
"""Å; from here to `FIT_FROM` what swings about the line is noise and error of the reduction."""

LEAST_NOISE = 0.015
"""Of the highest point: noise that a curve is taken to have at least."""

LEAST_HEIGHT = 3.0
"""Of the noise; what is lower is no peak."""

WIDTHS = (0.03, 0.2)
"""Å; standard deviations that pair distances within one shell have."""

MOST_PEAKS = 6

LEAST_APART = 0.15
"""Å; nearer peaks are one, and their areas are not determined by any Qmax in use."""

BETTER = 4.0
"""What a peak more must win of the Bayesian information criterion."""


@dataclass(frozen=True)
class Peak:
    """A peak of the radial distribution; its width without the broadening by Qmax. Å; one sigma."""

    position: float
    position_error: float
    width: float
    width_error: float
    area: float
    area_error: float


@dataclass(frozen=True)
class PeakFit:
    """Peaks in order, the slope ``s`` of their line, and the covariance of all; ``noise`` in Å⁻²."""

    peaks: tuple[Peak, ...]
    slope: float
    slope_error: float
    noise: float
    covariance: Floats


def fit_peaks(r: Floats, G: Floats, *, qmax: float | None, both_signs: bool = False) -> PeakFit | None:
    """Fit the peaks of G between `FIT_FROM` and `FIT_UNTIL`; ``r, G`` (n_r,); ``qmax`` in Å⁻¹."""
    from scipy.interpolate import CubicSpline

    first, last = max(FIT_FROM, float(r[0])), min(FIT_UNTIL, float(r[-1]))
    if last - first < 1.0 or np.diff(r[r <= last + 1]).max() > 0.25:
        return None
    near = r <= last + 1
    curve = CubicSpline(r[near], G[near])
    x = np.arange(first, last + 1e-9, STEP)
    low = np.arange(max(RIPPLES_FROM, float(r[0])), FIT_FROM + 1e-9, STEP)
    # On a scale of its own, so that no file's scale has a say in what converges.
    unit = float(np.abs(curve(x)).max())
    if not (np.isfinite(unit) and unit > 0):
        return None
    search = _Search(x, curve(x) / unit, low, curve(low) / unit, qmax, (1.0, -1.0) if both_signs else (1.0,))
    return search.run(unit)


class _Search:
    """Adds peaks one by one for as long as the criterion says that they are there."""

    def __init__(
        self, x: Floats, y: Floats, low: Floats, below: Floats, qmax: float | None, signs: tuple[float, ...]
    ) -> None:
        self.x, self.y, self.qmax, self.signs = x, y, qmax, signs
        self.start = 0.0
        ripple = 0.0
        if len(low) >= 4:
            self.start = -float(low @ below / (low @ low))
            ripple = float(np.std(below + self.start * low))
        self.noise = max(ripple, LEAST_NOISE * float(np.abs(y + self.start * x).max()), 1e-12)
        self.n_free = max(float(np.ptp(x)) * (qmax or 30.0) / np.pi, 8.0)

    def run(self, unit: float) -> PeakFit | None:
        """Fit the peaks that are seen, then those that are left."""
        fit = self._fit(np.array([self.start]))
        while len(fit.x) // 3 < MOST_PEAKS:
            tried = (self._fit(np.append(fit.x, peak)) for peak in self._left(fit.x))
            better = next((one for one in tried if self._improves(fit, one)), None)
            if better is None:
                break
            fit = better
        return self._result(fit, unit) if len(fit.x) > 1 else None

    def _left(self, p: Floats) -> list[list[float]]:
        """First guesses for the highest maxima of what a fit leaves."""
        from scipy.signal import find_peaks

        left = self.y - _model(p, self.x, self.qmax)
        width = max(0.07, 1.0 / (self.qmax or 30.0))
        found = []
        for sign in self.signs:
            # A rise to the last point is a peak that lies beyond it.
            tops, seen = find_peaks(np.append(sign * left, -np.inf), prominence=self.noise)
            for top, height in zip(tops, seen["prominences"], strict=True):
                beyond = 0.1 if top == len(left) - 1 else 0.0
                at, height = float(self.x[top]) + beyond, min(height, abs(left[top]))
                found.append((height, [at, width, float(sign * height * at * width * 2.5)]))
        return [peak for _, peak in sorted(found, reverse=True)[:3]]

    def _improves(self, fit: OptimizeResult, other: OptimizeResult) -> bool:
        peaks = other.x[1:].reshape(-1, 3)
        order = peaks[np.argsort(peaks[:, 0])]
        if len(order) > 1 and np.diff(order[:, 0]).min() < LEAST_APART:
            return False
        height = np.abs(peaks[:, 2] / peaks[:, 0] / np.hypot(peaks[:, 1], 1.0 / (self.qmax or 30.0)) / 2.5)
        return height.min() > LEAST_HEIGHT * self.noise and self._score(other) < self._score(fit) - BETTER

    def _score(self, fit: OptimizeResult) -> float:
        return float(2 * fit.cost * self.n_free / len(self.x) + len(fit.x) * np.log(self.n_free))

    def _fit(self, p: Floats) -> OptimizeResult:
        from scipy.optimize import least_squares

        peaks = p[1:].reshape(-1, 3)
        at, up = peaks[:, 0], peaks[:, 2] > 0
        low = np.column_stack([at - 0.2, np.full(len(at), WIDTHS[0]), np.where(up, 0.0, -np.inf)])
        high = np.column_stack([at + 0.2, np.full(len(at), WIDTHS[1]), np.where(up, np.inf, 0.0)])
        bounds = np.append(-np.inf, low), np.append(np.inf, high)
        scale = np.append(1.0, np.tile([0.1, 0.05, 1.0], len(at)))
        # least_squares wants to start inside
        inside = np.clip(p, bounds[0] + 1e-6, bounds[1] - 1e-6)
        return least_squares(
            lambda q: (_model(q, self.x, self.qmax) - self.y) / self.noise,
            inside,
            lambda q: _jacobian(q, self.x, self.qmax) / self.noise,
            bounds,
            x_scale=scale,
            max_nfev=60,
        )

    def _result(self, fit: OptimizeResult, unit: float) -> PeakFit:
        """Errors by what the fit leaves, of which neighbouring points share most."""
        left = float(np.sqrt(2 * fit.cost / len(self.x))) * self.noise
        freedom = max(self.n_free - len(fit.x), 3.0)
        # Not below the noise of the low-r range: a flexible fit follows noise.
        variance = max(2 * fit.cost / freedom, len(self.x) / self.n_free)
        scale = np.append(unit, np.tile([1.0, 1.0, unit], len(fit.x) // 3))
        values = fit.x * scale
        cov = np.linalg.pinv(fit.jac.T @ fit.jac) * variance * np.outer(scale, scale)
        order = np.argsort(values[1::3])
        place = (1 + 3 * order[:, None] + np.arange(3)).ravel()
        error = np.sqrt(np.clip(np.diag(cov), 0.0, None))
        found = tuple(
            Peak(*(float(v) for pair in zip(values[k : k + 3], error[k : k + 3], strict=True) for v in pair))
            for k in place[::3]
        )
        return PeakFit(found, float(values[0]), float(error[0]), left * unit, cov[np.ix_(place, place)])


def _model(p: Floats, x: Floats, qmax: float | None) -> Floats:
    curve: Floats = -p[0] * x
    for at, width, area in p[1:].reshape(-1, 3):
        curve = curve + area / at * cut_gaussian(x, at, width, qmax)
    return curve


def _jacobian(p: Floats, x: Floats, qmax: float | None) -> Floats:
    """Differentiate each peak by differences of that peak alone."""
    columns = [-x]
    step = 1e-5
    for at, width, area in p[1:].reshape(-1, 3):

        def of(a: float, w: float) -> Floats:
            return cut_gaussian(x, a, w, qmax) / a

        columns.append(area * (of(at + step, width) - of(at - step, width)) / (2 * step))
        columns.append(area * (of(at, width + step) - of(at, width - step)) / (2 * step))
        columns.append(of(at, width))
    return np.column_stack(columns)


def cut_gaussian(x: Floats, at: float, width: float, qmax: float | None) -> Floats:
    r"""Gaussian of unit area whose sine transform ends at Qmax.

    .. math:: \frac{1}{\pi} \int_0^{Q_\mathrm{max}} e^{-\sigma^2 Q^2/2}
              [\cos Q(x - r) - \cos Q(x + r)]\,\mathrm{d}Q
    """
    return _half(x - at, width, qmax) - _half(x + at, width, qmax)


def _half(d: Floats, width: float, qmax: float | None) -> Floats:
    from scipy.special import wofz

    curve = np.exp(-0.5 * (d / width) ** 2)
    # The integral beyond Qmax, by the Faddeeva function: no product of the huge and the tiny.
    end = width * qmax / np.sqrt(2) if qmax else np.inf
    if qmax and end < 6:
        beyond = np.exp(1j * qmax * d) * wofz(1j * end + d / (width * np.sqrt(2)))
        curve = curve - np.exp(-(end**2)) * beyond.real
    result: Floats = curve / (width * np.sqrt(2 * np.pi))
    return result
