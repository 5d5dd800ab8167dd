"""Every example runs, as a user would run it, without a warning; `make docs` runs the gallery."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
GALLERY = ROOT / "docs" / "gallery"


def test_there_are_examples() -> None:
    assert EXAMPLES


def test_the_gallery_shows_every_script_with_its_picture() -> None:
    page, scripts = (GALLERY / "index.md").read_text(encoding="utf-8"), sorted(GALLERY.glob("*.py"))
    assert len(scripts) >= 16
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 45, f"{script.name} is too long to copy"
        assert " ".join(ast.get_docstring(ast.parse(text), clean=True).split()) in " ".join(page.split())
        assert f'--8<-- "docs/gallery/{script.name}"' in page
        assert f"(pictures/{script.stem}.png)" in page
        assert (GALLERY / "pictures" / f"{script.stem}.png").is_file()
    assert len(list((GALLERY / "pictures").iterdir())) == len(scripts)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", example], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()
