"""Text files of SSRL's EXAFS Data Collector: labels stand below each other before the numbers."""

from __future__ import annotations

import re

from edgepair.measured.content import unreadable
from edgepair.measured.formats.columns import number_block
from edgepair.measured.scan import ScanTable

MARK = re.compile(r"\A[\s\S]{0,180}EXAFS Data Collector")
"""What tells a file of SSRL's EXAFS Data Collector."""


def read_ssrl(text: str, path: str) -> tuple[ScanTable, ...]:
    """Read a file of SSRL's EXAFS Data Collector."""
    lines = text.split("\n")
    start = next((n for n, line in enumerate(lines) if re.match(r"\s*Data:\s*$", line)), None)
    rows, _, warnings = number_block(lines[start + 1 :] if start is not None else [])
    if start is None or len(rows) < 10:
        raise unreadable(
            path,
            found=f"{len(rows)} points",
            needed="the line 'Data:', labels and at least 10 points",
            suggestion="copy the file again; binary files of the collector must be exported as text",
        )
    labels = [line.strip() for line in lines[start + 1 : start + 1 + rows.shape[1]]]
    if not all(re.search("[A-Za-z]", label) for label in labels):
        labels = []
    header = {"comment": " ".join(line.strip() for line in lines[3:13] if line.strip())[:500]}
    return (ScanTable("SSRL", "", tuple(labels), (), rows, header, warnings=warnings),)
