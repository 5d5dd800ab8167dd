"""Features: what the trees see of a curve, each with the stretch of the axis it draws on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError, techniques_of

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray


@dataclass(frozen=True)
class FeatureTable:
    """Features of many sites.

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
    position: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def compute_features(dataset: xr.Dataset, modality: str) -> FeatureTable:
    """Compute the features of every site for one modality.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.
    modality : str
        Techniques joined by ``+``; their features stand side by side.

    Returns
    -------
    FeatureTable
        A row per site, in the order of the dataset.

    Raises
    ------
    DataError
        The dataset lacks a technique of the modality.
    """
    tables = []
    for technique in techniques_of(modality):
        if technique.variable not in dataset:
            raise DataError(
                f"cannot use {technique.title} of this {dataset.attrs['absorber']} dataset",
                found=f"no variable {technique.variable!r}",
                needed=f"the variable {technique.variable!r}",
                suggestion=f"leave {technique.name} out of the modalities",
            )
        axis = dataset[technique.axis].values.astype(np.float64)
        curves = dataset[technique.variable].values.astype(np.float64)
        values, position, low, high = curves, axis, axis, axis
        if technique.owner == "material":
            values = values[dataset["material_index"].values]
        tables.append(
            FeatureTable(
                values.astype(np.float32), np.full(len(position), technique.name), position, low, high
            )
        )
    return FeatureTable(
        np.concatenate([table.values for table in tables], axis=1),
        np.concatenate([table.technique for table in tables]),
        np.concatenate([table.position for table in tables]),
        np.concatenate([table.low for table in tables]),
        np.concatenate([table.high for table in tables]),
    )
