"""The 9809 format of Japanese beamlines: angles of the monochromator and counts of detectors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgepair.measured.content import unreadable
from edgepair.measured.formats.columns import number_block
from edgepair.measured.scan import ScanTable

if TYPE_CHECKING:
    from edgepair.conventions.tasks import Floats

_I0, _TRANSMITTED, _FLUORESCENCE = 1, 2, 3
"""Modes of a channel, as the line ``Mode`` has them."""

MARK = re.compile(r"\A\s{0,190}9809\s+\S")
"""What tells a file in the 9809 format."""


def read_photon_factory(text: str, path: str) -> tuple[ScanTable, ...]:
    """Read a file in the 9809 format."""
    lines = text.split("\n")
    rule = next((n for n, line in enumerate(lines) if re.match(r"\s*Mode\s+\d", line)), None)
    if rule is None:
        raise unreadable(
            path,
            found="a file in the 9809 format without its line of modes",
            needed="the lines 'Angle(c)', 'Mode' and 'Offset' above the data",
            suggestion="copy the file again",
        )
    after = next(
        (n for n, line in enumerate(lines[rule : rule + 4], rule) if re.match(r"\s*Offset", line)), rule
    )
    rows, _, warnings = number_block(lines[after + 1 :])
    modes = [int(word) for word in lines[rule].split()[1:] if word.isdigit()]
    count = rows.shape[1]
    # The word "Mode" stands in the column of the first angle.
    if len(rows) < 10 or count < 4 or len(modes) < count - 1:
        raise unreadable(
            path,
            found=f"{len(rows)} points of {count} columns, with {len(modes)} modes",
            needed="at least 10 points with angles, time and counts",
            suggestion="check that the scan was not aborted",
        )
    header = {"beamline": lines[0].strip(), "sample": lines[2].strip()} if len(lines) > 2 else {}
    if after != rule:
        header["offset"] = " ".join(lines[after].split()[1:])
        dark, notes = _without_dark_counts(rows, header["offset"])
        rows, warnings = dark, (*warnings, *notes)
    labels = ["angle(c)", "angle(o)", "time", *_channels(modes[2 : count - 1])]
    spacing = re.search(r"\bD\s*=\s*(\d+\.\d+)\s*A", "\n".join(lines[:rule]))
    return (
        ScanTable(
            "9809",
            "",
            tuple(labels),
            (),
            rows,
            header,
            energy=1,
            energy_unit="degree",
            d_spacing=float(spacing.group(1)) if spacing else None,
            warnings=warnings,
        ),
    )


def _without_dark_counts(rows: Floats, offset: str) -> tuple[Floats, tuple[str, ...]]:
    """Subtract dark counts per second times each point's seconds, where they are fewer than the counts."""
    try:
        dark = [float(word) for word in offset.split()]
    except ValueError:
        return rows, ()
    # The word "Offset" stands in the column of the first angle.
    dark = [0.0, *dark][: rows.shape[1]]
    clean = rows.copy()
    for column in range(3, len(dark)):
        if dark[column] == 0:
            continue
        less = rows[:, column] - dark[column] * rows[:, 2]
        if not (less > 0).mean() > 0.9:
            return rows, (
                "the dark counts of the header (Offset) exceed the counts, and were not subtracted",
            )
        clean[:, column] = less
    return clean, ()


def _channels(modes: list[int]) -> list[str]:
    """Name channels by their modes; several of one mode are told apart by a number."""
    names = {_I0: "i0", _TRANSMITTED: "itrans", _FLUORESCENCE: "ifluor"}
    labels = []
    for place, mode in enumerate(modes):
        name = names.get(mode, f"mode {mode}")
        earlier = sum(other == mode for other in modes[:place])
        labels.append(f"{name} {earlier + 1}" if earlier else name)
    return labels
