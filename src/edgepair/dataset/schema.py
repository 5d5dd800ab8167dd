"""The dataset's schema, and what is wrong with a dataset in plain words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TASKS, TECHNIQUES, DataError, OptionError, edge_energy

if TYPE_CHECKING:
    import xarray as xr

SCHEMA_VERSION = 1

ORIGINS = ("feff9", "feff10", "measured", "user")

GATES = ("edge position", "absorption", "bond valence", "coordination")
"""What the variable ``gate`` may name: the checks that a site failed. An empty text: it passed."""

GATE_SEPARATOR = "; "
"""Stands between two of them."""


@dataclass(frozen=True)
class Variable:
    """One variable of the schema."""

    dims: tuple[str, ...]
    kind: str
    units: str = ""
    required: bool = False


VARIABLES = MappingProxyType(
    {
        "energy": Variable(("energy",), "float", "eV"),
        "r": Variable(("r",), "float", "Å"),
        "mu": Variable(("site", "energy"), "float", "1"),
        "G": Variable(("material", "r"), "float", "Å⁻²"),
        "G_M": Variable(("material", "r"), "float", "Å⁻²"),
        "G_neutron": Variable(("material", "r"), "float", "Å⁻²"),
        "G_baseline": Variable(("material",), "float", "Å⁻³"),
        "G_M_baseline": Variable(("material",), "float", "Å⁻³"),
        "G_neutron_baseline": Variable(("material",), "float", "Å⁻³"),
        "oxidation_state": Variable(("site",), "float", "1"),
        "coordination_number": Variable(("site",), "float", "1"),
        "bond_length": Variable(("site",), "float", "Å"),
        "coordination_number_bond_valence": Variable(("site",), "float", "1"),
        "oxidation_state_source": Variable(("site",), "text"),
        "gate": Variable(("site",), "text"),
        "origin": Variable(("site",), "text", required=True),
        "multiplicity": Variable(("site",), "integer", required=True),
        "site_index": Variable(("site",), "integer", required=True),
        "material_index": Variable(("site",), "integer", required=True),
        "averaged": Variable(("site",), "flag"),
        "neighbour_distance": Variable(("site", "neighbour"), "float", "Å"),
        "neighbour_element": Variable(("site", "neighbour"), "text"),
        "bond_length_spread": Variable(("site",), "float", "Å"),
        "nearest_metal_distance": Variable(("site",), "float", "Å"),
        "octahedral_order": Variable(("site",), "float", "1"),
        "tetrahedral_order": Variable(("site",), "float", "1"),
        "material_id": Variable(("material",), "text", required=True),
        "formula": Variable(("material",), "text", required=True),
        "complete": Variable(("material",), "flag", required=True),
    }
)
"""Every variable of the schema by name."""

_KINDS = {"float": "f", "integer": "iu", "text": "OUST", "flag": "b"}
_MAY_BE_MISSING = {
    *TASKS,
    "neighbour_distance",
    "bond_length_spread",
    "nearest_metal_distance",
    "octahedral_order",
    "tetrahedral_order",
    "coordination_number_bond_valence",
}


def find_problems(dataset: xr.Dataset) -> list[str]:
    """List what keeps a dataset from following the schema.

    Parameters
    ----------
    dataset : xarray.Dataset
        Any dataset.

    Returns
    -------
    list of str
        A sentence per problem, the item it concerns named; empty where there is none.
    """
    problems = _attribute_problems(dataset)
    for name, variable in VARIABLES.items():
        if name in dataset.variables:
            problems += _variable_problems(dataset, name, variable)
        elif variable.required:
            problems.append(f"the variable {name!r} is missing")
    if not any(technique.variable in dataset for technique in TECHNIQUES.values()):
        names = ", ".join(technique.variable for technique in TECHNIQUES.values())
        problems.append(f"there is no spectrum at all: none of {names}")
    for technique in TECHNIQUES.values():
        if technique.variable in dataset and technique.axis not in dataset.variables:
            problems.append(f"{technique.variable!r} has no axis: {technique.axis!r} is missing")
        slope = f"{technique.variable}_baseline"
        if "ideal_u_iso" in getattr(dataset.get(technique.variable), "attrs", {}) and slope not in dataset:
            problems.append(f"{technique.variable!r} is ideal (ideal_u_iso), but {slope!r} is missing")
    if problems:
        return problems
    return _range_problems(dataset)


def validate(dataset: xr.Dataset, *, name: str = "this dataset") -> None:
    """Refuse a dataset that does not follow the schema.

    Parameters
    ----------
    dataset : xarray.Dataset
        Any dataset.
    name : str, optional
        What to call it in the error.

    Raises
    ------
    DataError
        With everything that `find_problems` finds.
    """
    problems = find_problems(dataset)
    if problems:
        raise DataError(
            f"cannot use {name}",
            found="; ".join(problems),
            needed=f"a dataset that follows schema version {SCHEMA_VERSION}",
            suggestion="make it with edgepair.from_arrays, or mend what is named",
        )


def _attribute_problems(dataset: xr.Dataset) -> list[str]:
    problems = []
    version = dataset.attrs.get("schema_version")
    if version != SCHEMA_VERSION:
        problems.append(f"the attribute 'schema_version' is {version!r}, not {SCHEMA_VERSION}")
    for attribute in ("absorber", "edge", "edge_energy"):
        if attribute not in dataset.attrs:
            problems.append(f"the attribute {attribute!r} is missing")
    if problems:
        return problems
    absorber, energy = dataset.attrs["absorber"], dataset.attrs["edge_energy"]
    try:
        table = edge_energy(str(absorber), str(dataset.attrs["edge"]))
    except OptionError as error:
        return [f"the attributes 'absorber' and 'edge' are not of a known K edge: {error.found}"]
    if isinstance(energy, str) or not abs(float(energy) - table) < 1:
        problems.append(f"the attribute 'edge_energy' is {energy!r}, not {table:g} as tabulated")
    for name in ("left_out", "build"):
        problems += _json_problems(name, dataset.attrs.get(name))
    for technique in TECHNIQUES.values():
        attributes = dataset[technique.variable].attrs if technique.variable in dataset else {}
        problems += _json_problems("instrument", attributes.get("instrument"))
        ideal = attributes.get("ideal_u_iso", 0.0)
        if isinstance(ideal, str) or not float(ideal) >= 0:
            problems.append(f"the attribute 'ideal_u_iso' of {technique.variable!r} is {ideal!r}")
    return problems


def _json_problems(name: str, text: object) -> list[str]:
    """Say whether an attribute that holds a JSON object does not."""
    if text is None:
        return []
    try:
        good = isinstance(json.loads(str(text)), dict)
    except ValueError:
        good = False
    return [] if good else [f"the attribute {name!r} holds {str(text)[:40]!r}, which is no JSON object"]


def _variable_problems(dataset: xr.Dataset, name: str, variable: Variable) -> list[str]:
    array = dataset[name]
    if array.dims != variable.dims:
        return [f"{name!r} has dimensions {tuple(array.dims)}, not {variable.dims}"]
    if array.dtype.kind not in _KINDS[variable.kind]:
        return [f"{name!r} holds {array.dtype}, not {variable.kind}"]
    problems = []
    if variable.units and array.attrs.get("units") != variable.units:
        found = array.attrs.get("units")
        problems.append(f"{name!r} has units {found!r}, not {variable.units!r}")
    if variable.kind == "float":
        values = np.asarray(array.values)
        bad = np.isinf(values) if name in _MAY_BE_MISSING else ~np.isfinite(values)
        if bad.any():
            first = int(np.argwhere(bad)[0][0])
            problems.append(
                f"{name!r} has {int(bad.sum())} values that are not finite, "
                f"first in {variable.dims[0]} {first}"
            )
        elif len(variable.dims) == 1 and variable.dims[0] == name:
            problems += axis_problems(name, values)
    return problems


def axis_problems(name: str, values: np.ndarray) -> list[str]:
    """List what is wrong with an axis; ``values`` (n,)."""
    if len(values) < 2:
        return [f"{name!r} has {len(values)} points, too few for a curve"]
    steps = np.diff(values)
    if (steps < 0).all():
        return [f"{name!r} decreases; it must increase (reverse it and the curves)"]
    if not (steps > 0).all():
        where = int(np.argmin(steps > 0))
        return [f"{name!r} does not increase at point {where + 1} ({values[where + 1]:g})"]
    return []


def energy_problems(energy: np.ndarray, edge_energy: float, absorber: str) -> list[str]:
    """List what is wrong with an axis of energies, (n_energy,) in eV, by where the edge lies, eV."""
    first, last = float(energy[0]), float(energy[-1])
    span = f"{first:g} to {last:g}"
    if 0.5 * edge_energy < 1000 * first and 1000 * last < 2 * edge_energy:
        return [f"'energy' runs from {span}, which looks like keV; it must be in eV"]
    if first < 1000 < edge_energy and last < edge_energy / 2:
        return [f"'energy' runs from {span}, which looks relative to the edge; it must be absolute"]
    if not first - 25 < edge_energy < last:
        return [
            f"'energy' runs from {span} eV, which does not hold the K edge of {absorber} "
            f"at {edge_energy:g} eV"
        ]
    return []


def _range_problems(dataset: xr.Dataset) -> list[str]:
    problems = []
    if "energy" in dataset.variables:
        problems += energy_problems(
            dataset["energy"].values, float(dataset.attrs["edge_energy"]), dataset.attrs["absorber"]
        )
    n_materials = dataset.sizes["material"]
    if not n_materials or not dataset.sizes["site"]:
        return [*problems, "there is no site"]
    names = ("material_id", "formula")
    blank = [name for name in names if any(not str(text).strip() for text in dataset[name].values.tolist())]
    problems += [f"{name!r} has blank entries, which would all become one group" for name in blank]
    index = dataset["material_index"].values
    outside = (index < 0) | (index >= n_materials)
    if outside.any():
        site = int(np.argmax(outside))
        problems.append(f"site {site} belongs to material {int(index[site])}, but there are {n_materials}")
    elif len(np.unique(index)) < n_materials:
        orphan = sorted(set(range(n_materials)) - set(index.tolist()))[0]
        problems.append(f"material {orphan} has no site")
    identifiers = dataset["material_id"].values
    if len(set(identifiers.tolist())) < n_materials:
        problems.append("'material_id' names a material twice")
    if (dataset["multiplicity"].values < 1).any():
        problems.append("'multiplicity' has values below 1")
    unknown = sorted(set(dataset["origin"].values.tolist()) - set(ORIGINS), key=str)
    if unknown:
        problems.append(f"'origin' has {unknown[0]!r}; known are " + ", ".join(ORIGINS))
    problems += _gate_problems(dataset)
    for task in TASKS.values():
        if task.name in dataset:
            values = dataset[task.name].values
            wrong = (values < task.lowest) | (values > task.highest)
            if wrong.any():
                site = int(np.argmax(wrong))
                problems.append(
                    f"{task.name!r} of site {site} is {values[site]:g}; "
                    f"possible are {task.lowest:g} to {task.highest:g} {task.unit}".rstrip()
                )
    return problems


def _gate_problems(dataset: xr.Dataset) -> list[str]:
    if "gate" not in dataset:
        return []
    for site, text in enumerate(dataset["gate"].values.tolist()):
        unknown = [name for name in str(text).split(GATE_SEPARATOR) if name not in GATES] if text else []
        if unknown:
            return [f"'gate' of site {site} names {unknown[0]!r}; known are " + ", ".join(GATES)]
    return []
