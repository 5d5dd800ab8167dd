r"""What each technique contributes to the score, without counting anything twice.

The value :math:`v(S)` of a set of techniques S is the main score (weighted F1 or R²) of one learner
that sees the curves of S, on held-out formulas; :math:`v(\emptyset)` is that of the baseline, which
looks at no curve (`edgepair.study.scoring.score_baseline`). The gain is :math:`g(S) = v(S) - v(\emptyset)`.
All subsets of the techniques are fitted on the same folds. Kinds in ``contributions.csv``:

``score``, ``alone``
    :math:`v(S)` and :math:`g(S)` of each subset S (``technique``).
``shapley``
    Each technique's gain, averaged over all orders in which the techniques could be added [1]_;
    the shares add up to :math:`g` of all of them. Of scores of refitted models: [2]_, [3]_.
``commonality``
    :math:`C_T = \sum_{S \subseteq T} (-1)^{|T|-|S|} [g(N) - g(N \setminus S)]` for each subset T of
    all techniques N, joined by ``&``: what exactly those of T have in common [4]_, [5]_; signed,
    adds up to :math:`g(N)`.
``unique``, ``shared``, ``together``
    Two-way splits, of each pair (``of`` = ``xanes+pdf``) and of each technique against all others
    (``of`` = ``xanes|pdf+dpdf``). What two sides bring is unique to one (U), shared (R), or there
    only together (S): :math:`g_1 = R + U_1`, :math:`g_2 = R + U_2`,
    :math:`g_{12} = R + U_1 + U_2 + S` [6]_. Three equations leave one of four numbers free; ours is
    the split that shares least, with :math:`D = g_{12} - g_1 - g_2`: :math:`R = \max(-D, 0)`,
    :math:`S = \max(D, 0)`. Where D is negative this is the commonality analysis of the pair. U may
    be negative: a technique that costs.
``interaction``
    D itself, which needs no definition: above zero the two do more than the sum of their gains.
``shared_most``
    :math:`\min(g_1, g_2)`: the largest R with which nothing else is negative [7]_. How far
    it is from ``shared`` tells how far the definition matters; below ``shared``, no split of
    these gains is free of negative parts.

A score is no information: it has a ceiling, so that two techniques which read everything well seem
to share it, and weighted F1 does not add up even over independent facts. All numbers depend on the
learner. Intervals are percentiles over the bootstrap over formulas and rounds of folds, the same
draws for all subsets, each quantity computed draw by draw; nothing is refitted, so how much a fit
depends on the formulas it learned from is in them only as far as rounds differ.
Quantities cut at zero (``shared``, ``together``) are pushed upwards by noise; ``interaction`` is not.

.. [1] Shapley, A value for n-person games, in: Contributions to the Theory of Games II, Princeton
   University Press, 307 (1953)
.. [2] Lipovetsky and Conklin, Appl. Stoch. Models Bus. Ind. 17, 319 (2001), doi 10.1002/asmb.446
.. [3] Covert, Lundberg and Lee, Understanding global feature contributions with additive importance
   measures, NeurIPS 33 (2020), arXiv 2004.00668
.. [4] Newton and Spurrell, J. R. Stat. Soc. C 16, 51 (1967)
.. [5] Seibold and McPhee, Hum. Commun. Res. 5, 355 (1979)
.. [6] Williams and Beer, Nonnegative decomposition of multivariate information, arXiv 1004.2515 (2010)
.. [7] Barrett, Phys. Rev. E 91, 052802 (2015), doi 10.1103/PhysRevE.91.052802
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from edgepair.conventions import TASKS, modality_title, subsets_of, techniques_in
from edgepair.conventions.tasks import Floats
from edgepair.conventions.wording import listed
from edgepair.study.plan import Rows
from edgepair.study.scoring import Score, interval_of


def shapley_values(gains: Floats) -> Floats:
    """Share out what all players reach together; returns (n, ...)."""
    n = _players(gains)
    shares = np.zeros((n, *gains.shape[1:]))
    for player in range(n):
        bit = 1 << player
        for members in range(len(gains)):
            if members & bit:
                continue
            size = members.bit_count()
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            shares[player] += weight * (gains[members | bit] - gains[members])
    return shares


def commonality_coefficients(gains: Floats) -> Floats:
    """Tell what exactly the members of each set have in common."""
    everyone = len(gains) - 1
    lost: Floats = gains[-1] - gains[everyone - np.arange(len(gains))]
    for player in range(_players(gains)):
        bit = 1 << player
        with_player = np.flatnonzero(np.arange(len(gains)) & bit)
        lost[with_player] -= lost[with_player - bit]
    return lost


def two_way_split(first: Floats, second: Floats, both: Floats) -> dict[str, Floats]:
    """Split what two sides gain into unique, shared and only-together."""
    interaction = both - first - second
    shared = np.maximum(-interaction, 0.0)
    return {
        "unique_first": first - shared,
        "unique_second": second - shared,
        "shared": shared,
        "together": np.maximum(interaction, 0.0),
        "interaction": interaction,
        "shared_most": np.minimum(first, second),
    }


def contribution_rows(scores: Mapping[str, Score], baseline: Score) -> Rows:
    """List the rows of ``contributions.csv`` of one learner on one cell."""
    techniques = techniques_in(list(scores))
    metric = baseline.cell.task.main_metric
    # Column 0 is the value itself, the others are the draws: one computation serves both.
    names = _names(techniques)
    items = [scores[name] if name else baseline for name in names]
    values = np.array([np.concatenate([[item.value[metric]], item.draws[metric]]) for item in items])
    gains = values - values[0]
    full = names[-1]
    base = baseline.cell.names | {"learner": scores[full].learner, "metric": metric}
    rows: Rows = []

    def add(of: str, kind: str, technique: str, column: Floats) -> None:
        lower, upper = interval_of(column[1:])
        told = {"of": of, "kind": kind, "technique": technique}
        rows.append(base | told | {"value": float(column[0]), "lower": lower, "upper": upper})

    for kind, of_subsets in (("score", values), ("alone", gains)):
        for name in subsets_of(techniques):
            add(full, kind, name, of_subsets[names.index(name)])
    for name, share in zip(techniques, shapley_values(gains), strict=True):
        add(full, "shapley", name, share)
    coefficients = commonality_coefficients(gains)
    for name in subsets_of(techniques):
        add(full, "commonality", name.replace("+", "&"), coefficients[names.index(name)])
    for of, first, second in _sides(techniques):
        both = "+".join(techniques_in([first, second]))
        parts = two_way_split(*(gains[names.index(name)] for name in (first, second, both)))
        add(of, "unique", first, parts["unique_first"])
        add(of, "unique", second, parts["unique_second"])
        for kind in ("shared", "together", "interaction", "shared_most"):
            add(of, kind, f"{first}&{second}", parts[kind])
    return rows


def _players(gains: Floats) -> int:
    return len(gains).bit_length() - 1


def _names(techniques: Sequence[str]) -> list[str]:
    """Name each set of techniques, at the place that its bits tell; the empty one has no name."""
    return [
        "+".join(name for index, name in enumerate(techniques) if members >> index & 1)
        for members in range(1 << len(techniques))
    ]


def _sides(techniques: Sequence[str]) -> list[tuple[str, str, str]]:
    """List the two-way splits: each pair, then each technique against all others."""
    sides = [(f"{one}+{other}", one, other) for one, other in combinations(techniques, 2)]
    if len(techniques) > 2:
        for one in techniques:
            rest = "+".join(name for name in techniques if name != one)
            sides.append((f"{one}|{rest}", one, rest))
    return sides


_NOTICEABLE = 0.005
"""Difference in score from which another definition of *shared* is worth a clause."""


@dataclass(frozen=True)
class ContributionText:
    """What the techniques contribute to one task of one absorber, in words.

    Attributes
    ----------
    absorber, task, learner : str
        Names.
    sentences : tuple of str
        The gain of all together; how the strongest technique and the others split it; what each
        other one adds; Shapley values.
    """

    absorber: str
    task: str
    learner: str
    sentences: tuple[str, ...]


def contribution_sentences(table: pd.DataFrame) -> list[ContributionText]:
    """Say what each technique contributes.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns of ``contributions.csv``.

    Returns
    -------
    list of ContributionText
        One per absorber, task and learner, in the order of the table.
    """
    texts = []
    for (absorber, task, learner), rows in table.groupby(["absorber", "task", "learner"], sort=False):
        texts.append(ContributionText(str(absorber), str(task), str(learner), _sentences(_Cell(rows))))
    return texts


class _Cell:
    """Rows of one absorber, task and learner, by what they tell."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.absorber = str(rows["absorber"].iloc[0])
        self.task = str(rows["task"].iloc[0])
        self.metric = "R²" if rows["metric"].iloc[0] == "r2" else "weighted F1"
        self.full = str(rows.loc[rows["kind"] == "shapley", "of"].iloc[0])
        self._rows = {
            (str(row.of), str(row.kind), str(row.technique)): (row.value, row.lower, row.upper)
            for row in rows.itertuples()
        }

    def __call__(self, of: str, kind: str, technique: str) -> tuple[float, float, float]:
        return self._rows[of, kind, technique]


