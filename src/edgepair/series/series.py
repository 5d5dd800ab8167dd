"""A series: spectra of one sample while something changes, on one energy scale and one grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgepair.conventions import DataError, EdgepairError, OptionError, edge_energy
from edgepair.conventions.displayed import full_title
from edgepair.conventions.errors import visible
from edgepair.conventions.tasks import Floats
from edgepair.measured import XanesScan
from edgepair.measured.pdf.first_shell import only_metal
from edgepair.measured.samples import Reading
from edgepair.prediction.sample import PreparedXanes, prepare_xanes
from edgepair.series.axis import Axis, find_axis
from edgepair.series.changes import WHITE_LINE, half_step
from edgepair.series.pdf import R_RANGE, PdfSeries, place_pdfs
from edgepair.series.points import Point, Source, paired_by_names, read_points, rows_of_table
from edgepair.spectra.alignment import FoilReading
from edgepair.spectra.smoothing import point_noise

FEWEST_POINTS = 4
"""Points of the shortest series that is looked at."""

RANGE = (-20.0, 60.0)
"""eV from the edge: what is analysed."""

DRIFT_POINTS = 7
"""Points over whose foils the drift of the energy scale is a running median."""

UNKNOWN_SCALE = 2.0
"""eV; error of the shift of a series that nothing calibrates."""


@dataclass(frozen=True)
class Series:
    """Spectra on one axis.

    Attributes
    ----------
    axis : Axis
        Where the points stand, in increasing order.
    scans : tuple of XanesScan
        The points as their files have them.
    absorber : str
        Chemical symbol.
    energy : numpy.ndarray
        Shape (n_energy,), eV, on the calibrated scale.
    mu : numpy.ndarray
        Shape (n_points, n_energy): normalised with edges that move as smoothly as the half step does.
    e0 : float
        Median of the edges, eV on the calibrated scale.
    noise : numpy.ndarray
        Shape (n_points,): standard deviation of a point of each spectrum.
    shift, shift_error : float
        What was added to the energies of all, eV, and its error.
    drift : numpy.ndarray
        Shape (n_points,): what was added to each besides, eV, by the foils measured with them.
    calibrated : bool
        Whether a foil or the user told the shift.
    skipped : tuple of (str, str)
        What could not be used of the files given, and why.
    pdf : PdfSeries or None
        PDFs that were measured along the same axis.
    pairs : tuple of (int, int)
        Which spectrum and which of these PDFs are of one point.
    """

    axis: Axis
    scans: tuple[XanesScan, ...]
    absorber: str
    energy: Floats
    mu: Floats
    e0: float
    noise: Floats
    shift: float
    shift_error: float
    drift: Floats
    calibrated: bool
    skipped: tuple[tuple[str, str], ...] = ()
    pdf: PdfSeries | None = None
    pairs: tuple[tuple[int, int], ...] = ()


def read_series(
    sources: Sequence[Source] | str | Path,
    *,
    axis: str | None = None,
    absorber: str | None = None,
    energy_range: tuple[float, float] = RANGE,
    shift: float | None = None,
    foil: FoilReading | None = None,
    references: bool = True,
    item: str | None = None,
    mu: str | None = None,
    energy_column: str | None = None,
    energy_unit: str | None = None,
    r_range: tuple[float, float] = R_RANGE,
    radiation: str | None = None,
    qmax: float | None = None,
    composition: str | None = None,
    dpdf: str | None = None,
) -> Series | PdfSeries:
    """Read spectra, PDFs or both along one axis, and put them on one scale and one grid.

    Parameters
    ----------
    sources : path, or sequence of path, XanesScan or PdfCurve
        Files with a spectrum or PDF or several each, as a project; or a CSV table with the column ``file``,
        or ``xanes`` and ``pdf`` or ``dpdf``, and columns that may be the axis, alone or beside what it names.
        Without a table, a spectrum and a PDF are of one point where their names are the same but for the
        ending, or tell the same number.
    axis : str, optional
        ``temperature``, ``potential``, ``position``, ``time``, ``name``, ``number`` or a column of the
        table; what is found where not given.
    absorber : str, optional
        Chemical symbol; may be left out where the spectra tell.
    energy_range : tuple of float, optional
        Range that is kept, eV from the edge.
    shift : float, optional
        To be added to all energies, eV.
    foil : FoilReading, optional
        From a foil measured apart.
    references : bool, optional
        Whether foils that were measured with the spectra calibrate them.
    item, mu, energy_column, energy_unit : str, optional
        As `edgepair.read_xanes` takes them.
    r_range : tuple of float, optional
        Range of PDFs that is kept, Å.
    radiation, qmax, composition : optional
        As `edgepair.read_pdf` takes them.
    dpdf : str, optional
        Names of the files of PDFs that are the absorber's differential ones, as ``'d*.gr'``.

    Returns
    -------
    Series or PdfSeries
        Points in the order of the axis: of spectra, with the PDFs in ``pdf``; of PDFs alone.

    Raises
    ------
    DataError
        Fewer than four points can be used, or spectra are of several elements.
    OptionError
        The axis or the dPDFs that were asked for are not there, or the absorber is no element.
    """
    if absorber is not None:
        edge_energy(absorber)  # an element, or refused
    listed = [sources] if isinstance(sources, (str, Path)) else list(sources)
    given, columns, unnamed = rows_of_table(listed)
    spectrum = {
        "mu": mu, "energy_column": energy_column, "energy_unit": energy_unit, "absorber": absorber,
    }  # fmt: skip
    of_pdf = {"radiation": radiation, "qmax": qmax, "composition": composition}
    points, skipped = read_points(given, references, Reading(item, spectrum, of_pdf, dpdf=dpdf or "").read)
    skipped += unnamed
    if dpdf and not any(point.G is not None and point.G.differential for point in points):
        raise OptionError(
            f"cannot take the PDFs named {dpdf!r} as differential",
            found="no PDF of such a name",
            needed="a pattern of names of files, as 'd*.gr'",
            suggestion="leave --dpdf out where all are total PDFs",
        )
    if not columns:
        points = paired_by_names(points)
    metal = _only_metal(points, absorber)
    prepared: dict[int, PreparedXanes] = {}
    first: dict[tuple[bytes, bytes], str] = {}
    for place, point in enumerate(points):
        if point.mu is None:
            continue
        # Two copies share their noise, which would count as a component.
        numbers = (point.mu.energy.tobytes(), point.mu.mu.tobytes())
        if numbers in first:
            skipped.append((full_title(point.mu), f"the same numbers as {first[numbers]}"))
            points[place] = replace(point, mu=None)
            continue
        first[numbers] = full_title(point.mu)
        try:
            prepared[place] = prepare_xanes(point.mu, metal, shift=shift, foil=foil)
        except EdgepairError as error:
            skipped.append((full_title(point.mu), visible(f"{error.problem}: {error.found}")))
            points[place] = replace(point, mu=None)
    kept = [place for place, point in enumerate(points) if point.mu is not None or point.G is not None]
    n_spectra, n_curves = len(prepared), sum(points[place].G is not None for place in kept)
    if max(n_spectra, n_curves) < FEWEST_POINTS:
        raise DataError(
            "cannot make a series",
            found=f"{n_spectra} spectra of {metal or 'any element'}"
            + (f" and {n_curves} PDFs" if n_curves else "")
            + (f"; left out {skipped[0][0]}: {skipped[0][1]}" if skipped else ""),
            needed=f"{FEWEST_POINTS} or more of one element",
            suggestion="name more files, or look at them with edgepair inspect",
        )
    axis_of = find_axis(
        [points[place].shown for place in kept],
        axis,
        {name: [column[points[place].row] for place in kept] for name, column in columns.items()},
    )
    order = np.argsort(axis_of.values, kind="stable")
    places, values = [kept[k] for k in order], axis_of.values[order]
    for n, kind in ((n_spectra, "spectra"), (n_curves, "PDFs")):
        if 0 < n < FEWEST_POINTS:
            skipped.append((f"the {kind}", f"{n}, where a series takes {FEWEST_POINTS}"))
    curves = None
    if n_curves >= FEWEST_POINTS:
        mine = [k for k, place in enumerate(places) if points[place].G is not None]
        curves = place_pdfs(
            replace(axis_of, values=values[mine]), [points[places[k]].G for k in mine], metal, r_range,
            () if n_spectra >= FEWEST_POINTS else tuple(skipped),
        )  # fmt: skip
        if n_spectra < FEWEST_POINTS:
            return curves
    shown = [k for k, place in enumerate(places) if place in prepared]
    with_curve = [places[k] for k in mine] if curves is not None else []
    pairs = [(k, with_curve.index(places[p])) for k, p in enumerate(shown) if places[p] in with_curve]
    series = _on_one_scale(
        replace(axis_of, values=values[shown]),
        [scan for k in shown if (scan := points[places[k]].mu) is not None],
        [prepared[places[k]] for k in shown], str(metal), energy_range, tuple(skipped),
    )  # fmt: skip
    return replace(series, pdf=curves, pairs=tuple(pairs))


def _on_one_scale(
    axis: Axis,
    scans: Sequence[XanesScan],
    alone: Sequence[PreparedXanes],
    metal: str,
    between: tuple[float, float],
    skipped: tuple[tuple[str, str], ...],
) -> Series:
    """Normalise all alike, and move all by one shift and the drift that their foils tell."""
    if not between[0] < between[1]:
        raise OptionError(
            "cannot analyse the series",
            found=f"a range from {between[0]:g} to {between[1]:g} eV",
            needed="a first energy below the last",
            suggestion="--range=-20,60",
        )
    own = np.array([one.e0 for one in alone])
    e0 = float(np.median(own))
    half = np.array([_half_step(one) for one in alone])
    # the steepest point jumps from compound to compound, the half step does not: steps change as smoothly
    edges = np.where(np.isfinite(half), half + float(np.nanmedian(own - half)), own)
    shifts = np.array([one.shift for one in alone])
    calibrated = all(one.calibrated for one in alone)
    shift, drift, error = float(np.median(shifts)), np.zeros(len(shifts)), UNKNOWN_SCALE
    if calibrated:
        error = float(np.median([one.error for one in alone]))
        if np.ptp(shifts) > 0:
            around = DRIFT_POINTS // 2
            padded = np.pad(shifts, around, mode="edge")
            drift = np.array([np.median(padded[k : k + DRIFT_POINTS]) for k in range(len(shifts))]) - shift
    else:
        shift = 0.0
    same = [
        prepare_xanes(scan, metal, shift=shift + float(moved), e0=float(at))
        for scan, moved, at in zip(scans, drift, edges, strict=True)
    ]
    edge = e0 + shift - edge_energy(metal)
    low = max(edge + between[0], *(one.energy[0] for one in same))
    high = min(edge + between[1], *(one.energy[-1] for one in same))
    grid = same[0].energy[(same[0].energy >= low) & (same[0].energy <= high)]
    if len(grid) < 2 * FEWEST_POINTS or high < edge:
        raise DataError(
            "cannot put the spectra of the series on one grid",
            found=f"energies that all share from {low - edge:+.0f} to {high - edge:+.0f} eV of the edge",
            needed="a range that all of them hold, with the edge in it",
            suggestion="leave the shortest ones out, or give a --range that all hold",
        )
    mu = np.array([np.interp(grid, one.energy, one.mu) for one in same])
    tabulated = edge_energy(metal)
    noise = np.array([point_noise(grid, row) for row in mu])
    return Series(
        axis, tuple(scans), metal, grid + tabulated, mu, e0 + shift, noise, shift, error, drift,
        calibrated, skipped,
    )  # fmt: skip


def _half_step(one: PreparedXanes) -> float:
    """Tell where a spectrum rises through one half, eV on the scale of its file."""
    energy = one.energy + edge_energy(one.absorber) - one.shift
    before = energy < one.e0 + WHITE_LINE
    return half_step(energy[before], np.maximum.accumulate(one.mu[before]))


def _only_metal(points: Sequence[Point], absorber: str | None) -> str | None:
    """Tell the element: that of the spectra, else what the compositions of PDFs hold alone; None: unknown."""
    if absorber is not None:
        return absorber
    scans = [point.mu for point in points if point.mu is not None]
    metals = sorted({scan.absorber for scan in scans if scan.absorber})
    if not scans:
        of_curves = {only_metal(point.G.composition) for point in points if point.G is not None}
        return of_curves.pop() if len(of_curves) == 1 else None
    if len(metals) != 1:
        raise DataError(
            "cannot make a series",
            found=f"spectra of {' and '.join(metals)}" if metals else "spectra whose element none tells",
            needed="spectra of one element",
            suggestion="give --absorber, and name the files of that element alone",
        )
    return metals[0]
