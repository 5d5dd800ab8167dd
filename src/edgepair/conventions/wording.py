"""How numbers and names are written for people, the same everywhere in the report."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from types import MappingProxyType

from edgepair.conventions import TASKS, TECHNIQUES, OptionError, modality_title

METRIC_TITLES = MappingProxyType(
    {
        "f1_weighted": "weighted F1",
        "f1_macro": "macro F1",
        "balanced_accuracy": "balanced accuracy",
        "accuracy": "accuracy",
        "log_loss": "log loss",
        "r2": "R²",
        "mae": "mean absolute error",
        "rmse": "root mean square error",
        "rmse_percent": "relative root mean square error",
    }
)
"""Names of the metrics for people, in the order of the tables."""

METRIC_UNITS = MappingProxyType({"log_loss": "nat", "mae": "Å", "rmse": "Å", "rmse_percent": "%"})
"""Units of the metrics; the others are pure numbers."""

NO_NUMBER = "–"

_MINUS = re.compile(r"(?<![\w-])-(?=\d)")  # a hyphen that stands for a minus


def number(value: float | None, digits: int = 3, *, sign: bool = False) -> str:
    """Write a number with a true minus sign."""
    if value is None or not math.isfinite(value):
        return NO_NUMBER
    text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−")


def interval(lower: float | None, upper: float | None, digits: int = 3, *, sign: bool = False) -> str:
    """Write the two ends of an interval."""
    if number(lower) == NO_NUMBER or number(upper) == NO_NUMBER:
        return NO_NUMBER
    return f"{number(lower, digits, sign=sign)} to {number(upper, digits, sign=sign)}"


def count(value: float) -> str:
    """Write a whole number with thousands apart."""
    return f"{round(value):,}"


def counted(value: int, word: str) -> str:
    """Write a number with its noun."""
    return f"{count(value)} {word}" + ("" if value == 1 else "s")


def percent(value: float) -> str:
    """Write a share as a percentage.

    >>> percent(0.7844)
    '78 %'
    """
    text = number(100 * value, 0)
    return text if text == NO_NUMBER else f"{text} %"


def listed(words: Sequence[str]) -> str:
    """Join words as in a sentence."""
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


def metric_title(metric: str) -> str:
    """Name a metric, with its unit or what is perfect, for an axis.

    >>> metric_title("mae"), metric_title("r2")
    ('mean absolute error (Å)', 'R² (1 = perfect)')
    """
    title = METRIC_TITLES.get(metric, metric.replace("_", " "))
    return f"{title} ({METRIC_UNITS.get(metric, '1 = perfect')})"


def task_title(task: str) -> str:
    """Name a task for people.

    >>> task_title("bond_length")
    'mean bond length'
    """
    if task == "all":
        return "oxidation state and coordination number"
    return TASKS[task].title if task in TASKS else task.replace("_", " ")


def capital(text: str) -> str:
    """Begin with a capital.

    >>> capital("oxidation state")
    'Oxidation state'
    """
    return text[:1].upper() + text[1:]


def short_title(modality: str) -> str:
    """Name a modality for people, whatever it is.

    >>> short_title("xanes+dpdf"), short_title("exafs")
    ('XANES + dPDF', 'EXAFS')
    """
    try:
        return modality_title(modality)
    except OptionError:
        return " + ".join(
            TECHNIQUES[part].title if part in TECHNIQUES else part.upper() for part in modality.split("+")
        )


def safe(text: object) -> str:
    """Escape text from data before a figure shows it: figures read some HTML.

    >>> safe("<b>Fe2O3</b>")
    '&lt;b&gt;Fe2O3&lt;/b&gt;'
    """
    return html.escape(str(text), quote=False)


def with_minus(sentence: str) -> str:
    """Write true minus signs where a sentence from a file has hyphens."""
    return _MINUS.sub("−", sentence)