def _sentences(cell: _Cell) -> tuple[str, ...]:
    techniques = cell.full.split("+")
    shares = {name: cell(cell.full, "shapley", name)[0] for name in techniques}
    ranked = sorted(techniques, key=lambda name: -shares[name])
    gain = cell(cell.full, "alone", cell.full)
    title = TASKS[cell.task].title if cell.task in TASKS else cell.task
    begin = f"{cell.absorber}, {title}: {listed([modality_title(name) for name in techniques])} together"
    if not gain[1] > 0:
        # What is not shown to be there is not split: the parts would be chance.
        return (
            f"{begin} are not shown to know more than the baseline that looks at no curve: "
            f"{_write(gain[0], sign=True)} in {cell.metric} (95 % interval {_span(gain, sign=True)}).",
        )
    sentences = [
        f"{begin} gain {gain[0]:.3f} in {cell.metric} over the baseline (95 % interval {_span(gain)}).",
        _split(cell, ranked[0]),
    ]
    if len(techniques) > 2:
        # What a technique adds to all others is the coefficient of what it alone has.
        added = [
            f"{modality_title(name)} {_added(cell(cell.full, 'commonality', name))}" for name in ranked[1:]
        ]
        sentences.append(f"Beyond all the others, {listed(added)}.")
    fair = ", ".join(f"{modality_title(name)} {shares[name]:.3f}" for name in ranked)
    sentences.append(f"Shapley values: {fair}.")
    return tuple(sentences)


