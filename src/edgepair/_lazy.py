"""Names of a package that are loaded when they are first used, so that importing it is quick."""

from __future__ import annotations

import ast
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any


def lazy_names(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make a package's ``__getattr__`` and ``__dir__`` from the imports that its file has for types."""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    nodes = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]
    known = {
        alias.name: str(node.module)
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    def load(name: str) -> Any:
        if name not in known:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        own = known[name] == package
        found = import_module(f"{package}.{name}") if own else getattr(import_module(known[name]), name)
        # found once: the package has it from now on
        setattr(import_module(package), name, found)
        return found

    return load, lambda: sorted(known)
