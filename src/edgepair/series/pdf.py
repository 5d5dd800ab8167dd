r"""PDFs along a series: one grid and Qmax, how many components, the first peak, where they change.

PDFs of a series as linear combinations of end members: points of the series, or PDFs of standards.

.. math:: G_i(r) \approx s_i \sum_k f_{ik} G_k(r), \qquad f_{ik} \ge 0, \quad \sum_k f_{ik} = 1

A scale :math:`s_i` is left to each point, as PDFs of one sample differ by it. A curve resolution is not
made: without G(r) being positive, nothing but fractions would hold its components, which can then be
turned far; end members that were measured stand in their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from edgepair.conventions import DataError, OptionError
from edgepair.conventions.displayed import Displayed
from edgepair.conventions.tasks import Floats
from edgepair.measured import PdfCurve
from edgepair.measured.pdf.inspection import inspect_pdf, noise_share
from edgepair.measured.samples import pdf_technique
from edgepair.mixtures.errors import correlation_length, goodness
from edgepair.series.answers import Row, columns_of, points_of, shell_rows, values_table
from edgepair.series.axis import Axis
from edgepair.series.changes import change_points, scatter
from edgepair.series.folder import write_folder
from edgepair.series.principal import Principal, find_principal
from edgepair.series.resolution import closed_fractions, purest_points
from edgepair.spectra import PDFInstrument, estimate_qmax, resample_pdf

EndMember: TypeAlias = "PdfCurve | int"
"""A PDF, or the number of a point, counted from 1; from the end where negative."""

MOST_ENDS = 5

LARGE_MISFIT = 2.0
"""Times the noise by which end members may miss the points between them before it is said."""

R_RANGE = (1.0, 20.0)
"""Å: what is analysed."""

R_STEP = 0.05
"""Å: half of what Qmax of 30 Å⁻¹ resolves."""

_KINDS = {"pdf": "x-ray", "npdf": "neutron", "dpdf": "differential"}

UNLIKE_QMAX = 1.0
"""Å⁻¹ by which ends of the data may differ before it is said."""

_SHELL = {
    "first_peak": ("first_peak", "value"), "first_peak_error": ("first_peak", "error"),
    "first_peak_width": ("first_peak_width", "value"),
}  # fmt: skip


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
    """Fit PDFs as sums of ends: as given, or first, last and farthest between; None of one component."""
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


def _on_one_grid(series: PdfSeries, given: Sequence[PdfCurve]) -> tuple[PDFInstrument, Floats, Floats]:
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


@dataclass(frozen=True)
class PdfSeries:
    """PDFs on one axis.

    Attributes
    ----------
    axis : Axis
        Where the points stand, in increasing order.
    curves : tuple of PdfCurve
        The points as their files have them.
    absorber : str or None
        Whose surroundings are asked for; None where nothing tells.
    modality : str
        ``pdf``, ``npdf`` or ``dpdf``.
    r : numpy.ndarray
        Shape (n_r,), Å.
    G : numpy.ndarray
        Shape (n_points, n_r), Å⁻²: brought to the lowest Qmax of all.
    qmax : float or None
        That Qmax, Å⁻¹; None where no end of the data is told or seen.
    noise : numpy.ndarray
        Shape (n_points,), Å⁻²: by what is left next to Qmax, or by how points differ from the mean of their
        neighbours, where that is less: both are upper bounds.
    skipped : tuple of (str, str)
        What could not be used of the files given, and why.
    warnings : tuple of str
        What was done to bring them together.
    """

    axis: Axis
    curves: tuple[PdfCurve, ...]
    absorber: str | None
    modality: str
    r: Floats
    G: Floats
    qmax: float | None
    noise: Floats
    skipped: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False, eq=False)
class PdfSeriesResult(Displayed, topic="series.page", main_table="points"):
    """What PDFs along a series tell.

    Attributes
    ----------
    series : PdfSeries
        The PDFs.
    points : pandas.DataFrame
        A row a point: ``position, file, item, first_peak, first_peak_error, first_peak_width, noise, trust,
        segment`` and, of each task, the answer with ``_lower`` and ``_upper`` added. Å, Å⁻².
    values : pandas.DataFrame
        ``point, position, modality, task, value, lower, upper, trust``, a row an answer.
    principal : Principal
        How many components there are.
    changes : tuple of float
        Positions at which straight pieces begin.
    warnings : tuple of str
        What makes the result doubtful.
    fractions : PdfFractions or None
        Linear combinations of end members; None of one component.
    """

    series: PdfSeries
    points: pd.DataFrame
    values: pd.DataFrame
    principal: Principal
    changes: tuple[float, ...]
    warnings: tuple[str, ...] = field(default_factory=tuple)
    fractions: PdfFractions | None = None

    def _lines(self) -> Iterator[str]:
        axis = self.series.axis
        yield f"PdfSeriesResult: {len(self.series.G)} PDFs along {axis.name} {axis.unit}"
        yield f"components: {self.principal.number}"
        if self.changes:
            yield "changes at " + ", ".join(f"{value:g}" for value in self.changes)
        yield from self.warnings

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Give all tables by name.

        Returns
        -------
        mapping of str to pandas.DataFrame
            As `write` writes them.
        """
        curves = pd.DataFrame(self.series.G.T, columns=[f"G_{k + 1}" for k in range(len(self.series.G))])
        curves.insert(0, "r", self.series.r)
        found = {"pdf_points": self.points, "values": self.values, "pdf_curves": curves}
        found["pdf_components"] = self.principal.table
        if self.fractions is not None:
            found["pdf_fractions"], found["pdf_fits"] = self.fractions.table, self.fractions.values
        return found

    def write(self, folder: str | Path) -> Path:
        """Write all tables as CSV.

        Parameters
        ----------
        folder : path
            A new one, an empty one, or one that an earlier series wrote, which it replaces.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        told = {"absorber": self.series.absorber, "modality": self.series.modality, "qmax": self.series.qmax}
        return write_folder(self, folder, told)


def place_pdfs(
    axis: Axis,
    curves: Sequence[PdfCurve],
    absorber: str | None,
    between: tuple[float, float],
    skipped: tuple[tuple[str, str], ...],
) -> PdfSeries:
    """Bring PDFs to the lowest Qmax of all and to the range that all have; ``between`` in Å."""
    if not 0 <= between[0] < between[1]:
        raise OptionError(
            "cannot analyse the PDFs of the series",
            found=f"a range from {between[0]:g} to {between[1]:g} Å",
            needed="a first distance below the last",
            suggestion="--r-range=1,20",
        )
    kinds = {pdf_technique(curve) for curve in curves}
    if len(kinds) > 1:
        raise DataError(
            "cannot make a series of these PDFs",
            found=" and ".join(name for kind, name in _KINDS.items() if kind in kinds) + " ones",
            needed="total PDFs of one radiation, or differential ones",
            suggestion="name those of one kind, or give --radiation where a header does not tell",
        )
    ends = [curve.qmax or estimate_qmax(curve.r, curve.G) for curve in curves]
    known = [end for end in ends if end]
    first = max(between[0], *(float(curve.r[0]) for curve in curves))
    last = min(between[1], *(float(curve.r[-1]) for curve in curves))
    if last - first < 1.0:
        raise DataError(
            "cannot put the PDFs of the series on one grid",
            found=f"distances that all share from {first:g} to {last:g} Å",
            needed="a range of 1 Å or more",
            suggestion="leave the shortest ones out, or give a --r-range that all hold",
        )
    qmax = min(known) if known else None
    shown = PDFInstrument(qmax=qmax or 0.0, r_first=first, r_last=last, r_step=R_STEP)
    G = np.array([resample_pdf(curve.r, curve.G, instrument=shown) for curve in curves])
    unlike = bool(known) and max(known) - min(known) > UNLIKE_QMAX
    told = f"the data end at {min(known):.1f} to {max(known):.1f} 1/Å" if unlike else ""
    # both are upper bounds: of the noise by what is left next to Qmax, and by neighbouring points
    shares = [noise_share(curve.r, curve.G, end) for curve, end in zip(curves, ends, strict=True)]
    bounds = [
        np.inf if one is None else one * np.sqrt((row**2).mean()) for one, row in zip(shares, G, strict=True)
    ]
    noise = np.minimum(scatter(G), bounds)
    return PdfSeries(
        axis,
        tuple(curves),
        absorber,
        kinds.pop(),
        shown.grid(),
        G,
        qmax,
        noise,
        skipped,
        (told + ": all PDFs were brought to the lowest Qmax",) if told else (),
    )


def analyse_pdfs(
    series: PdfSeries,
    rows: Sequence[Sequence[Row]],
    *,
    number: int | None,
    ends: Sequence[EndMember],
    seed: int,
) -> PdfSeriesResult:
    """Count components, combine end members, follow the first peak; ``rows``: what points were answered."""
    noise = float(np.median(series.noise))
    found = find_principal(series.r, series.G, None, number=number, seed=seed, noise=noise)
    fractions = fit_pdfs(series, ends, found.number)
    starts = change_points(series.axis.values, found.scores[:, : found.number], series.noise)
    shells = [
        told if any(row["task"] == "first_peak" for row in told)
        else shell_rows(inspect_pdf(curve, absorber=series.absorber).first_shell)
        for curve, told in zip(series.curves, rows, strict=True)
    ]  # fmt: skip
    columns = points_of(series.axis, series.curves)
    columns |= {
        name: [next((row[column] for row in told if row["task"] == task), np.nan) for told in shells]
        for name, (task, column) in _SHELL.items()
    }
    columns |= {"noise": series.noise, **columns_of(rows, series.modality)}
    columns["segment"] = np.searchsorted(starts, np.arange(len(series.G)), side="right") + 1
    warnings = [*(f"left out {name}: {reason}" for name, reason in series.skipped), *series.warnings]
    if series.absorber is None:
        warnings.append("no values: nothing tells whose surroundings are asked for; give --absorber")
    if found.number == 1:
        warnings.append("nothing stands out of the noise but one component: the PDFs are the same within it")
    if fractions is not None and fractions.values["reduced_chi_square"].median() > LARGE_MISFIT**2:
        warnings.append(
            "the end members do not describe the PDFs between them within the noise: another part, or peaks"
            " that move; fractions are of shapes then"
        )
    return PdfSeriesResult(
        series, pd.DataFrame(columns), values_table(series.axis.values, rows), found,
        tuple(float(series.axis.values[start]) for start in starts), tuple(warnings), fractions,
    )  # fmt: skip
