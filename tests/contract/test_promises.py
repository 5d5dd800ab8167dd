"""Options, exit codes and public names are those that scripts were written against."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

import edgepair as package
from edgepair.apps.cli.main import app

Call = Callable[..., Any]
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def _default(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _options(command: Any, name: str) -> dict[str, Any]:
    """Describe a command: each option with its kind and default, arguments in angle brackets."""
    if getattr(command, "commands", None):
        own = {} if command.no_args_is_help else {name: _listed(command)}
        parts = [
            _options(part, f"{name} {word}".strip())
            for word, part in command.commands.items()
            if not part.hidden
        ]
        return own | {word: options for part in parts for word, options in part.items()}
    return {name: _listed(command)}


def _listed(command: Any) -> dict[str, str]:
    rows = {}
    for item in command.params:
        if item.name == "help" or getattr(item, "hidden", False):
            continue
        if item.param_type_name == "argument":
            name = f"<{item.name}>"
        else:
            name = "/".join([*item.opts, *item.secondary_opts])
        kind = "flag" if getattr(item, "is_flag", False) else "value"
        many = ", repeats" if item.multiple or item.nargs == -1 else ""
        rows[name] = f"{kind}{many}; default {json.dumps(_default(item.default))}"
    return rows


def test_options_and_their_defaults(snapshot: Call) -> None:
    snapshot("options", _options(typer.main.get_command(app), ""))


def _described(item: Any) -> Any:
    """Give the parameters of a function, or the public attributes of a class."""
    if inspect.isclass(item):
        fields = list(getattr(item, "__dataclass_fields__", {}))
        methods = [name for name, member in vars(item).items() if callable(member)]
        properties = [name for name, member in vars(item).items() if isinstance(member, property)]
        return sorted({name for name in (*fields, *methods, *properties) if not name.startswith("_")})
    return list(inspect.signature(item).parameters) if callable(item) else "value"


def test_public_names_and_their_parameters(snapshot: Call) -> None:
    names = [name for name in package.__all__ if name not in ("__version__", "features", "figures")]
    snapshot("public_names", {name: _described(getattr(package, name)) for name in sorted(names)})


def test_names_of_the_reference_can_be_imported_from_where_it_says(snapshot: Call) -> None:
    pages = [path.read_text(encoding="utf-8") for path in sorted(REFERENCE.rglob("*.md"))]
    named = [name for page in pages for name in re.findall(r"^::: ([\w.]+)$", page, re.MULTILINE)]
    found = {}
    for name in named:
        room, _, word = name.rpartition(".")
        found[word] = _described(getattr(importlib.import_module(room), word))
    assert len(found) > 60
    snapshot("reference_names", dict(sorted(found.items())))


@pytest.fixture
def files(quiet_place: Path) -> None:
    """A spectrum, a PDF and a text that is neither."""
    energy = 7112 + np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.5), np.arange(60, 400, 5.0)]
    mu = 0.5 + 0.8 / (1 + np.exp(-(energy - 7124) / 1.3)) + 0.3 * np.exp(-0.5 * ((energy - 7130) / 3) ** 2)
    np.savetxt("good.dat", np.column_stack([energy, mu]), header="energy mu")
    np.savetxt("cut.dat", np.column_stack([energy, mu])[:60], header="energy mu")
    Path("bad.dat").write_text("not a measurement\n", encoding="utf-8")


EXIT_CODES = [
    "", "--version", "--help", "nonsense", "inspect", "inspect good.dat", "inspect good.dat bad.dat",
    "inspect bad.dat", "inspect good.dat --json", "inspect good.dat --nonsense",
    "inspect cut.dat", "inspect good.dat --shift 1e9", "inspect missing.dat",
    "predict", "predict bad.dat --absorber Fe", "predict good.dat --confidence 2",
    "predict good.dat --out no/where.csv --absorber Fe", "mix bad.dat", "mix good.dat --max 0 --absorber Fe",
    "train", "train --absorber Fe --out no/where.model", "study --data missing",
    "study --folds 1 --data SAVED",
    "study --folds five", "interpret --data missing", "interpret --task nonsense --data SAVED",
    "advise", "advise --absorber Fe", "advise --data SAVED --task bond_length --trees 0",
    "build", "build missing --absorber Fe --out fe.zarr", "build bad.dat --absorber Fe --out fe.zarr",
    "data --absorber Cu", "data --absorber Zz", "data show SAVED", "data show missing", "data validate SAVED",
    "data validate SAVED bad.dat", "data validate bad.dat", "data standards CuO", "data standards Nothing",
    "app --port 99999", "cite", "cite SAVED", "cite missing", "study --figures no/where",
]  # fmt: skip


def test_exit_codes(edgepair: Call, saved: Path, files: None, snapshot: Call) -> None:
    codes = {}
    for text in EXIT_CODES:
        done = edgepair(*text.replace("SAVED", str(saved)).split())
        assert "Traceback" not in done.err, text
        assert (done.code == 2) <= (done.err != ""), text
        codes[text or "(nothing)"] = done.code
    snapshot("exit_codes", codes)


def test_a_change_would_be_seen(differences: Call, key_paths: Call) -> None:
    assert differences({"a": [1.0, "x"]}, {"a": [1.005, "x"]}, 0.01) == []
    assert differences({"a": [1.0, "x"]}, {"a": [1.02, "x"]}, 0.01) == [".a[0]: 1.0 became 1.02"]
    assert differences(["b", "a"], ["b", "c"], 0.0) == [": gone 'a'", ": new 'c'"]
    assert differences({"a": 1}, {"b": 1}, 0.0) == [".a: gone", ".b: new"]
    assert differences(["a", "b"], ["b", "a"], 0.0) == [": another order"]
    document = {"rows": [{"x": 1}, {"y": None}], "classes": {"3": {"n": 2}}}
    assert key_paths(document, "classes") == [
        "classes", "classes.*", "classes.*.n", "rows", "rows[].x", "rows[].y",
    ]  # fmt: skip
