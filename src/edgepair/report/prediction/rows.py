"""Answers as rows and as one document: what ``predict --out`` and ``predict --json`` write."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from edgepair.conventions import TASKS
from edgepair.conventions.displayed import Record
from edgepair.files.writing import csv_text

if TYPE_CHECKING:
    from pathlib import Path

    from edgepair.prediction import Prediction

ROW_COLUMNS = (
    "file", "item", "technique", "absorber", "task", "value", "lower", "upper", "classes", "probability",
    "trust", "status", "message",
)  # fmt: skip
"""Columns of ``predict --out``, in their order."""

TRUST = ("ok", "caution", "outside")
"""Levels of trust, the best first."""

_NUMBERS = ("value", "lower", "upper", "probability")


@dataclass(frozen=True)
class PredictedSample:
    """One sample and what became of it."""

    sources: Mapping[str, tuple[str, str]]
    absorber: str = ""
    status: str = "ok"
    message: str = ""
    prediction: Prediction | None = None
    facts: Sequence[tuple[str, str]] = field(default_factory=tuple)
    combined_only: bool = False
    kept: Sequence[Mapping[str, object]] | None = None
    """Its rows, where an earlier run made them."""
    kept_document: Mapping[str, object] | None = None
    """Its entry of ``predict --json``, likewise."""

    @property
    def file(self) -> str:
        """Files, joined by ``|``."""
        return "|".join(file for file, _ in self.sources.values())

    @property
    def item(self) -> str:
        """Items, joined by ``|``."""
        return "|".join(item for _, item in self.sources.values())

    @property
    def title(self) -> str:
        """Files and items for people."""
        return " + ".join(file + (f", {item}" if item else "") for file, item in self.sources.values())

    @property
    def name(self) -> str:
        """Files without their folders, and items, for people."""
        return " + ".join(
            re.split(r"[/\\]", file)[-1] + (f", {item}" if item else "")
            for file, item in self.sources.values()
        )

    @cached_property
    def answers(self) -> list[Record]:
        """The rows of its table."""
        from edgepair.prediction.result import rows_of

        return [] if self.prediction is None else rows_of(self.prediction, "table")

    @property
    def technique(self) -> str:
        """All its techniques together; empty where they are not known."""
        if self.answers:
            return str(self.answers[-1]["technique"])
        return "+".join(name for name in self.sources if name)

    @property
    def trust(self) -> str:
        """The worst level of trust of the technique that stands last; empty without an answer."""
        levels = [str(row["trust"]) for row in self.answers if row["technique"] == self.technique]
        return max(levels, key=lambda name: TRUST.index(name) if name in TRUST else 0, default="")

    def rows(self) -> list[dict[str, object]]:
        """Give the rows of this sample."""
        if self.kept is not None:
            return [dict(row) for row in self.kept]
        if self.prediction is None:
            return [
                dict.fromkeys(ROW_COLUMNS, "")
                | dict.fromkeys(_NUMBERS)
                | dict(zip(("file", "item"), self._source(technique), strict=True))
                | {"technique": technique, "absorber": self.absorber, "task": task}
                | {"status": self.status, "message": self.message}
                for technique in self._expected()
                for task in TASKS
            ]
        rows = []
        for answer in self.answers:
            technique = str(answer["technique"])
            file, item = self._source(technique)
            row: dict[str, object] = {"file": file, "item": item, "technique": technique}
            row |= {"absorber": self.prediction.absorber, "task": answer["task"], "status": self.status}
            row |= {name: _known(answer[name]) for name in _NUMBERS}
            row |= {name: _text(answer[name]) for name in ("classes", "trust", "message")}
            rows.append({name: row[name] for name in ROW_COLUMNS})
        return rows

    def to_keep(self, *, document: bool = False) -> dict[str, object]:
        """Give what makes this sample again, as far as its rows and its document go, of plain values."""
        sources = {name: list(source) for name, source in self.sources.items()}
        told = {"sources": sources, "absorber": self.absorber, "status": self.status, "message": self.message}
        return told | {"kept": self.rows(), "kept_document": self.document() if document else None}

    def document(self) -> dict[str, object]:
        """Give the entry of ``predict --json``."""
        if self.kept_document is not None:
            return dict(self.kept_document)
        told: dict[str, object] = {
            "confidence_level": None, "energy_shift": None, "energy_error": None, "warnings": [],
            "coordination_counted": {}, "answers": [], "probabilities": [], "explanation": [], "nearest": [],
            "first_shells": {},
        }  # fmt: skip
        if self.prediction is not None:
            told = json.loads(self.prediction.to_json())
        about = {"file": self.file, "item": self.item, "absorber": self.absorber}
        return told | about | {"status": self.status, "message": self.message}

    def _expected(self) -> list[str]:
        """Techniques of which an answer was wanted."""
        single = list(self.sources)
        joined = ["+".join(single)] if len(single) > 1 else []
        return joined if self.combined_only else [*single, *joined]

    def _source(self, technique: str) -> tuple[str, str]:
        parts = [self.sources[name] for name in self.sources if name in technique.split("+")]
        # A neutron PDF may have been read as "pdf" before the radiation was settled.
        parts = parts or list(self.sources.values())
        return "|".join(file for file, _ in parts), "|".join(item for _, item in parts)


def rows_text(samples: Sequence[PredictedSample]) -> str:
    """Write answers as CSV."""
    rows = [{name: _short(cell) for name, cell in row.items()} for one in samples for row in one.rows()]
    return csv_text(ROW_COLUMNS, rows)


def write_rows(samples: Sequence[PredictedSample], path: str | Path) -> Path:
    """Write answers as a CSV file."""
    from edgepair.report.kit.embedding import write_text

    return write_text(rows_text(samples), path, what="the table", option="--out")


def _known(value: Any) -> float | None:
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else None


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value)


def _short(value: object) -> object:
    # Six digits are more than any of these numbers is worth.
    return f"{value:.6g}" if isinstance(value, float) else value
