"""FIO, the format of DESY's beamlines: ``%c`` comments, ``%p`` parameters, ``%d`` data."""

from __future__ import annotations

import re

from edgepair.measured.content import unreadable
from edgepair.measured.formats.columns import number_block
from edgepair.measured.header import header_values, spacing_of
from edgepair.measured.scan import ScanTable

_LONGEST_LABEL = 300
_COLUMN = re.compile(r"\s*Col\s+(\d+)\s+(\S.*)\s(?:FLOAT|DOUBLE|INTEGER|INT|BYTE|STRING|BOOLEAN)$", re.I)

MARK = re.compile(r"(?ms)\A(?>.*?^%d\b).*?^[ \t]*(?i:col)[ \t]+1[ \t]+\S")
"""What tells FIO."""


def read_fio(text: str, path: str) -> tuple[ScanTable, ...]:
    """Read a FIO file."""
    lines = text.split("\n")
    data = next(number for number, line in enumerate(lines) if re.match(r"%d\b", line))
    named: dict[int, str] = {}
    for line in lines[data:]:
        match = _COLUMN.match(line[:_LONGEST_LABEL].rstrip())
        if match:
            named.setdefault(int(match.group(1)), match.group(2).strip())
    rows, _, warnings = number_block([line if "Col" not in line else "" for line in lines[data + 1 :]])
    if len(rows) < 10 or rows.shape[1] < 2:
        raise unreadable(
            path,
            found=f"a FIO file with {len(rows)} rows of data",
            needed="at least 10 rows of energy and intensities",
            suggestion="check that the scan was not aborted",
        )
    labels = [named.get(number + 1, f"column {number + 1}") for number in range(rows.shape[1])]
    header = header_values(lines[:data])
    labels, energy = _without_scan_name(labels)
    return (
        ScanTable(
            "FIO",
            "",
            tuple(labels),
            (),
            rows,
            header,
            energy=energy,
            d_spacing=spacing_of(header),
            warnings=warnings,
        ),
    )


def _without_scan_name(labels: list[str]) -> tuple[list[str], int | None]:
    """Drop the name of the scan, which older programs put before each label."""
    shared = min(labels, key=len)
    if len(labels) < 2 or len(shared) < 3 or not all(label.startswith(shared) for label in labels):
        return labels, None
    short = [label[len(shared) :].lstrip("_") for label in labels]
    # The two columns that are named as the scan are what was scanned and what was to be measured.
    names = iter(("scanned", "signal"))
    return [label or next(names, "signal") for label in short], short.index("")
