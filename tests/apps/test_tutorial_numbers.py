"""The worked example shows what its commands print."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial" / "why-and-what-next.md"
BLOCK = re.compile(r"^```(console|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown() -> list[tuple[str, list[str]]]:
    """List commands of the page, each with the lines that are said to be printed by it."""
    found: list[tuple[str, list[str]]] = []
    for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "console":
            found.append((text.removeprefix("$ edgepair ").strip(), []))
        else:
            found[-1][1].extend(line.strip() for line in text.splitlines())
    return found


def test_the_page_shows_two_commands_with_their_output() -> None:
    printed = {command.split()[0]: lines for command, lines in shown() if lines}
    assert set(printed) == {"interpret", "advise"}
    assert min(len(lines) for lines in printed.values()) >= 9


@pytest.mark.slow
@pytest.mark.parametrize(("command", "lines"), [(c, lines) for c, lines in shown() if lines])
def test_what_is_shown_is_what_is_printed(
    edgepair: Callable[..., Any], command: str, lines: list[str]
) -> None:
    done = edgepair(*command.split())
    assert done.code == 0, done.err
    assert [line for line in lines if line not in done.out] == []
