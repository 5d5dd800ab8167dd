"""What results and curves share when they are shown: a short text, tables, figures, equality by content."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, cast

from edgepair.conventions.spelling import spelled

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    import xarray as xr

Record: TypeAlias = dict[str, Any]
"""One row of a table, or one entry of a document, by the names of its columns or keys."""

MOST_LINES, MOST_LETTERS = 8, 118
"""Of the text that stands for a result."""


class Views(Protocol):
    """How the report shows what belongs to one topic."""

    def tables(self, item: object) -> str:
        """Lay out the tables of its page."""

    def draw(self, item: object, name: str, given: Mapping[str, str]) -> go.Figure:
        """Draw a figure by its name and choices."""


def views_of(topic: str) -> Views:
    """Load a module of the report, which imports this room and is imported by none below it."""
    return cast(Views, import_module(f"edgepair.report.{topic}"))


class Displayed:
    """A result that a notebook can show.

    Its text has at most eight lines; a notebook lays its tables out as its page does. Two are equal where
    all their fields are: arrays and tables entry by entry, a missing number being equal to another.
    """

    _topic: ClassVar[str]
    _main_table: ClassVar[str]

    def __init_subclass__(cls, topic: str = "", main_table: str = "") -> None:
        """Name the module of the report that lays it out, which imports this room, and its main table."""
        cls._topic, cls._main_table = topic, main_table

    def __getattribute__(self, name: str) -> Any:
        """Give a field; warnings speak of parameters as who reads them gives them."""
        found = super().__getattribute__(name)
        return type(found)(map(spelled, found)) if name == "warnings" else found

    def _lines(self) -> Iterator[str]:
        """Say what it is, a line each, the most important first."""
        raise NotImplementedError

    def __repr__(self) -> str:
        lines = (" ".join(line.split()) for line in islice(self._lines(), MOST_LINES))
        short = (line if len(line) <= MOST_LETTERS else line[: MOST_LETTERS - 1] + "…" for line in lines)
        return "<" + "\n  ".join(short) + ">"

    def __eq__(self, other: object) -> bool:
        return _same(self, other) if type(self) is type(other) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # arrays have none

    def _repr_html_(self) -> str:
        return views_of(self._topic).tables(self)

    def plot(self, figure: str = "", **choices: str) -> go.Figure:
        """Draw a figure as its page shows it.

        Parameters
        ----------
        figure : str, optional
            Name of the figure; by default the first of its page. A wrong name is answered with all.
        **choices : str
            What is drawn, as ``absorber="Fe"``, ``task="bond_length"``, ``modality="xanes"``; may be left
            out where there is one only.

        Returns
        -------
        plotly.graph_objects.Figure
            Axes with their units.

        Raises
        ------
        OptionError
            There is no such figure, or more has to be chosen.
        """
        return views_of(self._topic).draw(self, figure, choices)

    def to_frame(self) -> pd.DataFrame:
        """Give the main table: answers, scores, importances or gains; of a curve its points.

        Returns
        -------
        pandas.DataFrame
            A copy; columns as its class describes them.
        """
        table: pd.DataFrame = getattr(self, self._main_table)
        return table.copy()


class DisplayedCurve(Displayed):
    """A measured curve that a notebook can show."""

    _axes: ClassVar[tuple[tuple[str, str], tuple[str, str]]]

    def __init_subclass__(
        cls, x: tuple[str, str] = ("energy", "eV"), y: tuple[str, str] = ("mu", "")
    ) -> None:
        """Name the fields of the axis and of the values, with their units."""
        super().__init_subclass__(topic="measured.page")
        cls._axes = x, y

    def _span(self) -> str:
        """Say how many points there are, and from where to where."""
        name, unit = self._axes[0]
        x = vars(self)[name]
        return f"{len(x)} points, {x[0]:.6g} to {x[-1]:.6g} {unit}"

    @property
    def title(self) -> str:
        """The file without its folder, and the item."""
        known = vars(self)
        file = str(known.get("file") or known.get("name", ""))
        return ", ".join(part for part in (re.split(r"[/\\]", file)[-1], known.get("item")) if part)

    def to_frame(self) -> pd.DataFrame:
        """Give the points as a table.

        Returns
        -------
        pandas.DataFrame
            Shape (n, 2): ``energy`` in eV and ``mu``, or ``r`` in Å and ``G`` in Å⁻².
        """
        import pandas as pd

        return pd.DataFrame({name: getattr(self, name) for name, _ in self._axes})

    def to_xarray(self) -> xr.DataArray:
        """Give the curve with its axis, units and what its file says.

        Returns
        -------
        xarray.DataArray
            Shape (n,): ``mu`` over ``energy`` in eV, or ``G`` in Å⁻² over ``r`` in Å. What is known as one
            word or number stands in its attributes, which `edgepair.predict` reads.
        """
        import xarray as xr

        (axis, unit), (values, of_values) = self._axes
        known = vars(self)
        # The unit in the file is not that of the array.
        attrs = {
            name: value
            for name, value in known.items()
            if isinstance(value, str | float) and value != "" and value == value and name != "energy_unit"
        }
        coordinate = xr.Variable(axis, known[axis], {"units": unit})
        return xr.DataArray(
            known[values], {axis: coordinate}, name=values, attrs={"units": of_values} | attrs
        )


def full_title(curve: DisplayedCurve) -> str:
    """Name a curve by its file, with the folder, and its item."""
    known = vars(curve)
    return ", ".join(part for part in (known.get("file"), known.get("item")) if part)


def _same(one: object, two: object) -> bool:
    """Compare what results are made of."""
    import numpy as np
    import pandas as pd

    if isinstance(one, pd.DataFrame):
        return isinstance(two, pd.DataFrame) and one.equals(two)
    if isinstance(one, np.ndarray):
        numbers = one.dtype.kind in "fc"
        return isinstance(two, np.ndarray) and np.array_equal(one, two, equal_nan=numbers)
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return one.keys() == two.keys() and all(_same(value, two[key]) for key, value in one.items())
    if type(one) is not type(two):
        return bool(one == two)
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return len(one) == len(two) and all(map(_same, one, two))
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return all(_same(getattr(one, name), getattr(two, name)) for name in names)
    return bool(one == two or (one != one and two != two))
