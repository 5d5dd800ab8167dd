"""Honest splits: groups that never stand on both sides, and repeated folds of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError, OptionError, near_miss

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

SPLITS = ("formula", "material", "random")
"""What may not stand on both sides of a split: a reduced formula (default), a material, or
nothing but the site itself (only to compare with published numbers)."""


def split_groups(dataset: xr.Dataset, split: str = "formula") -> NDArray[np.int64]:
    """Number the group of each site.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.
    split : {'formula', 'material', 'random'}, optional
        What a group is.

    Returns
    -------
    numpy.ndarray
        Shape (n_sites,), integers from 0. Independent of the order of materials.

    Raises
    ------
    OptionError
        The split is not known.
    """
    if split not in SPLITS:
        raise OptionError(
            f"cannot split by {split!r}",
            found=f"split {split!r}",
            needed="one of " + ", ".join(SPLITS),
            suggestion=near_miss(split, SPLITS),
        )
    if split == "random":
        return np.arange(dataset.sizes["site"])
    names = dataset["formula" if split == "formula" else "material_id"].values
    of_site = names[dataset["material_index"].values].astype(str)
    groups: NDArray[np.int64] = np.unique(of_site, return_inverse=True)[1].astype(np.int64)
    return groups


def make_folds(
    groups: NDArray[np.int64],
    *,
    n_folds: int,
    n_repeats: int,
    seed: int,
    classes: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """Deal groups into folds, several times over.

    Parameters
    ----------
    groups : numpy.ndarray
        Shape (n_sites,): the group of each site.
    n_folds : int
        Number of folds, at least 2.
    n_repeats : int
        How often to deal anew.
    seed : int
        Same seed, same folds.
    classes : numpy.ndarray, optional
        Shape (n_sites,): class of each site, to be spread evenly over the folds.

    Returns
    -------
    numpy.ndarray
        Shape (n_repeats, n_sites): the fold in which each site is held out. Every class that has
        at least `n_folds` groups is in every fold.

    Raises
    ------
    DataError
        There are fewer groups than folds.

    Notes
    -----
    Groups are dealt one by one, in random order but those of rare classes and those with many
    sites first, each to the fold that is shortest of what the group holds.
    """
    names, of_site = np.unique(groups, return_inverse=True)
    if n_folds < 2 or len(names) < n_folds:
        raise DataError(
            "cannot deal sites into folds",
            found=f"{len(names)} groups and {n_folds} folds",
            needed="at least 2 folds and at least as many groups as folds",
            suggestion="use fewer folds or more data",
        )
    kinds = np.zeros(len(groups), int) if classes is None else np.unique(classes, return_inverse=True)[1]
    counts = np.zeros((len(names), kinds.max() + 1))
    np.add.at(counts, (of_site, kinds), 1)
    folds = np.empty((n_repeats, len(groups)), dtype=np.int64)
    for repeat in range(n_repeats):
        rng = np.random.default_rng([seed, repeat])
        folds[repeat] = _deal(counts, n_folds, rng)[of_site]
    return folds


def _deal(counts: NDArray[np.float64], n_folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal groups (rows: sites per class) into folds."""
    present = counts > 0
    groups_of_class = present.sum(axis=0)
    # Each class's rarest first: its groups go one to each fold before any fold has two.
    rarest = np.where(present, groups_of_class, np.inf).min(axis=1)
    order = np.lexsort((rng.random(len(counts)), -counts.sum(axis=1), rarest))
    share = counts / counts.sum(axis=0)
    dealt = np.zeros((n_folds, counts.shape[1]))
    groups_dealt = np.zeros((n_folds, counts.shape[1]))
    result = np.empty(len(counts), dtype=np.int64)
    for group in order:
        mine = present[group]
        key = int(np.argmin(np.where(mine, groups_of_class, np.inf)))
        filled = dealt + share[group]
        # What the classes' shares would deviate by, were the group put in each fold.
        spread = (filled[:, mine] ** 2 - dealt[:, mine] ** 2).sum(axis=1)
        missing = groups_dealt[:, key] > 0 if groups_of_class[key] <= 3 * n_folds else np.zeros(n_folds, bool)
        if missing.all():
            missing[:] = False
        fold = int(np.lexsort((rng.random(n_folds), dealt.sum(axis=1), spread, missing))[0])
        result[group] = fold
        dealt[fold] += share[group]
        groups_dealt[fold] += present[group]
    return result
