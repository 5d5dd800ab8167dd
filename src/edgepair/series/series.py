"""A series: spectra of one sample while something changes, on one energy scale and one grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError, EdgepairError, OptionError, edge_energy
from edgepair.conventions.errors import visible
from edgepair.files.reading import read_table
from edgepair.measured import XanesScan, read_xanes
from edgepair.measured.samples import without_reference
from edgepair.mixtures.errors import noise_of
from edgepair.prediction.sample import PreparedXanes, prepare_xanes
from edgepair.series.axis import Axis, find_axis
from edgepair.series.changes import WHITE_LINE, half_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.spectra.alignment import FoilReading

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
    """

    axis: Axis
    scans: tuple[XanesScan, ...]
    absorber: str
    energy: NDArray[np.float64]
    mu: NDArray[np.float64]
    e0: float
    noise: NDArray[np.float64]
    shift: float
    shift_error: float
    drift: NDArray[np.float64]
    calibrated: bool
    skipped: tuple[tuple[str, str], ...] = ()


def read_series(
    sources: Sequence[XanesScan | str | Path] | str | Path,
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
) -> Series:
    """Read the spectra of a series and put them on one axis, one energy scale and one grid.

    Parameters
    ----------
    sources : path, or sequence of path or XanesScan
        Files with a spectrum or several each, as a project; or a CSV table with the column ``file``
        and columns that may be the axis.
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

    Returns
    -------
    Series
        Points in the order of the axis.

    Raises
    ------
    DataError
        Fewer than four points can be used, or they are of several elements.
    OptionError
        The axis that was asked for is not there.
    """
    listed = [sources] if isinstance(sources, (str, Path)) else list(sources)
    given, columns = _of_table(listed)
    scans, of_row, skipped = [], [], []
    for row, source in enumerate(given):
        try:
            read = (
                (source,)
                if isinstance(source, XanesScan)
                else read_xanes(
                    source, item=item, mu=mu, energy_column=energy_column, energy_unit=energy_unit,
                    absorber=absorber,
                )
            )  # fmt: skip
        except EdgepairError as error:
            skipped.append((visible(str(source)), visible(f"{error.problem}: {error.found}")))
            continue
        samples = [scan if references else without_reference(scan) for scan in read if not scan.foil]
        scans += samples
        of_row += [row] * len(samples)
    metal = _only_metal(scans, absorber)
    prepared, kept = [], []
    for place, scan in enumerate(scans):
        try:
            prepared.append(prepare_xanes(scan, metal, shift=shift, foil=foil))
            kept.append(place)
        except EdgepairError as error:
            skipped.append((_title(scan), visible(f"{error.problem}: {error.found}")))
    if len(kept) < FEWEST_POINTS:
        raise DataError(
            "cannot make a series",
            found=f"{len(kept)} spectra of {metal or 'any element'}"
            + (f"; left out {skipped[0][0]}: {skipped[0][1]}" if skipped else ""),
            needed=f"{FEWEST_POINTS} or more of one element",
            suggestion="name more files, or look at them with edgepair inspect",
        )
    scans = [scans[place] for place in kept]
    texts = {name: [column[of_row[place]] for place in kept] for name, column in columns.items()}
    found = find_axis(scans, axis, texts)
    order = np.argsort(found.values, kind="stable")
    found = Axis(found.name, found.unit, found.values[order], found.told)
    scans, prepared = [scans[k] for k in order], [prepared[k] for k in order]
    return _on_one_scale(found, scans, prepared, metal, energy_range, tuple(skipped))


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
    noise = np.array([noise_of(grid, row) for row in mu])
    return Series(
        axis, tuple(scans), metal, grid + tabulated, mu, e0 + shift, noise, shift, error, drift,
        calibrated, skipped,
    )  # fmt: skip


def _half_step(one: PreparedXanes) -> float:
    """Tell where a spectrum rises through one half, eV on the scale of its file."""
    energy = one.energy + edge_energy(one.absorber) - one.shift
    before = energy < one.e0 + WHITE_LINE
    return half_step(energy[before], np.maximum.accumulate(one.mu[before]))


def _of_table(
    given: Sequence[XanesScan | str | Path],
) -> tuple[Sequence[XanesScan | str | Path], dict[str, list[str]]]:
    """Read a table of files in place of the files, if one was given."""
    if len(given) != 1 or isinstance(given[0], XanesScan) or Path(given[0]).suffix.lower() != ".csv":
        return given, {}
    path = Path(given[0])
    try:
        rows = read_table(path)
    except (OSError, ValueError):
        # whoever reads it as a spectrum says what is wrong with it
        return given, {}
    if not rows or "file" not in rows[0]:
        return given, {}
    files: list[XanesScan | str | Path] = [path.parent / (row["file"] or "") for row in rows]
    names = [name for name in rows[0] if name and name != "file"]
    return files, {visible(name): [row[name] or "" for row in rows] for name in names}


def _only_metal(scans: Sequence[XanesScan], absorber: str | None) -> str:
    metals = sorted({scan.absorber for scan in scans if scan.absorber})
    if absorber is not None:
        return absorber
    if len(metals) != 1:
        raise DataError(
            "cannot make a series",
            found=f"spectra of {' and '.join(metals)}" if metals else "spectra whose element none tells",
            needed="spectra of one element",
            suggestion="give --absorber, and name the files of that element alone",
        )
    return metals[0]


def _title(scan: XanesScan) -> str:
    return scan.file + (f", {scan.item}" if scan.item else "")
