"""Write the README's map of the rooms, from what stands in them: their order, docstrings and exports.

    python scripts/make_readme_map.py

``make map`` calls it, and a test compares: the map cannot be old.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "edgepair"
BEGIN, END = "<!-- map: make map -->\n", "<!-- end of map -->\n"
ENTRANCES = {"apps": ("cli/main.py", "web/server.py"), "files": ("result_folder.py", "writing.py")}
"""Where to start in rooms that export nothing."""


def rooms() -> list[str]:
    """List the rooms in the order in which data flow, as the import contract has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [item for item in settings["tool"]["importlinter"]["contracts"] if item["type"] == "layers"]
    layers = [layer.split(" | ") for layer in reversed(contract["layers"])]
    return [name.removeprefix("edgepair.") for layer in layers for name in layer]


def entrances(room: str) -> tuple[str, ...]:
    """Name two modules: behind what `edgepair` itself exports, then those of most public names."""
    if room in ENTRANCES:
        return ENTRANCES[room]
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))
    first = re.findall(r'^    "(\w+)",', (PACKAGE / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    counts: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"edgepair.{room}."):
            path = str(node.module).removeprefix(f"edgepair.{room}.").replace(".", "/") + ".py"
            counts[path] += sum(1 + 99 * (alias.name in first) for alias in node.names)
    # of equals the first in the alphabet
    return tuple(sorted(counts, key=lambda path: (-counts[path], path))[:2])


def table() -> str:
    """Make the map: a row a room."""
    lines = ["| room `src/edgepair/…` | what is done there | start reading at |", "|---|---|---|"]
    for room in rooms():
        docstring = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8")))
        said = str(docstring).splitlines()[0].rstrip(".")
        title, colon, rest = said.partition(": ")
        what = rest if colon and len(title.split()) < 4 else said
        starts = ", ".join(f"`{name}`" for name in entrances(room))
        lines.append(f"| `{room}` | {what[0].lower() + what[1:] if what[1].islower() else what} | {starts} |")
    return "\n".join(lines) + "\n"


def with_map(text: str) -> str:
    """Give a page with its map made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + table() + "\n" + END + after


if __name__ == "__main__":
    page = ROOT / "README.md"
    page.write_text(with_map(page.read_text(encoding="utf-8")), encoding="utf-8")
    print(page)
