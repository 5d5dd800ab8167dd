"""What a reader hands on: the columns of one scan, with what its format says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ScanTable:
    """Columns of one scan, before anybody has said which is which.

    Attributes
    ----------
    format : str
        Name of the file format.
    item : str
        Group, scan or column within the file; empty where the file holds one spectrum.
    labels : tuple of str
        One for each column; empty where the file has none.
    units : tuple of str
        One for each column; empty where the file has none.
    values : numpy.ndarray
        Shape (n_points, n_columns); NaN where a value is missing.
    header : mapping of str to str
        What the header says.
    energy : int or None
        Column that the format itself says holds the energy or angle, 0-based.
    energy_unit : str or None
        Unit of that column, where the format says it.
    mu : str or None
        Expression that the format itself says makes the absorption.
    mu_name : str
        What to call that absorption; the expression where empty.
    reference : str or None
        Expression that the format says makes the absorption of a reference foil.
    absorber, edge : str or None
        Where the format has its own place for them.
    energy_shift : float
        What the file asks to add to its energies, eV.
    d_spacing : float or None
        Lattice spacing of the monochromator, Å.
    warnings : tuple of str
        What was noticed while reading.
    """

    format: str
    item: str
    labels: tuple[str, ...]
    units: tuple[str, ...]
    values: NDArray[np.float64]
    header: Mapping[str, str] = field(default_factory=dict)
    energy: int | None = None
    energy_unit: str | None = None
    mu: str | None = None
    mu_name: str = ""
    reference: str | None = None
    absorber: str | None = None
    edge: str | None = None
    energy_shift: float = 0.0
    d_spacing: float | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """An item of a file that holds no absorption spectrum.

    Attributes
    ----------
    item : str
        Its name.
    reason : str
        Why it is no spectrum.
    """

    item: str
    reason: str
