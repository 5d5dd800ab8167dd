"""Arithmetic of columns, as ``-log(i1/i0)`` or ``ln($5/$6)``, without running anything."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable, Sequence

import numpy as np

from edgepair.conventions import MeasurementError, OptionError, near_miss
from edgepair.conventions.tasks import Floats

_LONGEST = 5000
"""Characters: the sum of a detector of some hundred elements."""

_FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "log": np.log,
    "ln": np.log,
    "log10": np.log10,
    "exp": np.exp,
    "abs": np.abs,
}
_OPERATORS: dict[type[ast.operator], Callable[..., Floats]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}


def evaluate(text: str, labels: Sequence[str], values: Floats) -> Floats:
    """Compute an expression of columns, (n_points, n_columns); ``ln`` is natural; returns (n_points,)."""
    whole = find_column(text, labels, values.shape[1])
    if whole is not None:
        return values[:, whole].copy()
    source = re.sub(r"\$(\d+)", r"'$\1'", text.strip())
    if not source or len(source) > _LONGEST:
        raise _not_understood(text, f"{len(source)} characters")
    try:
        tree = ast.parse(source, mode="eval")
        with np.errstate(all="ignore"):
            result = _compute(tree.body, text, labels, values, 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise _not_understood(text, f"{type(error).__name__}") from error
    return np.broadcast_to(np.asarray(result, dtype=np.float64), values.shape[:1]).copy()


def find_column(name: str, labels: Sequence[str], count: int) -> int | None:
    """Find a column by its label or number.

    >>> find_column("I0", ["energy", "i0"], 2), find_column("$1", ["energy", "i0"], 2)
    (1, 0)
    """
    name = name.strip()
    if name in labels:
        return list(labels).index(name)
    if re.fullmatch(r"\$\d{1,4}", name):
        return int(name[1:]) - 1 if 1 <= int(name[1:]) <= count else None
    plain = [_plain(label) for label in labels]
    if _plain(name) and _plain(name) in plain:
        return plain.index(_plain(name))
    number = re.fullmatch(r"(?:c|col)?(\d{1,4})", name.lower())
    if number and 1 <= int(number.group(1)) <= count:
        return int(number.group(1)) - 1
    return None


def describe_columns(labels: Sequence[str], count: int) -> str:
    """List columns with their numbers, for errors."""
    names = [f"${n + 1} {labels[n]}" if n < len(labels) else f"${n + 1}" for n in range(min(count, 30))]
    return ", ".join(names) + (f" and {count - 30} more" if count > 30 else "")


def first_values(labels: Sequence[str], values: Floats) -> str:
    """List columns with their first values, for errors: ``$1 energy (7012, 7014, …)``."""
    shown = []
    for number in range(min(values.shape[1], 12)):
        label = f" {labels[number]}" if number < len(labels) else ""
        few = ", ".join(f"{value:.6g}" for value in values[:2, number])
        shown.append(f"${number + 1}{label} ({few}, …)")
    return ", ".join(shown) + (f" and {values.shape[1] - 12} more" if values.shape[1] > 12 else "")


def _plain(label: str) -> str:
    return unicodedata.normalize("NFKC", label).strip().lower()


def _compute(node: ast.expr, text: str, labels: Sequence[str], values: Floats, depth: int) -> Floats:
    if depth > 60:
        raise _not_understood(text, "parentheses within parentheses")
    chain: list[ast.BinOp] = []
    while isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        # A sum of many channels is one chain, not one within the other.
        chain.append(node)
        node = node.left
    if chain:
        result = _compute(node, text, labels, values, depth + 1)
        for link in reversed(chain):
            operator = _OPERATORS[type(link.op)]
            result = operator(result, _compute(link.right, text, labels, values, depth + 1))
        return result
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        operand = _compute(node.operand, text, labels, values, depth + 1)
        return -operand if isinstance(node.op, ast.USub) else operand
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        function = _FUNCTIONS.get(node.func.id.lower())
        if function is None or len(node.args) != 1 or node.keywords:
            raise _not_understood(text, f"{node.func.id}() of {len(node.args)} things")
        return function(_compute(node.args[0], text, labels, values, depth + 1))
    if (
        isinstance(node, ast.Constant)
        and type(node.value) is not bool
        and isinstance(node.value, int | float)
    ):
        return np.asarray(float(node.value))
    name = node.id if isinstance(node, ast.Name) else None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        name = node.value
    if name is None:
        raise _not_understood(text, type(node).__name__.lower())
    column = find_column(name, labels, values.shape[1])
    if column is None:
        raise MeasurementError(
            f"cannot compute {text!r}",
            found=f"no column {name!r} among {describe_columns(labels, values.shape[1])}",
            needed="columns of the file, by label or number",
            suggestion=near_miss(name, labels) if labels else "number the columns from $1",
        )
    return values[:, column]


def _not_understood(text: str, found: str) -> OptionError:
    return OptionError(
        f"cannot understand mu {text[:80]!r}",
        found=found,
        needed="a column or an expression of columns with + - * / ( ) log ln log10 exp abs",
        suggestion='for transmission --mu "ln(i0/itrans)", by numbers --mu "ln($2/$3)"',
    )
