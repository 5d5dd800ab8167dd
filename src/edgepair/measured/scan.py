"""A measured absorption spectrum as its file has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgepair.conventions.displayed import DisplayedCurve
from edgepair.conventions.errors import visible, visible_values

if TYPE_CHECKING:
    from edgepair.conventions.tasks import Floats


@dataclass(frozen=True)
class Candidate:
    """One reading of a table as an absorption; ``e0`` in eV."""

    expression: str
    name: str
    kind: str
    edge_step: float = 0.0
    contrast: float = 0.0
    e0: float | None = None
    problem: str = ""


@dataclass(frozen=True, repr=False, eq=False)
class XanesScan(DisplayedCurve):
    """One measured absorption spectrum, before normalisation.

    Attributes
    ----------
    file : str
        Path, as given.
    item : str
        Group, scan or column within the file; empty where the file holds one spectrum.
    format : str
        Name of the file format.
    energy : numpy.ndarray
        Shape (n_energy,), eV, strictly increasing.
    mu : numpy.ndarray
        Shape (n_energy,): absorption in any unit, not normalised unless the file's was.
    mu_from : str
        How mu was made, as ``-ln(itrans/i0)``.
    mu_reason : str
        Why that was taken as mu, in a line.
    candidates : tuple of Candidate
        Readings of the columns that show an edge, that which was taken first.
    energy_unit : str
        Unit in the file: ``eV``, ``keV``, ``degree``.
    absorber : str or None
        Chemical symbol, by the header or by the edge found; None where neither tells.
    edge : str or None
        Name of the edge, likewise.
    reference : tuple of numpy.ndarray or None
        Energies and mu of a foil measured in the same scan (at the same energies), or of an item of its
        file that is one.
    reference_absorber : str or None
        Element of that foil, where the header tells.
    reference_item : str
        Item of the file that the foil is, where it is one of its own.
    foil : bool
        Whether this is a metal foil beside samples: it calibrates them and is none itself.
    energy_shift : float
        What the file itself asked to add to its energies and was added, eV.
    header : mapping of str to str
        What the header says, as ``Element.symbol``.
    warnings : tuple of str
        What was noticed while reading.
    """

    file: str
    item: str
    format: str
    energy: Floats
    mu: Floats
    mu_from: str
    energy_unit: str = "eV"
    absorber: str | None = None
    edge: str | None = None
    reference: tuple[Floats, Floats] | None = None
    reference_absorber: str | None = None
    reference_item: str = ""
    foil: bool = False
    energy_shift: float = 0.0
    header: Mapping[str, str] = field(default_factory=dict)
    mu_reason: str = ""
    candidates: tuple[Candidate, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Write names and words of the file so that they can be shown."""
        for name in ("file", "item", "format", "mu_from", "mu_reason"):
            object.__setattr__(self, name, visible(getattr(self, name)))
        object.__setattr__(self, "header", visible_values(self.header))
        object.__setattr__(self, "warnings", tuple(map(visible, vars(self)["warnings"])))

    def _lines(self) -> Iterator[str]:
        yield f"XanesScan: {self.absorber or '?'} {self.edge or 'edge ?'}, {self._span()}; {self.title}"
        yield f"mu = {self.mu_from or '?'}"
        yield from self.warnings


@dataclass(frozen=True)
class ScanTable:
    """Columns of one scan, roles unknown; values (n_points, n_columns), shift in eV, spacing in Å."""

    format: str
    item: str
    labels: tuple[str, ...]
    units: tuple[str, ...]
    values: Floats
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
