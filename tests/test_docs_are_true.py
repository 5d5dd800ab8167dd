"""What the documentation shows exists: commands with their options, links, the map of the house."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from edgepair.apps.cli.main import app
from edgepair.conventions import STUDY_ABSORBERS
from edgepair.dataset import load_bundled
from edgepair.study.plan import data_checksum

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = re.compile(r"^\$ (edgepair .*?)(?:\s+#.*)?$", re.MULTILINE)


def shown_commands() -> list[tuple[str, str]]:
    """List the commands that pages show at a prompt."""
    return [
        (str(page.relative_to(ROOT)), command)
        for page in PAGES
        for command in SHOWN.findall(page.read_text(encoding="utf-8"))
    ]


def unknown_parts(text: str) -> list[str]:
    """List subcommands and options of a command that do not exist."""
    command = typer.main.get_command(app)
    words = shlex.split(text)[1:]
    while words and getattr(command, "commands", {}).get(words[0]):
        command = command.commands[words.pop(0)]
    if getattr(command, "commands", {}) and words and not words[0].startswith("-"):
        return [words[0]]
    known = {name for item in command.params for name in (*item.opts, *item.secondary_opts)} | {"--help"}
    named = [word.partition("=")[0] for word in words if word.startswith("--")]
    return [name for name in named if name not in known]


def test_pages_show_commands() -> None:
    commands = {shlex.split(command)[1] for _, command in shown_commands()}
    assert {"inspect", "mix", "data", "build", "study"} <= commands


@pytest.mark.parametrize(("page", "command"), shown_commands())
def test_a_command_that_is_shown_exists(page: str, command: str) -> None:
    assert unknown_parts(command) == [], page


def test_one_that_does_not_exist_would_be_caught() -> None:
    assert unknown_parts("edgepair mix a.xdi --sandards b.csv") == ["--sandards"]
    assert unknown_parts("edgepair data standard") == ["standard"]
    assert unknown_parts("edgepair blend a.xdi") == ["blend"]


def test_the_map_of_the_house_names_every_room_and_files_that_are_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w/]+)` \|[^|]*\| (.*) \|$", text, re.MULTILINE)
    package = ROOT / "src" / "edgepair"
    parts = {path.parent.name for path in package.glob("*/__init__.py")}
    assert {room for room, _ in rows if "/" not in room} == parts
    named = [package / room / name for room, cell in rows for name in re.findall(r"`([\w/.]+)`", cell)]
    assert len(named) >= len(rows)
    assert [path for path in named if not path.is_file()] == []


def test_the_walks_of_the_architecture_enter_files_that_are_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "edgepair"
    named = re.findall(r"`([\w/]+\.py)`", text)
    assert len(named) > 30
    assert [path for path in named if not (package / path).is_file()] == []


def _script(name: str) -> Any:
    specification = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_map_of_the_house_is_as_make_map_writes_it() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    script = _script("make_readme_map")
    assert text == script.with_map(text), "make map"
    assert script.with_map(text.replace("| `report` |", "| `reports` |")) == text


def test_the_picture_was_drawn_from_the_data_that_ship() -> None:
    seen = json.loads((ROOT / "docs" / "overview.json").read_text(encoding="utf-8"))["data_sha256"]
    assert list(seen) == list(STUDY_ABSORBERS)
    now = {name: data_checksum(load_bundled(name)) for name in STUDY_ABSORBERS}
    assert seen == now, "edgepair study; make picture"


def test_links_between_pages_lead_somewhere() -> None:
    link = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s#]+)")
    links = [(page, target) for page in PAGES for target in link.findall(page.read_text(encoding="utf-8"))]
    assert len(links) > 50
    broken = [(str(page.relative_to(ROOT)), to) for page, to in links if not (page.parent / to).exists()]
    assert broken == []
