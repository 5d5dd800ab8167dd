"""Contributions of techniques in words that follow from their numbers and intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgepair.conventions import TASKS, modality_title
from edgepair.conventions.wording import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

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
            f"{begin} are not shown to know more than the best guess that looks at no curve: "
            f"{_write(gain[0], sign=True)} in {cell.metric} (95 % interval {_span(gain, sign=True)}).",
        )
    sentences = [
        f"{begin} gain {gain[0]:.3f} in {cell.metric} over the best guess (95 % interval {_span(gain)}).",
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
