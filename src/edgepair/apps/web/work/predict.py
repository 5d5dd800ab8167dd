"""Answering samples, as ``edgepair predict`` does."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair.apps.web.work.samples import SampleRequest, read_sample
from edgepair.apps.web.work.words import plain_figure
from edgepair.conventions import TASKS, EdgepairError
from edgepair.conventions.wording import short_title

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.report.prediction.rows import PredictedSample


@dataclass(frozen=True)
class Answered:
    """A sample and what became of it, in plain values: the server knows no arrays."""

    name: str
    detail: dict[str, Any] = field(default_factory=dict)
    error: EdgepairError | None = None

    @property
    def whole(self) -> bool:
        """Whether all of it is here, or only what stands in the table of all samples."""
        return self.error is not None or "headline" in self.detail


SAVED = {"csv": "answers.csv", "json": "answers.json", "html": "answers.html"}
"""Files of answers, by their kinds."""


def answer(
    requests: Sequence[SampleRequest],
    confidence: float,
    folder: Path,
    on_progress: Callable[..., None],
) -> list[Answered]:
    """Answer samples, tell each as it comes, and write the table; the first alone is explained and drawn."""
    from edgepair.report.prediction.rows import write_rows

    samples: list[PredictedSample] = []
    answers: list[Answered] = []
    for number, request in enumerate(requests):
        first = "; the first of an element or instrument takes some seconds" if number == 0 else ""
        on_progress(number, len(requests), f"answering {number + 1} of {len(requests)}{first}")
        sample, answered = _answer(request, confidence, explain=number == 0)
        samples.append(sample)
        answers.append(answered)
        part = answered if answered.error else replace(answered, detail=_row(sample))
        on_progress(number + 1, len(requests), f"answered {number + 1} of {len(requests)}", part)
    write_rows(samples, folder / SAVED["csv"])
    return answers


def explained(request: SampleRequest, confidence: float) -> Answered:
    """Answer one of many samples with all that is told of it."""
    return _answer(request, confidence, explain=True)[1]


def write(kind: str, requests: Sequence[SampleRequest], confidence: float, folder: Path) -> None:
    """Write the document or the page of the command line: what drove answers takes longer than they do."""
    from edgepair.files.writing import write_whole
    from edgepair.report.prediction.page import write_prediction

    samples = [_predicted(request, confidence, explain=True)[0] for request in requests]
    if kind == "html":
        write_prediction(samples, folder / SAVED[kind])
        return
    whole = {"samples": [sample.document() for sample in samples]}
    text = json.dumps(whole, ensure_ascii=False, allow_nan=False)
    write_whole(folder / SAVED[kind], text, what="the document", suggestion="try again")


def _answer(request: SampleRequest, confidence: float, *, explain: bool) -> tuple[PredictedSample, Answered]:
    sample, error = _predicted(request, confidence, explain=explain)
    detail = {} if error is not None else _detail(sample) if explain else _row(sample)
    return sample, Answered(sample.name, detail, error)


def _predicted(
    request: SampleRequest, confidence: float, *, explain: bool
) -> tuple[PredictedSample, EdgepairError | None]:
    from edgepair.measured.samples import given_facts
    from edgepair.report.prediction.rows import PredictedSample

    sources = {"" if len(request.curves) == 1 else f"file {k}": (file.name, item)
               for k, (file, item) in enumerate(request.curves, 1)}  # fmt: skip
    absorber = ""
    try:
        sample = read_sample(request)
        sources, absorber = sample.sources, sample.absorber or ""
        found = sample.predict(confidence_level=confidence, explain=explain)
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


def _row(sample: PredictedSample) -> dict[str, Any]:
    """Tell what stands in the table of all samples."""
    from edgepair.report.prediction.page import answer_rows

    assert sample.prediction is not None
    rows = answer_rows(sample.prediction)["rows"]
    return {"absorber": sample.absorber, "rows": rows, "trust": sample.trust}
