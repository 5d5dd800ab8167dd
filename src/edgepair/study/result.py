"""What a study found, and how it is kept."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from edgepair.conventions import DataError, OutputError
from edgepair.conventions.json_values import json_ready
from edgepair.study.findings import Finding

SCORE_COLUMNS = (
    "absorber", "task", "modality", "learner", "split", "metric", "value", "lower", "upper",
    "n_sites", "n_materials", "n_formulas",
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
CURVE_COLUMNS = (
    "absorber", "task", "technique", "group", "n_sites", "position", "mean", "lower", "upper",
)  # fmt: skip

_TABLES = {
    "scores": SCORE_COLUMNS,
    "predictions": PREDICTION_COLUMNS,
    "importances": IMPORTANCE_COLUMNS,
    "learning": LEARNING_COLUMNS,
    "curves": CURVE_COLUMNS,
    "contributions": CONTRIBUTION_COLUMNS,
}

# Stays text even where every entry looks like a number (classes 2 and 3, material 007) or like 'NA'.
_TEXTS = ("group", "material_id", "formula")


@dataclass(frozen=True)
class StudyResult:
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
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    importances: pd.DataFrame
    findings: tuple[Finding, ...]
    config: dict[str, Any]
    learning: pd.DataFrame
    curves: pd.DataFrame
    contributions: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=list(CONTRIBUTION_COLUMNS))
    )

    @property
    def skipped(self) -> list[dict[str, Any]]:
        """What was left out, each with its reason."""
        return list(self.config["skipped"])

    @property
    def complete(self) -> bool:
        """Whether every absorber, task and modality that was asked for was done."""
        return not any(item["whole"] for item in self.skipped)

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
        with staged_output(target) as folder:
            for name in _tables_of(self.config):
                table: pd.DataFrame = getattr(self, name)
                table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g")
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
        try:
            config = json.loads((folder / "study.json").read_text(encoding="utf-8"))
            entries = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
            findings = tuple(Finding(**_with_nan(entry)) for entry in entries)
            tables = {
                name: pd.read_csv(
                    folder / f"{name}.csv",
                    dtype=dict.fromkeys(_TEXTS, str),
                    keep_default_na=False,
                    na_values=[""],
                )
                for name in _tables_of(config)
            }
            for name, table in tables.items():
                missing = [column for column in _TABLES[name] if column not in table]
                if missing:
                    raise KeyError(f"{name}.csv lacks {missing[0]!r}")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"cannot load a study from {str(folder)!r}",
                found=f"{type(error).__name__}: {error}",
                needed="a folder that `edgepair study` wrote",
                suggestion="check the path, or run the study again",
            ) from error
        return cls(findings=findings, config=config, **tables)


def _tables_of(config: dict[str, Any]) -> list[str]:
    """Name the tables of a study; contributions only where they were asked for."""
    asked = bool(config["config"].get("contributions"))
    return [name for name in _TABLES if asked or name != "contributions"]


def check_output(target: Path) -> None:
    """Refuse a folder that a study must not replace, before anything is computed.

    Parameters
    ----------
    target : pathlib.Path
        Where the study is wanted.

    Raises
    ------
    OutputError
        It is a file, or a folder that holds something other than a study.
    """
    try:
        if target.exists() and target.resolve() in (Path.cwd(), *Path.cwd().parents):
            raise OutputError(
                f"cannot write the study to {str(target)!r}",
                found="the folder in which you are, or one above it",
                needed="a folder that can be replaced as a whole",
                suggestion="name a folder below it, such as --out edgepair-study",
            )
        empty = target.is_dir() and not any(target.iterdir())
        there = target.exists() or target.is_symlink()
        if there and not empty and (target.is_symlink() or not _is_study(target)):
            raise OutputError(
                f"cannot write the study to {str(target)!r}",
                found=(
                    "a link"
                    if target.is_symlink()
                    else "a folder that no study wrote, or with other files in it"
                    if target.is_dir()
                    else "a file"
                ),
                needed="a new folder, an empty one, or one that an earlier study wrote",
                suggestion="choose another place with --out",
            )
        # Find out now, not after ten minutes of computing, whether the place can be written.
        parent = target.absolute().parent
        while not parent.exists() and parent != parent.parent:
            parent = parent.parent
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise _unwritable(target, error) from error


def _is_study(folder: Path) -> bool:
    """Tell whether a folder holds a study and nothing else."""
    try:
        config = json.loads((folder / "study.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    ours = {"study.json", "findings.json", "report.html", *(f"{name}.csv" for name in _TABLES)}
    known = isinstance(config, dict) and {"edgepair", "config", "data_sha256"} <= config.keys()
    return known and all(entry.name in ours for entry in folder.iterdir())


@contextmanager
def staged_output(target: Path) -> Iterator[Path]:
    """Give a folder to write into, which takes the place of `target` only when all is written.

    Parameters
    ----------
    target : pathlib.Path
        Where the study is wanted; checked as by `check_output`.

    Yields
    ------
    pathlib.Path
        A new empty folder beside it, gone afterwards whatever happens.

    Raises
    ------
    OutputError
        The place cannot be written.
    """
    check_output(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        scratch.chmod(0o755)
        yield scratch
        _replace(scratch, target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _replace(scratch: Path, target: Path) -> None:
    """Put a finished folder in its place; the old one is gone only once the new one is there."""
    if not target.exists():
        scratch.rename(target)
        return
    old = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-old-"))
    try:
        target.rename(old / "old")
        try:
            scratch.rename(target)
        except BaseException:
            (old / "old").rename(target)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _unwritable(target: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write the study to {str(target)!r}",
        found=f"{type(error).__name__}: {error.strerror or error}",
        needed="a place that can be written, with room for about 50 MB",
        suggestion="choose another place with --out",
    )


def _to_json(value: Any) -> str:
    return json.dumps(json_ready(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _with_nan(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: float("nan") if item is None else item for key, item in entry.items()}
