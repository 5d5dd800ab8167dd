"""How messages name a parameter: written once as options of the command line, shown in Python as keywords."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType, SimpleNamespace

_SAME = (
    "absorber", "axis", "combine", "composition", "data", "dpdf", "e0", "ends", "energy-column",
    "energy-unit", "fixed", "foil", "item", "model", "mu", "neighbours", "number", "number-density", "post",
    "pre", "qmax", "r-range", "radiation", "shift", "standards",
)  # fmt: skip

KEYWORDS: Mapping[str, str] = MappingProxyType(
    {f"--{name}": name.replace("-", "_") for name in _SAME}
    | {
        "--confidence": "confidence_level",
        "--learner": "learners",
        "--modality": "modalities",
        "--range": "energy_range",
        "--reference": "foil",
    }
)
"""Keywords of functions by the options that say the same."""

_COMMAND = r"edgepair [a-z]+(?: (?:--[\w-]+(?:=[^\s;]+| [^\s;-][^\s;]*)?|[\w*]+\.\w+|[A-Z]+\b))*"
_NUMBERS = r"[-−]?\d[\d.]*(?:e[-+]?\d+)?(?:,[-−]?\d[\d.]*)*"
_VALUE = (
    rf"(?:=| )(?:\"[^\"]*\"|'[^']*'|{_NUMBERS}\b|/[\w/]+|eV\b|keV\b|degree\b|x-ray\b|neutron\b|[A-Z][a-z]?\b)"
)
_FOUND = re.compile(rf"{_COMMAND}|(--[a-z][a-z0-9-]*)({_VALUE})?")

_readers = SimpleNamespace(of_options=0)
"""Of a whole process: the threads of a page or of `watch` speak as its command line does."""


@contextmanager
def options_shown() -> Iterator[None]:
    """Show messages as they are written, for who types options."""
    _readers.of_options += 1
    try:
        yield
    finally:
        _readers.of_options -= 1


def spelled(text: str) -> str:
    """Spell the parameters of a message as who reads it gives them."""
    return text if _readers.of_options or "--" not in text else as_keywords(text)


def as_keywords(text: str) -> str:
    """Name keywords in the place of options; whole commands stay."""

    def named(found: re.Match[str]) -> str:
        option, value = found[1], (found[2] or "")[1:]
        if option not in KEYWORDS:
            return found[0]
        if re.fullmatch(_NUMBERS, value):
            value = f"({value.replace(',', ', ')})" if "," in value else value
        elif value and value[0] not in "\"'":
            value = f'"{value}"'
        return f"{KEYWORDS[option]}={value}"

    return _FOUND.sub(named, text)
