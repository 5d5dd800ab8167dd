r"""Importances: per point, per window of neighbouring points, and per technique.

Three kinds stand in ``importances.csv``:

``impurity``
    The forest's own: the share of the impurity that features at a position removed. All features
    that sit at one point of the axis are added up; all points of a modality add up to 1.
``permutation``
    How much the main metric falls on held-out sites when the features in a window are shuffled
    between them. A row without a position shuffles a whole technique.
``share``, ``null_share``
    The part of the impurity importance that falls to one technique of a combination, and the same where
    forests learn permuted labels: what the number of its features alone gives it.

Intervals of impurity and share come from refits over folds and repeats, whose training sets
overlap; their variance is corrected for that [1]_: :math:`s^2 (1/J + n_2/n_1)` with J fits and
the ratio of held-out to training sites. Intervals of permutations come from the bootstrap over
formulas.

.. [1] Nadeau and Bengio, Machine Learning 52, 239 (2003), doi 10.1023/A:1024068626366
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from edgepair.conventions import TASKS, TECHNIQUES, DataError, Task, techniques_of
from edgepair.conventions.displayed import Record
from edgepair.features import FeatureTable
from edgepair.models import FitOutcome, Window
from edgepair.study.result import CURVE_COLUMNS
from edgepair.study.scoring import Quantity, main_quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

    from edgepair.conventions import Technique
    from edgepair.conventions.tasks import Floats, Labels
    from edgepair.study.fits import Outcomes
    from edgepair.study.plan import Cell, Rows

    Groups = Sequence[tuple[str, NDArray[np.int64]]]

POINT_WIDTH = {"xanes": 0.5, "pdf": 0.1, "dpdf": 0.1, "npdf": 0.1}
"""Width of the points into which impurity importances are gathered, eV or Å."""

MOST_POINTS = 150


@dataclass(frozen=True)
class LearnerFits:
    """The fits of one learner on one cell and modality, and forests that learned permuted labels."""

    cell: Cell
    modality: str
    learner: str
    features: FeatureTable
    outcomes: Sequence[FitOutcome]
    windows: Sequence[Window] = ()
    null: Sequence[FitOutcome] = ()

    @classmethod
    def of(cls, fitted: Outcomes, cell: Cell, modality: str, learner: str) -> LearnerFits:
        """Gather them from all that was fitted."""
        work, null = fitted.work(cell, modality, learner), fitted.of(cell, modality, learner, "null")
        outcomes, windows = fitted.of(cell, modality, learner), work[0].task.windows if work else ()
        return cls(cell, modality, learner, cell.table(modality), outcomes, windows, null)

    @property
    def names(self) -> dict[str, str]:
        """What the rows of a table about these fits begin with."""
        return self.cell.row(self.modality, self.learner)

    @property
    def techniques(self) -> list[str]:
        """Techniques of the modality."""
        return list(dict.fromkeys(self.features.technique.tolist()))


@dataclass(frozen=True)
class PairImportance:
    """What XANES carries in its combination with one other technique."""

    absorber: str
    task: str
    modality: str
    learner: str
    share: float
    null_share: float
    excess_share: Quantity
    permutation: Quantity

    @property
    def other(self) -> str:
        """The technique beside XANES."""
        return self.modality.split("+")[1]


def pair_importance(fitted: LearnerFits, drawn: Floats) -> PairImportance:
    r"""Ask in two ways what XANES carries in a pair.

    ``drawn`` (n_draws, n_groups).

    The share scatters over refits (see this module's own text), and so does that of permuted labels,
    by a standard deviation :math:`s_0` over m of them; the half width of the interval of the difference
    is the root of the sum of the squares of that of the share and of
    :math:`t_{m-1}\, s_0 \sqrt{1 + 1/m}`.
    """
    cell, outcomes = fitted.cell, fitted.outcomes
    of_xanes = fitted.features.technique == "xanes"

    def shares(fits: Sequence[FitOutcome]) -> Floats:
        values = np.concatenate([fit.impurity for fit in fits])[:, of_xanes].astype(np.float64)
        summed: Floats = values.sum(axis=1, keepdims=True)
        return summed

    share, lower, _ = (float(value[0]) for value in refit_interval(shares(outcomes), len(outcomes)))
    permuted = shares(fitted.null)[:, 0]
    n_null = len(permuted)
    spread = float(permuted.std(ddof=1)) * np.sqrt(1 + 1 / n_null) * stdtrit(n_null - 1, 0.975)
    half = float(np.hypot(share - lower, spread))
    excess = share - float(permuted.mean())
    # The same for both pairs of a cell, whose refits share their folds: fully correlated, to be safe.
    rng = np.random.default_rng([*cell.absorber.encode(), *cell.task.name.encode()])
    # Quantiles of a normal distribution in a drawn order: their own percentiles are exact.
    spots = (np.arange(len(drawn)) + 0.5) / len(drawn)
    draws = excess + half / 1.96 * rng.permutation(ndtri(spots))
    whole = {window.technique: number for number, window in enumerate(fitted.windows) if window.whole}
    losses = {
        name: main_quantity(cell, outcomes[0].permuted[number], drawn) for name, number in whole.items()
    }
    other = fitted.modality.split("+")[1]
    # The score lost by permuting XANES less that lost by permuting the other: the unpermuted one cancels.
    difference = (losses[other] - losses["xanes"]).named("permutation")
    excess_share = Quantity("share", excess, draws)
    names = cell.absorber, cell.task.name, fitted.modality, fitted.learner
    return PairImportance(*names, share, float(permuted.mean()), excess_share, difference)


def null_share_rows(fitted: LearnerFits) -> Rows:
    """List each technique's share of the impurity where labels are permuted."""
    impurity = np.concatenate([fit.impurity for fit in fitted.null]).astype(np.float64)
    rows: Rows = []
    for name in fitted.techniques:
        share = impurity[:, fitted.features.technique == name].sum(axis=1)
        ends = (float(share.mean()), float(share.min()), float(share.max()))
        rows.append(importance_row(fitted.names, name, None, "null_share", *ends))
    return rows


def importance_rows(fitted: LearnerFits, drawn: Floats) -> Rows:
    """List rows of ``importances.csv`` of a learner, cell and modality; ``drawn`` (n_draws, n_groups)."""
    base, features, outcomes = fitted.names, fitted.features, fitted.outcomes
    rows: Rows = []
    impurity = np.concatenate([outcome.impurity for outcome in outcomes]).astype(np.float64)
    if len(impurity):
        for name in fitted.techniques:
            rows += _impurity_rows(base, name, features, impurity, len(outcomes))
            if len(fitted.techniques) > 1:
                share = impurity[:, features.technique == name].sum(axis=1, keepdims=True)
                value, lower, upper = refit_interval(share, len(outcomes))
                # A share cannot leave 0 to 1, however wide the interval.
                bounds = (float(max(lower[0], 0.0)), float(min(upper[0], 1.0)))
                rows.append(importance_row(base, name, None, "share", float(value[0]), *bounds))
    if fitted.windows:
        rows += _permutation_rows(base, fitted.cell, outcomes[0], fitted.windows, drawn)
    return rows + (null_share_rows(fitted) if fitted.null else [])


def importance_row(
    base: dict[str, str],
    technique: str,
    index: tuple[float, float, float] | None,
    kind: str,
    value: float,
    lower: float,
    upper: float,
) -> Record:
    """Make one row of ``importances.csv``; without a place it speaks of a whole technique."""
    position, low, high = index if index is not None else (np.nan, np.nan, np.nan)
    about = TECHNIQUES[technique]
    names = {"technique": technique, "axis": about.axis, "unit": about.unit, "kind": kind}
    place = {"position": position, "position_low": low, "position_high": high}
    return base | names | place | {"value": value, "lower": lower, "upper": upper}


def _impurity_rows(
    base: dict[str, str], technique: str, features: FeatureTable, impurity: Floats, n_repeats: int
) -> Rows:
    selected = np.flatnonzero(features.technique == technique)
    width = POINT_WIDTH[technique]
    positions = np.unique(features.position[selected])
    # Points are whole steps of the curve's own axis, so that each holds equally many of them.
    start = positions[0] - np.diff(positions).min(initial=width) / 2
    number = np.floor((features.position[selected] - start) / width + 1e-6).astype(int)
    points, of_feature = np.unique(number, return_inverse=True)
    gathered = np.zeros((len(impurity), len(points)))
    for fit, row in enumerate(impurity[:, selected]):
        gathered[fit] = np.bincount(of_feature, weights=row, minlength=len(points))
    value, lower, upper = refit_interval(gathered, n_repeats)
    rows: Rows = []
    for point, name in enumerate(points):
        low = float(start + name * width)
        index = (round(low + width / 2, 6), round(low, 6), round(low + width, 6))
        bounds = (float(max(lower[point], 0.0)), float(upper[point]))
        rows.append(importance_row(base, technique, index, "impurity", float(value[point]), *bounds))
    return rows


def refit_interval(values: Floats, n_repeats: int) -> tuple[Floats, Floats, Floats]:
    """Average refits, (n_fits, n_columns), with the corrected interval of this module's text."""
    n_folds = max(len(values) // max(n_repeats, 1), 2)
    return corrected_interval(values, 1 / (n_folds - 1))


def corrected_interval(values: Floats, held_out: float) -> tuple[Floats, Floats, Floats]:
    """Average over refits whose training sets overlap; `held_out` rows to one that trains."""
    n_fits = len(values)
    mean = values.mean(axis=0)
    if n_fits < 2:
        return mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    spread = values.std(axis=0, ddof=1) * np.sqrt(1 / n_fits + held_out)
    half = stdtrit(n_fits - 1, 0.975) * spread
    return mean, mean - half, mean + half


def _permutation_rows(
    base: dict[str, str], cell: Cell, outcome: FitOutcome, windows: Sequence[Window], drawn: Floats
) -> Rows:
    whole = main_quantity(cell, outcome.predicted, drawn)
    rows: Rows = []
    for window, predicted in zip(windows, outcome.permuted, strict=True):
        loss = whole - main_quantity(cell, predicted, drawn)
        index = None if window.whole else ((window.low + window.high) / 2, window.low, window.high)
        rows.append(
            importance_row(base, window.technique, index, "permutation", loss.value, *loss.interval())
        )
    return rows


def curve_rows(cell: Cell, modalities: Sequence[str]) -> Rows:
    """List the rows of ``curves.csv`` for one cell."""
    techniques = {t.name: t for modality in modalities for t in techniques_of(modality)}
    if cell.classes:
        groups = [(str(name), cell.sites[cell.target == k]) for k, name in enumerate(cell.classes)]
    else:
        groups = _thirds(cell.task, cell.sites, cell.target)
    return [
        {**cell.names, **row}
        for technique in techniques.values()
        for row in _technique_rows(cell.dataset, technique, groups)
    ]


def class_curves(dataset: xr.Dataset, *, task: str, sites: ArrayLike | None = None) -> pd.DataFrame:
    """Average the curves of a dataset over the sites of each class.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.
    task : str
        Whose classes, or thirds of the values in a regression. Sites without that label are left
        out.
    sites : array_like of int, optional
        Rows of the dataset that take part; default all.

    Returns
    -------
    pandas.DataFrame
        Columns of ``curves.csv``: for every technique of the dataset the mean, the 16th and the 84th
        percentile over the sites of each class (eV or Å; units of the curve). Every class counts,
        however few its sites are. A material's curve counts once for each of its sites.

    Raises
    ------
    DataError
        No site is left.

    Examples
    --------
    >>> from edgepair.dataset import load_bundled
    >>> curves = class_curves(load_bundled("Fe"), task="oxidation_state")
    >>> sorted(set(curves["technique"]))
    ['dpdf', 'npdf', 'pdf', 'xanes']
    """
    import pandas as pd

    chosen = np.arange(dataset.sizes["site"]) if sites is None else np.asarray(sites, dtype=np.int64)
    values = dataset[task].values[chosen] if task in dataset else np.full(len(chosen), np.nan)
    known = np.isfinite(values)
    chosen, values = chosen[known], values[known]
    if not len(chosen):
        raise DataError(
            f"cannot average curves by {TASKS[task].title if task in TASKS else task}",
            found="no site with that label",
            needed="at least one",
            suggestion="choose other sites, or another label",
        )
    kind = TASKS[task]
    if kind.kind == "classification":
        groups = [(f"{name:g}", chosen[values == name]) for name in np.unique(values)]
    else:
        groups = _thirds(kind, chosen, values)
    named = {"absorber": str(dataset.attrs["absorber"]), "task": task}
    rows = [
        {**named, **row}
        for technique in TECHNIQUES.values()
        if technique.variable in dataset
        for row in _technique_rows(dataset, technique, groups)
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def _technique_rows(dataset: xr.Dataset, technique: Technique, groups: Groups) -> Rows:
    axis = dataset[technique.axis].values
    thinned = slice(None, None, max(1, len(axis) // MOST_POINTS))
    curves = dataset[technique.variable].values[:, thinned]
    rows: Rows = []
    for group, sites in groups:
        owners = dataset["material_index"].values[sites] if technique.owner == "material" else sites
        selected = curves[owners]
        points = [axis[thinned], selected.mean(axis=0), *np.percentile(selected, (16, 84), axis=0)]
        about = {"technique": technique.name, "group": group, "n_sites": len(selected)}
        names = ("position", "mean", "lower", "upper")
        rows += [about | dict(zip(names, at, strict=True)) for at in np.column_stack(points).tolist()]
    return rows


def _thirds(task: Task, sites: NDArray[np.int64], values: Labels) -> list[tuple[str, NDArray[np.int64]]]:
    first, second = np.quantile(values, (1 / 3, 2 / 3))
    lowest, highest = values.min(), values.max()
    thirds = (
        (f"{lowest:.2f}–{first:.2f} {task.unit}", values <= first),
        (f"{first:.2f}–{second:.2f} {task.unit}", (values > first) & (values <= second)),
        (f"{second:.2f}–{highest:.2f} {task.unit}", values > second),
    )
    return [(name, sites[mask]) for name, mask in thirds if mask.any()]
