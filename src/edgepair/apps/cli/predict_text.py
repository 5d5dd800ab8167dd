"""What ``edgepair predict`` prints of its answers."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.apps.cli.console import output_console, plain_table, print_lines
from edgepair.conventions import TASKS
from edgepair.conventions.wording import counted, number, percent, short_title

if TYPE_CHECKING:
    from rich.table import Table

    from edgepair.report.prediction.rows import PredictedSample

_SHORT = {"oxidation_state": "OS", "coordination_number": "CN", "bond_length": "bond (Å)"}
_STYLE = {"ok": "green", "caution": "yellow", "outside": "red"}
_NEIGHBOURS = 3
_MOST_WARNINGS = 6

FEW = 3
"""Samples up to which one that is answered alone is printed in full."""


def print_samples(samples: Sequence[PredictedSample]) -> None:
    """Print answers: everything of one sample, a line each of many."""
    answered = [sample for sample in samples if sample.prediction is not None]
    if len(answered) == 1 and len(samples) <= FEW:
        _print_one(answered[0])
        print_lines(["", _summary(samples)] if len(samples) > 1 else [])
        return
    if answered:
        _print_many(samples)
        print_lines(_common_warnings(answered))
    print_lines([_summary(samples)])


def _print_one(sample: PredictedSample) -> None:
    from edgepair.report.prediction.words import counted_text, first_shell_facts, reason_sentences

    prediction = sample.prediction
    assert prediction is not None
    lines = [f"{sample.title}: {sample.absorber}"]
    lines += [f"    {name:<12} {value}" for name, value in (*sample.facts, *first_shell_facts(prediction))]
    if prediction.energy_shift == prediction.energy_shift:
        shift, error = number(prediction.energy_shift, 2, sign=True), number(prediction.energy_error, 1)
        lines.append(f"    {'calibration':<12} {shift} eV added to the energies, likely error {error} eV")
    print_lines([*lines, ""])
    output_console().print(_answers(sample))
    level = percent(prediction.confidence_level)
    lines = [f"Intervals and sets of classes at {level} confidence; in brackets the likeliest class."]
    if prediction.counted:
        lines.append(f"Coordination numbers: {counted_text(prediction)}.")
    if reasons := reason_sentences(prediction):
        lines += ["", "What drove it, against the average of the training data:"]
        lines += [f"    {sentence}" for sentence in reasons]
    if nearest := _nearest(sample):
        lines += ["", *nearest]
    if prediction.warnings:
        lines += ["", *(f"! {warning}" for warning in prediction.warnings)]
    print_lines(lines)


def _answers(sample: PredictedSample) -> Table:
    """Lay out a table: a row per task, a column per technique."""
    from rich.text import Text

    from edgepair.report.prediction.words import range_text, set_text, value_text

    assert sample.prediction is not None
    answers = sample.prediction.table
    table = plain_table("")
    techniques = list(dict.fromkeys(answers["technique"].astype(str)))
    for name in techniques:
        table.add_column(short_title(name))
    for task in [name for name in TASKS if name in set(answers["task"])]:
        cells = []
        for name in techniques:
            rows = answers[(answers["technique"] == name) & (answers["task"] == task)]
            cell = Text()
            for row in rows.itertuples():
                cell.append(value_text(task, row.value), style="bold")
                cell.append(f"  {range_text(task, row.lower, row.upper)}")
                classes = set_text(row.classes, row.probability)
                cell.append(f"\nclass {classes}" if classes else "")
                cell.append("\ntrust ")
                cell.append(str(row.trust), style=_STYLE.get(str(row.trust), ""))
                if row.message == row.message and row.message:
                    cell.append(f"\n{row.message}")
            cell.append("\n")
            cells.append(cell)
        table.add_row(Text(TASKS[task].title), *cells)
    return table


def _nearest(sample: PredictedSample) -> list[str]:
    from edgepair.report.prediction.words import nearest_rows, value_text

    assert sample.prediction is not None
    lines: list[str] = []
    for technique in dict.fromkeys(sample.prediction.table["technique"].astype(str)):
        rows = nearest_rows(sample.prediction, technique=technique, most=_NEIGHBOURS)
        if not rows:
            continue
        lines.append(f"Nearest by {short_title(technique)}:")
        for row in rows:
            values = ", ".join(
                f"{TASKS[task].symbol} {value_text(task, row[task])}"
                for task in TASKS
                if row[task] == row[task]
            )
            formula = str(row["formula"]) if row["formula"] == row["formula"] else ""
            name = str(row["name"]) + (f" ({formula})" if formula and formula not in str(row["name"]) else "")
            lines.append(f"    {number(row['distance'], 2)}  {row['kind']:<9}  {name}: {values}")
    return lines


def _print_many(samples: Sequence[PredictedSample]) -> None:
    from rich.text import Text

    from edgepair.report.prediction.words import range_text, set_text, value_text

    folder = _folder(samples)
    print_lines([f"in {folder}"] if folder else [])
    table = plain_table()
    table.add_column("sample", overflow="fold")
    for title in ("absorber", "E0, step, shift", "technique", *_SHORT.values(), "trust"):
        table.add_column(title, no_wrap=True)
    for sample in samples:
        title = " + ".join(part.removeprefix(folder) for part in sample.title.split(" + "))
        if sample.prediction is None:
            table.add_row(Text(title), Text(sample.absorber), "", Text(sample.status, style="red"))
            continue
        last = [row for row in sample.answers if row["technique"] == sample.technique]
        cells = []
        for task in _SHORT:
            cell = Text()
            for row in last:
                if row["task"] == task:
                    cell.append(value_text(task, row["value"]).removesuffix(" Å"), style="bold")
                    classes = set_text(row["classes"], None)
                    ends = classes or range_text(task, row["lower"], row["upper"])
                    cell.append(f"  {ends}")
            cells.append(cell)
        trust = Text(sample.trust, style=_STYLE.get(sample.trust, ""))
        technique = Text(short_title(sample.technique))
        table.add_row(Text(title), Text(sample.absorber), _edge(sample), technique, *cells, trust)
    output_console().print(table)
    print_lines([""])


def _edge(sample: PredictedSample) -> str:
    """Give where a spectrum's edge is, its step, and what was added to its energies, in few characters."""
    text = dict(sample.facts).get("edge", "")
    found = re.fullmatch(r"E0 (\S+) eV as measured, edge step (\S+)", text)
    if found is None or sample.prediction is None:
        return ""
    shift = sample.prediction.energy_shift
    return f"{found.group(1)}, {found.group(2)}" + (f", {shift:+.1f}" if shift == shift else "")


