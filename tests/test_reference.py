"""The API reference has every public name, once, under the room that it can be imported from."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from pathlib import Path

import pytest

import edgepair

ROOT = Path(__file__).resolve().parents[1]
ROOMS = sorted(
    path.parent.name
    for path in (ROOT / "src" / "edgepair").glob("*/__init__.py")
    if path.parent.name not in ("apps", "files")
)
"""The applications are used by commands, and files are ours: neither has a page."""


def entries() -> list[str]:
    """List the full names that have a place in the reference."""
    pages = sorted((ROOT / "docs" / "reference").rglob("*.md"))
    return [
        name
        for page in pages
        for name in re.findall(r"^::: edgepair\.([\w.]+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_of_a_room_has_one_place(room: str) -> None:
    exported = set(importlib.import_module(f"edgepair.{room}").__all__)
    shown = Counter(name.partition(".")[2] for name in entries() if name.partition(".")[0] == room)
    assert sorted(exported - set(shown)) == [], (
        f"add '::: edgepair.{room}.NAME' to a page of docs/reference/api"
    )
    assert sorted(set(shown) - exported) == [], "shown, but not exported"
    assert [name for name, count in shown.items() if count > 1] == []


def test_no_name_is_shown_of_what_is_no_room() -> None:
    assert {name.partition(".")[0] for name in entries()} <= set(ROOMS)


def test_edgepair_shows_public_names_only_and_all_can_be_imported() -> None:
    assert dir(edgepair) == sorted(edgepair.__all__)
    shown = {name.rpartition(".")[2] for name in entries()} | {"__version__", *ROOMS}
    for name in edgepair.__all__:
        assert getattr(edgepair, name) is not None
        assert name in shown


def test_every_page_of_the_reference_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    left_out = [page for page in pages if page not in navigation and not page.startswith("decisions/0")]
    assert left_out == []
