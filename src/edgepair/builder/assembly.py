"""Putting finished results together into a dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from edgepair.builder.gates import (
    ABSORPTION,
    BOND_VALENCE_OFF,
    EDGE_POSITION,
    ENERGY_STEP,
    FARTHEST_EDGE,
    FEWEST_BONDS,
    HOLD,
    MOST_ABSORPTION,
    MOST_BONDS,
    Fault,
    absorption_problem,
    edge_position,
    energy_grid,
    gate_text,
    label_faults,
    median_edges,
    spectrum_faults,
)
from edgepair.builder.stages import Material, Stages
from edgepair.conventions import DataError, EdgepairError
from edgepair.conventions.displayed import Record
from edgepair.conventions.tasks import Floats
from edgepair.dataset.arrays import assemble
from edgepair.simulation import IDEAL_R_LAST, IDEAL_R_STEP, IDEAL_U_ISO, Feff10, SiteSimulator, ideal_r
from edgepair.spectra import resample_mu

if TYPE_CHECKING:
    import xarray as xr  # a dry run needs none

_PDFS = {
    "G": "total x-ray PDF",
    "G_M": "differential x-ray PDF of the absorber",
    "G_neutron": "total neutron PDF",
}
_NUMBERS = (
    "oxidation_state",
    "coordination_number",
    "bond_length",
    "bond_length_spread",
    "nearest_metal_distance",
    "octahedral_order",
    "tetrahedral_order",
    "coordination_number_bond_valence",
)

_GATE_SETTINGS = {
    "edge from the median of its oxidation state, eV": FARTHEST_EDGE,
    "highest absorption, edge steps": MOST_ABSORPTION,
    "bond-valence sum from the oxidation state, valence units or part of it": list(BOND_VALENCE_OFF),
    "coordination number": [FEWEST_BONDS, MOST_BONDS],
}


@dataclass(frozen=True)
class CurveAxis:
    """What the curves of the sites are."""

    variable: str = "mu"
    axis: str = "energy"

    @property
    def is_mu(self) -> bool:
        """Whether they are XANES, which the schema knows."""
        return self.variable == "mu"


@dataclass(frozen=True)
class SiteRow:
    """One site that goes into the dataset."""

    site: int
    multiplicity: int
    labels: Record
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class MaterialRows:
    """The sites of one material."""

    material_id: str
    formula: str
    n_sites: int
    rows: tuple[SiteRow, ...]
    curves: Mapping[str, np.ndarray]
    baselines: Mapping[str, float]


@dataclass(frozen=True)
class Assembled:
    """A dataset, and what is to be said of its sites; ``medians`` in eV."""

    dataset: xr.Dataset
    short: dict[tuple[str, int | None], tuple[str, str]]
    faults: dict[tuple[str, int], tuple[Fault, ...]]
    medians: dict[float, float]


def assemble_materials(
    absorber: str,
    materials: Sequence[MaterialRows],
    *,
    origin: str,
    axis: CurveAxis,
    curve_attributes: Record,
    provenance: Record,
    energy_range: tuple[float, float] | None = None,
    composition_states: bool = True,
) -> Assembled:
    """Make a dataset of materials whose sites are finished."""
    order = sorted(materials, key=lambda item: (len(item.material_id), item.material_id))
    points = [row.x for item in order for row in item.rows]
    if not points:
        raise DataError(
            f"cannot make a {absorber} dataset",
            found="no site with labels and a spectrum",
            needed="at least one",
            suggestion="look at the reasons in the list of items",
        )
    grid = energy_grid(absorber, points, energy_range) if axis.is_mu else points[0]
    hold = HOLD if axis.is_mu else 0.0
    kept: list[tuple[MaterialRows, list[tuple[SiteRow, np.ndarray]]]] = []
    short: dict[tuple[str, int | None], tuple[str, str]] = {}
    for item in order:
        rows = []
        for row in sorted(item.rows, key=lambda row: row.site):
            try:
                rows.append((row, resample_mu(row.x, row.y, grid=grid, hold=hold)))
            except EdgepairError as error:
                message = f"{error.problem}: {error.found}; needed {error.needed}"
                short[item.material_id, row.site] = ("spectrum too short", message)
        if rows:
            kept.append((item, rows))
    if not kept:
        raise DataError(
            f"cannot make a {absorber} dataset",
            found=f"spectra none of which covers {grid[0]:g} to {grid[-1]:g}",
            needed=f"spectra that do, up to {hold:g} at either end",
            suggestion="give a shorter --range",
        )
    arrays = _arrays(kept, origin, composition_states)
    curves = np.array([mu for _, pairs in kept for _, mu in pairs])
    labels = [row.labels for _, pairs in kept for row, _ in pairs]
    faults, medians = _check(
        absorber, labels, arrays["oxidation_state"], (grid, curves) if axis.is_mu else None
    )
    arrays["gate"] = np.array([gate_text(failed) for failed in faults], dtype=object)
    attributes = {name: _pdf_attributes(name) for name in _PDFS if name in arrays}
    attributes |= {name: _label_attributes() for name in _NUMBERS}
    attributes["gate"] = {"origin": "computed", "settings": json.dumps(_GATE_SETTINGS)}
    extra = dict(curve_attributes)
    if axis.is_mu:
        arrays |= {"energy": grid, "mu": curves}
        resampled = f"shape-preserving cubic to {ENERGY_STEP} eV; ends held by up to {HOLD} eV"
        attributes["mu"] = extra | {"resampled": resampled}
    if "licence" in provenance:
        # What is computed from structures is under their licence, unless it has one of its own.
        shared = {"licence": provenance["licence"]}
        extra = shared | extra
        attributes = {name: shared | dict(items) for name, items in attributes.items()}
    dataset = assemble(absorber, arrays, attributes=attributes, provenance=provenance)
    if not axis.is_mu:
        # Not of the schema: kept beside what is, for whoever brought the simulator.
        dataset[axis.variable] = (("site", axis.axis), curves.astype(np.float32), extra)
        dataset = dataset.assign_coords({axis.axis: grid})
    places = [(item.material_id, row.site) for item, pairs in kept for row, _ in pairs]
    failed = {place: found for place, found in zip(places, faults, strict=True) if found}
    return Assembled(dataset, short, failed, medians)


def _check(
    absorber: str,
    labels: Sequence[Record],
    states: np.ndarray,
    spectra: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[list[tuple[Fault, ...]], dict[float, float]]:
    """Find what each row fails; spectra are compared with those of the same oxidation state."""
    faults = []
    medians: dict[float, float] = {}
    if spectra is not None:
        energy, curves = spectra
        medians = median_edges([edge_position(energy, mu) for mu in curves], states)
    for row, (label, state) in enumerate(zip(labels, states.tolist(), strict=True)):
        total = label["bond_valence_sum"]
        found = label_faults(
            absorber, state, np.nan if total is None else total, label["coordination_number"]
        )
        if spectra is not None:
            found = (*spectrum_faults(absorber, energy, curves[row], state, medians), *found)
        faults.append(found)
    return faults, medians


def _arrays(
    kept: Sequence[tuple[MaterialRows, list[tuple[SiteRow, np.ndarray]]]],
    origin: str,
    composition_states: bool,
) -> Record:
    rows = [(number, row) for number, (_, pairs) in enumerate(kept) for row, _ in pairs]
    labels = [row.labels for _, row in rows]
    widest = max(len(item["distances"]) for item in labels)
    distances = np.full((len(rows), widest), np.nan)
    elements = np.full((len(rows), widest), "", dtype=object)
    for position, item in enumerate(labels):
        distances[position, : len(item["distances"])] = item["distances"]
        elements[position, : len(item["elements"])] = item["elements"]
    columns = {
        name: np.array([np.nan if item[name] is None else float(item[name]) for item in labels])
        for name in _NUMBERS
    }
    sources = np.array([item["oxidation_state_source"] for item in labels], dtype=object)
    if not composition_states:
        columns["oxidation_state"][sources == "composition"] = np.nan
        sources[sources == "composition"] = ""
    arrays: Record = {
        **columns,
        "oxidation_state_source": sources,
        "origin": [origin] * len(rows),
        "multiplicity": [row.multiplicity for _, row in rows],
        "site_index": [row.site for _, row in rows],
        "material_index": [number for number, _ in rows],
        "neighbour_distance": distances,
        "neighbour_element": elements,
        "material_id": [item.material_id for item, _ in kept],
        "formula": [item.formula for item, _ in kept],
        "complete": [len(pairs) == item.n_sites for item, pairs in kept],
    }
    if all(item.curves for item, _ in kept):
        arrays["r"] = ideal_r()
        for name in _PDFS:
            arrays[name] = [item.curves[name] for item, _ in kept]
            arrays[f"{name}_baseline"] = [item.baselines[name] for item, _ in kept]
    return arrays


def _pdf_attributes(name: str) -> Record:
    return {
        "long_name": _PDFS[name],
        "origin": "pdffit2",
        "source": "simulated",
        "citation": "Farrow et al., J. Phys.: Condens. Matter 19, 335219 (2007), "
        "doi 10.1088/0953-8984/19/33/335219",
        "code": f"diffpy.pdffit2 {version('diffpy.pdffit2')}",
        "settings": json.dumps(
            {"qmax": 0, "qdamp": 0, "u_iso": IDEAL_U_ISO, "r_step": IDEAL_R_STEP, "r_last": IDEAL_R_LAST}
        ),
        "ideal_u_iso": IDEAL_U_ISO,
    }


def _label_attributes() -> Record:
    return {
        "origin": "computed",
        "code": f"pymatgen-core {version('pymatgen-core')}",
        "citation": "Ong et al., Comput. Mater. Sci. 68, 314 (2013), doi 10.1016/j.commatsci.2012.10.028",
        "settings": "BVAnalyzer() where charge balance agrees or does not tell, CrystalNN().get_nn_info, "
        "SpacegroupAnalyzer(symprec=0.01)",
    }


Place = tuple[str, int]
"""Identifier of a material, and a site of it."""


@dataclass(frozen=True)
class SecondRun:
    """What came of simulating one site again; ``curve`` in eV."""

    curve: tuple[Floats, Floats] | None
    message: str


def run_again(
    stages: Stages,
    materials: Sequence[Material],
    first: Assembled,
    simulator: SiteSimulator,
    *,
    only_known: bool,
) -> dict[Place, SecondRun]:
    """Simulate once more where a check failed, under another key; judged by the first runs' medians."""
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


def _usable(record: Record | None) -> tuple[tuple[Floats, Floats] | None, str]:
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
