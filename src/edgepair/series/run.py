"""From a series to values, components, fractions and where it changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgepair._version import __version__
from edgepair.conventions import EdgepairError, OptionError
from edgepair.conventions.displayed import Displayed
from edgepair.files.result_folder import ResultFolder, write_tables
from edgepair.files.writing import json_ready
from edgepair.prediction import predict
from edgepair.series.changes import change_points, crossing_points, edge_and_white_line
from edgepair.series.fractions import SeriesFractions, fit_series
from edgepair.series.principal import MOST_COMPONENTS, Principal, find_components, targets
from edgepair.series.resolution import Resolution, resolve
from edgepair.standards import load_standards

if TYPE_CHECKING:
    import pandas as pd

    from edgepair.series.series import Series
    from edgepair.standards.standards import Standard

Row: TypeAlias = dict[str, object]
"""Answers of one point, by column."""

MOST_RESOLVED = 5
"""Components into which a series is resolved at most."""

FOLDER = ResultFolder(
    what="series",
    command="series",
    file="series.json",
    keys=frozenset({"axis", "n_points", "n_components", "version"}),
    others=frozenset(
        f"{name}.csv"
        for name in (
            "points", "components", "standards", "resolved_fractions", "resolved_spectra", "resolved_answers",
            "fractions", "values_of_fractions", "crossing_points", "normalised",
        )
    ),
)  # fmt: skip
"""The folder of ``--out``."""


@dataclass(frozen=True, repr=False, eq=False)
class SeriesResult(Displayed, topic="series.views", main_table="points"):
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
    principal : Principal
        How many components there are.
    standards : pandas.DataFrame
        Which standards lie in their space, as `edgepair.series.principal.targets` gives it.
    resolution : Resolution or None
        Components by curve resolution; None where asked not to.
    component_answers : pandas.DataFrame
        ``component, task, value, lower, upper, trust``: what the model answers for each component.
    fractions : SeriesFractions or None
        Linear combinations of standards; None where there are none.
    crossings : pandas.DataFrame
        Isosbestic points: ``energy, mu, spread``.
    changes : tuple of float
        Positions at which straight pieces begin.
    warnings : tuple of str
        What makes the result doubtful.
    """

    series: Series
    points: pd.DataFrame
    principal: Principal
    standards: pd.DataFrame
    resolution: Resolution | None
    component_answers: pd.DataFrame
    fractions: SeriesFractions | None
    crossings: pd.DataFrame
    changes: tuple[float, ...]
    warnings: tuple[str, ...] = field(default_factory=tuple)

    def _lines(self) -> Iterator[str]:
        series, axis = self.series, self.series.axis
        yield f"SeriesResult: {len(series.mu)} spectra of {series.absorber} along {axis.name} {axis.unit}"
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
        import pandas as pd

        found = {"points": self.points, "components": self.principal.table, "standards": self.standards}
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
        with FOLDER.staged(Path(folder)) as scratch:
            write_tables(scratch, self.tables())
            axis, series = self.series.axis, self.series
            document = {
                "absorber": series.absorber, "axis": axis.name, "unit": axis.unit, "axis_from": axis.told,
                "n_points": len(series.mu), "n_components": self.principal.number, "e0": series.e0,
                "energy_shift": series.shift, "energy_error": series.shift_error,
                "calibrated": series.calibrated, "changes": list(self.changes),
                "warnings": list(self.warnings), "version": __version__,
            }  # fmt: skip
            text = json.dumps(json_ready(document), ensure_ascii=False, indent=1)
            (scratch / FOLDER.file).write_text(text + "\n", encoding="utf-8")
        return Path(folder)


