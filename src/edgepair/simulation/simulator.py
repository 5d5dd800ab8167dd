"""What a simulator of site spectra is: the interface that another code has to fill."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from edgepair.conventions import OptionError
from edgepair.conventions.displayed import Record

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from edgepair.conventions.tasks import Floats


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

    x: Floats
    y: Floats
    cpu_seconds: float
    details: Mapping[str, object] = field(default_factory=dict)


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

    def parameters(self) -> Record:
        """Return every setting that changes the result, ready for JSON; part of the key.

        Returns
        -------
        dict
            Names and values.
        """
        ...

    def attributes(self) -> Record:
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


def load_simulator(name: str) -> SiteSimulator:
    """Load a simulator by the name of its class.

    Parameters
    ----------
    name : str
        ``module:Class``; the module is looked for in the working folder too. The class is called
        without arguments.

    Returns
    -------
    SiteSimulator
        An instance.

    Raises
    ------
    OptionError
        There is no such class, or it lacks something of `SiteSimulator`.

    Examples
    --------
    >>> load_simulator("edgepair.simulation:Feff10").name
    'feff10'
    """
    module, _, attribute = name.partition(":")
    found = ""
    simulator: object = None
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        simulator = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        found = f"{type(error).__name__}: {error}"
    if simulator is not None and not isinstance(simulator, SiteSimulator):
        needed = [item for item in vars(SiteSimulator) if not item.startswith("_")]
        found = "a class without " + ", ".join(item for item in needed if not hasattr(simulator, item))
    if found or not isinstance(simulator, SiteSimulator):
        raise OptionError(
            f"cannot use the simulator {name!r}",
            found=found,
            needed="module:Class, a class that follows edgepair.simulation.SiteSimulator",
            suggestion="see 'Add a simulator' in the documentation",
        )
    return simulator
