"""Arrays one after another, as JSON and Igor's text have them, written again as columns of text."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

_FEWEST = 10
_DEEPEST = 6
_MOST = 1000
"""Arrays and items looked at: of more than a project holds, nothing is a spectrum."""

_LONGEST_LONG, _LONGEST_HEAD = 10_000_000, 2_000
_CELL = re.compile(r"\s*+[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?\s*+")

_WAVES = re.compile(r"WAVES(?:/\S+)?\s+(\S.*)", re.I)
_SCALE = re.compile(r"X\s+SetScale\s*/([PI])\s+x,?\s*([^,\s]+),\s*([^,\s]+),[^,]*,\s*'?(\w+)", re.I)


def as_columns(text: str) -> str:
    """Write arrays of one length that stand together as columns; another text is returned as it is."""
    start = text[:200].lstrip()
    if start.startswith(("{", "[")):
        tables = _of_json(text)
    elif re.match(r"IGOR\s", start):
        tables = _of_igor(text)
    else:
        tables = _of_long_table(text)
    written = ["\n".join((*head, "# " + "\t".join(columns), *_rows(columns))) for head, columns in tables]
    return "\n\n".join(written) if written else text


def _rows(columns: dict[str, Sequence[str | float]]) -> Iterator[str]:
    return ("\t".join(map(str, row)) for row in zip(*columns.values(), strict=True))


def _of_json(text: str) -> list[tuple[list[str], dict[str, Sequence[str | float]]]]:
    """Find objects that hold arrays of numbers of one length, with what else they say."""
    try:
        waiting: list[tuple[object, int, str]] = [(json.loads(text), 0, "")]
    except (ValueError, RecursionError):
        return []
    found: list[tuple[list[str], dict[str, Sequence[str | float]]]] = []
    for looked_at, (value, depth, name) in enumerate(waiting):
        if looked_at >= _MOST or depth > _DEEPEST:
            break
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            keys = [key for key, cell in value[0].items() if _is_number(cell)]
            if len(value) >= _FEWEST and len(keys) > 1:
                value = {key: [row.get(key) for row in value] for key in keys}
        if isinstance(value, list):
            waiting += [
                (inner, depth + 1, name) for inner in value[:_MOST] if isinstance(inner, (dict, list))
            ]
        if not isinstance(value, dict):
            continue
        arrays = {_word(key): array for key, cell in value.items() if (array := _array(cell)) is not None}
        longest = max(map(len, arrays.values()), default=0)
        columns: dict[str, Sequence[str | float]]
        columns = {key: array for key, array in arrays.items() if len(array) == longest}
        if len(columns) > 1:
            said = [
                f"# {_word(k)}: {str(v)[:200]}" for k, v in value.items() if isinstance(v, (str, int, float))
            ]
            found.append(([f"# scan {_word(name)}"] * bool(name) + said, columns))
        else:
            waiting += [(inner, depth + 1, str(key)) for key, inner in list(value.items())[:_MOST]]
    return found


def _array(value: object) -> list[str | float] | None:
    """Take a list of numbers, or an object of numbers by row as tables of pandas have it."""
    if isinstance(value, dict) and list(value)[:2] == ["0", "1"]:
        value = list(value.values())
    if not isinstance(value, list) or len(value) < _FEWEST:
        return None
    if not all(cell is None or _is_number(cell) for cell in value):
        return None
    return ["nan" if cell is None else cell for cell in value]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) != float("inf")


def _of_long_table(text: str) -> list[tuple[list[str], dict[str, Sequence[str | float]]]]:
    """Part a table whose first column names the sample of each row, all samples below each other."""
    lines = text.split("\n", 2)
    names = re.split(r"[,;\t]", lines[0][:_LONGEST_HEAD].strip())
    if len(text) > _LONGEST_LONG or len(names) < 3 or len(lines) < 3 or not lines[1][:1].isalpha():
        return []
    samples: dict[str, list[list[str]]] = {}
    for line in text.split("\n")[1:]:
        sample, *cells = re.split(r"[,;\t]", line.strip())
        if len(cells) == len(names) - 1 and all(_CELL.fullmatch(cell) for cell in cells):
            samples.setdefault(sample, []).append(cells)
        elif line.strip():
            return []
    if len(samples) > _MOST or min(map(len, samples.values()), default=0) < _FEWEST:
        return []
    labels = [_word(name) for name in names[1:]]
    return [
        ([f"# scan {_word(sample)}"], dict(zip(labels, map(list, zip(*cells, strict=True)), strict=True)))
        for sample, cells in samples.items()
    ]


def _of_igor(text: str) -> list[tuple[list[str], dict[str, Sequence[str | float]]]]:
    """Find waves of one length; of one alone, its scaling gives what it stands over."""
    waves: dict[str, list[str]] = {}
    names: list[str] = []
    scales: dict[str, tuple[str, float, float]] = {}
    inside = False
    for line in (line.strip() for line in text.split("\n")):
        if inside and line.upper() == "END":
            inside = False
        elif inside:
            cells = re.split(r"[\s,]+", line)
            for name, cell in zip(names, cells, strict=False):
                waves[name].append(cell)
        elif line.upper() == "BEGIN":
            inside = bool(names)
        elif match := _WAVES.match(line[:1000]):
            names = [name.strip("'") for name in re.split(r"[\s,]+", match.group(1).strip())]
            waves |= {name: [] for name in names}
        elif match := _SCALE.match(line[:1000]):
            with_numbers = _numbers(match.group(2), match.group(3))
            if with_numbers:
                scales[match.group(4)] = (match.group(1).upper(), *with_numbers)
    lengths = Counter(len(wave) for wave in waves.values() if len(wave) >= _FEWEST)
    length = lengths.most_common(1)[0][0] if lengths else 0
    columns: dict[str, Sequence[str | float]] = {
        _word(name): wave for name, wave in waves.items() if len(wave) == length
    }
    if len(columns) == 1 and (name := next(iter(columns))) in scales:
        kind, first, second = scales[name]
        step = second if kind == "P" else (second - first) / (length - 1)
        columns = {"x": [float(x) for x in first + step * np.arange(length)]} | columns
    return [([], columns)] if len(columns) > 1 else []


def _numbers(*words: str) -> tuple[float, float] | None:
    try:
        first, second = map(float, words)
    except ValueError:
        return None
    return first, second


def _word(name: str) -> str:
    """Write a name so that it stays one label."""
    return re.sub(r"\s+", " ", str(name))[:100].strip() or "column"
