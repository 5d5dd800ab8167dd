"""What a dataset can do by itself: ``dataset.edgepair``."""

from __future__ import annotations

from functools import partialmethod
from typing import TYPE_CHECKING

import xarray as xr

from edgepair.conventions import parse_tasks
from edgepair.conventions.displayed import Record, views_of
from edgepair.dataset.schema import validate
from edgepair.dataset.splits import make_folds, split_groups
from edgepair.dataset.summary import summarise

if TYPE_CHECKING:
    import plotly.graph_objects as go


class CurvePlots:
    """Figures of the curves of a dataset: ``xanes()``, ``pdf()``, ``dpdf()`` and ``npdf()``.

    Each draws the mean curve of each class, or of each third of the bond lengths, with bands from the 16th
    to the 84th percentile, against eV or Å, and takes ``by``: ``oxidation_state`` (the default),
    ``coordination_number`` or ``bond_length``. It raises `OptionError` where the dataset has no such curve or
    label.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    def _draw(self, technique: str, by: str = "oxidation_state") -> go.Figure:
        return views_of("dataset").draw(self._dataset, technique, {"by": by})

    xanes = partialmethod(_draw, "xanes")
    pdf = partialmethod(_draw, "pdf")
    dpdf = partialmethod(_draw, "dpdf")
    npdf = partialmethod(_draw, "npdf")


@xr.register_dataset_accessor("edgepair")  # type: ignore[no-untyped-call]  # in xarray
class DatasetAccessor:
    """What stands behind ``dataset.edgepair``, once edgepair has opened or made a dataset.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    def summary(self) -> Record:
        """Count what is in the dataset.

        Returns
        -------
        dict
            As `summarise` gives it.

        Raises
        ------
        DataError
            The dataset does not follow the schema.
        """
        return summarise(self._checked())

    def split(
        self, by: str = "formula", *, folds: int = 5, repeats: int = 1, seed: int = 0, task: str | None = None
    ) -> xr.DataArray:
        """Deal sites into folds; no group stands on both sides of one.

        Parameters
        ----------
        by : {'formula', 'material', 'random'}, optional
            What a group is.
        folds, repeats, seed : int, optional
            Number of folds, how often they are dealt anew, and by which random numbers.
        task : str, optional
            Classes to be spread evenly over the folds; a site without that label counts as of a class of
            its own.

        Returns
        -------
        xarray.DataArray
            Shape (repeats, n_sites), dimensions ``repeat, site``: the fold in which a site is held out.

        Raises
        ------
        DataError
            There are fewer groups than folds, or the dataset does not follow the schema.
        OptionError
            The split or the task is not known.
        """
        groups = split_groups(self._checked(), by)
        labels = None
        if task is not None and parse_tasks([task])[0].kind == "classification":
            labels = self._dataset[task].fillna(-100).values
        dealt = make_folds(groups, n_folds=folds, n_repeats=repeats, seed=seed, classes=labels)
        return xr.DataArray(dealt, dims=("repeat", "site"), name="fold", attrs={"split": by, "seed": seed})

    @property
    def plot(self) -> CurvePlots:
        """Figures of its curves."""
        return CurvePlots(self._checked())

    def _checked(self) -> xr.Dataset:
        validate(self._dataset)
        return self._dataset
