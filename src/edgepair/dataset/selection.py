"""Choosing sites of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike


def select_sites(dataset: xr.Dataset, sites: ArrayLike) -> xr.Dataset:
    """Keep some sites, and the materials that they belong to.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.
    sites : array_like
        Rows to keep, in the order wanted, or a mask of shape (n_sites,).

    Returns
    -------
    xarray.Dataset
        Follows the schema. A material that lost a site is no longer `complete`: no average over
        its sites may be made.

    Raises
    ------
    DataError
        No site is left, one is named twice, or one does not exist.

    Examples
    --------
    >>> from edgepair.dataset import load_bundled
    >>> iron = load_bundled("Fe")
    >>> trivalent = select_sites(iron, iron["oxidation_state"] == 3)
    >>> set(trivalent["oxidation_state"].values.tolist())
    {3.0}
    """
    chosen = np.asarray(sites)
    n_sites = dataset.sizes["site"]
    if chosen.dtype == np.bool_ and chosen.shape == (n_sites,):
        chosen = np.flatnonzero(chosen)
    whole = chosen.ndim == 1 and len(chosen) > 0 and chosen.dtype.kind in "iu"
    if not whole or chosen.min() < 0 or chosen.max() >= n_sites or len(set(chosen.tolist())) < len(chosen):
        raise DataError(
            f"cannot select sites of this {dataset.attrs['absorber']} dataset",
            found=f"{chosen.size} entries of type {chosen.dtype}, shape {chosen.shape}",
            needed=f"a mask of {n_sites} values, or rows from 0 to {n_sites - 1}, each once, at least one",
            suggestion="make the mask from a variable of this dataset",
        )
    index = dataset["material_index"].values
    materials, renumbered = np.unique(index[chosen], return_inverse=True)
    kept_all = np.bincount(renumbered) == np.bincount(index, minlength=dataset.sizes["material"])[materials]
    selected = dataset.isel(site=chosen, material=materials).copy()
    selected["material_index"] = ("site", renumbered.astype(np.int64), dataset["material_index"].attrs)
    selected["complete"] = selected["complete"] & kept_all
    return selected


def drop_gated(dataset: xr.Dataset) -> xr.Dataset:
    """Leave out the sites that failed a check of the builder.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.

    Returns
    -------
    xarray.Dataset
        The sites whose ``gate`` is empty. A material that lost one is no longer `complete`. The dataset
        itself where it has no variable ``gate``, or nothing failed.

    Raises
    ------
    DataError
        Every site failed.

    Examples
    --------
    >>> from edgepair.dataset import load_bundled
    >>> manganese = load_bundled("Mn")
    >>> dropped = drop_gated(manganese)
    >>> set(dropped["gate"].values.tolist())
    {''}
    """
    if "gate" not in dataset:
        return dataset
    passed = np.array([not str(text) for text in dataset["gate"].values.tolist()], dtype=np.bool_)
    if passed.all():
        return dataset
    if not passed.any():
        raise DataError(
            f"cannot use this {dataset.attrs['absorber']} dataset",
            found=f"{len(passed)} sites, each of which failed a check (variable 'gate')",
            needed="at least one site that passed",
            suggestion="look at the reasons: edgepair data show lists them by number",
        )
    return select_sites(dataset, passed)
