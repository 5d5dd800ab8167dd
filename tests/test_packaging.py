"""The container file and the conda recipe say what the project says."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import yaml

import edgepair

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def spaced(requirement: str) -> str:
    """Write a requirement as conda does."""
    return re.sub(r"([\w.-]+?)\s*([<>=!].*)", r"\1 \2", requirement)


def test_the_recipe_needs_what_the_project_needs() -> None:
    recipe = yaml.safe_load((ROOT / "recipe" / "meta.yaml").read_text(encoding="utf-8"))
    python = f"python {PROJECT['requires-python']}"
    assert recipe["requirements"]["run"] == [python, *map(spaced, PROJECT["dependencies"])]
    assert recipe["requirements"]["host"][0] == python
    assert recipe["package"] == {"name": PROJECT["name"], "version": edgepair.__version__}
    assert recipe["build"]["entry_points"] == [f"edgepair = {PROJECT['scripts']['edgepair']}"]
    assert (recipe["about"]["license"], recipe["about"]["summary"]) == (
        PROJECT["license"], PROJECT["description"],
    )  # fmt: skip


def test_the_container_serves_the_page_as_an_ordinary_user() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    steps = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    last = [word for word, _ in steps].index("ENTRYPOINT")
    users = [rest for word, rest in steps[:last] if word == "USER"]
    assert users[-1] not in ("root", "0")
    assert f"useradd --create-home --uid 1000 {users[-1]}" in text
    for word, rest in steps:
        if word == "COPY" and "--from" not in rest:
            assert all((ROOT / name).exists() for name in rest.split()[:-1]), rest
    command = json.loads(next(rest for word, rest in steps if word == "CMD"))
    options = json.loads((ROOT / "tests/contract/snapshots/options.json").read_text(encoding="utf-8"))["app"]
    known = {name for row in options for name in row.split("/")}
    assert {word for word in command if word.startswith("--")} <= known
    assert command[command.index("--port") + 1] == next(rest for word, rest in steps if word == "EXPOSE")
    assert all(image.startswith("python:3.12") for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE))
