"""Averaging a dataset over the sites of each material, as one measurement of it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

    from edgepair.conventions.tasks import Floats


def average_sites(dataset: xr.Dataset) -> xr.Dataset:
    r"""Make one row of each complete material, averaged over its absorbing sites.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.

    Returns
    -------
    xarray.Dataset
        Follows the schema, with one site (``averaged``, multiplicity 1) per complete material, in
        the order of the materials. Spectra and labels are means weighted by multiplicity: a
        material of mixed valence has a fractional state. A label that one site lacks is missing.
        A text that differs between the sites is empty for ``oxidation_state_source``, and joined
        by ``; `` otherwise; ``origin`` and ``site_index`` are those of the lowest site. PDFs and
        all else that belongs to a material stay as they are; lists of neighbours are left out.

    Raises
    ------
    DataError
        No material is complete.

    Notes
    -----
    .. math:: \mu(E) = \sum_s m_s\,\mu_s(E) \Big/ \sum_s m_s

    over the inequivalent sites *s* of a material, with :math:`m_s` equivalent sites each. Only a
    complete material has a spectrum for every *s*; the others are left out.

    Examples
    --------
    >>> from edgepair.dataset import load_bundled
    >>> manganese = load_bundled("Mn")
    >>> averaged = average_sites(manganese)
    >>> averaged.sizes["site"] == int(manganese["complete"].sum())
    True
    """
    complete = dataset["complete"].values
    if not complete.any():
        raise DataError(
            f"cannot average the sites of this {dataset.attrs['absorber']} dataset",
            found=f"{len(complete)} materials, none of them complete",
            needed="materials with a spectrum for every inequivalent absorbing site",
            suggestion="study sites, not materials, or add the missing spectra",
        )
    owner = dataset["material_index"].values
    # In one order, whatever that of the rows, so that sums round alike.
    order = np.lexsort((dataset["site_index"].values, owner))
    order = order[complete[owner[order]]]
    first = np.flatnonzero(np.diff(owner[order], prepend=-1))
    weight = dataset["multiplicity"].values[order].astype(np.float64)

    averaged = dataset.drop_dims("site").isel(material=np.flatnonzero(complete))
    n_rows = averaged.sizes["material"]
    fixed = {
        "multiplicity": np.ones(n_rows, dtype=np.int64),
        "material_index": np.arange(n_rows),
        "site_index": dataset["site_index"].values[order][first],
        "origin": dataset["origin"].values[order][first],
        "averaged": np.ones(n_rows, dtype=bool),
    }
    variables: dict[str, tuple[object, ...]] = {
        name: (("site",), values, dict(dataset[name].attrs) if name in dataset else {})
        for name, values in fixed.items()
    }
    for name in (str(name) for name in dataset.data_vars):
        array = dataset[name]
        if name in fixed or not array.dims or array.dims[0] != "site" or "neighbour" in array.dims:
            continue
        if array.dtype.kind == "f":
            mean = _means(array.values[order].astype(np.float64), weight, first).astype(array.dtype)
            variables[name] = (array.dims, mean, array.attrs)
        elif array.dtype.kind in "OUST" and array.ndim == 1:
            joiner = None if name == "oxidation_state_source" else "; "
            variables[name] = (array.dims, _texts(array.values[order], first, joiner), array.attrs)
    return averaged.assign(variables)


def _means(values: Floats, weight: Floats, first: NDArray[np.int64]) -> Floats:
    """Weighted means over stretches of rows, so that equal values stay what they are."""
    weight = weight.reshape(-1, *[1] * (values.ndim - 1))
    mean = np.add.reduceat(weight * values, first) / np.add.reduceat(weight, first)
    # Rounding must not carry a mean beyond the values that it is of.
    return np.clip(mean, np.minimum.reduceat(values, first), np.maximum.reduceat(values, first))


def _texts(values: NDArray[np.object_], first: NDArray[np.int64], joiner: str | None) -> NDArray[np.object_]:
    """One text per stretch of rows; where they differ, all joined, or none without a joiner."""
    rows = []
    for part in np.split(values, first[1:]):
        different = list(dict.fromkeys(str(text) for text in part))
        if len(different) == 1:
            rows.append(different[0])
        else:
            rows.append(joiner.join(text for text in different if text) if joiner else "")
    return np.array(rows, dtype=object)


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
