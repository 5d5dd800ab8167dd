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

    ``values`` (n_points, n_columns); ``energy_shift`` in eV; ``d_spacing`` in Å.
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
    """An item of a file that holds no absorption spectrum."""

    item: str
    reason: str
