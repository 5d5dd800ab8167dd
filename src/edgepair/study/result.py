"""What a study found, and how it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from edgepair.conventions import TASKS, Displayed
from edgepair.conventions.displayed import Record
from edgepair.conventions.tasks import Labels
from edgepair.conventions.wording import METRIC_TITLES, listed, short_title
from edgepair.files.result_folder import ResultFolder, read_tables, write_tables
from edgepair.files.writing import json_ready
from edgepair.models import FitOutcome
from edgepair.study.findings import Finding
from edgepair.study.plan import Cell

SCORE_COLUMNS = (
    "absorber", "task", "modality", "learner", "split", "metric", "value", "lower", "upper",
    "n_sites", "n_materials", "n_formulas", "view",
)  # fmt: skip
PREDICTION_COLUMNS = (
    "absorber", "task", "modality", "learner", "repeat", "fold", "site", "material_id", "formula",
    "true", "predicted",
)  # fmt: skip
IMPORTANCE_COLUMNS = (
    "absorber", "task", "modality", "learner", "technique", "axis", "unit", "position",
    "position_low", "position_high", "kind", "value", "lower", "upper",
)  # fmt: skip
LEARNING_COLUMNS = (
    "absorber", "task", "modality", "learner", "metric", "fraction", "n_formulas", "value", "lower", "upper",
)  # fmt: skip
CONTRIBUTION_COLUMNS = (
    "absorber", "task", "learner", "metric", "of", "kind", "technique", "value", "lower", "upper",
)  # fmt: skip
ROBUSTNESS_COLUMNS = (
    "condition", "finding", "absorber", "task", "estimate", "lower", "upper", "verdict",
)  # fmt: skip
CONDITION_COLUMNS = (
    "condition", "absorber", "task", "modality", "metric", "value", "lower", "upper", "n_sites",
)  # fmt: skip
DIFFERENCE_COLUMNS = (
    "absorber", "task", "modality", "learner", "metric", "value_random", "value_formula", "difference",
    "lower", "upper", "seen",
)  # fmt: skip
CURVE_COLUMNS = (
    "absorber", "task", "technique", "group", "n_sites", "position", "mean", "lower", "upper",
)  # fmt: skip

TABLES = {
    "scores": SCORE_COLUMNS,
    "predictions": PREDICTION_COLUMNS,
    "importances": IMPORTANCE_COLUMNS,
    "learning": LEARNING_COLUMNS,
    "curves": CURVE_COLUMNS,
    "contributions": CONTRIBUTION_COLUMNS,
    "robustness": ROBUSTNESS_COLUMNS,
    "conditions": CONDITION_COLUMNS,
    "differences": DIFFERENCE_COLUMNS,
}

STUDY_FOLDER = ResultFolder(
    "study",
    "study",
    "study.json",
    frozenset({"edgepair", "config", "data_sha256"}),
    frozenset({"findings.json", "report.html", *(f"{name}.csv" for name in TABLES)}),
)
"""What a folder with a study looks like."""

# Stays text even where every entry looks like a number (classes 2 and 3, material 007) or like 'NA'.
_TEXTS = ("group", "material_id", "formula")


def empty_table(name: str) -> pd.DataFrame:
    """Make a table of a study that has no rows."""
    return pd.DataFrame(columns=list(TABLES[name]))


@dataclass(frozen=True, repr=False, eq=False)
class StudyResult(Displayed, topic="study.page", main_table="scores"):
    """A finished study.

    Attributes
    ----------
    scores : pandas.DataFrame
        A row per absorber, task, modality, learner, split and metric.
    predictions : pandas.DataFrame
        A row per held-out site and repeat.
    importances : pandas.DataFrame
        A row per position, window or technique.
    findings : tuple of Finding
        The paper's findings.
    config : dict
        Content of ``study.json``: settings, seeds, versions, checksum of the data, seconds, what
        was skipped and why, and what the data hold.
    learning : pandas.DataFrame
        Scores against the number of training formulas.
    curves : pandas.DataFrame
        Mean curves of each class (or third of the values), with 16th and 84th percentiles.
    contributions : pandas.DataFrame
        What each technique contributes; empty where it was not asked for.
    robustness : pandas.DataFrame
        The findings under every condition; empty in a quick study.
    conditions : pandas.DataFrame
        Main scores under every condition, of the first learner and of the baseline; empty in a quick
        study.
    differences : pandas.DataFrame
        Of the published protocol: each score on random splits less that on splits by formula, and
        the share of held-out rows whose formula was trained on in the random ones; else empty.
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    importances: pd.DataFrame
    findings: tuple[Finding, ...]
    config: Record
    learning: pd.DataFrame
    curves: pd.DataFrame
    contributions: pd.DataFrame = field(default_factory=lambda: empty_table("contributions"))
    robustness: pd.DataFrame = field(default_factory=lambda: empty_table("robustness"))
    conditions: pd.DataFrame = field(default_factory=lambda: empty_table("conditions"))
    differences: pd.DataFrame = field(default_factory=lambda: empty_table("differences"))

    @property
    def view(self) -> str:
        """What a row of the study itself is: ``sites`` or ``materials``."""
        return str(self.config["config"].get("view", "sites"))

    @property
    def views(self) -> tuple[str, ...]:
        """The views in which there are scores, that of the study itself first."""
        return tuple(dict.fromkeys([self.view, *self.scores["view"].tolist()]))

    def in_view(self, view: str) -> StudyResult:
        """Keep the scores and findings of one view.

        Parameters
        ----------
        view : {'sites', 'materials'}
            What a row is.

        Returns
        -------
        StudyResult
            All else as it is.
        """
        findings = tuple(item for item in self.findings if item.view == view)
        return replace(self, scores=self.scores[self.scores["view"] == view], findings=findings)

    @property
    def skipped(self) -> list[Record]:
        """What was left out, each with its reason."""
        return list(self.config["skipped"])

    @property
    def complete(self) -> bool:
        """Whether every absorber, task and modality that was asked for was done."""
        return not any(item["whole"] for item in self.skipped)

    def _lines(self) -> Iterator[str]:
        settings = self.config["config"]
        absorbers = listed(list(dict.fromkeys(self.scores["absorber"].astype(str))))
        yield f"StudyResult: {absorbers}; {len(self.scores)} scores, split by {settings['split']}"
        own = self.scores.query("learner != 'dummy' and split == @settings['split'] and view == @self.view")
        for name, rows in own.groupby("task", sort=False):
            main = rows[rows["metric"] == TASKS[str(name)].main_metric]
            means = main.groupby("modality")["value"].agg(["mean", "count"])
            means = means[means["count"] == means["count"].max()]["mean"]
            best = f"{means.max():.3f}, best by {short_title(means.idxmax())}"
            yield f"{TASKS[str(name)].title}: {METRIC_TITLES[TASKS[str(name)].main_metric]} {best}"
        yield f"{len(self.findings)} findings, {len(self.skipped)} left out"

    def to_xarray(self) -> xr.Dataset:
        """Give the scores as arrays.

        Returns
        -------
        xarray.Dataset
            ``value``, ``lower``, ``upper`` over ``absorber, task, modality, learner, split, metric`` and, of
            a study with two views, ``view``; NaN where there is none. Bond lengths in Å.
        """
        names = [*SCORE_COLUMNS[:6], *(["view"] if len(self.views) > 1 else [])]
        arrays: xr.Dataset = self.scores.set_index(names)[["value", "lower", "upper"]].to_xarray()
        return arrays

    def save(self, directory: str | Path) -> Path:
        """Write the tables, findings and settings into a folder.

        Parameters
        ----------
        directory : str or Path
            Folder to make. An existing one is replaced if it holds a ``study.json`` or nothing.

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
        with STUDY_FOLDER.staged(target) as folder:
            write_tables(folder, {name: getattr(self, name) for name in _tables_of(self.config)})
            findings = [finding.as_dict() for finding in self.findings]
            (folder / "findings.json").write_text(_to_json(findings), encoding="utf-8")
            (folder / "study.json").write_text(_to_json(self.config), encoding="utf-8")
        return target

    @classmethod
    def load(cls, directory: str | Path) -> StudyResult:
        """Read a study that `save` wrote.

        Parameters
        ----------
        directory : str or Path
            The folder.

        Returns
        -------
        StudyResult
            Numbers to the six digits that are stored.

        Raises
        ------
        DataError
            The folder holds no study, or part of one.
        """
        folder = Path(directory)
        with STUDY_FOLDER.loading(folder):
            config = json.loads((folder / "study.json").read_text(encoding="utf-8"))
            entries = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
            nan: Any = float("nan")
            findings = tuple(
                Finding(**{key: nan if item is None else item for key, item in entry.items()})
                for entry in entries
            )
            tables = read_tables(folder, _tables_of(config), _TEXTS)
        return cls(findings=findings, config=config, **tables)


def table_frames(rows: Mapping[str, Sequence[Record]]) -> dict[str, pd.DataFrame]:
    """Make the tables of a result but for the predictions; those without rows are empty."""
    return {
        name: pd.DataFrame(rows.get(name, []), columns=list(columns))
        for name, columns in TABLES.items()
        if name != "predictions"
    }


def _tables_of(config: Record) -> dict[str, tuple[str, ...]]:
    """Name the tables of a study and their columns; some only where they were requested."""
    settings = config["config"]
    wanted = {
        "contributions": bool(settings.get("contributions")),
        "differences": settings.get("protocol") == "published",
        "robustness": bool(config.get("conditions")),
        "conditions": bool(config.get("conditions")),
    }
    return {name: columns for name, columns in TABLES.items() if wanted.get(name, True)}


def _to_json(value: object) -> str:
    return json.dumps(json_ready(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def prediction_table(cell: Cell, modality: str, learner: str, outcomes: Sequence[FitOutcome]) -> pd.DataFrame:
    """Make the rows of ``predictions.csv`` of one learner on one cell and modality."""
    materials = cell.dataset["material_index"].values[cell.sites]
    names = np.array(cell.classes)
    tables = []
    for repeat, outcome in enumerate(outcomes):
        predicted: Labels = outcome.predicted
        columns: Record = {
            **cell.names,
            "modality": modality,
            "learner": learner,
            "repeat": repeat,
            "fold": cell.folds[repeat],
            "site": cell.sites,
            "material_id": cell.dataset["material_id"].values[materials],
            "formula": cell.dataset["formula"].values[materials],
            "true": names[cell.target].astype(float) if cell.classes else cell.target,
            "predicted": names[predicted].astype(float) if cell.classes else predicted,
        }
        table = pd.DataFrame(columns, columns=list(PREDICTION_COLUMNS))
        for position, name in enumerate(cell.classes):
            table[f"p_{name}"] = outcome.probability[:, position]
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def join_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables of predictions below each other, classes in numerical order."""
    if not tables:
        return pd.DataFrame(columns=list(PREDICTION_COLUMNS))
    table = pd.concat(tables, ignore_index=True)
    classes = [name for name in table.columns if name not in PREDICTION_COLUMNS]
    ordered = sorted(classes, key=lambda name: int(name.removeprefix("p_")))
    return table[[*PREDICTION_COLUMNS, *ordered]]
