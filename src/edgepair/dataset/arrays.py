"""A dataset from a user's own arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TECHNIQUES, DataError, edge_energy
from edgepair.conventions.displayed import Record
from edgepair.dataset.schema import SCHEMA_VERSION, VARIABLES, axis_problems, energy_problems, validate

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike


def from_arrays(
    *,
    absorber: str,
    edge: str = "K",
    energy: ArrayLike | None = None,
    mu: ArrayLike | None = None,
    r: ArrayLike | None = None,
    G: ArrayLike | None = None,
    G_M: ArrayLike | None = None,
    G_neutron: ArrayLike | None = None,
    oxidation_state: ArrayLike | None = None,
    coordination_number: ArrayLike | None = None,
    bond_length: ArrayLike | None = None,
    material_id: Sequence[str] | None = None,
    formula: Sequence[str] | None = None,
    multiplicity: ArrayLike | None = None,
    origin: str = "user",
) -> xr.Dataset:
    """Make a dataset from spectra and labels of one's own.

    Any spectrum and any label may be left out; a missing label of a single site is NaN.

    Parameters
    ----------
    absorber : str
        Chemical symbol of the absorbing element.
    edge : str, optional
        Name of the edge.
    energy : array_like, optional
        Shape (n_energy,), absolute eV, increasing. Needed with `mu`.
    mu : array_like, optional
        Shape (n_sites, n_energy), edge-step normalised.
    r : array_like, optional
        Shape (n_r,), Å, increasing. Needed with any G.
    G, G_M, G_neutron : array_like, optional
        Total, differential and neutron PDF, Å⁻²: n_sites rows, or one row per material in the
        order of first appearance in `material_id`.
    oxidation_state, coordination_number, bond_length : array_like, optional
        Shape (n_sites,); bond lengths in Å.
    material_id : sequence of str, optional
        Material of each site. None: each site is its own material.
    formula : sequence of str, optional
        Formula of each site's material, by which sites are grouped in splits; chemical formulas
        of the absorber are reduced (Fe4O6 is Fe2O3), other names stay. None: groups are
        materials.
    multiplicity : array_like, optional
        Shape (n_sites,): equivalent atoms of each site; 1 where not given.
    origin : str, optional
        ``user``, ``measured``, ``feff9`` or ``feff10``.

    Returns
    -------
    xarray.Dataset
        Follows the schema. Its materials are taken to be complete: a site for every inequivalent
        absorber atom.

    Raises
    ------
    DataError
        An array has another length, values that are not finite, a falling axis, energies in keV
        or of another edge; or rows of G could be of sites or of materials.

    Examples
    --------
    >>> import numpy as np
    >>> energy = np.arange(7100.0, 7160.0)
    >>> mu = 1 / (1 + np.exp(-(energy - np.array([[7118.0], [7122.0]]))))
    >>> dataset = from_arrays(absorber="Fe", energy=energy, mu=mu, oxidation_state=[2, 3])
    >>> dict(dataset.sizes)
    {'site': 2, 'energy': 60, 'material': 2}
    """
    edge_energy(absorber, edge)
    curves = {"mu": mu, "G": G, "G_M": G_M, "G_neutron": G_neutron}
    labels = {
        "oxidation_state": oxidation_state,
        "coordination_number": coordination_number,
        "bond_length": bond_length,
    }
    n_sites = _count_sites(curves, labels, material_id)
    arrays: Record = {}
    _take_axes(arrays, absorber, edge, energy, r, curves)
    index, identifiers = _materials(material_id, n_sites)
    for name, values in curves.items():
        if values is None:
            continue
        rows = _numbers(name, values, 2)
        if name != "mu":
            rows = _per_material(name, rows, index, len(identifiers))
        axis = "energy" if name == "mu" else "r"
        wanted = n_sites if name == "mu" else len(identifiers)
        if rows.shape != (wanted, len(arrays[axis])):
            raise _shape_error(name, rows.shape, (wanted, len(arrays[axis])))
        arrays[name] = rows
    for name, values in labels.items():
        if values is not None:
            arrays[name] = _per_site(name, values, n_sites)
    counts = np.ones(n_sites) if multiplicity is None else _per_site("multiplicity", multiplicity, n_sites)
    if not (np.isfinite(counts).all() and (counts == np.round(counts)).all() and (counts >= 1).all()):
        raise DataError(
            "cannot make a dataset: 'multiplicity'",
            found="values that are not whole numbers from 1",
            needed="the number of equivalent atoms of each site",
            suggestion="leave it out if it is not known",
        )
    arrays["multiplicity"] = counts.astype(np.int64)
    arrays |= {
        "origin": [origin] * n_sites,
        "site_index": _running_number(index),
        "material_index": index,
        "material_id": identifiers,
        "formula": _formulas(formula, index, identifiers, n_sites, absorber),
        "complete": np.ones(len(identifiers), dtype=bool),
    }
    dataset = assemble(absorber, arrays, edge=edge, provenance={"title": f"{absorber} data of the user"})
    dataset.attrs["groups"] = "formula" if formula is not None else "material"
    validate(dataset, name="these arrays")
    return dataset


def _numbers(name: str, values: ArrayLike, ndim: int) -> np.ndarray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"cannot make a dataset: {name!r}",
            found=f"{type(error).__name__}: {error}",
            needed=f"numbers in {ndim} dimension{'s' if ndim > 1 else ''}, rows of one length",
            suggestion="resample all curves onto one axis first",
        ) from error
    if array.ndim != ndim:
        raise DataError(
            f"cannot make a dataset: {name!r}",
            found=f"an array with {array.ndim} dimensions, shape {array.shape}",
            needed=f"{ndim} dimension{'s' if ndim > 1 else ''}",
            suggestion="pass one row per site" if ndim == 2 else "pass one value per site",
        )
    return array


def _shape_error(name: str, found: tuple[int, ...], needed: tuple[int, ...]) -> DataError:
    return DataError(
        f"cannot make a dataset: {name!r}",
        found=f"shape {found}",
        needed=f"shape {needed}",
        suggestion="check that rows are sites (or materials) and columns are points of the axis",
    )


def _count_sites(curves: Record, labels: Record, material_id: Sequence[str] | None) -> int:
    if all(values is None for values in curves.values()):
        raise DataError(
            "cannot make a dataset",
            found="no spectrum",
            needed="at least one of " + ", ".join(curves),
            suggestion="pass energy= and mu=, or r= and G=",
        )
    # mu and labels have a row per site for certain; a G only where nothing else tells.
    rows = {"mu": curves["mu"], "material_id": material_id, **labels, **curves}
    name, values = next((name, values) for name, values in rows.items() if values is not None)
    try:
        return len(values)
    except TypeError as error:
        raise DataError(
            f"cannot make a dataset: {name!r}",
            found=f"a single {type(values).__name__}",
            needed="one entry per site",
            suggestion="put a single site into a list",
        ) from error


def _per_site(name: str, values: ArrayLike, n_sites: int) -> np.ndarray:
    array = _numbers(name, values, 1)
    if len(array) != n_sites:
        raise _shape_error(name, array.shape, (n_sites,))
    return array


def _take_axes(
    arrays: Record,
    absorber: str,
    edge: str,
    energy: ArrayLike | None,
    r: ArrayLike | None,
    curves: Record,
) -> None:
    for name, axis, users in (
        ("energy", energy, ["mu"]),
        ("r", r, [t.variable for t in TECHNIQUES.values() if t.axis == "r"]),
    ):
        given = [user for user in users if curves[user] is not None]
        if axis is None:
            if given:
                raise DataError(
                    f"cannot make a dataset: {given[0]!r} has no axis",
                    found=f"{given[0]} without {name}",
                    needed=f"{name}, one value per column of {given[0]}",
                    suggestion=f"pass {name}=",
                )
            continue
        values = _numbers(name, axis, 1)
        problems = (
            axis_problems(name, values)
            if np.isfinite(values).all()
            else [f"{name!r} has values that are not finite"]
        )
        if name == "energy" and not problems:
            problems = energy_problems(values, edge_energy(absorber, edge), absorber)
        if problems:
            raise DataError(
                f"cannot make a dataset: {name!r}",
                found="; ".join(problems),
                needed="absolute energies in eV, increasing" if name == "energy" else "Å, increasing",
                suggestion="multiply keV by 1000; reverse falling axes together with their curves",
            )
        arrays[name] = values


def _materials(material_id: Sequence[str] | None, n_sites: int) -> tuple[np.ndarray, list[str]]:
    """Return the material of each site and the materials in order of first appearance."""
    if material_id is None:
        return np.arange(n_sites), [f"site-{number}" for number in range(n_sites)]
    if len(material_id) != n_sites:
        raise _shape_error("material_id", (len(material_id),), (n_sites,))
    names = _texts("material_id", material_id)
    identifiers = list(dict.fromkeys(names))
    rows = {name: row for row, name in enumerate(identifiers)}
    return np.array([rows[name] for name in names]), identifiers


def _texts(name: str, values: Sequence[object]) -> list[str]:
    """Read names, none of which may be missing: missing ones would all become one group."""
    texts = [str(value).strip() for value in values]
    for number, (value, text) in enumerate(zip(values, texts, strict=True)):
        if value is None or not text or value != value:
            raise DataError(
                f"cannot make a dataset: {name!r}",
                found=f"{value!r} at site {number}",
                needed="a name for every site",
                suggestion=f"leave {name} out altogether where it is not known",
            )
    return texts


def _reduced(formula: str, absorber: str) -> str:
    """Reduce a chemical formula of the absorber's; any other name stays as it is."""
    from pymatgen.core import Composition

    try:
        composition = Composition(formula)
    except (ValueError, TypeError, KeyError):
        return formula
    symbols = [element.symbol for element in composition.elements]
    if len(symbols) < 2 or absorber not in symbols:
        return formula
    return str(composition.reduced_formula)


