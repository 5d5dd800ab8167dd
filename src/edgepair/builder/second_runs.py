"""Simulating once more, with a larger sphere, what gave a spectrum that cannot be right."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.builder.assembly import Assembled, MaterialRows
from edgepair.builder.curves import HOLD, absorption_problem
from edgepair.builder.gates import ABSORPTION, EDGE_POSITION, spectrum_faults
from edgepair.builder.stages import Material, Stages
from edgepair.conventions import EdgepairError
from edgepair.simulation import Feff10, SiteSimulator
from edgepair.spectra import resample_mu

if TYPE_CHECKING:
    from numpy.typing import NDArray

Place = tuple[str, int]
"""Identifier of a material, and a site of it."""


@dataclass(frozen=True)
class SecondRun:
    """What came of simulating one site again.

    ``curve`` in eV.
    """

    curve: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    message: str


def run_again(
    stages: Stages,
    materials: Sequence[Material],
    first: Assembled,
    simulator: SiteSimulator,
    *,
    only_known: bool,
) -> dict[Place, SecondRun]:
    """Simulate the sites again whose spectrum failed a check.

    Notes
    -----
    The second spectrum is checked like the first, against the medians of the first runs. It has a key of
    its own in the store.
    """
    settings = simulator.with_larger_scf() if isinstance(simulator, Feff10) else None
    if settings is None:
        return {}
    suspect = {
        place: "; ".join(fault.message for fault in faults if fault.gate in (EDGE_POSITION, ABSORPTION))
        for place, faults in first.faults.items()
        if any(fault.gate in (EDGE_POSITION, ABSORPTION) for fault in faults)
    }
    sites = [(m, site) for m in materials for site in m.sites if (m.material_id, site.given) in suspect]
    if not sites:
        return {}
    records = stages.simulate(sites, settings, only_known=only_known, stage="spectra again")
    energy = first.dataset["energy"].values
    states = _states(first)
    found = {}
    for place, why in suspect.items():
        curve, problem = _usable(records.get(place))
        if curve is not None:
            try:
                mu = resample_mu(*curve, grid=energy, hold=HOLD)
            except EdgepairError as error:
                problem = f"{error.problem}: {error.found}"
            else:
                faults = spectrum_faults(stages.absorber, energy, mu, states[place], first.medians)
                problem = "; ".join(fault.message for fault in faults)
        if problem:
            found[place] = SecondRun(None, problem)
        else:
            found[place] = SecondRun(
                curve, f"run again with SCF {settings.cards['SCF']}, for the first had {why}"
            )
    return found


def replace_curves(materials: Sequence[MaterialRows], runs: Mapping[Place, SecondRun]) -> list[MaterialRows]:
    """Put the second spectra that pass in the place of the first."""
    changed = []
    for item in materials:
        rows = []
        for row in item.rows:
            run = runs.get((item.material_id, row.site))
            curve = run.curve if run is not None else None
            rows.append(row if curve is None else replace(row, x=curve[0], y=curve[1]))
        changed.append(replace(item, rows=tuple(rows)))
    return changed


def second_run_attribute(runs: Mapping[Place, SecondRun], simulator: SiteSimulator) -> dict[str, str]:
    """Say of a dataset's absorption which rows come from a second run, and with which card."""
    settings = simulator.with_larger_scf() if isinstance(simulator, Feff10) else None
    sites = sorted((len(name), name, site) for (name, site), run in runs.items() if run.curve is not None)
    if settings is None or not sites:
        return {}
    named = [f"{name} site {site}" for _, name, site in sites]
    return {"run_again": json.dumps({"cards": dict(settings.cards), "sites": named}, ensure_ascii=False)}


def _usable(
    record: Mapping[str, Any] | None,
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]] | None, str]:
    """Read a second spectrum, or say why there is none."""
    if record is None:
        return None, "not done yet"
    if not record["ok"]:
        return None, str(record["problem"])
    x, y = np.array(record["value"]["x"]), np.array(record["value"]["y"])
    problem = absorption_problem(x, y)
    return (None, f"the simulator gave {problem}") if problem else ((x, y), "")


def _states(assembled: Assembled) -> dict[Place, float]:
    dataset = assembled.dataset
    names = dataset["material_id"].values[dataset["material_index"].values]
    sites, states = dataset["site_index"].values, dataset["oxidation_state"].values
    return {
        (str(name), int(site)): float(state) for name, site, state in zip(names, sites, states, strict=True)
    }
