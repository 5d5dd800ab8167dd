"""Mixtures of standards for a visitor's spectra, as ``edgepair mix`` finds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.apps.web.work.samples import SampleRequest, read_sample
from edgepair.apps.web.work.words import Figure, plain_figure
from edgepair.conventions import EdgepairError, MeasurementError
from edgepair.conventions.displayed import full_title

if TYPE_CHECKING:
    from edgepair.mixtures.scan import SampleMixture

SAVED = {"csv": "mixtures.csv", "html": "mixtures.html"}
"""Files that `mix` writes, by their kinds."""


@dataclass(frozen=True)
class Mixed:
    """A spectrum and its mixtures, in plain values."""

    name: str
    rows: list[tuple[str, ...]]
    closing: str
    facts: list[tuple[str, str]]
    warnings: tuple[str, ...]
    figure: Figure
    error: EdgepairError | None = None


def mix(
    requests: Sequence[SampleRequest],
    most: int,
    folder: Path,
    on_progress: Callable[[float, float, str], None],
) -> list[Mixed]:
    """Find mixtures of up to so many compounds, and write them as the command line does."""
    from edgepair.report.mixture import (
        closing_line,
        combination_rows,
        mixture_facts,
        mixture_figure,
        write_mixture_table,
        write_mixtures,
    )

    done: list[Mixed] = []
    found: list[SampleMixture] = []
    for number, request in enumerate(requests):
        on_progress(number, len(requests), f"fitting {number + 1} of {len(requests)}")
        try:
            one = _mixed(request, most)
        except EdgepairError as error:
            name = " + ".join(file.name for file, _ in request.curves)
            done.append(Mixed(name, [], "", [], (), {}, error))
            continue
        found.append(one)
        done.append(
            Mixed(
                full_title(one.inspection.scan), combination_rows(one), closing_line(one), mixture_facts(one),
                one.warnings, plain_figure(mixture_figure(one)),
            )
        )  # fmt: skip
    if found:
        on_progress(len(requests), len(requests), "writing tables and report")
        write_mixture_table([one.to_table() for one in found], folder / SAVED["csv"])
        write_mixtures([(one, ()) for one in found], folder / SAVED["html"])
    return done


def _mixed(request: SampleRequest, most: int) -> SampleMixture:
    from edgepair.measured import XanesScan
    from edgepair.mixtures import mix_scan
    from edgepair.standards.standards import sound_standards

    sample = read_sample(request)
    scan = sample.curves.get("xanes")
    if not isinstance(scan, XanesScan):
        raise MeasurementError(
            f"cannot fit mixtures to {next(iter(sample.sources.values()))[0]!r}",
            found="a PDF",
            needed="an absorption spectrum",
            suggestion="drop its spectrum, or ask what it is on the page Predict",
        )
    return mix_scan(scan, sound_standards(sample.absorber), limit=most, **sample.normalizing)
