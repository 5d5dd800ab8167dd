"""Pin every package that the project's own environment uses, in new environments on Python 3.11.

usage: python3.11 scripts/lock.py

``requirements.lock`` is what ``make study`` needs and what the tests need besides;
``requirements-extras.lock`` is what the tests of the extras ``explain``, ``minerals`` and ``mp``
add. Both are resolved together, so that one never changes the other.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BASE_EXTRAS = ("parquet", "xyz", "scale", "web")
OTHER_EXTRAS = ("explain", "minerals", "mp")


def resolve(wanted: Sequence[str], constraints: Sequence[str]) -> list[str]:
    """Install into a new environment and list what came."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = str(Path(folder) / "bin" / "python")
        limits = Path(folder) / "constraints.txt"
        limits.write_text("\n".join(constraints) + "\n")
        command = [python, "-m", "pip", "install", "--quiet", "--prefer-binary", "-c", str(limits), *wanted]
        subprocess.run(command, check=True)
        frozen = subprocess.run(
            [python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True
        ).stdout
    return sorted(line for line in frozen.splitlines() if "==" in line)


def main() -> None:
    """Write both files."""
    if sys.version_info[:2] != (3, 11):
        sys.exit("pin on Python 3.11, the oldest that edgepair supports")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups, extras = project["dependency-groups"], project["project"]["optional-dependencies"]
    base = [*project["project"]["dependencies"], *groups["dev"], *groups["docs"]]
    base += [item for name in BASE_EXTRAS for item in extras[name]]
    everything = resolve(base + [item for name in OTHER_EXTRAS for item in extras[name]], [])
    core = resolve(base, everything)
    (ROOT / "requirements.lock").write_text("\n".join(core) + "\n")
    rest = sorted(set(everything) - set(core))
    (ROOT / "requirements-extras.lock").write_text("\n".join(rest) + "\n")


if __name__ == "__main__":
    main()
