"""Words that a methods section would not use are gone from code, reports and docs, and stay gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
KINDS = (".py", ".md", ".html", ".js", ".j2")
NOT_USED = {
    "spread_out": "scatter_rows",
    "knowing nothing": "baseline",
    "exchanged labels": "permuted labels",
    "a price for each compound": "a penalty per component",
    "kernel machine": "kernel ridge",
    "leant on": "reliable",
    "labels exchanged": "labels permuted",
}
"""Word: what is said instead. A word joins the list when the last place that uses it is mended."""


def places(word: str, text: str) -> list[int]:
    """List the lines of a text that use a word, whatever its case, and across the end of a line."""
    pattern = re.compile(r"\s+".join(map(re.escape, word.split())), re.IGNORECASE)
    return [text.count("\n", 0, match.start()) + 1 for match in pattern.finditer(text)]


@pytest.mark.parametrize("word", NOT_USED)
def test_a_word_is_not_used(word: str) -> None:
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    files += [
        path for top in ("src", "docs") for path in sorted((ROOT / top).rglob("*")) if path.suffix in KINDS
    ]
    assert len(files) > 200
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in files
        for line in places(word, path.read_text(encoding="utf-8"))
    ]
    assert found == [], f"say {NOT_USED[word]!r}"


def test_a_word_would_be_found() -> None:
    assert places("knowing nothing", "One\nfor Knowing\n  nothing") == [2]
    assert places("spread_out", "spread out") == []
