"""What an advice rests on besides the sample: scores, what poorer curves cost, what left-out sites were told.

It depends on the data alone, so that of a bundled dataset it ships computed (``scripts/make_advice.py``).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair._version import __version__
from edgepair.advice.requirements import (
    FORMULAS,
    SHARES,
    Trial,
    gain_rows,
    quality_trials,
    requirement_rows,
    score_rows,
    small_cell,
    trial_work,
)
from edgepair.conventions import BUNDLED_ABSORBERS
from edgepair.conventions.displayed import Record
from edgepair.dataset import load_bundled
from edgepair.dataset.bundled import bundled_digest
from edgepair.study.config import DRAWS, StudyConfig
from edgepair.study.fits import Runner
from edgepair.study.scoring import Score, draw_groups, score, score_baseline

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from edgepair.conventions.tasks import Floats, Labels
    from edgepair.study.plan import Cell


LENGTH_DIGITS = 4
"""Decimals of predicted bond lengths, Å."""


@dataclass(frozen=True)
class Evidence:
    """Rows of `Advice` before they are judged; ``predicted`` by modality (n_repeats, n_sites)."""

    scores: list[Record]
    gains: list[Record]
    requirements: list[Record]
    guess: float
    requirement_sites: int
    predicted: dict[str, Labels]

    def of(self, modalities: Sequence[str], *, requirements: bool) -> Evidence:
        """Take what is about some modalities, in their order."""
        place = {name: number for number, name in enumerate(modalities)}
        pairs = {frozenset(name.split("+")) for name in modalities}
        scores, rows = (
            sorted(
                (row for row in table if row["technique"] in place), key=lambda row: place[row["technique"]]
            )
            for table in (self.scores, self.requirements if requirements else [])
        )
        return Evidence(
            scores,
            [
                row
                for row in self.gains
                if row["have"] in place and frozenset([*row["have"].split("+"), row["add"]]) in pairs
            ],
            sorted(rows, key=lambda row: row["quantity"] == FORMULAS),
            self.guess,
            self.requirement_sites if requirements else 0,
            {name: self.predicted[name] for name in modalities},
        )


def compute_evidence(
    cell: Cell, modalities: Sequence[str], config: StudyConfig, runner: Runner, *, requirements: bool
) -> Evidence:
    """Fit and score all that an advice needs."""
    main = [Trial(cell, name, config.trees) for name in modalities]
    guess = Trial(cell, modalities[0], 1, learner="dummy")
    tried: list[Trial] = []
    if requirements:
        singles = [name for name in modalities if "+" not in name]
        tried = quality_trials(small_cell(cell, config), singles)
        tried += [Trial(cell, name, config.trees, fraction=part) for name in modalities for part in SHARES]
    trials = [*main, guess, *tried]
    fitted = runner.run([work for trial in trials for work in trial_work(trial, config.seed)])
    outcomes = [fitted.of(trial.cell, trial.modality, trial.learner, trial) for trial in trials]
    drawn = {trial.cell.n_groups: drawn_groups(trial.cell, config.seed) for trial in trials}
    everything: list[tuple[Trial, Score]] = [
        (trial, score(trial.cell, trial.modality, trial.learner, done, drawn[trial.cell.n_groups]))
        for trial, done in zip(trials, outcomes, strict=True)
    ]
    scores = {trial.modality: item for trial, item in everything[: len(main)]}
    baseline = score_baseline(cell, outcomes[len(main)], drawn[cell.n_groups])
    return Evidence(
        score_rows(scores),
        gain_rows(scores),
        requirement_rows(everything[len(main) + 1 :], scores),
        baseline.value[cell.task.main_metric],
        len(tried[0].cell.sites) if tried else 0,
        {
            trial.modality: np.array(
                [
                    one.predicted.astype(np.int16) if cell.classes else np.round(one.predicted, LENGTH_DIGITS)
                    for one in done
                ]
            )
            for trial, done in zip(main, outcomes, strict=False)
        },
    )


def drawn_groups(cell: Cell, seed: int) -> Floats:
    """Draw the formulas of a cell, (n_draws, n_groups): the same whenever it is asked."""
    return draw_groups(cell.n_groups, DRAWS, [seed, 1, *cell.absorber.encode()])


def shipped_evidence(
    dataset: xr.Dataset, cell: Cell, modalities: Sequence[str], config: StudyConfig, *, requirements: bool
) -> Evidence | None:
    """Take the evidence that ships, where it was made from this very dataset with these settings."""
    path = shipped_path(cell.absorber)
    if cell.absorber not in BUNDLED_ABSORBERS or not path.is_file():
        return None
    document = json.loads(gzip.decompress(path.read_bytes()))
    kept = document["tasks"].get(cell.task.name)
    fits = kept is not None and set(modalities) <= set(kept["predicted"])
    if not fits or document["about"] != shipped_about(cell.absorber, config):
        return None
    if not dataset.identical(load_bundled(cell.absorber)):
        return None
    scale = 1 if cell.classes else 10**-LENGTH_DIGITS
    predicted = {name: np.array(rows) * scale for name, rows in kept["predicted"].items()}
    return Evidence(**(kept | {"predicted": predicted})).of(modalities, requirements=requirements)


def shipped_path(absorber: str) -> Path:
    """Name the file of a bundled dataset's evidence."""
    folder: Any = resources.files("edgepair.advice") / "bundled"
    path: Path = folder / f"{absorber}.json.gz"
    return path


def shipped_about(absorber: str, config: StudyConfig) -> Record:
    """Tell what evidence depends on: the bundle, the settings, the program."""
    settings = replace(config, tasks=(), modalities=()).as_dict()
    return {
        "bundle": bundled_digest(absorber),
        "edgepair": __version__,
        "settings": json.loads(json.dumps(settings)),
    }


def evidence_bytes(about: Record, found: Mapping[str, Evidence]) -> bytes:
    """Write the evidence of all tasks of a bundled dataset: the same bytes for the same evidence."""
    tasks: Record = {}
    for task, evidence in found.items():
        scale = 1 if next(iter(evidence.predicted.values())).dtype.kind == "i" else 10**LENGTH_DIGITS
        predicted = {
            name: np.rint(rows * scale).astype(int).tolist() for name, rows in evidence.predicted.items()
        }
        tasks[task] = asdict(replace(evidence, predicted={})) | {"predicted": predicted}
    document = {"about": about, "tasks": tasks}
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0)
