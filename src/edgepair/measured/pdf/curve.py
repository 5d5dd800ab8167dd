"""A measured pair distribution function as its file has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgepair.conventions.displayed import DisplayedCurve
from edgepair.conventions.errors import visible, visible_values

if TYPE_CHECKING:
    from edgepair.conventions.tasks import Floats


@dataclass(frozen=True, repr=False, eq=False)
class PdfCurve(DisplayedCurve, x=("r", "Å"), y=("G", "Å⁻²")):
    """One measured pair distribution function.

    Attributes
    ----------
    file : str
        Path, as given.
    item : str
        Part of the file; empty where the file holds one curve.
    format : str
        Name of the file format.
    r : numpy.ndarray
        Shape (n_r,), Å, strictly increasing.
    G : numpy.ndarray
        Shape (n_r,), Å⁻².
    radiation : str or None
        ``x-ray``, ``neutron`` or ``electron``; None where the header does not tell.
    qmax : float or None
        End of the data in Q, Å⁻¹.
    qdamp : float or None
        Damping by the resolution in Q, Å⁻¹.
    composition : str or None
        Chemical formula, as the header has it.
    number_density : float or None
        Atoms per Å³, as given.
    header : mapping of str to str
        What the header says.
    warnings : tuple of str
        What was noticed while reading.
    differential : bool
        Whether it is the differential PDF of one element, not the total one: no file tells.
    """

    file: str
    item: str
    format: str
    r: Floats
    G: Floats
    radiation: str | None = None
    qmax: float | None = None
    qdamp: float | None = None
    composition: str | None = None
    number_density: float | None = None
    header: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    differential: bool = False

    def __post_init__(self) -> None:
        """Write names and words of the file so that they can be shown."""
        for name in ("file", "item", "format"):
            object.__setattr__(self, name, visible(getattr(self, name)))
        object.__setattr__(self, "header", visible_values(self.header))
        object.__setattr__(self, "warnings", tuple(map(visible, vars(self)["warnings"])))

    def _lines(self) -> Iterator[str]:
        known = [self.radiation or "radiation ?", self.composition or "composition ?"]
        known += [f"Qmax {self.qmax:g} 1/Å"] if self.qmax is not None else []
        known += ["differential"] if self.differential else []
        yield f"PdfCurve: {', '.join(known)}; {self._span()}; {self.title}"
        yield from self.warnings
