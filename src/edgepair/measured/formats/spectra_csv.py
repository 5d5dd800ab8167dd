"""Tables of many spectra, one in each row."""

from __future__ import annotations

import csv
import io
import re

import numpy as np

from edgepair.conventions.tasks import Floats
from edgepair.measured.content import unreadable
from edgepair.measured.roles import role_of, unit_of
from edgepair.measured.scan import ScanTable, Skipped

_MOST = 20_000
_ENERGY_NAMES = ("energy", "energies", "x_axis_energy", "x_axis", "e", "ev")
_MU_NAMES = ("mu", "spectrum", "intensity", "xanes", "interp_spectrum", "absorption", "y")


def is_table_of_rows(text: str) -> bool:
    """Say whether a text is a table with lists of numbers in its cells, or energies as its header."""
    rows = _rows(text[:400_000], limit=3)
    if len(rows) < 2:
        return False
    return _list_columns(rows) is not None or len(_energies_in_header(rows[0])) >= 10


def read_table_of_rows(text: str, path: str) -> tuple[ScanTable | Skipped, ...]:
    """Read a table with a spectrum in each row."""
    rows = _rows(text, limit=_MOST + 2)
    if len(rows) > _MOST + 1:
        raise unreadable(
            path,
            found=f"more than {_MOST} rows",
            needed=f"at most {_MOST} spectra in a file",
            suggestion="split the table",
        )
    names = [name.strip() for name in rows[0]]
    places = _list_columns(rows)
    wide = _energies_in_header(rows[0])
    tables: list[ScanTable | Skipped] = []
    for number, row in enumerate(rows[1:]):
        if not any(cell.strip() for cell in row):
            continue
        item = f"row {number}"
        if places is not None:
            energy, mu = (_list_of(row[p]) if p < len(row) else np.empty(0) for p in places)
            label = names[places[1]] if places[1] < len(names) else "mu"
            unit = unit_of(names[places[0]] if places[0] < len(names) else "", "") or ""
        else:
            cells = [row[p] if p < len(row) else "" for p in wide]
            energy, mu, label, unit = np.array(list(wide.values())), _cells(cells), "mu", ""
        if len(energy) != len(mu) or len(mu) < 10:
            tables.append(Skipped(item, f"{len(energy)} energies and {len(mu)} values"))
            continue
        header = {n: cell[:200] for n, cell in zip(names, row, strict=False) if n and len(cell) < 200}
        values = np.column_stack([energy, mu])
        tables.append(
            ScanTable(
                "CSV table", item, ("energy", label), (unit, ""), values, header, 0, mu="$2", mu_name=label
            )
        )
    if not tables:
        raise unreadable(
            path,
            found="a table without rows",
            needed="a spectrum in each row",
            suggestion="export it again",
        )
    return tuple(tables)


def _rows(text: str, limit: int) -> list[list[str]]:
    first = text.lstrip()[:5000].split("\n", 1)[0]
    mark = max(",;\t", key=first.count)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=mark):
            rows.append(row)
            if len(rows) >= limit:
                break
    except csv.Error:
        return rows if len(rows) > 1 else []
    return rows


def _list_columns(rows: list[list[str]]) -> tuple[int, int] | None:
    """Find the columns whose cells are lists: energies and absorption."""
    lists = []
    for place, cell in enumerate(rows[1]):
        if len(cell) > 40 and _is_list(cell):
            values = _list_of(cell)
            if len(values) >= 10:
                lists.append((place, values))
    if len(lists) < 2:
        return None
    names = [name.strip().lower() for name in rows[0]]
    named = {place: names[place] if place < len(names) else "" for place, _ in lists}
    energy = next((p for p, _ in lists if named[p] in _ENERGY_NAMES or role_of(named[p]) == "energy"), None)
    if energy is None:
        energy = next((p for p, v in lists if np.nanmin(v) > 1000 and (np.diff(v) >= 0).all()), None)
    rest = [p for p, _ in lists if p != energy]
    mu = next((p for p in rest if named[p] in _MU_NAMES or role_of(named[p])), rest[0] if rest else None)
    return (energy, mu) if energy is not None and mu is not None else None


def _is_list(cell: str) -> bool:
    words = re.split(r"[\s,;\[\]()]+", cell[:2000].strip())
    return sum(
        bool(re.fullmatch(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|nan", w)) for w in words
    ) > 0.9 * len(words)


def _energies_in_header(names: list[str]) -> dict[int, float]:
    found = {}
    for place, name in enumerate(names):
        try:
            value = float(name)
        except ValueError:
            continue
        if 1000 < value < 150_000:
            found[place] = value
    return found


def _list_of(cell: str) -> Floats:
    return _cells([word for word in re.split(r"[\s,;\[\]()]+", cell) if word])


def _cells(words: list[str]) -> Floats:
    values = []
    for word in words:
        try:
            values.append(float(word))
        except ValueError:
            values.append(float("nan"))
    return np.array(values)
