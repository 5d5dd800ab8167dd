"""Minerals of the American Mineralogist Crystal Structure Database that ship with larixite."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from edgepair.conventions import StructureError
from edgepair.conventions.displayed import Record
from edgepair.structures.source_material import SourceMaterial, parse_elements, parse_filters

FILTERS = {
    "elements": "all of these, such as Fe+O",
    "exclude": "none of these",
    "mineral": "name, such as hematite; * stands for any letters",
}

_DATABASE = "amcsd_cif1.db"
_ALL = 1_000_000


def read_minerals(text: str = "") -> Iterator[SourceMaterial]:
    """Read minerals, one at a time.

    Opening larixite's database writes to it: edgepair opens a private copy. Nothing is downloaded.

    .. [1] Downs and Hall-Wallace, Am. Mineral. 88, 247 (2003)
    """
    filters = parse_filters("amcsd", text, FILTERS)
    wanted = {
        "contains_elements": parse_elements(filters["elements"]) if "elements" in filters else None,
        "excludes_elements": parse_elements(filters["exclude"]) if "exclude" in filters else None,
        "mineral_name": _pattern(filters["mineral"]) if "mineral" in filters else None,
    }
    package = find_spec("larixite")
    original = None
    if package is not None and package.origin is not None:
        original = Path(package.origin).with_name(_DATABASE)
    if original is None or not original.is_file():
        raise StructureError(
            "cannot read minerals",
            found="no larixite with its database",
            needed="larixite, which comes with the extra 'minerals'",
            suggestion="pip install 'edgepair[minerals]'",
        )
    with tempfile.TemporaryDirectory(prefix="edgepair-amcsd-") as folder:
        copy = Path(folder) / _DATABASE
        shutil.copyfile(original, copy)
        yield from _read(copy, wanted, text)


def _pattern(name: str) -> str:
    """Write a name with ``*`` as larixite wants it: a regular expression, of the whole name."""
    if not set(name) & set("*^$"):
        return name
    return "^" + "*".join(re.escape(part) for part in name.split("*")) + "$"


def _read(path: Path, wanted: Record, text: str) -> Iterator[SourceMaterial]:
    from larixite.amcsd import AMCSD

    database = AMCSD(dbname=str(path))
    try:
        # Two elements in a mineral's name are rare, but its case is not ours to ask for.
        found = database.find_cifs(max_matches=_ALL, **wanted)
        if not found:
            raise StructureError(
                f"cannot read minerals with {text!r}",
                found="none of the minerals matches",
                needed="at least one",
                suggestion="check the name of the mineral, or use * in it",
            )
        for cif in sorted(found, key=lambda item: int(item.ams_id)):
            name = "_".join(str(cif.get_mineralname()).split())
            row = {"mineral": name, "publication": str(getattr(cif, "pub_title", ""))}
            yield SourceMaterial(f"amcsd-{cif.ams_id}-{name}", str(cif.ciftext), "cif", row)
    finally:
        database.close()
        database.finalize_amcsd()
        database.engine.dispose()
