"""Values as JSON knows them."""

from __future__ import annotations

import math
from typing import Any


def json_ready(value: Any) -> Any:
    """Make values that JSON knows.

    Examples
    --------
    >>> json_ready({"value": float("nan"), "ends": (1.5, float("inf"))})
    {'value': None, 'ends': [1.5, None]}
    """
    if isinstance(value, dict):
        return {key: json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
