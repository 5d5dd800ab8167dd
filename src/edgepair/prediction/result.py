"""What is answered for one sample."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, overload

from edgepair.conventions import TASKS, Displayed
from edgepair.conventions.displayed import Record
from edgepair.conventions.wording import short_title
from edgepair.files.writing import json_ready

if TYPE_CHECKING:
    import pandas as pd

    from edgepair.conventions.tasks import Floats
    from edgepair.measured import FirstShell


@dataclass(frozen=True)
class ShownCurve:
    """A curve as the model saw it, for drawing.

    Attributes
    ----------
    name : str
        The sample, or the standard or material it is of.
    x : numpy.ndarray
        Shape (n,): energy in eV on the calibrated scale, or r in Å.
    y : numpy.ndarray
        Shape (n,): normalised mu, or G brought to a root mean square of 1.
    """

    name: str
    x: Floats
    y: Floats


class _Frame:
    """A table given as rows, a frame once looked at: frames take as long as a thousand answers."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, held: object, owner: type) -> object:
        if held is None:
            return self
        if isinstance(vars(held)[self._name], list):
            import pandas as pd

            columns = _COLUMNS.get(self._name)
            vars(held)[self._name] = pd.DataFrame(vars(held)[self._name], columns=columns)
        return vars(held)[self._name]

    def __set__(self, held: object, table: pd.DataFrame | list[Record]) -> None:
        vars(held)[self._name] = table


EXPLANATION_COLUMNS = ["technique", "task", "part", "position", "contribution", "region"]
_COLUMNS = {
    "probabilities": ["technique", "task", "class", "probability"],
    "explanation": EXPLANATION_COLUMNS,
}
"""Of tables that may be empty."""


@dataclass(frozen=True, repr=False, eq=False)
class Prediction(Displayed, topic="prediction.page", main_table="table"):
    """Values, intervals and reasons for one sample.

    Attributes
    ----------
    absorber : str
        Chemical symbol.
    table : pandas.DataFrame
        A row per technique and task: ``technique, task, value, lower, upper, classes, probability,
        trust, message``; ``classes`` is the set as integers joined by ``;`` (empty for the bond
        length), ``value`` the mean. The combined technique comes last.
    probabilities : pandas.DataFrame
        Columns ``technique, task, class, probability``.
    explanation : pandas.DataFrame
        Columns ``technique, task, position, contribution, region``: what each stretch of the curve
        (eV or Å) added to the value, in the value's unit, against the average of the metal's training
        data, by exact Shapley values of the forest, and the named region that its middle is in; for the
        combined technique a row per part, ``position`` empty, with its share in the column ``part``.
    nearest : pandas.DataFrame
        Columns ``technique, rank, kind, name, formula, distance, oxidation_state,
        coordination_number, bond_length``; ``kind`` is ``standard`` or ``simulated``; distance 1 is
        where nine of ten standards are within of the nearest of another compound and source (of PDFs:
        99 of 100 materials of another formula).
    curves : mapping of str to tuple of ShownCurve
        For each single technique the sample's curve, then the nearest ones.
    first_shells : mapping of str to FirstShell
        For each PDF the classical reading of its first peaks, where they are sure.
    confidence_level : float
        Of intervals and class sets.
    energy_shift, energy_error : float
        What was added to the sample's energies, eV, and its likely error; NaN without XANES.
    e0, edge_step : float
        The sample's edge, eV on the scale of its file, and the step that mu was divided by; NaN without
        XANES.
    warnings : tuple of str
        What makes the answer doubtful, in words.
    counted : mapping of str to str
        For each single technique, what its coordination numbers count, in a few words: those of the
        library of standards and those of simulations are defined differently.
    """

    absorber: str
    table: pd.DataFrame
    probabilities: pd.DataFrame
    explanation: pd.DataFrame
    nearest: pd.DataFrame
    curves: Mapping[str, tuple[ShownCurve, ...]]
    first_shells: Mapping[str, FirstShell] = field(default_factory=dict)
    confidence_level: float = 0.9
    energy_shift: float = math.nan
    energy_error: float = math.nan
    warnings: tuple[str, ...] = field(default_factory=tuple)
    counted: Mapping[str, str] = field(default_factory=dict)
    e0: float = math.nan
    edge_step: float = math.nan

    def _lines(self) -> Iterator[str]:
        technique = "".join(self.table["technique"].astype(str).iloc[-1:])
        last = self.table[self.table["technique"] == technique]
        level = f"intervals of {100 * self.confidence_level:.0f} %"
        yield f"Prediction: {self.absorber} by {short_title(technique)}, {level}"
        for row in last.itertuples():
            task, digits = TASKS[str(row.task)], 3 if row.task == "bond_length" else 2
            unit = f" {task.unit}" if task.unit else ""
            ends = f"{row.lower:.{digits}f} to {row.upper:.{digits}f}"
            yield f"{task.title} {row.value:.{digits}f} ({ends}){unit}; trust {row.trust}"
        yield from self.warnings

    def to_json(self) -> str:
        """Write everything but the curves as JSON.

        Returns
        -------
        str
            One document; what is not known is null.
        """
        names = ("absorber", "confidence_level", "energy_shift", "energy_error")
        document: Record = {name: getattr(self, name) for name in names} | {
            "warnings": list(self.warnings),
            "coordination_counted": dict(self.counted),
            "answers": rows_of(self, "table"),
        }
        document |= {name: rows_of(self, name) for name in ("probabilities", "explanation", "nearest")}
        document["first_shells"] = {name: asdict(shell) for name, shell in self.first_shells.items()}
        return json.dumps(json_ready(document), ensure_ascii=False, indent=1)


