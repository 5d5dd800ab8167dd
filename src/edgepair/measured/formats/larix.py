"""Larix, the sessions of Larch's program of that name: a line of JSON for each group of arrays."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from itertools import islice
from typing import Any

import numpy as np

from edgepair.conventions.tasks import Floats
from edgepair.measured.content import unreadable
from edgepair.measured.scan import ScanTable, Skipped

_MOST_GROUPS = 5_000
_ARRAYS = ("energy", "mu", "norm", "i0")
_NUMBERS = re.compile(r"[<=|]?[fiu][248]")

MARK = re.compile(r"\A##LARIX")
"""What tells a session of Larix."""


def read_larix(text: str, path: str) -> tuple[ScanTable | Skipped, ...]:
    """Read the spectra of a session: its groups that hold energies and an absorption of one length."""
    scans: list[ScanTable | Skipped] = []
    for line in islice((line for line in text.split("\n") if line.startswith("{")), _MOST_GROUPS):
        try:
            group = json.loads(line)
        except (ValueError, RecursionError):
            continue
        arrays = {name: array for name in _ARRAYS if (array := _array(group.get(name))) is not None}
        energy = arrays.pop("energy", None)
        arrays = {
            name: array for name, array in arrays.items() if energy is not None and len(array) == len(energy)
        }
        if energy is None or not arrays.keys() & {"mu", "norm"}:
            continue
        name = str(group.get("filename") or group.get("groupname") or group.get("__name__") or len(scans) + 1)
        header = {key: str(group[key])[:200] for key in ("atsym", "edge") if isinstance(group.get(key), str)}
        mu = "mu" if "mu" in arrays else "norm"
        scans.append(
            ScanTable("Larix", name[:200], ("energy", mu), ("eV", ""),
                      np.column_stack([energy, arrays[mu]]), header, energy=0, mu="$2", mu_name=mu)
        )  # fmt: skip
    if not scans:
        raise unreadable(
            path, found="a Larix session without groups of energies and mu", needed="XAS groups",
            suggestion="save the groups as an Athena project",
        )  # fmt: skip
    return tuple(scans)


def _array(value: Any) -> Floats | None:
    """Take numbers written as a list, or as bytes in base 64."""
    try:
        while isinstance(value, dict) and "__value__" in value:
            value = json.loads(value["__value__"])
        kind = str(value["dtype"]) if "dtype" in value else ""
        if kind and not _NUMBERS.fullmatch(kind):
            return None
        found = np.frombuffer(b64decode(value["value"]), kind) if kind else np.array(value["value"])
        return found.astype(np.float64) if found.ndim == 1 and len(found) >= 10 else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
