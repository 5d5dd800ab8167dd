"""A small curve for the terminal, drawn with braille dots."""

from __future__ import annotations

import math
from collections.abc import Sequence

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of each dot of a braille character: four rows of two."""


def draw_curve(
    x: Sequence[float], y: Sequence[float], *, width: int = 72, height: int = 12, unit: str = ""
) -> list[str]:
    r"""Draw a curve.

    Examples
    --------
    >>> print("\n".join(draw_curve([0, 1, 2, 3], [0, 1, 2, 3], width=4, height=2)))
       3 ┤  ⡠⠊
       0 ┤⡠⠊
          0  3
    """
    kept = [(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(a) and math.isfinite(b)]
    if len(kept) < 2 or kept[-1][0] <= kept[0][0]:
        return []
    columns, rows = 2 * width, 4 * height
    low, high = min(b for _, b in kept), max(b for _, b in kept)
    span = high - low or 1.0
    level = [round((value - low) / span * (rows - 1)) for value in _evenly(kept, columns)]
    cells = [[0] * width for _ in range(height)]
    for column, here in enumerate(level):
        before = level[max(column - 1, 0)]
        # A steep rise is drawn without gaps, from the dot next to the column before.
        for row in range(min(here, before + 1), max(here, before - 1) + 1):
            down = rows - 1 - row
            cells[down // 4][column // 2] |= _DOTS[down % 4][column % 2]
    labels = {0: f"{high:.4g}", height - 1: f"{low:.4g}"}
    wide = max(4, *(len(text) for text in labels.values()))
    lines = [
        f"{labels.get(row, ''):>{wide}} ┤" + "".join(chr(0x2800 + dots) if dots else " " for dots in line)
        for row, line in enumerate(cells)
    ]
    first, last = f"{kept[0][0]:.6g}", f"{kept[-1][0]:.6g}" + (f" {unit}" if unit else "")
    gap = max(1, width - len(first) - len(last))
    return [line.rstrip() for line in lines] + [" " * (wide + 2) + first + " " * gap + last]


def _evenly(points: list[tuple[float, float]], count: int) -> list[float]:
    """Interpolate points at evenly spaced places from the first to the last."""
    first, last = points[0][0], points[-1][0]
    values: list[float] = []
    at = 0
    for number in range(count):
        place = first + (last - first) * number / (count - 1)
        while at < len(points) - 2 and points[at + 1][0] < place:
            at += 1
        (left, low), (right, high) = points[at], points[at + 1]
        values.append(low + (high - low) * (place - left) / (right - left) if right > left else low)
    return values