for _name in ("table", "probabilities", "explanation", "nearest"):
    setattr(Prediction, _name, _Frame(_name))


def rows_of(prediction: Prediction, name: str) -> list[Record]:
    """Give the rows of one of its tables, without a frame where none was made."""
    held = vars(prediction)[name]
    return held if isinstance(held, list) else held.to_dict("records")


@dataclass(frozen=True, repr=False, eq=False)
class Predictions(Displayed, Sequence[Prediction], topic="prediction.page", main_table="table"):
    """Answers for several samples, in their order.

    As a sequence it holds the samples that could be answered; the table has them all.

    Attributes
    ----------
    names : tuple of str
        Of all samples: file and item, else a number.
    outcomes : tuple of Prediction or str
        For each sample its answer, or why there is none.
    """

    names: tuple[str, ...]
    outcomes: tuple[Prediction | str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """The tables of all, below each other.

        Columns ``sample, absorber``, those of `Prediction.table` and ``status``, which is ``ok`` or
        ``refused``, with the reason in ``message`` and a row per task.
        """
        import pandas as pd

        columns = ["sample", "absorber", *self[0].table.columns, "status"]
        rows: list[dict[str, object]] = []
        for name, outcome in zip(self.names, self.outcomes, strict=True):
            if isinstance(outcome, str):
                told: dict[str, object] = {"sample": name, "status": "refused", "message": outcome}
                rows += [told | {"task": task} for task in TASKS]
            else:
                told = {"sample": name, "absorber": outcome.absorber, "status": "ok"}
                rows += [told | row for row in outcome.table.to_dict("records")]
        return pd.DataFrame(rows, columns=columns)

    def __len__(self) -> int:
        return sum(isinstance(outcome, Prediction) for outcome in self.outcomes)

    @overload
    def __getitem__(self, index: int) -> Prediction: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Prediction]: ...

    def __getitem__(self, index: int | slice) -> Prediction | Sequence[Prediction]:
        return [outcome for outcome in self.outcomes if isinstance(outcome, Prediction)][index]

    def _lines(self) -> Iterator[str]:
        yield f"Predictions: {len(self.outcomes)} samples, {len(self)} answered"
        for name, outcome in zip(self.names, self.outcomes, strict=True):
            rows = [] if isinstance(outcome, str) else outcome.table.to_dict("records")
            last = [row for row in rows if row["technique"] == rows[-1]["technique"]]
            values = ", ".join(f"{TASKS[row['task']].symbol} {row['value']:.3g}" for row in last)
            yield f"{name}: {values or outcome}"