def _folder(samples: Sequence[PredictedSample]) -> str:
    """Name the folder that all files are in, with its last separator."""
    folders = [Path(file).parent for sample in samples for file, _ in sample.sources.values()]
    shared = [
        parts[0] for parts in zip(*(folder.parts for folder in folders), strict=False) if len(set(parts)) == 1
    ]
    # A part may agree again after one that does not.
    while shared and any(not folder.is_relative_to(Path(*shared)) for folder in folders):
        shared.pop()
    folder = str(Path(*shared)) if shared else ""
    return folder + os.sep if folder.strip(os.sep) else ""


def _common_warnings(answered: Sequence[PredictedSample]) -> list[str]:
    """List warnings, the commonest first, with the number of samples each holds for."""
    texts: dict[str, list[str]] = {}
    for sample in answered:
        alike: dict[str, str] = {}
        for text in () if sample.prediction is None else sample.prediction.warnings:
            # Warnings that differ in their numbers alone say the same of each sample.
            alike.setdefault(re.sub(r"[-+]?\d+(\.\d+)?", "#", text), text)
        for kind, text in alike.items():
            texts.setdefault(kind, []).append(text)
    counts = Counter({kind: len(alike) for kind, alike in texts.items()})
    lines = [
        f"! {texts[kind][0]} ({count} of {len(answered)}"
        + (", numbers differ)" if len(set(texts[kind])) > 1 else ")")
        for kind, count in counts.most_common(_MOST_WARNINGS)
    ]
    rest = len(counts) - len(lines)
    lines += [f"! {rest} warnings more, in --json and --report"] if rest > 0 else []
    return [*lines, ""] if lines else []


def _summary(samples: Sequence[PredictedSample]) -> str:
    from edgepair.report.prediction.rows import TRUST

    answered = [sample for sample in samples if sample.prediction is not None]
    parts = [f"{counted(len(samples), 'sample')}: {len(answered)} answered"]
    if answered:
        trust = [f"{sum(sample.trust == level for sample in answered)} {level}" for level in TRUST]
        parts[0] += f" (trust: {', '.join(trust)})"
    for status in ("foil", "refused", "failed"):
        count = sum(sample.status == status for sample in samples)
        parts += [f"{count} {status}"] if count else []
    return ", ".join(parts)
