"""Features: what a learner sees of a curve, each with the stretch of the axis it draws on.

Which features, and why, is decided in ``docs/decisions/0001-forest-settings.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError, techniques_of
from edgepair.conventions.errors import check_choice
from edgepair.features.blocks import Block, make_block
from edgepair.features.pdf import pdf_features
from edgepair.features.xanes import xanes_features

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.conventions import Technique
    from edgepair.conventions.tasks import Floats


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Features of many sites, known by identity.

    Attributes
    ----------
    values : numpy.ndarray
        Shape (n_sites, n_features), float32.
    technique : numpy.ndarray
        Shape (n_features,): name of the technique of each feature.
    position : numpy.ndarray
        Shape (n_features,): where on the axis a feature sits, eV or Å.
    low, high : numpy.ndarray
        Shape (n_features,): the stretch of the axis it draws on.
    """

    values: NDArray[np.float32]
    technique: NDArray[np.str_]
    position: Floats
    low: Floats
    high: Floats


RECIPES: Mapping[str, Callable[[Floats, Floats], Block]] = MappingProxyType(
    {"xanes": xanes_features, "pdf": pdf_features, "dpdf": pdf_features, "npdf": pdf_features}
)
"""How each technique's curves become features; a new technique adds one entry."""


NORMALISATIONS = ("metal", "total")
"""What the dPDF is counted per: an atom of the metal (default), or as in the total PDF, of which it is
a part."""


def raw_points(axis: Floats, curves: Floats) -> Block:
    """Describe curves by their points alone, each with the stretch to half-way of its neighbours."""
    edges = np.concatenate([axis[:1], (axis[1:] + axis[:-1]) / 2, axis[-1:]])
    return make_block(curves, axis, edges[:-1], edges[1:])


RAW_RECIPES: Mapping[str, Callable[[Floats, Floats], Block]] = MappingProxyType(
    dict.fromkeys(RECIPES, raw_points)
)
"""Curves as they are, the features of published work."""


def compute_features(
    dataset: xr.Dataset,
    modality: str,
    *,
    per: str = "metal",
    recipes: Mapping[str, Callable[[Floats, Floats], Block]] = RECIPES,
) -> FeatureTable:
    """Compute the features of every site for one modality.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.
    modality : str
        Techniques joined by ``+``; their features stand side by side.
    per : {'metal', 'total'}, optional
        Normalisation of the dPDF: ``metal`` multiplies it by `neighbours_per_metal`, a factor of
        composition alone; ``total`` leaves it as a part of the total PDF. Where the dataset names no
        compositions, it stays as it is (see `dpdf_normalisation`).
    recipes : mapping, optional
        How each technique's curves become features.

    Returns
    -------
    FeatureTable
        A row per site, in the order of the dataset.

    Raises
    ------
    DataError
        The dataset lacks a technique of the modality.
    OptionError
        The normalisation is not known.
    """
    _check_normalisation(per)
    names, blocks = [], []
    for technique in techniques_of(modality):
        if technique.variable not in dataset:
            raise DataError(
                f"cannot use {technique.title} of this {dataset.attrs['absorber']} dataset",
                found=f"no variable {technique.variable!r}",
                needed=f"the variable {technique.variable!r}",
                suggestion=f"leave {technique.name} out of the modalities",
            )
        axis = dataset[technique.axis].values.astype(np.float64)
        block = recipes[technique.name](axis, normalised_curves(dataset, technique, per=per))
        if technique.owner == "material":
            block = block.take(dataset["material_index"].values)
        blocks.append(block)
        names.append(np.full(len(block.position), technique.name))
    return FeatureTable(
        np.concatenate([block.values for block in blocks], axis=1).astype(np.float32),
        np.concatenate(names),
        np.concatenate([block.position for block in blocks]),
        np.concatenate([block.low for block in blocks]),
        np.concatenate([block.high for block in blocks]),
    )


def normalised_curves(dataset: xr.Dataset, technique: Technique, *, per: str = "metal") -> Floats:
    """Return the curves of a technique in the normalisation that features are computed in.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema and has the technique.
    technique : Technique
        Which curves.
    per : {'metal', 'total'}, optional
        Normalisation of the dPDF.

    Returns
    -------
    numpy.ndarray
        Shape (n_sites, n_energy) or (n_materials, n_r).
    """
    curves: Floats = dataset[technique.variable].values.astype(np.float64)
    if technique.name == "dpdf" and dpdf_normalisation(dataset, per) == "metal":
        curves = curves * np.asarray(neighbours_per_metal(dataset))[:, None]
    return curves


def dpdf_normalisation(dataset: xr.Dataset, per: str = "metal") -> str:
    """Tell how the dPDF of a dataset is normalised when it is requested one way.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.
    per : {'metal', 'total'}, optional
        As requested.

    Returns
    -------
    str
        ``per``; ``total`` where the dataset names no compositions that hold the absorber and oxygen, so
        that there is no factor.

    Raises
    ------
    OptionError
        The normalisation is not known.
    """
    _check_normalisation(per)
    return "total" if neighbours_per_metal(dataset) is None else per


def _check_normalisation(per: str) -> None:
    check_choice("cannot normalise the dPDF per", "per", per, NORMALISATIONS)


def neighbours_per_metal(dataset: xr.Dataset) -> Floats | None:
    r"""Compute what brings the dPDF of each material to neighbours per metal atom.

    In the normalisation of the total PDF (:math:`\langle Z\rangle^2`) the metal–oxygen peak of a dPDF has the
    area :math:`2 c_M Z_M Z_O\, N / \langle Z\rangle^2` for *N* oxygen neighbours of a metal atom: what one
    wants to read, times a number that differs from material to material. Multiplied by

    .. math:: \frac{\langle Z\rangle^2}{2\, c_M Z_M Z_O}

    the area is *N*. The factor needs the composition alone, which any G(r) on an absolute scale needs anyway.

    Returns (n_materials,).
    """
    absorber = str(dataset.attrs["absorber"])
    if dataset.attrs.get("groups", "formula") != "formula":
        return None
    factors = [composition_factor(str(formula), absorber) for formula in dataset["formula"].values]
    return None if None in factors else np.array(factors, dtype=np.float64)


MOST_ATOMS = 1e6
"""Of a formula; one with more is no composition."""


@lru_cache(maxsize=65536)
def composition_factor(formula: str, absorber: str) -> float | None:
    r"""Compute :math:`\langle Z\rangle^2 / (2 c_M Z_M Z_O)`."""
    from pymatgen.core import Composition, Element

    try:
        amounts = Composition(formula).get_el_amt_dict()
        numbers = {symbol: Element(symbol).Z for symbol in amounts}
    except ValueError:
        return None
    if absorber not in amounts or "O" not in amounts:
        return None
    n_atoms = sum(amounts.values())
    if not 0 < amounts[absorber] <= n_atoms < MOST_ATOMS:
        return None
    mean = sum(amounts[symbol] * numbers[symbol] for symbol in amounts) / n_atoms
    return float(mean**2 / (2 * amounts[absorber] / n_atoms * numbers[absorber] * numbers["O"]))
