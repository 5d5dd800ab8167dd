"""A small curve for the terminal, drawn with braille dots."""

from __future__ import annotations

from collections.abc import Sequence

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of each dot of a braille character: four rows of two."""


def draw_curve(
    x: Sequence[float], y: Sequence[float], *, width: int = 72, height: int = 12, unit: str = ""
) -> list[str]:
    r"""Draw a curve.

    Parameters
    ----------
    x : sequence of float
        Increasing.
    y : sequence of float
        One value for each; those that are not finite are left out.
    width, height : int, optional
        Size in characters, without the axes.
    unit : str, optional
        Unit of ``x``.

    Returns
    -------
    list of str
        Lines: highest value first, then the ends of ``x``; empty where there is nothing to draw.

    Examples
    --------
    >>> print("\n".join(draw_curve([0, 1, 2, 3], [0, 1, 2, 3], width=4, height=2)))
       3 ┤  ⡠⠊
       0 ┤⡠⠊
          0  3
    """
    import numpy as np

    at, values = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    kept = np.isfinite(at) & np.isfinite(values)
    at, values = at[kept], values[kept]
    if len(at) < 2 or at[-1] <= at[0]:
        return []
    columns, rows = 2 * width, 4 * height
    low, high = float(values.min()), float(values.max())
    span = high - low or 1.0
    grid = np.linspace(at[0], at[-1], columns)
    level = np.rint((np.interp(grid, at, values) - low) / span * (rows - 1)).astype(int)
    cells = np.zeros((height, width), dtype=int)
    for column in range(columns):
        # A steep rise is drawn without gaps: from the middle to the column before.
        before = level[max(column - 1, 0)]
        first, last = sorted((int(level[column]), int(before)))
        first += level[column] > before and last > first
        last -= level[column] < before and last > first
        for row in range(first, last + 1):
            down = rows - 1 - row
            cells[down // 4, column // 2] |= _DOTS[down % 4][column % 2]
    labels = {0: f"{high:.4g}", height - 1: f"{low:.4g}"}
    wide = max(4, *(len(text) for text in labels.values()))
    lines = [
        f"{labels.get(row, ''):>{wide}} ┤" + "".join(chr(0x2800 + dots) if dots else " " for dots in line)
        for row, line in enumerate(cells.tolist())
    ]
    first_text, last_text = f"{at[0]:.6g}", f"{at[-1]:.6g}" + (f" {unit}" if unit else "")
    gap = max(1, width - len(first_text) - len(last_text))
    return [line.rstrip() for line in lines] + [" " * (wide + 2) + first_text + " " * gap + last_text]
