"""What the page Advise asks, in a process of its own: each function calls public ones of edgepair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.apps.web.settings import Source
from edgepair.apps.web.work.datasets import open_source
from edgepair.apps.web.work.samples import SampleRequest, read_sample
from edgepair.apps.web.work.words import Figure, plain_figure
from edgepair.conventions import MeasurementError
from edgepair.conventions.wording import METRIC_TITLES, capital, short_title, task_title, with_minus

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.conventions import Progress
    from edgepair.prediction import Prediction

PAGE_FILE, DOCUMENT_FILE = "advice.html", "advice.json"
"""What an answer leaves in its folder, for the visitor to save."""


@dataclass(frozen=True)
class Advised:
    """An answer."""

    title: str
    words: tuple[str, ...]
    warnings: tuple[str, ...]
    figure: Figure
    gains: list[tuple[str, ...]]
    gain_title: str
    needed: list[tuple[str, str]]
    facts: tuple[tuple[str, str], ...]
    folder: Path


def ask(
    source: Source,
    task: str,
    smallest_gain: float,
    requirements: bool,
    sample: SampleRequest | None,
    folder: Path,
    on_progress: Callable[[float, float, str], None],
) -> Advised:
    """Ask the advisor; with a sample, what it is taken for is part of the question."""
    from edgepair.advice import advise
    from edgepair.report.advice import advice_figure, gain_cells, render_advice

    def report(progress: Progress) -> None:
        on_progress(progress.done, progress.total, progress.text)

    on_progress(0.0, 0.0, "opening the data")
    dataset = open_source(source)
    own_data = None if source.path is None else dataset
    predicted = None if sample is None else _predicted(sample, str(dataset.attrs["absorber"]), own_data)
    advice = advise(
        dataset, task=task, sample=predicted, smallest_gain=smallest_gain, requirements=requirements,
        on_progress=report,
    )  # fmt: skip
    folder.mkdir(mode=0o700)
    (folder / PAGE_FILE).write_text(render_advice(advice), encoding="utf-8")
    (folder / DOCUMENT_FILE).write_text(advice.to_json(), encoding="utf-8")
    config = advice.config
    facts = [
        ("sites", f"{config['n_sites']:,} of {config['n_formulas']:,} formulas"),
        ("split", f"by {config['split']}, {config['folds']} folds"),
        ("forests", f"{config['trees']} trees, seed {config['seed']}"),
        ("intervals", "95 %, from a bootstrap over formulas"),
        ("smallest gain that counts", f"{config['smallest_gain']:g}"),
        ("what may be lost by a poorer curve", f"{config['tolerance']:g}"),
    ]
    if config["requirement_sites"]:
        facts.append(("qualities tried on", f"{config['requirement_sites']:,} sites"))
    return Advised(
        f"{advice.absorber}, {task_title(advice.task)}",
        tuple(with_minus(sentence) for sentence in advice.recommendation),
        advice.warnings,
        plain_figure(advice_figure(advice)),
        gain_cells(advice),
        f"Gain in {METRIC_TITLES[str(advice.scores['metric'].iloc[0])]}",
        [(short_title(row.technique), capital(str(row.sentence))) for row in advice.needed.itertuples()],
        tuple(facts),
        folder,
    )


def _predicted(request: SampleRequest, absorber: str, data: xr.Dataset | None) -> Prediction:
    """Read the sample in hand and ask what it is."""
    sample = read_sample(request)
    if sample.absorber not in (None, absorber):
        names = " and ".join(repr(file) for file, _ in sample.sources.values())
        raise MeasurementError(
            f"cannot advise on {names} as a sample of {absorber}",
            found=f"a measurement at the K edge of {sample.absorber}",
            needed=f"one at the K edge of {absorber}",
            suggestion=f"choose a dataset of {sample.absorber}, or remove this file",
        )
    return sample.predict(absorber=absorber, data=data, explain=False)
