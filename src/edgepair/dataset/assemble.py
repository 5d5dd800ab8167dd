"""Putting arrays together into a dataset that follows the schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import edge_energy
from edgepair.dataset.schema import SCHEMA_VERSION, VARIABLES

if TYPE_CHECKING:
    import xarray as xr

_TYPES: Mapping[str, Any] = {"float": np.float64, "integer": np.int64, "text": object, "flag": np.bool_}
_CURVES = ("mu", "G", "G_M", "G_neutron")


def assemble(
    absorber: str,
    arrays: Mapping[str, Any],
    *,
    edge: str = "K",
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Make a dataset from arrays named as in the schema.

    Parameters
    ----------
    absorber : str
        Chemical symbol.
    arrays : mapping of str to array_like
        Arrays by name of their variable.
    edge : str, optional
        Name of the edge.
    attributes : mapping, optional
        Attributes of variables (origin, licence, citation, code, settings), by variable.
    provenance : mapping, optional
        Attributes of the dataset.

    Returns
    -------
    xarray.Dataset
        With dimensions, types and units of the schema; not yet validated.
    """
    import xarray as xr

    from edgepair.dataset import accessor  # noqa: F401  gives datasets their .edgepair

    variables = {}
    for name, values in arrays.items():
        spec = VARIABLES[name]
        dtype = np.float32 if name in _CURVES else _TYPES[spec.kind]
        units = {"units": spec.units} if spec.units else {}
        extra = dict((attributes or {}).get(name, {}))
        variables[name] = (spec.dims, np.asarray(values, dtype=dtype), units | extra)
    axes = {name: variables.pop(name) for name in ("energy", "r") if name in variables}
    return xr.Dataset(
        variables,
        coords=axes,
        attrs={
            "schema_version": SCHEMA_VERSION,
            "absorber": absorber,
            "edge": edge,
            "edge_energy": edge_energy(absorber, edge),
            **(provenance or {}),
        },
    )
