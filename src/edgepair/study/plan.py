"""What a study can do with the data at hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgepair.conventions import DataError, OptionError, subsets_of, techniques_in
from edgepair.dataset import validate
from edgepair.study.cells import Cell, Skip, available_modalities, plan_cell
from edgepair.study.config import STUDYING

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.study.config import StudyConfig


@dataclass(frozen=True)
class StudyPlan:
    """What can be done with some datasets.

    Attributes
    ----------
    cells : tuple of Cell
        Absorbers and tasks; each twice where the random split is compared with.
    modalities : dict of str to tuple of str
        What each absorber's data allow.
    skipped : tuple of Skip
        What was asked for and cannot be done.
    subsets : dict of str to tuple of str
        All subsets of each absorber's techniques, where contributions are asked for.
    """

    cells: tuple[Cell, ...]
    modalities: dict[str, tuple[str, ...]]
    skipped: tuple[Skip, ...]
    subsets: dict[str, tuple[str, ...]]

    def by_absorber(self) -> list[list[Cell]]:
        """Gather the cells of each absorber.

        Returns
        -------
        list of list of Cell
            In the order of the datasets.
        """
        groups: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.cells:
            groups[cell.absorber].append(cell)
        return list(groups.values())


def check_datasets(dataset: xr.Dataset | Sequence[xr.Dataset], doing: str = STUDYING) -> list[xr.Dataset]:
    """Check datasets as a user gives them.

    Parameters
    ----------
    dataset : xarray.Dataset or sequence of xarray.Dataset
        One per absorber.
    doing : str, optional
        What they are for, for errors.

    Returns
    -------
    list of xarray.Dataset
        Each follows the schema.

    Raises
    ------
    OptionError
        There is none, something is not a dataset, or two have one absorber.
    DataError
        One does not follow the schema.
    """
    import xarray as xr

    several = isinstance(dataset, Sequence) and not isinstance(dataset, str)
    datasets: list[Any] = list(dataset) if several else [dataset]
    seen: set[str] = set()
    for number, item in enumerate(datasets):
        if not isinstance(item, xr.Dataset):
            raise OptionError(
                f"cannot {doing} with dataset {number}",
                found=f"a {type(item).__name__}",
                needed="an xarray.Dataset",
                suggestion="open files with edgepair.open_dataset first",
            )
        validate(item, name=f"dataset {number} ({item.attrs.get('absorber', 'no absorber')})")
        absorber = str(item.attrs["absorber"])
        if absorber in seen:
            raise OptionError(
                f"cannot {doing} with {absorber} twice",
                found=f"two datasets of {absorber}",
                needed="one dataset per absorber",
                suggestion="take them one after the other",
            )
        seen.add(absorber)
    if not datasets:
        raise OptionError(f"cannot {doing}", found="no dataset", needed="at least one", suggestion="pass one")
    return datasets


def plan_study(datasets: Sequence[xr.Dataset], config: StudyConfig, doing: str = STUDYING) -> StudyPlan:
    """List the cells and modalities that the data allow.

    Parameters
    ----------
    datasets : sequence of xarray.Dataset
        As `check_datasets` leaves them.
    config : StudyConfig
        What is asked for.
    doing : str, optional
        What it is for, for errors.

    Returns
    -------
    StudyPlan
        With at least one cell.

    Raises
    ------
    DataError
        Nothing of what was asked for can be done.
    """
    cells: list[Cell] = []
    skipped: list[Skip] = []
    modalities, subsets = {}, {}
    for dataset in datasets:
        able, missing = available_modalities(dataset, config)
        modalities[str(dataset.attrs["absorber"])] = able
        skipped += missing
        if not able:
            continue
        techniques = techniques_in(able)
        if config.contributions and len(techniques) > 1:
            subsets[str(dataset.attrs["absorber"])] = subsets_of(techniques)
        elif config.contributions:
            reason = f"contributions of techniques: the data have only {techniques[0]} of those asked for"
            skipped.append(Skip(str(dataset.attrs["absorber"]), "", "", reason, True))
        for task in config.task_list():
            cell, reasons = plan_cell(dataset, task, config)
            skipped += reasons
            if cell is None:
                continue
            cells.append(cell)
            if config.extras and config.split == "formula":
                cells.append(_required(plan_cell(dataset, task, config, split="random")[0]))
    if not cells:
        raise DataError(
            f"cannot {doing}: nothing of what was asked for can be done",
            found="; ".join(
                " ".join(part for part in (item.absorber, item.task, item.modality) if part)
                + f": {item.reason}"
                for item in skipped
            ),
            needed=f"an absorber and task with two classes or more of {config.folds} formulas each",
            suggestion="use fewer folds, other tasks or more data",
        )
    return StudyPlan(tuple(cells), modalities, tuple(skipped), subsets)


def _required(cell: Cell | None) -> Cell:
    if cell is None:
        raise AssertionError("a random split needs no more than a grouped one")
    return cell
