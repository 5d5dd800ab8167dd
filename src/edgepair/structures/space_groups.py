"""Space groups by the names that files give them: their settings, and the operations of each."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spglib import SpaceGroupType

    from edgepair.conventions.tasks import Floats

_SETTING = re.compile(r"(?<=.)(?::?\(?(?:origin(?:choice)?)?([12hrsz])\)?)$")
_LONGEST_NAME = 100
_SAME_MOVE, _GENERATORS = 0.02, 12


def is_group(listed: list[str]) -> bool:
    """Say whether products of operations are among them; one that is misread or mistyped spoils that."""
    from pymatgen.core.operations import SymmOp

    matrices = np.array([SymmOp.from_xyz_str(text).affine_matrix for text in listed])
    moves: dict[bytes, list[Floats]] = {}
    for matrix in matrices:
        moves.setdefault(np.round(matrix[:3, :3] + 0.0, 3).tobytes(), []).append(matrix[:3, 3])
    for product in (matrices[:, None] @ matrices[:_GENERATORS]).reshape(-1, 4, 4):
        away = product[:3, 3] - moves.get(np.round(product[:3, :3] + 0.0, 3).tobytes(), [np.full(3, np.inf)])
        if not (np.abs(away - np.round(away)) < _SAME_MOVE).all(axis=1).any():
            return False
    return True


@lru_cache(maxsize=1)
def _table() -> list[tuple[int, set[str], str, str, int]]:
    """List the 530 settings of space groups: Hall number, names, choice, Hall symbol, number."""
    rows = []
    for hall in range(1, 531):
        kind = _type_of(hall)
        specific = kind.international.split("=")[-1].strip()
        names = {plain_name(specific), plain_name(kind.international_full)}
        if 3 <= kind.number <= 15:
            parts = specific.split()
            names.add(plain_name(" ".join([parts[0], *(part for part in parts[1:] if part != "1")])))
        if kind.number >= 200:
            # As written before 1983: F d 3 m.
            names |= {name.replace("-3", "3") for name in names}
        rows.append((hall, names, kind.choice.lower(), re.sub(r"\s", "", kind.hall_symbol), kind.number))
    return rows


def plain_name(name: str) -> str:
    """Write a symbol without spaces and quotes; what stands in braces is a remark: {hexagonal axes}."""
    return re.sub(r"\{[^}]*\}|[\s_~'\"]", "", name[:_LONGEST_NAME]).lower()


def find_settings(hall: str, name: str, number: str) -> list[int]:
    """List the Hall numbers of the settings that a file's symbols can mean."""
    table = _table()
    symbol = re.sub(r"[\s_]", "", hall)
    if found := [row[0] for row in table if row[3].lower() == symbol.lower()]:
        return found
    plain = plain_name(name)
    for words, choice in ((plain, ""), (_SETTING.sub("", plain), (_SETTING.findall(plain) or [""])[0])):
        choice = {"s": "1", "z": "2"}.get(choice, choice)
        rows = [row for row in table if words in row[1]]
        if choice and any(row[2] == choice for row in rows):
            rows = [row for row in rows if row[2] == choice]
        if rows:
            return [row[0] for row in rows]
    if name or not re.fullmatch(r"\d+", number.strip()):
        return []
    # A number alone means the standard setting; its two origins or cells are left open.
    rows = [row for row in table if row[4] == int(number)]
    return [row[0] for row in rows if row[2] in ("1", "2", "h", "r")] or [row[0] for row in rows[:1]]


@lru_cache(maxsize=64)
def operations_of(setting: int) -> list[str]:
    """List the operations of a setting, by its Hall number."""
    import spglib
    from pymatgen.core.operations import SymmOp

    found = spglib.get_symmetry_from_database(setting)
    assert found is not None, setting
    pairs = zip(found["rotations"], found["translations"], strict=True)
    return [SymmOp.from_rotation_and_translation(turn, move).as_xyz_str() for turn, move in pairs]


def _type_of(setting: int) -> SpaceGroupType:
    import spglib

    found = spglib.get_spacegroup_type(setting)
    assert found is not None, setting
    return found


def setting_name(setting: int) -> str:
    """Name a setting, by its Hall number."""
    kind = _type_of(setting)
    name = kind.international.split("=")[-1].strip()
    return f"{name} :{kind.choice}" if kind.choice in ("1", "2", "H", "R") else name