def _running_number(index: np.ndarray) -> np.ndarray:
    """Count the sites within each material from 0."""
    seen: dict[int, int] = {}
    numbers = []
    for material in index.tolist():
        numbers.append(seen.get(material, 0))
        seen[material] = numbers[-1] + 1
    return np.array(numbers)


def _per_material(name: str, rows: np.ndarray, index: np.ndarray, n_materials: int) -> np.ndarray:
    n_sites = len(index)
    if len(rows) not in (n_sites, n_materials):
        raise _shape_error(name, rows.shape, (n_materials, rows.shape[1]))
    first = np.unique(index, return_index=True)[1]
    if len(rows) == n_materials and n_materials != n_sites:
        return rows
    if n_materials == n_sites:
        # As many materials as sites: every material has one site, so rows are in one order.
        return rows
    for material, row in enumerate(first):
        same = rows[index == material]
        if not np.allclose(same, rows[row], rtol=1e-6, atol=1e-9, equal_nan=True):
            raise DataError(
                f"cannot make a dataset: {name!r}",
                found=f"rows of one material (number {material}) that differ",
                needed="one curve per material: a PDF is of the material, not of a site",
                suggestion="pass one row per material, in the order of first appearance",
            )
    return rows[first]


def _formulas(
    formula: Sequence[str] | None, index: np.ndarray, identifiers: list[str], n_sites: int, absorber: str
) -> list[str]:
    if formula is None:
        return identifiers
    if len(formula) != n_sites:
        raise _shape_error("formula", (len(formula),), (n_sites,))
    chosen: dict[int, str] = {}
    reduced = [_reduced(name, absorber) for name in _texts("formula", formula)]
    for material, name in zip(index.tolist(), reduced, strict=True):
        if chosen.setdefault(material, name) != name:
            raise DataError(
                "cannot make a dataset: 'formula'",
                found=f"{chosen[material]!r} and {name!r} for material {identifiers[material]!r}",
                needed="one formula per material",
                suggestion="give sites of different formulas different material_id",
            )
    return [chosen[material] for material in range(len(identifiers))]


_TYPES: Mapping[str, type[np.generic] | type[object]] = {
    "float": np.float64,
    "integer": np.int64,
    "text": object,
    "flag": np.bool_,
}
_CURVES = ("mu", "G", "G_M", "G_neutron")


def assemble(
    absorber: str,
    arrays: Mapping[str, object],
    *,
    edge: str = "K",
    attributes: Mapping[str, Mapping[str, object]] | None = None,
    provenance: Mapping[str, object] | None = None,
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
