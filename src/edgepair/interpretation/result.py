"""What an interpretation found, and how it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from edgepair.conventions import TASKS, Displayed
from edgepair.conventions.displayed import Record
from edgepair.conventions.wording import counted, listed
from edgepair.files.result_folder import ResultFolder, read_tables, write_tables
from edgepair.interpretation.stability import STABILITY_COLUMNS
from edgepair.study.result import CONTRIBUTION_COLUMNS, CURVE_COLUMNS

COLUMNS = MappingProxyType(
    {
        "regions": ("absorber", "technique", "region", "title", "unit", "low", "high", "n_features"),
        "importances": (
            "absorber", "task", "modality", "technique", "kind", "grouping", "name", "title", "low", "high",
            "value", "lower", "upper",
        ),
        "clusters": (
            "absorber", "modality", "cluster", "technique", "position_low", "position_high", "n_features",
            "title",
        ),
        "contributions": CONTRIBUTION_COLUMNS,
        "scores": (
            "absorber", "task", "modality", "metric", "value", "lower", "upper", "n_sites", "n_formulas",
        ),
        "movement": ("absorber", "task", "number", "title", "unit", "kind", "value", "lower", "upper"),
        "curve_movement": ("absorber", "task", "technique", "position", "value", "lower", "upper"),
        "dependence": (
            "absorber", "task", "number", "title", "unit", "position", "class", "value", "lower", "upper",
        ),
        "number_scores": (
            "absorber", "task", "metric", "value", "lower", "upper", "share", "better", "better_lower",
            "better_upper",
        ),
        "stability": STABILITY_COLUMNS,
        "curves": CURVE_COLUMNS,
    }
)  # fmt: skip
"""Tables of an interpretation and their columns; a table may have more after these."""

# Stays text even where every entry looks like a number: classes, groups named after them, points.
_TEXTS = ("group", "class", "name", "cluster", "title", "unit", "modality", "sentence")

_FILE = "interpretation.json"

INTERPRETATION_FOLDER = ResultFolder(
    "interpretation",
    "interpret",
    _FILE,
    frozenset({"warnings", "skipped"}),
    frozenset({"report.html", *(f"{name}.csv" for name in COLUMNS)}),
)
"""What a folder with an interpretation looks like."""


@dataclass(frozen=True, repr=False, eq=False)
class Interpretation(Displayed, topic="interpretation.page", main_table="importances"):
    """Why forests answer as they do, for one or several absorbers.

    Attributes
    ----------
    regions : pandas.DataFrame
        Named regions of each technique, found from the data.
    importances : pandas.DataFrame
        What techniques, regions, clusters of features and single points are worth, by permutation,
        SHAP and impurity.
    clusters : pandas.DataFrame
        Clusters of features that rise and fall together.
    contributions : pandas.DataFrame
        What each technique contributes, as in ``contributions.csv`` of a study.
    scores : pandas.DataFrame
        How well the explained forests do on formulas they have not seen.
    movement : pandas.DataFrame
        How interpretable numbers move with each label.
    curve_movement : pandas.DataFrame
        The same of the mean curve, point by point.
    dependence : pandas.DataFrame
        How answers of a forest on those numbers alone depend on each.
    number_scores : pandas.DataFrame
        How far those few numbers carry.
    stability : pandas.DataFrame
        How reliable all this is, with a sentence each.
    curves : pandas.DataFrame
        Mean curves of each class, on which regions are drawn.
    config : dict
        Content of ``interpretation.json``: settings, seeds, versions, checksum of the data,
        seconds, warnings, and what was skipped and why.
    """

    regions: pd.DataFrame
    importances: pd.DataFrame
    clusters: pd.DataFrame
    contributions: pd.DataFrame
    scores: pd.DataFrame
    movement: pd.DataFrame
    curve_movement: pd.DataFrame
    dependence: pd.DataFrame
    number_scores: pd.DataFrame
    stability: pd.DataFrame
    curves: pd.DataFrame
    config: Record

    @property
    def warnings(self) -> list[str]:
        """What makes the answers doubtful, in sentences."""
        return list(self.config["warnings"])

    @property
    def skipped(self) -> list[Record]:
        """What was left out, each with its reason."""
        return list(self.config["skipped"])

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was done."""
        return not any(item["whole"] for item in self.skipped)

    def _lines(self) -> Iterator[str]:
        absorbers = listed(list(dict.fromkeys(self.scores["absorber"].astype(str))))
        left_out = f"{len(self.skipped)} left out"
        yield f"Interpretation: {absorbers}; {counted(len(self.regions), 'region')}, {left_out}"
        whole = self.importances.query(
            "grouping == 'region' and kind == 'permutation' and modality == technique"
        )
        for name, rows in whole.groupby("task", sort=False):
            most = rows.loc[rows["value"].idxmax()]
            yield f"{TASKS[str(name)].title}: most falls with the {most.title} of {most.technique} permuted"
        yield from self.warnings

    def save(self, directory: str | Path) -> Path:
        """Write a table each as CSV, and the settings, into a folder.

        Parameters
        ----------
        directory : str or Path
            Folder to make. An existing one is replaced if it holds an interpretation or nothing.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        OutputError
            The folder holds something else, or cannot be written. Nothing is left behind.
        """
        target = Path(directory)
        with INTERPRETATION_FOLDER.staged(target) as folder:
            write_tables(folder, {name: getattr(self, name) for name in COLUMNS})
            text = json.dumps(self.config, indent=1, ensure_ascii=False, allow_nan=False)
            (folder / _FILE).write_text(text + "\n", encoding="utf-8")
        return target

    @classmethod
    def load(cls, directory: str | Path) -> Interpretation:
        """Read an interpretation that `save` wrote.

        Parameters
        ----------
        directory : str or Path
            The folder.

        Returns
        -------
        Interpretation
            Numbers to the six digits that are stored.

        Raises
        ------
        DataError
            The folder holds no interpretation, or part of one.
        """
        folder = Path(directory)
        with INTERPRETATION_FOLDER.loading(folder):
            config = json.loads((folder / _FILE).read_text(encoding="utf-8"))
            if not {"warnings", "skipped"} <= config.keys():
                raise KeyError(f"{_FILE} lacks 'warnings' or 'skipped'")
            tables = read_tables(folder, COLUMNS, _TEXTS)
        # An empty text is a text: the class of a length, the unit of a pure number.
        for name, table in tables.items():
            tables[name] = table.fillna({text: "" for text in _TEXTS if text in table})
        return cls(config=config, **tables)
