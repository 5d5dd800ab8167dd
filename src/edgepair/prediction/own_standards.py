"""What standards of the user's own have changed: how well models do on them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import TASKS, edge_energy
from edgepair.conventions.displayed import Record
from edgepair.models.conformal import class_scores, class_shares, conformal_quantile, group_weights, likelier
from edgepair.prediction.answers import CLASSES
from edgepair.prediction.fitted import fitted_xanes
from edgepair.prediction.sample import EnergyWindow
from edgepair.prediction.xanes_rows import XanesRows, to_own_edge

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.prediction.pdf_model import PdfModel
    from edgepair.prediction.xanes_model import XanesModel
    from edgepair.standards import Standard


@dataclass(frozen=True)
class OwnStandardsReport:
    """What standards of the user's own have changed for one absorber.

    Attributes
    ----------
    absorber : str
        Chemical symbol.
    table : pandas.DataFrame
        A row per standard and task: ``name, compound, task, known, before, after``; ``before`` is
        the answer without any of the user's standards, ``after`` that with all but those of the same
        compound.
    """

    absorber: str
    table: pd.DataFrame

    def lines(self) -> list[str]:
        """Say it in words.

        Returns
        -------
        list of str
            Lines for people, without colour; none where there is nothing of the absorber.
        """
        if self.table.empty:
            return []
        count = self.table["name"].nunique()
        found = [f"Standards of your own: {count} of {self.absorber}"]
        found.append("    each left out in turn, without your standards → with your others:")
        for task in TASKS:
            rows = self.table[(self.table["task"] == task) & self.table["known"].notna()]
            if rows.empty:
                continue
            told = " → ".join(self._score(task, rows, name) for name in ("before", "after"))
            found.append(f"    {TASKS[task].title:<20} {told}")
        return found

    def to_json(self) -> Record:
        """Give it as plain values.

        Returns
        -------
        dict
            ``absorber``, and ``rows`` as in `table`.
        """
        rows = [
            {key: None if value != value else value for key, value in row.items()}
            for row in self.table.to_dict("records")
        ]
        return {"absorber": self.absorber, "rows": rows}

    @staticmethod
    def _score(task: str, rows: pd.DataFrame, column: str) -> str:
        miss = (rows[column] - rows["known"]).abs()
        miss = miss[miss.notna()]
        if miss.empty:
            return "not told"
        error = f"mean error {miss.mean():.3f} {TASKS[task].unit}".rstrip()
        if task not in WITHIN:
            return error
        return f"{int((miss <= WITHIN[task] + 1e-9).sum())} of {len(miss)} right, {error}"


def own_standards_report(
    standards: Sequence[Standard],
    absorber: str,
    *,
    window: EnergyWindow | None = None,
    data: xr.Dataset | None = None,
    library: bool = True,
    seed: int = 0,
) -> OwnStandardsReport:
    """Tell what standards of the user's own change.

    Parameters
    ----------
    standards : sequence of Standard
        From `edgepair.standards.read_standards`.
    absorber : str
        Chemical symbol.
    window : EnergyWindow, optional
        What is compared; the full one by default.
    data : xarray.Dataset, optional
        The user's own dataset.
    library : bool, optional
        Whether the library takes part.
    seed : int, optional
        Of the fits.

    Returns
    -------
    OwnStandardsReport
        A standard without calibration is told by its shape, as a sample would be.

    Notes
    -----
    Where a compound bears the same name in the library, ``before`` knows the library's spectra of it,
    and ``after`` knows none. Without library and data nothing can be told before: ``before`` is missing.
    """
    import pandas as pd

    shown = window or EnergyWindow()
    columns = ["name", "compound", "task", "known", "before", "after"]
    rows: list[Record] = []
    for standard in standards:
        if standard.absorber != absorber:
            continue
        options: Record = {"aligned": math.isnan(standard.energy_shift), "library": library}
        before: Mapping[str, float] = dict.fromkeys(TASKS, math.nan)
        if library or data is not None:
            before = _asked_of(fitted_xanes(shown, absorber, (), data, seed=seed, **options), standard)
        after = _left_out(fitted_xanes(shown, absorber, standards, data, seed=seed, **options), standard)
        for task in TASKS:
            known = float(getattr(standard, task))
            about = {"name": standard.name, "compound": standard.compound, "task": task, "known": known}
            rows.append(about | {"before": before[task], "after": after[task]})
    return OwnStandardsReport(absorber, pd.DataFrame(rows, columns=columns))


def _asked_of(model: XanesModel, standard: Standard) -> Mapping[str, float]:
    """Answer for a standard as for a sample."""
    energy = standard.energy - edge_energy(standard.absorber)
    if model.aligned:
        energy = energy + to_own_edge(energy, standard.mu, model.window)
    features = model.features(model.window.show(energy, standard.mu)[None], standard.absorber)
    return {task: float(model.value(features, task)[0]) if task in model.fits else math.nan for task in TASKS}


def _left_out(model: XanesModel, standard: Standard) -> Mapping[str, float]:
    rows = model.rows
    same = (rows.name == standard.name) & (rows.group == f"{standard.absorber} {standard.compound}")
    # own standards stand after the library's
    where = np.flatnonzero(same & ~rows.simulated)
    return {
        task: float(model.fits[task].value[where[-1]]) if task in model.fits and len(where) else math.nan
        for task in TASKS
    }


WITHIN: Mapping[str, float] = {"oxidation_state": 0.34, "coordination_number": 0.5}
"""How near a mean value must be to count as right: a third of a step tells magnetite from hematite."""


def model_scores(model: XanesModel | PdfModel, absorber: str, *, level: float = 0.9) -> list[Record]:
    """Score what a model told left-out compounds or formulas of an absorber."""
    rows = model.rows
    everyone = np.ones(len(rows.name), dtype=bool)
    judges, group = (rows.votes, rows.group) if isinstance(rows, XanesRows) else (everyone, rows.formula)
    found = []
    for task, fit in model.fits.items():
        votes = judges & fit.kept & np.isfinite(fit.value)
        mine = everyone & (rows.absorber == absorber)
        told = (fit.value, fit.error, fit.probability, rows.targets[task], group, mine)
        found += _scores(task, [part[votes] for part in told], level)
    return found


def _scores(task: str, told: list[NDArray[Any]], level: float) -> list[Record]:
    value, error, probability, truth, group, mine = told
    if not mine.any():
        return []
    votes = group_weights(group)
    miss = np.abs(value - truth)
    score = miss / error
    share = class_shares(truth, CLASSES[task]) if task in CLASSES else None
    rank = class_scores(probability, share) if share is not None else None
    names = np.unique(group[mine])
    covered, held, size = np.zeros(len(value)), np.zeros(len(value)), np.zeros(len(value))
    for name in names:
        own = group == name
        covered[own] = score[own] <= conformal_quantile(score[~own], votes[~own], level)
        if rank is not None:
            below = conformal_quantile(rank[~own], votes[~own], level)
            held[own] = rank[own] <= below + 1e-12
            size[own] = (likelier(probability[own]) <= below + 1e-12).sum(axis=1)

    def mean(values: NDArray[Any]) -> float:
        return float(np.average(values[mine], weights=votes[mine]))

    return [
        {
            "task": task,
            "n_rows": int(mine.sum()),
            "n_groups": len(names),
            "right": mean(miss <= WITHIN[task] + 1e-9) if task in WITHIN else None,
            "mae": mean(miss),
            "coverage": mean(covered),
            "set_coverage": mean(held) if rank is not None else None,
            "set_size": mean(size) if rank is not None else None,
        }
    ]
