"""Every example runs, as a user would run it, without a warning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = [path for folder in ("examples", "docs/gallery") for path in sorted((ROOT / folder).glob("*.py"))]


def test_there_are_examples() -> None:
    assert {path.parent.name for path in EXAMPLES} == {"examples", "gallery"}
    page = (ROOT / "docs" / "gallery" / "index.md").read_text(encoding="utf-8")
    assert all(f"docs/gallery/{path.name}" in page for path in EXAMPLES if path.parent.name == "gallery")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", example], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()
