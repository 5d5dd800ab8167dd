"""Finding a simulator that somebody else has written."""

from __future__ import annotations

import sys
from importlib import import_module

from edgepair.conventions import OptionError
from edgepair.simulation.simulator import SiteSimulator

_NEEDED = (
    "name",
    "version",
    "origin",
    "variable",
    "axis",
    "parameters",
    "attributes",
    "estimate",
    "simulate",
)


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
        found = "a class without " + ", ".join(item for item in _NEEDED if not hasattr(simulator, item))
    if found or not isinstance(simulator, SiteSimulator):
        raise OptionError(
            f"cannot use the simulator {name!r}",
            found=found,
            needed="module:Class, a class that follows edgepair.simulation.SiteSimulator",
            suggestion="see 'Add a simulator' in the documentation",
        )
    return simulator
