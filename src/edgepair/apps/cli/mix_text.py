"""What ``edgepair mix`` prints of a sample, and what the model says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from edgepair.apps.cli.console import output_console
from edgepair.measured.calibration import MARK

if TYPE_CHECKING:
    from edgepair.prediction.mixture_scan import SampleMixture

_TITLES = {"oxidation_state": "oxidation state", "coordination_number": "coordination number",
           "bond_length": "bond length"}  # fmt: skip
_COLUMNS = ("task", "value", "lower", "upper", "classes", "probability", "trust", "message")


def model_rows(mixture: SampleMixture) -> list[dict[str, Any]]:
    """Ask the model about the same sample, calibrated in the same way.

    Parameters
    ----------
    mixture : SampleMixture
        From `edgepair.prediction.mix_scan`.

    Returns
    -------
    list of dict
        A row per task; empty where the model cannot answer, with the reason as ``message``.
    """
    from edgepair.conventions import EdgepairError

    scan, calibration = mixture.inspection.scan, mixture.inspection.calibration
    predict = getattr(import_module("edgepair.prediction"), "predict", None)
    if predict is None:
        return []
    if calibration.source:
        energy = scan.energy + calibration.shift
        scan = replace(scan, energy=energy, reference=None, header={**scan.header, MARK: calibration.text})
    try:
        table = predict(mu=scan, absorber=scan.absorber, explain=False).table
    except EdgepairError as error:
        return [dict.fromkeys(_COLUMNS) | {"message": f"{error.problem}: {error.found}"}]
    rows = [row for row in table.to_dict("records") if row.get("technique", "xanes") == "xanes"]
    return [{name: _known(row.get(name)) for name in _COLUMNS} for row in rows]


def model_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Say what the model answers.

    Parameters
    ----------
    rows : sequence of dict
        From `model_rows`.

    Returns
    -------
    list of str
        A line per task.
    """
    lines = []
    for row in rows:
        if row["task"] is None:
            lines.append(f"the model does not answer: {row['message']}")
            continue
        unit = " Å" if row["task"] == "bond_length" else ""
        digits = 3 if unit else 2
        text = f"the model says: {_TITLES.get(row['task'], row['task'])} {row['value']:.{digits}f}{unit}"
        if row["lower"] is not None and row["upper"] is not None:
            text += f" ({row['lower']:.{digits}f} to {row['upper']:.{digits}f})"
        lines.append(text + (f", {row['trust']}" if row["trust"] else ""))
    return lines


def print_mixture(mixture: SampleMixture, answers: Sequence[dict[str, Any]]) -> None:
    """Print the best combinations of a sample, warnings, and the model's answer.

    Parameters
    ----------
    mixture : SampleMixture
        From `edgepair.prediction.mix_scan`.
    answers : sequence of dict
        From `model_rows`.
    """
    from edgepair.report.mixture_text import (
        HEADINGS,
        closing_line,
        combination_rows,
        mixture_facts,
        mixture_title,
    )

    rows = [HEADINGS, *combination_rows(mixture)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEADINGS))]
    lines = [mixture_title(mixture)]
    lines += [f"    {name:<15} {value}" for name, value in mixture_facts(mixture)]
    lines.append("")
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append(("  " + "  ".join(cells)).rstrip())
    lines += ["", f"  {closing_line(mixture)}"]
    lines += [f"  {line}" for line in model_lines(answers)]
    lines += [f"  ! {warning}" for warning in mixture.warnings]
    console = output_console()
    for line in lines:
        console.print(line, soft_wrap=True, markup=False)
    console.print()


def _known(value: Any) -> Any:
    """Make values that JSON knows: NaN becomes None, NumPy's numbers become Python's."""
    if hasattr(value, "item"):
        value = value.item()
    return None if value != value else value
