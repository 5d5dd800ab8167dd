"""Honest splits: groups that never stand on both sides, and repeated folds of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError
from edgepair.conventions.errors import check_choice

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Floats, Labels

SPLITS = ("formula", "material", "random")
"""What may not stand on both sides of a split: a reduced formula (default), a material, or
nothing but the site itself (only to compare with published numbers)."""

MOST_DEALS = 20
"""How often folds are dealt anew to have every class in each."""


def split_groups(dataset: xr.Dataset, split: str = "formula") -> NDArray[np.int64]:
    """Tell the group of each site.

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
    check_choice("cannot split by", "split", split, SPLITS)
    if split == "random":
        return np.arange(dataset.sizes["site"])
    names = dataset["formula" if split == "formula" else "material_id"].values
    of_site = names[dataset["material_index"].values].astype(str)
    return np.unique(of_site, return_inverse=True)[1].astype(np.int64)


def groups_remark(dataset: xr.Dataset) -> str:
    """Say so where materials stand for formulas."""
    if dataset.attrs.get("groups") != "material":
        return ""
    return "no formulas are given: each material counts as a formula of its own, and two may be alike"


def make_folds(
    groups: NDArray[np.int64],
    *,
    n_folds: int,
    n_repeats: int,
    seed: int,
    classes: Labels | None = None,
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
        Shape (n_repeats, n_sites): the fold in which each site is held out. A class that has at
        least `n_folds` groups is in every fold, unless classes share groups so that this cannot
        be had.

    Raises
    ------
    DataError
        There are fewer groups than folds.

    Notes
    -----
    What scikit-learn's ``StratifiedGroupKFold`` (``GroupKFold`` without classes) deals, dealt anew with the
    next random state, up to `MOST_DEALS` times, where a class that has enough groups is missing
    from a fold.
    """
    names = np.unique(groups)
    if n_folds < 2 or len(names) < n_folds:
        raise DataError(
            "cannot deal sites into folds",
            found=f"{len(names)} groups and {n_folds} folds",
            needed="at least 2 folds and at least as many groups as folds",
            suggestion="use fewer folds or more data",
        )
    folds = np.empty((n_repeats, len(groups)), dtype=np.int64)
    for repeat in range(n_repeats):
        rng = np.random.default_rng([seed, repeat])
        folds[repeat] = _deal(groups, n_folds, int(rng.integers(2**31)), classes)
        if classes is None:
            continue
        # Stratified deals are greedy and alike; where they fail, plain random ones find more ways.
        kinds = [classes] * MOST_DEALS + [None] * (10 * MOST_DEALS)
        first = folds[repeat].copy()
        for kind in kinds:
            if not _missing(folds[repeat], groups, n_folds, classes):
                break
            folds[repeat] = _deal(groups, n_folds, int(rng.integers(2**31)), kind)
        else:
            folds[repeat] = first
    return folds


def _deal(groups: NDArray[np.int64], n_folds: int, state: int, classes: Labels | None) -> NDArray[np.int64]:
    """Deal groups once, as scikit-learn does: to import that takes longer than to deal."""
    rng = np.random.RandomState(state)
    names, number = np.unique(groups, return_inverse=True)
    fold_of = np.empty(len(names), dtype=np.int64)
    kind, total = (
        (None, None) if classes is None else np.unique(classes, return_inverse=True, return_counts=True)[1:]
    )
    # To spread the classes evenly, one of them must have a site for every fold.
    if kind is None or total is None or total.max() < n_folds:
        for fold, part in enumerate(np.array_split(rng.permutation(names), n_folds)):
            fold_of[np.searchsorted(names, part)] = fold
        return fold_of[number]
    counts = np.zeros((len(names), len(total)))
    np.add.at(counts, (number, kind), 1)
    order = np.arange(len(names))
    rng.shuffle(order)
    held = np.zeros((n_folds, len(total)))
    # those of the most uneven classes first
    for group in order[np.argsort(-counts[order].std(axis=1), kind="stable")]:
        fold = _evenest(held, counts[group], total)
        held[fold] += counts[group]
        fold_of[group] = fold
    return fold_of[number]


def _evenest(held: Floats, added: Floats, total: NDArray[np.int64]) -> int:
    """Find the fold that a group leaves the classes most even by, among equals the smallest."""
    proposed = held + np.eye(len(held))[:, :, None] * added
    uneven = np.std(proposed / total, axis=1).mean(axis=1).tolist()
    sizes = held.sum(axis=1).tolist()
    best, least, fewest = 0, float("inf"), float("inf")
    for fold, (value, size) in enumerate(zip(uneven, sizes, strict=True)):
        if value < least or (abs(value - least) <= 1e-8 + 1e-5 * least and size < fewest):
            best, least, fewest = fold, value, size
    return best


def _missing(folds: NDArray[np.int64], groups: NDArray[np.int64], n_folds: int, classes: Labels) -> bool:
    """Tell whether a class with enough groups is missing from a fold."""
    for name in np.unique(classes):
        mine = classes == name
        if len(np.unique(groups[mine])) >= n_folds and len(np.unique(folds[mine])) < n_folds:
            return True
    return False