def _split(cell: _Cell, strongest: str) -> str:
    """Say how the strongest technique and all others share what they gain together."""
    rest = "+".join(name for name in cell.full.split("+") if name != strongest)
    pair = "+" not in rest
    of = cell.full if pair else f"{strongest}|{rest}"
    both = cell.full.replace("+", "&") if pair else f"{strongest}&{rest}"
    shared, together = cell(of, "shared", both), cell(of, "together", both)
    parts = [
        f"{_number(cell(of, 'unique', side))} is only in {modality_title(side)}" for side in (strongest, rest)
    ]
    clause = f"{_number(shared)} in both" if shared[2] > 0 else "nothing in both"
    most = cell(of, "shared_most", both)[0]
    if most > shared[0] + _NOTICEABLE:
        clause += f" (up to {most:.3f} by other definitions)"
    parts.append(clause)
    parts.append(f"{_number(together)} there only together" if together[2] > 0 else "nothing only together")
    return f"Of this, {'; '.join(parts)}."


def _added(item: tuple[float, float, float]) -> str:
    value, lower, upper = item
    if lower > 0:
        return f"adds {_number(item)}"
    if upper < 0:
        return f"costs {_number((-value, -upper, -lower))}"
    return f"adds nothing that can be told from zero ({_write(value, sign=True)}, {_span(item, sign=True)})"


def _number(item: Sequence[float]) -> str:
    return f"{_write(item[0])} ({_span(item)})"


def _span(item: Sequence[float], *, sign: bool = False) -> str:
    return f"{_write(item[1], sign=sign)} to {_write(item[2], sign=sign)}"


def _write(value: float, *, sign: bool = False) -> str:
    # Adding zero takes the sign off a zero that was rounded from below.
    return f"{round(value, 3) + 0.0:{'+.3f' if sign else '.3f'}}"
