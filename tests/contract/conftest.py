"""What others script against stays as it is, or changes on purpose: the snapshots and how they are renewed.

``make contract REASON="why it has to change"`` writes the snapshots anew and adds the reason to
``snapshots/reasons.txt``: a column, key, option or answer that changes without one breaks somebody's script.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SNAPSHOTS = Path(__file__).parent / "snapshots"
REASON = os.environ.get("EDGEPAIR_RENEW", "").strip()

_specification = importlib.util.spec_from_file_location(
    "fixtures_of_the_command_line", Path(__file__).parents[1] / "apps" / "conftest.py"
)
assert _specification is not None
assert _specification.loader is not None
_fixtures = importlib.util.module_from_spec(_specification)
# dataclasses look their module up
__import__("sys").modules[_specification.name] = _fixtures
_specification.loader.exec_module(_fixtures)
quiet_place, saved, edgepair = _fixtures.quiet_place, _fixtures.saved, _fixtures.edgepair


def _differences(old: Any, new: Any, tolerance: float, path: str = "") -> list[str]:
    """List where two documents differ, numbers with decimals by more than the tolerance."""
    if isinstance(old, dict) and isinstance(new, dict):
        gone = [f"{path}.{key}: gone" for key in old if key not in new]
        added = [f"{path}.{key}: new" for key in new if key not in old]
        both = [_differences(old[key], new[key], tolerance, f"{path}.{key}") for key in old if key in new]
        return gone + added + [line for lines in both for line in lines]
    if isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new) or not any(isinstance(item, dict | list | float) for item in old):
            gone = [f"{path}: gone {item!r}" for item in old if item not in new]
            added = [f"{path}: new {item!r}" for item in new if item not in old]
            return gone + added or ([] if old == new else [f"{path}: another order"])
        pairs = enumerate(zip(old, new, strict=True))
        return [line for k, (a, b) in pairs for line in _differences(a, b, tolerance, f"{path}[{k}]")]
    if isinstance(old, float) and isinstance(new, float | int) and not isinstance(new, bool):
        return [] if abs(old - new) <= tolerance else [f"{path}: {old} became {new}"]
    return [] if old == new else [f"{path}: {old!r} became {new!r}"]


@pytest.fixture
def snapshot() -> Callable[..., None]:
    """Compare with a stored document, or store it where a reason to renew it is given."""

    def compare(name: str, found: Any, *, tolerance: float = 0.0) -> None:
        path = SNAPSHOTS / f"{name}.json"
        new = json.loads(json.dumps(found))
        old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        changed = ["no snapshot"] if old is None else _differences(old, new, tolerance)
        if changed and REASON:
            text = json.dumps(new, indent=1, ensure_ascii=False, sort_keys=False)
            path.write_text(text + "\n", encoding="utf-8")
            reasons = SNAPSHOTS / "reasons.txt"
            line = f"{name}: {REASON}\n"
            told = reasons.read_text(encoding="utf-8") if reasons.exists() else ""
            if line not in told:
                reasons.write_text(told + line, encoding="utf-8")
            return
        assert changed == [], f"{name} is not as promised; if it has to change: make contract REASON='…'"

    return compare


@pytest.fixture
def differences() -> Callable[..., list[str]]:
    """Hand out the comparison, to be tried itself."""
    return _differences


def _key_paths(value: Any, free: frozenset[str], path: str = "") -> set[str]:
    """List the paths of all keys; below a free key, what the data are called is left out."""
    if isinstance(value, list):
        return {line for item in value for line in _key_paths(item, free, f"{path}[]")}
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, item in value.items():
        here = f"{path}.*" if path.rpartition(".")[2] in free else f"{path}.{key}".lstrip(".")
        found |= {here} | _key_paths(item, free, here)
    return found


@pytest.fixture
def key_paths() -> Callable[..., list[str]]:
    """Hand out the function that lists the keys of a document."""

    def listed(value: Any, *free: str) -> list[str]:
        return sorted(_key_paths(value, frozenset(free)))

    return listed
