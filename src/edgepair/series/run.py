"""From a series to values, components, fractions and where it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from edgepair.conventions import OptionError
from edgepair.conventions.displayed import Displayed
from edgepair.conventions.tasks import Floats
from edgepair.mixtures.errors import STANDARD_ERROR
from edgepair.series.answers import (
    MOST_RESOLVED,
    Known,
    Measured,
    Row,
    ambiguity_of,
    answer_points,
    as_standards,
    columns_of,
    component_answers,
    component_mixtures,
    points_of,
    values_table,
)
from edgepair.series.changes import change_points, crossing_points, edge_and_white_line
from edgepair.series.folder import write_folder
from edgepair.series.fractions import SeriesFractions, fit_series
from edgepair.series.pdf import EndMember, PdfSeries, PdfSeriesResult, analyse_pdfs
from edgepair.series.principal import MOST_COMPONENTS, Principal, find_components, targets
from edgepair.series.resolution import Resolution, resolve
from edgepair.series.series import Series
from edgepair.standards import Standard
from edgepair.standards.standards import sound_standards


@dataclass(frozen=True, repr=False, eq=False)
class SeriesResult(Displayed, topic="series.page", main_table="points"):
    """What a series tells.

    Attributes
    ----------
    series : Series
        The spectra.
    points : pandas.DataFrame
        A row a point, in the order of the axis: ``position, file, item, edge_position, white_line,
        white_line_energy, noise, drift, trust, segment``, and of each of ``oxidation_state,
        coordination_number, bond_length`` the answer with ``_lower`` and ``_upper`` added: its interval.
        ``edge_position``, ``white_line_energy`` and ``drift`` in eV; ``segment`` counts straight pieces
        from 1.
    values : pandas.DataFrame
        Answers of all modalities, of the PDFs and pairs too: ``point, position, modality, task, value,
        lower, upper, trust``; points counted from 1, PDFs without a spectrum after the spectra.
    principal : Principal
        How many components there are.
    standards : pandas.DataFrame
        Which standards lie in their space, as `edgepair.series.principal.targets` gives it.
    resolution : Resolution or None
        Components by curve resolution; None where asked not to.
    component_answers : pandas.DataFrame
        ``component, task, value, lower, upper, trust``: what the model answers for each component.
    component_mixtures : pandas.DataFrame
        ``component, compound, standard, fraction, error, misfit, as_good, nearest, nearest_misfit``: the
        mixture of standards that each component is most like, a row a compound, and the nearest alone.
    fractions : SeriesFractions or None
        Linear combinations of standards; None where there are none.
    crossings : pandas.DataFrame
        Isosbestic points: ``energy, mu, spread``.
    changes : tuple of float
        Positions at which straight pieces begin.
    warnings : tuple of str
        What makes the result doubtful.
    pdf : PdfSeriesResult or None
        What the PDFs along the same axis tell.
    """

    series: Series
    points: pd.DataFrame
    values: pd.DataFrame
    principal: Principal
    standards: pd.DataFrame
    resolution: Resolution | None
    component_answers: pd.DataFrame
    component_mixtures: pd.DataFrame
    fractions: SeriesFractions | None
    crossings: pd.DataFrame
    changes: tuple[float, ...]
    warnings: tuple[str, ...] = field(default_factory=tuple)
    pdf: PdfSeriesResult | None = None

    def _lines(self) -> Iterator[str]:
        series, axis = self.series, self.series.axis
        yield f"SeriesResult: {len(series.mu)} spectra of {series.absorber} along {axis.name} {axis.unit}"
        if self.pdf is not None:
            yield f"{len(self.pdf.series.G)} PDFs of {self.pdf.principal.number} components beside"
        yield f"components: {self.principal.number}"
        if self.fractions is not None:
            yield "standards: " + ", ".join(dict.fromkeys(self.fractions.table["compound"]))
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
        found = {} if self.pdf is None else dict(self.pdf.tables())
        found |= {"points": self.points, "values": self.values, "components": self.principal.table}
        found["standards"] = self.standards
        if self.resolution is not None:
            position = self.series.axis.values
            columns: dict[str, object] = {"position": position}
            spectra: dict[str, object] = {"energy": self.series.energy}
            for k in range(self.resolution.fractions.shape[1]):
                for name in ("fractions", "fraction_errors", "fraction_low", "fraction_high"):
                    title = name.replace("fractions", "fraction").replace("errors", "error")
                    columns[f"{title}_{k + 1}"] = getattr(self.resolution, name)[:, k]
                spectra[f"mu_{k + 1}"] = self.resolution.spectra[k]
                spectra[f"mu_error_{k + 1}"] = self.resolution.spectrum_errors[k]
            found["resolved_fractions"] = pd.DataFrame(columns)
            found["resolved_spectra"] = pd.DataFrame(spectra)
            found["resolved_answers"] = self.component_answers
            found["resolved_mixtures"] = self.component_mixtures
        if self.fractions is not None:
            found["fractions"] = self.fractions.table
            found["values_of_fractions"] = self.fractions.values
        found["crossing_points"] = self.crossings
        normalised = pd.DataFrame(
            self.series.mu.T, columns=[f"mu_{k + 1}" for k in range(len(self.series.mu))]
        )
        normalised.insert(0, "energy", self.series.energy)
        found["normalised"] = normalised
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
        series = self.series
        told = {
            "absorber": series.absorber, "e0": series.e0, "energy_shift": series.shift,
            "energy_error": series.shift_error, "calibrated": series.calibrated, "pairs": len(series.pairs),
        }  # fmt: skip
        return write_folder(self, folder, told)


def analyse_series(
    series: Series | PdfSeries,
    *,
    standards: Sequence[Standard] = (),
    library: bool = True,
    number: int | None = None,
    fixed: Sequence[str] = (),
    combine: str = "standards",
    ends: Sequence[EndMember] = (),
    neighbours: float | None = None,
    resolved: bool = True,
    answered: bool = True,
    confidence_level: float = 0.9,
    seed: int = 0,
    known: Known | None = None,
    show: Callable[[int, int, str], None] | None = None,
) -> SeriesResult | PdfSeriesResult:
    """Analyse a series: values, components, fractions, and where it changes.

    Parameters
    ----------
    series : Series or PdfSeries
        From `edgepair.read_series`.
    standards : sequence of Standard, optional
        The user's own, besides the library.
    library : bool, optional
        Whether the library of standards takes part in fractions.
    number : int, optional
        Components; those that stand out of the noise where not given.
    fixed : sequence of str, optional
        Compounds of the standards that are components.
    combine : str, optional
        What the series is a linear combination of: ``standards``, or the resolved ``components``.
    ends : sequence of int or PdfCurve, optional
        What PDFs are a linear combination of: points of the series, counted from 1 (-1 is the last), or PDFs
        of standards; the first point, the last, and the purest between where not given.
    neighbours : float, optional
        By how much fractions of neighbouring points differ, about (root mean square): they are fitted
        together then; each point alone where not given.
    resolved, answered : bool, optional
        Whether components are resolved, and whether the model answers for points and components.
    confidence_level : float, optional
        Of the intervals of the model's answers.
    seed : int, optional
        Same seed, same numbers.
    known : dict, optional
        What was answered before, by file and item (both joined by ``|`` where a spectrum and a PDF are
        of one point): it is taken, and what is new is added.
    show : callable, optional
        Is told done, total and what, as the work goes on.

    Returns
    -------
    SeriesResult or PdfSeriesResult
        Tables and curves; of PDFs alone the second.

    Raises
    ------
    OptionError
        The number of components or a fixed compound cannot be.
    """
    n_points = len(series.axis.values)
    if number is not None and not 1 <= number <= min(MOST_COMPONENTS, n_points - 1):
        raise OptionError(
            "cannot resolve the series",
            found=f"{number} components asked for, of {n_points} points",
            needed=f"1 to {min(MOST_COMPONENTS, n_points - 1)}",
            suggestion="leave --number out: what stands out of the noise is found",
        )
    if combine not in ("standards", "components") or not (neighbours is None or 0 < neighbours <= 1):
        raise OptionError(
            "cannot combine spectra along the series",
            found=f"a combination of {combine!r}, and neighbours that differ by {neighbours}",
            needed="standards or components, and a difference of fractions above 0, up to 1",
            suggestion="leave them out: standards are combined, and each point is fitted alone",
        )
    if isinstance(series, Series):
        principal, moved, drift = find_components(
            series.energy, series.mu, series.e0, number=number, seed=seed
        )
        if drift.any():
            series = replace(series, mu=moved, drift=series.drift + drift)
    measured, positions = measured_points(series)
    steps = len(measured) * answered + 3
    tell = show or (lambda *_: None)
    rows: list[list[Row]] = [[] for _ in measured]
    if answered:
        rows = answer_points(
            measured, series.absorber, standards=standards, level=confidence_level,
            known={} if known is None else known, show=lambda k: tell(k, steps, "points"),
        )  # fmt: skip
    tell(steps - 3, steps, "components")
    if isinstance(series, PdfSeries):
        return analyse_pdfs(series, rows, number=number, ends=ends, seed=seed)
    curves = None
    if series.pdf is not None:
        of_curve = {id(G): told for (_, G, _), told in zip(measured, rows, strict=True) if G is not None}
        told = [of_curve[id(curve)] for curve in series.pdf.curves]
        curves = analyse_pdfs(series.pdf, told, number=None, ends=ends, seed=seed)
    noise = float(np.median(series.noise))
    near = sound_standards(series.absorber, standards, library=library)
    limit = max(0.5, series.shift_error)
    found = targets(series.energy, principal, noise, near, shift_limit=limit)
    tell(steps - 2, steps, "fractions of standards")
    by_name = {(one.name, one.compound): one for one in near}
    ordered = [
        by_name[name, compound] for name, compound in zip(found["standard"], found["compound"], strict=True)
    ]
    warnings = _warnings(series, principal)
    if drift.any():
        warnings.append(
            f"the energy scale seems to drift by {np.ptp(drift):.2f} eV: without that there would be"
            " a component more; a foil measured with each point would tell"
        )
    tell(steps - 1, steps, "curve resolution")
    resolution = None
    held = _fixed(series, fixed, ordered, principal.number if resolved else 0)
    if resolved and 1 < principal.number <= MOST_RESOLVED:
        resolution = resolve(series.mu, principal.number, fixed=held, noise=noise, seed=seed)
    elif resolved and principal.number > 1:
        warnings.append(
            f"{principal.number} components are not resolved: at most {MOST_RESOLVED} are; give --number"
        )
    answers = component_answers(
        series, resolution if answered else None, standards, confidence_level, warnings
    )
    made_of = component_mixtures(series, resolution, near, limit, warnings)
    if combine == "components":
        ordered, limit = as_standards(series, resolution, answers), 0.0
    fitted = fit_series(
        series.energy, series.mu, series.noise, ordered, min(principal.number, MOST_RESOLVED - 1),
        shift_limit=limit, axis=series.axis.values, neighbours=neighbours,
        ambiguity=ambiguity_of(resolution) if combine == "components" else None,
    )  # fmt: skip
    if fitted is not None and fitted.others:
        warnings.append("other standards describe the series as well: " + "; ".join(fitted.others[:5]))
    columns = _columns(series) | columns_of(rows[: len(series.mu)], "xanes")
    scores = principal.scores[:, : max(principal.number, 1)]
    starts = change_points(series.axis.values, scores, series.noise)

    columns["segment"] = np.searchsorted(starts, np.arange(len(series.mu)), side="right") + 1
    changes = tuple(float(series.axis.values[start]) for start in starts)
    crossings = crossing_points(series.energy, series.mu, noise, series.e0)
    return SeriesResult(
        series, pd.DataFrame(columns), values_table(positions, rows), principal, found, resolution, answers,
        made_of, fitted, crossings, changes, tuple(warnings), curves,
    )  # fmt: skip


def measured_points(series: Series | PdfSeries) -> tuple[list[Measured], Floats]:
    """List what was measured at each point, spectra first, and where the points stand."""
    if isinstance(series, PdfSeries):
        return [(None, curve, None) for curve in series.curves], series.axis.values
    partner, curves = dict(series.pairs), series.pdf
    points: list[Measured] = []
    for k, scan in enumerate(series.scans):
        shift = series.shift + float(series.drift[k]) if series.calibrated else None
        G = curves.curves[partner[k]] if curves is not None and k in partner else None
        points.append((scan, G, shift))
    alone = [] if curves is None else [k for k in range(len(curves.G)) if k not in partner.values()]
    if curves is None or not alone:
        return points, series.axis.values
    points += [(None, curves.curves[k], None) for k in alone]
    return points, np.r_[series.axis.values, curves.axis.values[alone]]


def _warnings(series: Series, principal: Principal) -> list[str]:
    told = [f"left out {name}: {reason}" for name, reason in series.skipped]
    if not series.calibrated:
        told.append(
            "no energy calibration: values are read from the shapes, and standards are fitted with a shift"
            f" of up to {series.shift_error:g} eV; give --reference or --shift"
        )
    if series.pdf is not None and not series.pairs:
        told.append(
            "no spectrum and no PDF are of one point by their names: a table with the columns xanes and pdf"
            " tells which are"
        )
    left_over = float(principal.table["left_over"].iloc[0])
    if principal.number > 1 and left_over < STANDARD_ERROR:
        told.append(
            f"all changes together are {left_over:.4f} edge steps, less than measurements of one compound"
            f" differ by ({STANDARD_ERROR:g}): components may be of temperature or normalisation"
        )
    if principal.number == 1:
        told.append("nothing stands out of the noise but one component: the spectra are the same within it")
    return told


def _fixed(
    series: Series, names: Sequence[str], standards: Sequence[Standard], number: int
) -> np.ndarray | None:
    if not names:
        return None
    if not len(names) <= number <= MOST_RESOLVED or number < 2:
        raise OptionError(
            "cannot hold " + ", ".join(map(repr, names)) + " in a curve resolution",
            found=f"{len(names)} to be held, and {number} components",
            needed=f"a resolution into 2 to {MOST_RESOLVED} components, no fewer than are held",
            suggestion="give --number, or leave --fixed out",
        )
    rows = []
    for name in names:
        mine = [one for one in standards if name.lower() in (one.compound.lower(), one.name.lower())]
        if not mine:
            raise OptionError(
                f"cannot hold {name!r} as a component",
                found="no standard of that compound which covers the series",
                needed="one of " + ", ".join(sorted({one.compound for one in standards})),
                suggestion="edgepair data standards lists the library; --standards adds your own",
            )
        rows.append(np.interp(series.energy, mine[0].energy, mine[0].mu))
    return np.array(rows)


def _columns(series: Series) -> dict[str, object]:
    edges = edge_and_white_line(series.energy, series.mu, series.e0)
    return {
        **points_of(series.axis, series.scans),
        "edge_position": edges[:, 0],
        "white_line": edges[:, 1],
        "white_line_energy": edges[:, 2],
        "noise": series.noise,
        "drift": series.drift,
    }
