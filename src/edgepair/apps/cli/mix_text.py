"""What ``edgepair mix`` prints of a sample, and what the model says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edgepair.apps.cli.console import aligned, print_lines

if TYPE_CHECKING:
    from edgepair.measured import XanesScan
    from edgepair.mixtures.scan import SampleMixture

_COLUMNS = ("task", "value", "lower", "upper", "classes", "probability", "trust", "message")


def model_rows(scan: XanesScan, **options: Any) -> list[dict[str, Any]]:
    """Ask the model about the same sample."""
    from edgepair.conventions import EdgepairError
    from edgepair.prediction import predict

    try:
        table = predict(scan, absorber=scan.absorber, explain=False, **options).table
    except EdgepairError as error:
        return [dict.fromkeys(_COLUMNS) | {"message": f"{error.problem}: {error.found}"}]
    return [{name: _known(row[name]) for name in _COLUMNS} for row in table.to_dict("records")]


def model_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Say what the model answers of the oxidation state, which mixtures answer too."""
    lines = []
    for row in rows:
        if row["task"] is None:
            lines.append(f"the model does not answer: {row['message']}")
        elif row["task"] == "oxidation_state" and row["value"] is not None:
            text = f"the model says: oxidation state {row['value']:.2f}"
            if row["lower"] is not None and row["upper"] is not None:
                text += f" ({row['lower']:.2f} to {row['upper']:.2f})"
            lines.append(text + (f", trust: {row['trust']}" if row["trust"] else ""))
    return lines


def print_mixture(mixture: SampleMixture, answers: Sequence[dict[str, Any]]) -> None:
    """Print the best combinations of a sample, warnings, and the model's answer."""
    from edgepair.report.mixture.words import (
        HEADINGS,
        closing_line,
        combination_rows,
        mixture_facts,
        mixture_title,
    )

    lines = [mixture_title(mixture)]
    lines += [f"    {name:<15} {value}" for name, value in mixture_facts(mixture)]
    lines += ["", *aligned([HEADINGS, *combination_rows(mixture)], 2), "", f"  {closing_line(mixture)}"]
    lines += [f"  {line}" for line in model_lines(answers)]
    lines += [f"  ! {warning}" for warning in mixture.warnings]
    print_lines([*lines, ""])


def _known(value: Any) -> Any:
    """Make values that JSON knows: NaN becomes None, NumPy's numbers become Python's."""
    if hasattr(value, "item"):
        value = value.item()
    return None if value != value else value
