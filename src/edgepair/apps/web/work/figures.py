"""Figures as plain values, which cross from a process to the page."""

from __future__ import annotations

import json
from typing import Any


def plain_figure(figure: Any) -> dict[str, Any]:
    """Write a figure as plain values."""
    spec: dict[str, Any] = json.loads(figure.to_json())
    return spec
