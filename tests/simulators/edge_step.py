"""A simulator that takes no time: an edge whose place follows from the nearest neighbours.

What it should do besides is told by the environment, because worker processes are told nothing else:
EDGE_STEP_SLEEP (s), EDGE_STEP_LOG (a file that gets a line a call), EDGE_STEP_FAIL and EDGE_STEP_CRASH
(formulas of which it fails or ends its process).
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pymatgen.core import Structure

from edgepair.conventions import SimulationError, edge_energy
from edgepair.simulation import Feff10, SiteSpectrum


@dataclass(frozen=True)
class EdgeStep:
    width: float = 1.5

    name: ClassVar[str] = "edgestep"
    version: ClassVar[str] = "1"
    origin: ClassVar[str] = "user"
    variable: ClassVar[str] = "mu"
    axis: ClassVar[str] = "energy"

    def parameters(self) -> dict[str, Any]:
        return {"width": self.width}

    def attributes(self) -> dict[str, Any]:
        return {"long_name": "absorption", "code": "edge step"}

    def estimate(self, structure: Structure, index: int) -> float:
        return 0.01 * len(structure)

    def simulate(self, structure: Structure, index: int) -> SiteSpectrum:
        formula = structure.composition.reduced_formula
        if os.environ.get("EDGE_STEP_LOG"):
            with Path(os.environ["EDGE_STEP_LOG"]).open("a") as log:
                log.write(f"{formula} {index} {os.getpid()}\n")
        time.sleep(float(os.environ.get("EDGE_STEP_SLEEP", "0")))
        if formula == os.environ.get("EDGE_STEP_CRASH"):
            os._exit(13)
        if formula == os.environ.get("EDGE_STEP_FAIL"):
            raise SimulationError(f"cannot do {formula}", found="it", needed="another", suggestion="none")
        edge = edge_energy(structure[index].specie.symbol)
        near = sorted(site.nn_distance for site in structure.get_neighbors(structure[index], 3.0))[:4]
        e0 = edge + 10 * (2.2 - float(np.mean(near)))
        energy = edge + np.arange(-20.0, 60.0, 0.5)
        mu = 1 / (1 + np.exp(-(energy - e0) / self.width))
        return SiteSpectrum(energy, mu, 0.01, {"e0": e0})


@dataclass(frozen=True)
class Distances(EdgeStep):
    """A curve that the schema does not know."""

    name: ClassVar[str] = "distances"
    variable: ClassVar[str] = "chi"
    axis: ClassVar[str] = "k"

    def simulate(self, structure: Structure, index: int) -> SiteSpectrum:
        near = [site.nn_distance for site in structure.get_neighbors(structure[index], 3.0)]
        k = np.arange(2.0, 12.0, 0.1)
        return SiteSpectrum(k, sum(np.sin(2 * k * r) / r**2 for r in near), 0.0)


@dataclass(frozen=True)
class Faulty(EdgeStep):
    """One whose fault is told by EDGE_STEP_FAULT: a kind, and the formula that it strikes."""

    name: ClassVar[str] = "faulty"

    def estimate(self, structure: Structure, index: int) -> float:
        raise RuntimeError("no estimate")

    def simulate(self, structure: Structure, index: int) -> SiteSpectrum:
        good = EdgeStep.simulate(self, structure, index)
        mode, formula = os.environ["EDGE_STEP_FAULT"].split()
        if structure.composition.reduced_formula != formula:
            return good
        if mode == "nan":
            return SiteSpectrum(np.full(5, np.nan), good.y[:5], 0.0)
        if mode == "runaway":  # as FEFF10's of K2RbGdV2O8: from 1.3 down to -22.9
            return SiteSpectrum(good.x, good.y - 0.005 * np.clip(good.x - good.x[80], 0, None) ** 2, 0.0)
        if mode == "raise":
            raise ZeroDivisionError("not one of ours")
        if mode == "cancel":
            raise asyncio.CancelledError
        return SiteSpectrum(good.x, good.y, 0.0, {"number": np.float32(1), "path": Path("x")})


@dataclass(frozen=True)
class SmallSphere(Feff10):
    """Stands for FEFF10, whose first run puts the edge of EDGE_STEP_WRONG's formula elsewhere.

    EDGE_STEP_AGAIN says what the second run gives: ``right``, ``wrong`` or ``fails``.
    """

    def simulate(self, structure: Structure, index: int) -> SiteSpectrum:
        good = EdgeStep().simulate(structure, index)
        again = "SCF" in self.cards
        if structure.composition.reduced_formula != os.environ["EDGE_STEP_WRONG"]:
            return good
        if again and os.environ["EDGE_STEP_AGAIN"] == "fails":
            raise SimulationError("cannot do it", found="no end", needed="one", suggestion="none")
        if again and os.environ["EDGE_STEP_AGAIN"] == "right":
            return good
        return SiteSpectrum(good.x, np.interp(good.x + (7.0 if again else 9.0), good.x, good.y), 0.01)
