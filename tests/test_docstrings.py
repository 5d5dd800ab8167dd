"""Docstrings of everything public follow numpydoc and match the signature."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from functools import cache
from typing import Any

import pytest
from numpydoc.validate import validate

import edgepair

LEFT_OUT = {
    "ES01": "a summary and its sections may be all there is to say",
    "SA01": "'See Also' only where it helps",
    "EX01": "examples where they teach something; docs/ and examples/ hold the rest",
}
"""Checks of numpydoc that are not made, each with the reason."""


def public_modules() -> list[str]:
    """List edgepair and its subpackages and modules that say what is public."""
    names = ["edgepair"]
    for item in pkgutil.walk_packages(edgepair.__path__, "edgepair."):
        if item.name != "edgepair.__main__" and item.ispkg:
            names.append(item.name)
    return names


@cache
def public_names() -> tuple[str, ...]:
    """List every public function, class and method, each by its own full name."""
    found: dict[str, None] = {}
    for module_name in public_modules():
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", ()):
            item: Any = getattr(module, name)
            if not (inspect.isclass(item) or inspect.isfunction(item)):
                continue
            full = f"{item.__module__}.{item.__qualname__}"
            found[full] = None
            if inspect.isclass(item):
                for method, member in vars(item).items():
                    function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
                    made = dataclasses.is_dataclass(item) and method == "__init__"
                    if inspect.isfunction(function) and not method.startswith("_") and not made:
                        found[f"{full}.{method}"] = None
    return tuple(found)


def test_public_names_are_found() -> None:
    names = public_names()
    assert len(names) > 60
    for name in ("edgepair.study.run.run_study", "edgepair.study.result.StudyResult.load"):
        assert name in names


def problems(name: str) -> list[tuple[str, str]]:
    """List what numpydoc finds wrong with one docstring."""
    found = [(code, text) for code, text in validate(name)["errors"] if code not in LEFT_OUT]
    item: Any = importlib.import_module("edgepair")
    for part in name.split(".")[1:]:
        item = getattr(item, part, None)
    if inspect.isclass(item) and ("__init__" not in vars(item) or getattr(item, "_is_protocol", False)):
        # The base class has told of the parameters; an interface is not made at all.
        found = [(code, text) for code, text in found if code != "PR01"]
    if dataclasses.is_dataclass(item):
        # Fields stand under Attributes, once, instead of under Parameters.
        found = [(code, text) for code, text in found if not code.startswith("PR")]
        text = inspect.getdoc(item) or ""
        told = text.partition("Attributes")[2]
        found += [
            ("PR01", f"field {f.name!r} not told") for f in dataclasses.fields(item) if f.name not in told
        ]
    return found


@pytest.mark.parametrize("name", public_names())
def test_a_public_docstring_is_complete(name: str) -> None:
    assert problems(name) == []


def undocumented(value: int) -> int:
    """Return a value.

    Returns
    -------
    int
        The value.
    """
    return value


def test_a_parameter_without_a_word_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edgepair.conventions, "undocumented", undocumented, raising=False)
    codes = {code for code, _ in validate("edgepair.conventions.undocumented")["errors"]}
    assert "PR01" in codes - set(LEFT_OUT)


def test_no_check_is_left_out_without_need() -> None:
    seen = {code for name in public_names() for code, _ in validate(name)["errors"]}
    assert set(LEFT_OUT) <= seen, f"not needed any more: {set(LEFT_OUT) - seen}"
