"""SPEC, the data files of the control program of that name: many scans, each of labelled columns."""

from __future__ import annotations

import re

import numpy as np

from edgepair.measured.content import unreadable
from edgepair.measured.formats.columns import parse_row
from edgepair.measured.header import header_values, spacing_of
from edgepair.measured.scan import ScanTable, Skipped

MARK = re.compile(r"(?ms)\A(?>.*?^#S \s*\d).*?^#L ")
"""What tells a SPEC file."""


def read_spec(text: str, path: str) -> tuple[ScanTable | Skipped, ...]:
    """Read the scans of a SPEC file."""
    starts = [match.start() for match in re.finditer(r"(?m)^#S ", text)]
    if not starts:
        raise unreadable(
            path, found="no scan", needed="scans (#S)", suggestion="check that it is a SPEC data file"
        )
    scans: list[ScanTable | Skipped] = []
    seen: dict[str, int] = {}
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        lines = text[start:end].split("\n")
        words = lines[0].split()
        number = words[1] if len(words) > 1 else "?"
        seen[number] = seen.get(number, 0) + 1
        item = number if seen[number] == 1 else f"{number}.{seen[number]}"
        scans.append(_scan(lines, item))
    return tuple(scans)


def _scan(lines: list[str], item: str) -> ScanTable | Skipped:
    label_line = next((line[3:] for line in lines if line.startswith("#L ")), None)
    if label_line is None:
        return Skipped(item, "no labels (#L)")
    labels = [part for part in re.split(r"\s{2,}|\t", label_line.strip()) if part]
    rows = []
    goes_on = False
    for line in lines:
        # Lines from "@" on hold whole spectra of a detector, on as many lines as end with a backslash.
        spectrum = line[:1] == "@" or goes_on
        goes_on = spectrum and line.rstrip().endswith("\\")
        row = parse_row(line) if line[:1] != "#" and not spectrum else None
        if row is not None:
            rows.append(row)
    if len(rows) < 10:
        return Skipped(item, f"{len(rows)} points")
    width = max({len(row) for row in rows}, key=[len(row) for row in rows].count)
    kept = [row for row in rows if len(row) == width]
    if width != len(labels):
        labels = label_line.split() if len(label_line.split()) == width else []
    warnings = (f"{len(rows) - len(kept)} incomplete rows were left out",) if len(kept) < len(rows) else ()
    header = {"scan": lines[0][3:].strip()}
    date = next((line[3:].strip() for line in lines if line.startswith("#D ")), None)
    header |= {"date": date} if date else {}
    header |= header_values([line[3:] for line in lines if line.startswith(("#C ", "#U "))])
    return ScanTable(
        "SPEC",
        item,
        tuple(labels),
        (),
        np.array(kept, dtype=np.float64),
        header,
        d_spacing=spacing_of(header),
        warnings=warnings,
    )
