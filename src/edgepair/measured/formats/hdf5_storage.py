"""Objects and numbers of an HDF5 file that lie in the file itself.

HDF5 would follow external links, external raw storage and virtual datasets to wherever the reader
may read. Each is looked at here before the library touches it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_DEEPEST = 8


def find_inside(group: Any, name: str, depth: int = 0) -> Any:
    """Find a member of a group, soft links followed by hand; None where that leaves the file or ends."""
    h5py: Any = import_module("h5py")
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.HardLink):
        return group[name]
    if not isinstance(link, h5py.SoftLink) or depth > _DEEPEST:
        return None
    return _walk(group, str(link.path), depth + 1)


def stored_elsewhere(member: Any, depth: int = 0) -> str:
    """Say in which other file a dataset's numbers lie; empty where they lie in this one."""
    external = member.external
    if external:
        return str(external[0][0])
    if not member.is_virtual:
        return ""
    for source in member.virtual_sources():
        if source.file_name != ".":
            return str(source.file_name)
        inner = _walk(member.file, str(source.dset_name), depth) if depth <= _DEEPEST else None
        if not hasattr(inner, "virtual_sources"):
            return "no dataset of this file"
        if found := stored_elsewhere(inner, depth + 1):
            return found
    return ""


def _walk(group: Any, path: str, depth: int) -> Any:
    here = group.file if path.startswith("/") else group
    for part in path.split("/"):
        if part not in ("", "."):
            here = find_inside(here, part, depth) if hasattr(here, "keys") else None
        if here is None:
            return None
    return here