def analyse_series(
    series: Series,
    *,
    standards: Sequence[Standard] = (),
    library: bool = True,
    number: int | None = None,
    fixed: Sequence[str] = (),
    resolved: bool = True,
    answered: bool = True,
    confidence_level: float = 0.9,
    seed: int = 0,
    known: dict[tuple[str, str], Row] | None = None,
    show: Callable[[int, int, str], None] | None = None,
) -> SeriesResult:
    """Analyse a series: values, components, fractions, and where it changes.

    Parameters
    ----------
    series : Series
        From `edgepair.read_series`.
    standards : sequence of Standard, optional
        The user's own, besides the library.
    library : bool, optional
        Whether the library of standards takes part in fractions.
    number : int, optional
        Components; those that stand out of the noise where not given.
    fixed : sequence of str, optional
        Compounds of the standards that are components.
    resolved, answered : bool, optional
        Whether components are resolved, and whether the model answers for points and components.
    confidence_level : float, optional
        Of the intervals of the model's answers.
    seed : int, optional
        Same seed, same numbers.
    known : dict, optional
        What was answered before, by file and item: it is taken, and what is new is added.
    show : callable, optional
        Is told done, total and what, as the work goes on.

    Returns
    -------
    SeriesResult
        Tables and spectra.

    Raises
    ------
    OptionError
        The number of components or a fixed compound cannot be.
    """
    if number is not None and not 1 <= number <= min(MOST_COMPONENTS, len(series.mu) - 1):
        raise OptionError(
            "cannot resolve the series",
            found=f"{number} components asked for, of {len(series.mu)} points",
            needed=f"1 to {min(MOST_COMPONENTS, len(series.mu) - 1)}",
            suggestion="leave --number out: what stands out of the noise is found",
        )
    steps = len(series.mu) * answered + 3
    tell = show or (lambda *_: None)
    tell(0, steps, "components")
    noise = float(np.median(series.noise))
    principal, moved, drift = find_components(series.energy, series.mu, series.e0, number=number, seed=seed)
    if drift.any():
        series = replace(series, mu=moved, drift=series.drift + drift)
    near = _standards_of(series, standards, library)
    limit = max(0.5, series.shift_error)
    found = targets(series.energy, principal, noise, near, shift_limit=limit)
    tell(1, steps, "fractions of standards")
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
    fitted = fit_series(
        series.energy, series.mu, series.noise, ordered, min(principal.number, 4), shift_limit=limit
    )  # fmt: skip
    if fitted is not None and fitted.others:
        warnings.append("other standards describe the series as well: " + "; ".join(fitted.others[:5]))
    tell(2, steps, "curve resolution")
    resolution = None
    held = _fixed(series, fixed, ordered, principal.number if resolved else 0)
    if resolved and 1 < principal.number <= MOST_RESOLVED:
        resolution = resolve(series.mu, principal.number, fixed=held, noise=noise, seed=seed)
    elif resolved and principal.number > 1:
        warnings.append(
            f"{principal.number} components are not resolved: at most {MOST_RESOLVED} are; give --number"
        )
    answers = (
        _component_answers(series, resolution, standards, confidence_level) if answered else _no_answers()
    )
    columns = _columns(series)
    if answered:
        columns |= _point_answers(
            series, standards, confidence_level, {} if known is None else known,
            lambda k: tell(3 + k, steps, "points"),
        )  # fmt: skip
    scores = principal.scores[:, : max(principal.number, 1)]
    starts = change_points(series.axis.values, scores, series.noise)
    import pandas as pd

    columns["segment"] = np.searchsorted(starts, np.arange(len(series.mu)), side="right") + 1
    changes = tuple(float(series.axis.values[start]) for start in starts)
    crossings = crossing_points(series.energy, series.mu, noise, series.e0)
    return SeriesResult(
        series, pd.DataFrame(columns), principal, found, resolution, answers, fitted, crossings, changes,
        tuple(warnings),
    )  # fmt: skip


def _standards_of(series: Series, own: Sequence[Standard], library: bool) -> list[Standard]:
    # what is graded C may be a mixture itself
    sound = [one for one in load_standards(series.absorber) if one.quality != "C"] if library else []
    return [*(one for one in own if one.absorber == series.absorber), *sound]


def _warnings(series: Series, principal: Principal) -> list[str]:
    told = [f"left out {name}: {reason}" for name, reason in series.skipped]
    if not series.calibrated:
        told.append(
            "no energy calibration: values are read from the shapes, and standards are fitted with a shift"
            f" of up to {series.shift_error:g} eV; give --reference or --shift"
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
        "position": series.axis.values,
        "file": [scan.file for scan in series.scans],
        "item": [scan.item for scan in series.scans],
        "edge_position": edges[:, 0],
        "white_line": edges[:, 1],
        "white_line_energy": edges[:, 2],
        "noise": series.noise,
        "drift": series.drift,
    }


def _point_answers(
    series: Series,
    standards: Sequence[Standard],
    level: float,
    known: dict[tuple[str, str], Row],
    show: Callable[[int], None],
) -> dict[str, object]:
    """Answer every point on the scale that the series has."""
    rows = []
    for place, scan in enumerate(series.scans):
        show(place)
        key = (scan.file, scan.item)
        if key not in known:
            shift = series.shift + float(series.drift[place]) if series.calibrated else None
            try:
                known[key] = answer_row(
                    predict(
                        scan, absorber=series.absorber, standards=standards, shift=shift,
                        confidence_level=level, explain=False,
                    ).table.to_dict("records")
                )  # fmt: skip
            except EdgepairError:
                known[key] = {}
        rows.append(known[key])
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name, "" if name == "trust" else np.nan) for row in rows] for name in names}


def answer_row(answers: Sequence[Mapping[Hashable, object]]) -> Row:
    """Write the answers of one technique as one row.

    Parameters
    ----------
    answers : sequence of mapping
        Rows of the table of a `Prediction`.

    Returns
    -------
    dict
        ``trust``, and of each task the value, ``_lower`` and ``_upper``.
    """
    row: Row = {}
    for answer in answers:
        task = str(answer["task"])
        row |= {"trust": answer["trust"], task: answer["value"]}
        row |= {f"{task}_{end}": answer[end] for end in ("lower", "upper")}
    return row


def _component_answers(
    series: Series, resolution: Resolution | None, standards: Sequence[Standard], level: float
) -> pd.DataFrame:
    import pandas as pd

    table = _no_answers()
    if resolution is None:
        return table
    parts = []
    for k, spectrum in enumerate(resolution.spectra):
        try:
            found = predict(
                (series.energy, spectrum), absorber=series.absorber, standards=standards,
                shift=0.0 if series.calibrated else None, confidence_level=level, explain=False,
            ).table  # fmt: skip
        except EdgepairError:
            continue
        parts.append(found.assign(component=k + 1)[table.columns])
    return pd.concat(parts, ignore_index=True) if parts else table


def _no_answers() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=["component", "task", "value", "lower", "upper", "trust"])
