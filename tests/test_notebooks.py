"""The notebooks run from top to bottom, at their quick size, and are kept without outputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "docs" / "notebooks").glob("*.ipynb"))
QUICKEST = "my_first_answer"
"""The one that is run by default; the others by `make slow`."""


def test_there_are_three() -> None:
    page = (NOTEBOOKS[0].parent / "index.md").read_text(encoding="utf-8")
    assert len(NOTEBOOKS) == 3
    assert all(f"({path.name})" in page for path in NOTEBOOKS)


@pytest.mark.parametrize(
    "notebook",
    [pytest.param(path, marks=() if path.stem == QUICKEST else pytest.mark.slow) for path in NOTEBOOKS],
    ids=lambda path: path.stem,
)
def test_a_notebook_runs(notebook: Path, tmp_path: Path) -> None:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
    copy = tmp_path / notebook.name
    copy.write_bytes(notebook.read_bytes())
    done = subprocess.run(
        [Path(sys.executable).with_name("jupyter-execute"), "--inplace", "--timeout=600", copy],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "EDGEPAIR_QUICK": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    shown = [
        kind
        for cell in json.loads(copy.read_text(encoding="utf-8"))["cells"]
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    ]
    assert "text/html" in shown
    assert any(kind.startswith(("image/", "application/vnd.plotly")) for kind in shown)
