"""No pattern that meets foreign text may try to share out what overlapping parts could both match."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import edgepair

ROOMS = ("measured", "structures", "standards", "files")
"""Where text of files is read."""

_METHODS = {"compile", "match", "search", "fullmatch", "findall", "finditer", "split", "sub"}
_RUNS = (*" \taA1._-([)#=:,'\\", "a ", "1 ", "H1", "a=", "a.", "#S 1\n", "%d\n")
_SHORT, _LONG = 400, 3_200


def _patterns() -> Iterator[tuple[str, str, int, str]]:
    root = Path(edgepair.__file__).parent
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            source = path.read_text()
            for node in ast.walk(ast.parse(source)):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                    continue
                owner, used = node.func.value, node.func.attr
                if not (isinstance(owner, ast.Name) and owner.id == "re" and used in _METHODS):
                    continue
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    if used == "compile":
                        line = source.splitlines()[node.lineno - 1]
                        constant = line.partition(" =")[0].strip()
                        pattern = rf"\b{constant}\.(fullmatch|match)\b"
                        found = constant.isidentifier() and re.search(pattern, source)
                        used = found.group(1) if found else "search"
                    name = f"{path.relative_to(root)}:{node.lineno}"
                    flags = re.IGNORECASE if "re.I" in ast.unparse(node) else re.NOFLAG
                    yield name, first.value, flags, used if "match" in used else "search"


PATTERNS = list(_patterns())


def _seconds(look: Callable[[str], object], text: str) -> float:
    best = float("inf")
    for _ in range(2):
        began = time.process_time()
        look(text)
        best = min(best, time.process_time() - began)
    return best


def test_there_are_patterns() -> None:
    assert len(PATTERNS) > 50


@pytest.mark.parametrize(
    ("pattern", "flags", "used"), [row[1:] for row in PATTERNS], ids=[row[0] for row in PATTERNS]
)
def test_time_grows_with_the_length_alone(pattern: str, flags: int, used: str) -> None:
    """Eight times the text takes 8 times as long, 64 times where parts overlap."""
    look = getattr(re.compile(pattern, flags), used)
    # What the pattern itself begins with leads deepest into it.
    words = re.findall(r"[A-Za-z]{2,}", re.sub(r"\\.|\(\?[a-zA-Z]+\)", " ", pattern))[:4]
    for start in ("", "'", "(", "[", "#", *words):
        for run in _RUNS:
            for end in ("", "!", "\x00"):
                long = _seconds(look, start + run * (_LONG // len(run)) + end)
                if long < 0.004:
                    continue
                short = _seconds(look, start + run * (_SHORT // len(run)) + end)
                assert long < 25 * short, (pattern, start, run, end)
