r"""PDFs of a series as linear combinations of end members: points of the series, or PDFs of standards.

.. math:: G_i(r) \approx s_i \sum_k f_{ik} G_k(r), \qquad f_{ik} \ge 0, \quad \sum_k f_{ik} = 1

A scale :math:`s_i` is left to each point, as PDFs of one sample differ by it. A curve resolution is not
made: without G(r) being positive, nothing but fractions would hold its components, which can then be
turned far; end members that were measured stand in their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgepair.conventions import OptionError
from edgepair.measured import PdfCurve
from edgepair.measured.samples import pdf_technique
from edgepair.mixtures.errors import correlation_length, goodness
from edgepair.series.resolution import closed_fractions, purest_points
from edgepair.spectra import PDFInstrument, estimate_qmax, resample_pdf

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from edgepair.series.pdf import PdfSeries

EndMember: TypeAlias = "PdfCurve | int"
"""A PDF, or the number of a point, counted from 1; from the end where negative."""

MOST_ENDS = 5

LARGE_MISFIT = 2.0
"""Times the noise by which end members may miss the points between them before it is said."""


@dataclass(frozen=True)
class PdfFractions:
    """PDFs of a series as linear combinations of end members.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a point and end member: ``position, end_member, fraction, error``.
    values : pandas.DataFrame
        A row a point: ``position, scale, r_w, reduced_chi_square``.
    """

    table: pd.DataFrame
    values: pd.DataFrame


def fit_pdfs(series: PdfSeries, ends: Sequence[EndMember], number: int) -> PdfFractions | None:
    """Fit all PDFs of a series as sums of end members.

    Without `ends`: the first and the last point and, of more than two components, those of the points
    between that are farthest from what these can be mixed to; None of one component.
    """
    import pandas as pd

    if not ends and number < 2:
        return None
    instrument, G, given = _on_one_grid(series, [one for one in ends if isinstance(one, PdfCurve)])
    n = len(G)
    if ends:
        places = [_place(one, n) for one in ends if not isinstance(one, PdfCurve)]
    else:
        places = [0, n - 1, *purest_points(G, min(number, MOST_ENDS), G[[0, -1]])]
    if len({*places}) != len(places) or not 2 <= len(places) + len(given) <= MOST_ENDS:
        raise OptionError(
            "cannot combine the PDFs of end members",
            found=f"{len(places) + len(given)} end members, points {', '.join(str(k + 1) for k in places)}",
            needed=f"2 to {MOST_ENDS} that differ",
            suggestion="--ends 1,-1 for the first and the last point",
        )
    order = np.argsort(places)
    places = [places[k] for k in order]
    axis = series.axis
    unit = f" {axis.unit}" if axis.unit else ""
    names = [f"at {axis.values[k]:g}{unit}" for k in places]
    names += [one.title for one in ends if isinstance(one, PdfCurve)]
    spectra = np.vstack([G[places], given])
    own_noise = np.r_[series.noise[places], np.full(len(given), np.median(series.noise))]
    amounts = closed_fractions(G, spectra, closure=0.0)
    # scales of points differ, and those of end members, which are set to one, by as much
    unlike = float(amounts.sum(axis=1).std())
    inverse = np.linalg.pinv(spectra @ spectra.T, hermitian=True)
    rows, values = [], []
    for at, row, amount, noise in zip(axis.values, G, amounts, series.noise, strict=True):
        left = row - amount @ spectra
        # noise of the end members is in the misfit too
        variance = float(noise**2 + amount**2 @ own_noise**2)
        r_factor, _, chi_square = goodness(float(left @ left), row, variance, len(spectra))
        variance *= max(1.0, chi_square) * max(correlation_length(left), 1.0 / _independent(instrument))
        scale = float(amount.sum())
        share = amount / scale if scale > 0 else amount
        turn = (np.eye(len(spectra)) - share[:, None]) / max(scale, 1e-9)
        covariance = turn @ (variance * inverse + np.diag((amount * unlike) ** 2)) @ turn.T
        errors = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
        rows += [(at, *one) for one in zip(names, share, errors, strict=True)]
        values.append((at, scale, np.sqrt(r_factor), chi_square))
    return PdfFractions(
        pd.DataFrame(rows, columns=["position", "end_member", "fraction", "error"]),
        pd.DataFrame(values, columns=["position", "scale", "r_w", "reduced_chi_square"]),
    )


def _independent(instrument: PDFInstrument) -> float:
    """Tell how many independent values a point holds: data that end at Qmax have one every π/Qmax."""
    return min(1.0, instrument.r_step * instrument.qmax / np.pi) if instrument.qmax else 1.0


def _place(number: int, n_points: int) -> int:
    """Take the number of a point, counted from 1, or from the end where it is negative."""
    place = number - 1 if number > 0 else n_points + number
    if number == 0 or not 0 <= place < n_points:
        raise OptionError(
            f"cannot take point {number} as an end member",
            found=f"{n_points} points",
            needed=f"1 to {n_points}, or -1 for the last",
            suggestion="--ends 1,-1 for the first and the last point",
        )
    return place


def _on_one_grid(
    series: PdfSeries, given: Sequence[PdfCurve]
) -> tuple[PDFInstrument, NDArray[np.float64], NDArray[np.float64]]:
    """Bring the series and end members from elsewhere to the lowest Qmax and the range that all have."""
    for curve in given:
        if pdf_technique(curve) != series.modality:
            raise OptionError(
                f"cannot take {curve.title!r} as an end member",
                found="a PDF of another kind than those of the series",
                needed="one of the same radiation, total or differential as they are",
                suggestion="give --radiation where a header does not tell, or leave it out",
            )
    known = [end for end in (series.qmax, *(one.qmax or estimate_qmax(one.r, one.G) for one in given)) if end]
    first = max(float(series.r[0]), *(float(one.r[0]) for one in given), 0.0)
    last = min([float(series.r[-1]), *(float(one.r[-1]) for one in given)])
    step = float(series.r[1] - series.r[0])
    if last - first < 1.0:
        raise OptionError(
            "cannot combine the PDFs of end members",
            found=f"distances that all share from {first:g} to {last:g} Å",
            needed="a range of 1 Å or more",
            suggestion="leave the shortest end member out",
        )
    instrument = PDFInstrument(qmax=min(known) if known else 0.0, r_first=first, r_last=last, r_step=step)
    if not given:
        return instrument, series.G, np.empty((0, series.G.shape[1]))
    shown = [
        np.array([resample_pdf(one.r, one.G, instrument=instrument) for one in curves])
        for curves in (series.curves, given)
    ]
    return instrument, shown[0], shown[1]
