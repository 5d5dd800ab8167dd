"""Answering samples, as ``edgepair predict`` does."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair.apps.web.work.samples import SampleRequest, read_sample
from edgepair.apps.web.work.words import plain_figure
from edgepair.conventions import TASKS, EdgepairError

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.report.prediction.rows import PredictedSample


@dataclass(frozen=True)
class Answered:
    """A sample and what became of it, in plain values: the server knows no arrays."""

    name: str
    detail: dict[str, Any] = field(default_factory=dict)
    error: EdgepairError | None = None

    def short(self) -> Answered:
        """Leave out all but what stands in the table of all samples."""
        kept = ("absorber", "rows", "trust")
        return Answered(self.name, {k: v for k, v in self.detail.items() if k in kept}, self.error)


SAVED = {"csv": "answers.csv", "json": "answers.json", "html": "answers.html"}
"""Files that `answer` writes, by their kinds; `report` the page."""


def answer(
    requests: Sequence[SampleRequest],
    confidence: float,
    folder: Path,
    on_progress: Callable[..., None],
) -> list[Answered]:
    """Answer samples, tell each as it comes, and write the tables of the command line."""
    from edgepair.files.writing import write_whole
    from edgepair.report.prediction.rows import write_rows

    samples: list[PredictedSample] = []
    answers: list[Answered] = []
    for number, request in enumerate(requests):
        first = "; the first of an element or instrument takes some seconds" if number == 0 else ""
        on_progress(number, len(requests), f"answering {number + 1} of {len(requests)}{first}")
        sample, error = _answer(request, confidence)
        samples.append(sample)
        answered = Answered(sample.name, _detail(sample) if error is None else {}, error)
        answers.append(answered)
        on_progress(number + 1, len(requests), f"answered {number + 1} of {len(requests)}", answered.short())
    on_progress(len(requests), len(requests), "writing tables")
    write_rows(samples, folder / SAVED["csv"])
    whole = {"samples": [sample.document() for sample in samples]}
    text = json.dumps(whole, ensure_ascii=False, allow_nan=False)
    write_whole(folder / SAVED["json"], text, what="the document", suggestion="try again")
    return answers


def report(requests: Sequence[SampleRequest], confidence: float, folder: Path) -> None:
    """Write the page of the command line, whose figures take longer than the answers."""
    from edgepair.report.prediction.page import write_prediction

    samples = [_answer(request, confidence)[0] for request in requests]
    write_prediction(samples, folder / SAVED["html"])


def _answer(request: SampleRequest, confidence: float) -> tuple[PredictedSample, EdgepairError | None]:
    from edgepair.conventions.wording import short_title
    from edgepair.measured.samples import given_facts
    from edgepair.report.prediction.rows import PredictedSample

    sources = {"" if len(request.curves) == 1 else f"file {k}": (file.name, item)
               for k, (file, item) in enumerate(request.curves, 1)}  # fmt: skip
    absorber = ""
    try:
        sample = read_sample(request)
        sources, absorber = sample.sources, sample.absorber or ""
        found = sample.predict(confidence_level=confidence)
    except EdgepairError as error:
        told = f"{error.problem}: found {error.found}; needed {error.needed}; try: {error.suggestion}"
        return PredictedSample(sources, absorber, "refused", " ".join(told.split())), error
    facts = [(f"{short_title(name)} read as", curve.format) for name, curve in sample.curves.items()]
    facts += given_facts(**sample.normalizing)
    return PredictedSample(sources, found.absorber, prediction=found, facts=tuple(facts)), None


class _Shelf:
    """Takes figures as a report's shelf does, and keeps each as it is."""

    def keep(self, figure: go.Figure, title: str) -> dict[str, object]:
        return {"title": title, "figure": plain_figure(figure)}


def _detail(sample: PredictedSample) -> dict[str, Any]:
    from edgepair.report.prediction.page import sample_detail

    shelf: Any = _Shelf()
    return sample_detail(sample, shelf) | {"tasks": list(TASKS), "trust": sample.trust}
