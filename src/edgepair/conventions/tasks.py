"""Tasks: what is read from the spectra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from edgepair.conventions.errors import check_choice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


Floats: TypeAlias = "NDArray[np.float64]"

Labels: TypeAlias = "NDArray[np.float64] | NDArray[np.float32] | NDArray[np.int64] | NDArray[np.int16]"
"""Labels of sites, or answers: values, or positions in the list of classes."""


@dataclass(frozen=True)
class Task:
    """One quantity that is read from the spectra.

    Attributes
    ----------
    name : str
        Name in files and options; also the dataset's variable.
    kind : {'classification', 'regression'}
        Whether the answer is an integer class or a number.
    title : str
        Name for people.
    unit : str
        Unit of the value; empty for a pure number.
    symbol : str
        Short form for axes.
    lowest, highest : float
        Values outside are refused as labels.
    """

    name: str
    kind: Literal["classification", "regression"]
    title: str
    unit: str
    symbol: str
    lowest: float
    highest: float

    @property
    def main_metric(self) -> str:
        """The metric in which findings are stated: weighted F1 or R²."""
        return "f1_weighted" if self.kind == "classification" else "r2"


TASKS = MappingProxyType(
    {
        task.name: task
        for task in (
            Task("oxidation_state", "classification", "oxidation state", "", "OS", -4.0, 8.0),
            Task("coordination_number", "classification", "coordination number", "", "CN", 1.0, 16.0),
            Task("bond_length", "regression", "mean bond length", "Å", "d(M–O)", 1.0, 4.0),
        )
    }
)
"""All tasks by name, in the order in which they are reported."""


def parse_tasks(names: Sequence[str] | None) -> tuple[Task, ...]:
    """Turn task names into tasks, in the order of the table.

    Parameters
    ----------
    names : sequence of str or None
        Names; None for all.

    Returns
    -------
    tuple of Task
        Each once.

    Raises
    ------
    OptionError
        A name is not a task.

    Examples
    --------
    >>> [task.name for task in parse_tasks(["bond_length", "oxidation_state"])]
    ['oxidation_state', 'bond_length']
    """
    if names is None:
        return tuple(TASKS.values())
    for name in names:
        check_choice("cannot study the task", "task", name, TASKS)
    return tuple(task for task in TASKS.values() if task.name in names)
