"""Files of the SRS at Daresbury and of DUBBLE at the ESRF: a namelist, then angles in millidegrees."""

from __future__ import annotations

import re

from edgepair.measured.content import unreadable
from edgepair.measured.formats.columns import number_block
from edgepair.measured.header import header_values, spacing_of
from edgepair.measured.scan import ScanTable

_LABELS = ("angle", "time", "i0", "itrans", "ifluor", "imonitor")

MARK = re.compile(r"\A\s{0,196}&SRS")
"""What tells a file of the SRS."""


def read_srs(text: str, path: str) -> tuple[ScanTable, ...]:
    """Read a file of the SRS; elements of a detector follow, over several lines a point."""
    lines = text.split("\n")
    end = next((n for n, line in enumerate(lines) if re.match(r"\s*&END", line)), None)
    rows, _, warnings = number_block(lines[end + 1 :] if end is not None else [])
    if end is None or len(rows) < 10 or rows.shape[1] < 4:
        raise unreadable(
            path,
            found=f"{len(rows)} points",
            needed="the line '&END' and at least 10 points with angle, time and two intensities",
            suggestion="copy the file again",
        )
    header = header_values(lines[:end])
    values = rows.copy()
    values[:, 0] /= 1000
    more = tuple(f"ge{n + 1}" for n in range(rows.shape[1] - len(_LABELS)))
    labels = (*_LABELS, *more)[: rows.shape[1]]
    return (
        ScanTable("SRS", "", labels, (), values, header, energy=0, energy_unit="degree",
                  d_spacing=spacing_of(header), warnings=warnings),
    )  # fmt: skip
