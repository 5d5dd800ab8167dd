"""The shape of the code: imports go one way, and the check itself works."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "edgepair"


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the copy of the package in a folder."""
    lint = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    return subprocess.run(
        [sys.executable, "-c", lint, "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env=os.environ | {"PYTHONPATH": str(folder)},
    )  # fmt: skip


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The package's code in a folder of its own."""
    shutil.copytree(
        PACKAGE, tmp_path / "edgepair", ignore=shutil.ignore_patterns("bundled", "templates", "__pycache__")
    )
    return tmp_path


def test_a_part_imports_only_from_the_parts_above_it(copied: Path) -> None:
    done = lint_imports(copied)
    assert done.returncode == 0, done.stdout
    assert "2 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("conventions/tasks.py", "import edgepair.dataset"),
        ("dataset/splits.py", "from edgepair.models import fitting"),
        ("models/learners.py", "def f() -> None:\n    from edgepair.study import run_study"),
        ("study/result.py", "from edgepair.report import write_study"),
        ("conventions/wording.py", "import edgepair.apps.cli.main"),
        ("labels/site_labels.py", "import edgepair.simulation.pdf"),
        ("apps/web/work/reading.py", "from edgepair.apps.cli import console"),
    ],
)
def test_an_import_from_below_is_caught(copied: Path, part: str, line: str) -> None:
    with (copied / "edgepair" / part).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = lint_imports(copied)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "broken." in done.stdout
    assert " 0 broken" not in done.stdout


def test_every_part_is_in_the_contract() -> None:
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract, _ = settings["tool"]["importlinter"]["contracts"]
    listed = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    parts = {f"edgepair.{path.parent.name}" for path in PACKAGE.glob("*/__init__.py")}
    assert parts == listed


def test_nothing_is_called_utils() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc", "core", "base"}
    assert [path for path in PACKAGE.rglob("*") if path.stem in drawers] == []


def test_outside_science_libraries_stay_out_of_the_apps() -> None:
    """Apps hold no science: they call edgepair and print."""
    for path in (PACKAGE / "apps").rglob("*.py"):
        used = {name.split(".")[0] for name in imports(ast.parse(path.read_text(encoding="utf-8")))}
        assert not used & {"numpy", "scipy", "sklearn", "pandas", "pymatgen"}, path


def imports(node: ast.AST) -> Iterator[str]:
    """Name what a file imports when it runs, not for type checkers only."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        yield node.module or ""
    for child in ast.iter_child_nodes(node):
        yield from imports(child)


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
