"""What a simulator of site spectra is: the interface that another code has to fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure


@dataclass(frozen=True)
class SiteSpectrum:
    """One simulated curve of one site.

    Attributes
    ----------
    x : numpy.ndarray
        Shape (n,), increasing, in the unit of the simulator's axis.
    y : numpy.ndarray
        Shape (n,).
    cpu_seconds : float
        CPU time that it took, s.
    details : dict
        Whatever else is worth keeping, ready for JSON.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    cpu_seconds: float
    details: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class SiteSimulator(Protocol):
    """A program that simulates one curve per absorber site.

    Instances cross process borders: they hold settings, never open files or handles.
    """

    @property
    def name(self) -> str:
        """Short name; part of the key under which results are kept."""
        ...

    @property
    def version(self) -> str:
        """Version of the program; part of the key."""
        ...

    @property
    def origin(self) -> str:
        """What the dataset says of where the curves come from."""
        ...

    @property
    def variable(self) -> str:
        """Variable of the dataset that the curves go into: ``mu``, or a name of its own."""
        ...

    @property
    def axis(self) -> str:
        """Axis of that variable: ``energy``, or a name of its own."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Return every setting that changes the result, ready for JSON; part of the key.

        Returns
        -------
        dict
            Names and values.
        """
        ...

    def attributes(self) -> dict[str, Any]:
        """Return what the dataset should say of the curves.

        Returns
        -------
        dict
            Text: ``code``, ``citation``, ``licence``, ``long_name``, ``units`` and the like.
        """
        ...

    def estimate(self, structure: Structure, index: int) -> float:
        """Estimate the CPU time of one site.

        Parameters
        ----------
        structure : pymatgen.core.Structure
            Primitive structure.
        index : int
            The absorbing site.

        Returns
        -------
        float
            CPU time, s.
        """
        ...

    def simulate(self, structure: Structure, index: int) -> SiteSpectrum:
        """Simulate one site.

        Parameters
        ----------
        structure : pymatgen.core.Structure
            Primitive structure.
        index : int
            The absorbing site.

        Returns
        -------
        SiteSpectrum
            The curve.

        Raises
        ------
        SimulationError
            The program failed; its own words are in the error.
        """
        ...
