"""Crystal structures from CIF: elements of odd labels, and symmetry that is named but not listed.

A space group's name alone leaves its setting open (two origins, two cells, three axes). What the
cell, the distances, the density and the stated formula leave is taken; where they leave two
different structures the file is refused.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgepair.conventions.displayed import Record
from edgepair.structures.space_groups import find_settings, is_group, operations_of, plain_name, setting_name

if TYPE_CHECKING:
    from pymatgen.core import Composition, Structure
    from pymatgen.io.cif import CifParser

OCCUPANCY = 1.1
"""Shared sites whose occupancies add up to 1.01 are disordered, not unreadable."""

VOLUMES = (4.0, 60.0)
"""Å³ per atom between which crystals lie; diamond has 5.7, open frameworks 50."""

OVERLAP = 0.7
"""Å; two full atoms are never so close."""

SNAP = 0.05
"""Å; images of a site that are nearer than this are one atom, on a special position written in few digits."""

_MOST_IMAGES = 10_000
"""Sites times operations up to which images are compared; larger lists have no room for slips."""

MOST_ATOMS = 20_000
"""Sites times operations of symmetry that are spelled out; larger lists would take minutes."""

MOST_OPERATIONS = 384
"""Those of the largest group, in a cell of twice its size."""

_LONGEST_OPERATION = 200

LISTED = "the listed operations"

Block: TypeAlias = Record
"""What a CIF says of one structure: texts, and lists of texts, by their keys."""

_OPERATIONS = ("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz")
_HALL = ("_symmetry_space_group_name_hall", "_space_group_name_hall")
_NAMES = ("_symmetry_space_group_name_h-m", "_space_group_name_h-m_alt", "_space_group_name_h-m_ref")
_NUMBERS = ("_symmetry_int_tables_number", "_space_group_it_number")
_GROUPS = {"OH": "O", "OHH": "O", "HOH": "O", "W": "O", "OW": "O", "WAT": "O", "HW": "H"}
"""Molecules and groups that stand for one atom, by the letters of their label."""
_MODULATED = ("_space_group_ssg", "_space_group_symop_ssg", "_space_group_magn.ssg", "_cell_modulation_dim")
_CHANGE_OF_BASIS = r"[-+*/\d.,;()\sabcxyz?]{0,200}"
_DOTTED = r"(?im)^([ \t]*_(?:cell|atom_site|atom_type|space_group|space_group_symop|symmetry))\.(?!magn)"
_POSITION = tuple(f"_atom_site_fract_{axis}" for axis in "xyz")
_CELL = {"length": "abc", "angle": ("alpha", "beta", "gamma")}
_OCCUPANCY = "_atom_site_occupancy"
_LONGEST_FORMULA = 1_000
_SAME = 1e-4
_UNKNOWN = ("", "?", ".")
_EMPTY = ("VA", "VAC", "VACANCY", "VACANT", "DUM", "DUMMY", "GHOST", "BOX", "SQ")


def read_cif(text: str) -> tuple[Structure, tuple[str, ...]]:
    """Read the one structure of a CIF, with what had to be inferred; ValueError where it is not clear."""
    from pymatgen.io.cif import CifParser

    # Names of CIF 2 have a dot after their category; bytes that ended files of DOS are no text.
    text = re.sub(_DOTTED, r"\1_", re.sub(r"[\x00\x1a]", "", text))
    # Its reader takes a data_ in a quoted text for a block.
    text = re.sub(r"(?ms)^;.*?^;", lambda quoted: quoted.group().replace("data_", "data-"), text)
    if not re.search(r"(?i)_atom_site_fract_x\s", text):
        raise ValueError("no atoms with fractional coordinates")
    parser = CifParser.from_str(text, occupancy_tolerance=OCCUPANCY)
    blocks = [block.data for block in parser._cif.data.values() if "_atom_site_label" in block.data]
    blocks = blocks or [
        block.data for block in parser._cif.data.values() if "_atom_site_type_symbol" in block.data
    ]
    if len(blocks) != 1:
        raise ValueError(f"{len(blocks)} structures in one block")
    block = blocks[0]
    for key in [key for key, value in block.items() if key.startswith("_chemical_formula")]:
        if len(str(block[key])) > _LONGEST_FORMULA:
            # Its reader takes a time that grows with the square.
            del block[key]
    formula = _formula(block)
    modulated = [key for key in block if key.lower().startswith(_MODULATED)]
    if any(set(np.atleast_1d(block[key])) - {*_UNKNOWN, "0"} for key in modulated):
        raise ValueError("a modulated structure, of which a CIF lists the average atoms alone")
    notes = [*_name_elements(block, formula), *_drop_placeless(block)]
    if parser.feature_flags["magcif"]:
        changes = [
            text for key, value in block.items() if "transform" in key for text in np.atleast_1d(value)
        ]
        if not all(re.fullmatch(_CHANGE_OF_BASIS, text) for text in changes):
            # Its reader evaluates them as a program.
            raise ValueError("a change of basis that is more than letters, numbers and signs")
        return _parse(parser), (*notes, *_worth_telling(parser))
    listed = _listed(block)
    if len(listed) > MOST_OPERATIONS:
        raise ValueError(f"{len(listed)} operations of symmetry, where no space group has more than 192")
    if (longest := max(map(len, listed), default=0)) > _LONGEST_OPERATION:
        raise ValueError(f"an operation of symmetry of {longest} characters")
    candidates, told = _candidates(block, listed)
    most, sites = max(len(operations) for _, operations in candidates), len(block["_atom_site_label"])
    if most * sites > MOST_ATOMS:
        raise ValueError(f"{sites} sites under {most} operations, which may be more than {MOST_ATOMS} atoms")
    plain = candidates[0][0] in (LISTED, "P 1") and bool(told or len(listed) > 1)
    if len(candidates) == 1 and plain:
        block[_OPERATIONS[0]] = candidates[0][1]
        merged = _merge_images(block)
        return _parse(parser), (*notes, *merged, *_worth_telling(parser))
    structure, chosen = _choose(parser, block, formula, candidates, told)
    return structure, (*notes, *chosen, *_worth_telling(parser))


def _parse(parser: CifParser) -> Structure:
    found = parser.parse_structures(primitive=False, on_error="raise")
    if len(found) != 1:
        raise ValueError(f"{len(found)} structures in one block")
    return found[0]


def _worth_telling(parser: CifParser) -> list[str]:
    """Choose of the parser's warnings those that can change what was read."""
    found = dict.fromkeys(" ".join(str(words).split()) for words in parser.warnings)
    ours = (
        "rounded to ideal",
        "_symmetry_equiv_pos",
        "Spacegroup from",
        "1-line symmetry",
        "Skipping relative",
    )
    return [words[:200] for words in found if not any(word in words for word in ours)]


def _formula(block: Block) -> Composition | None:
    """Composition as the file states it, without hydrogen, which diffraction often leaves out."""
    from pymatgen.core import Composition

    text = block.get("_chemical_formula_sum") or block.get("_chemical_formula_structural")
    words = text.split() if isinstance(text, str) else []
    if len(words) > 1 and all(word.isupper() for word in words):
        # FE2 O3, an element a word; CO, and the like, are left open.
        words = [word.title() if re.match(r"[A-Z]{2}[\d.]*$", word) else word for word in words]
        if any(re.match(r"(Co|No|Ho|Po|Cn|Hf|Oh)[\d.]*$", word) for word in words):
            return None
    plain = "".join(words)
    if not re.fullmatch(r"(?:[A-Z][a-z]?(?:\d+(?:\.\d*)?|\.\d+)?)+", plain):
        return None
    try:
        return _without_hydrogen(Composition(plain))
    except (ValueError, KeyError):
        return None


def _without_hydrogen(composition: Composition) -> Composition:
    from pymatgen.core import Composition

    amounts = composition.get_el_amt_dict()
    return Composition({symbol: n for symbol, n in amounts.items() if symbol not in ("H", "D", "T")})


def _name_elements(block: Block, formula: Composition | None) -> list[str]:
    """Put an element's symbol at every site; say which labels needed thought."""
    source = "_atom_site_type_symbol" if "_atom_site_type_symbol" in block else "_atom_site_label"
    labels = block[source]
    if not isinstance(labels, list):
        raise ValueError("atoms that are not listed in a loop")
    allowed = {element.symbol for element in formula} | {"H"} if formula else set()
    symbols, odd = [], {}
    for label in labels:
        symbol, inferred = element_of(label, allowed)
        symbols.append(symbol)
        if inferred:
            odd[label] = symbol
    block["_atom_site_type_symbol"] = symbols
    block.setdefault("_atom_site_label", list(labels))
    shown = ", ".join(f"{label} as {symbol}" for label, symbol in list(odd.items())[:5])
    return [f"labels read as elements: {shown}; hydrogen of groups is not added"] if odd else []


def _drop_placeless(block: Block) -> list[str]:
    """Leave out hydrogen that has no position (a dummy's is -1, -1, -1); an occupancy not told is one."""
    labels, symbols = block["_atom_site_label"], block["_atom_site_type_symbol"]
    if isinstance(block.get(_OCCUPANCY), list):
        block[_OCCUPANCY] = ["1" if value in _UNKNOWN else value for value in block[_OCCUPANCY]]
    rows = _site_lists(block)
    flags = rows.get("_atom_site_calc_flag", [""] * len(labels))
    placed = [
        all(rows[key][i] not in _UNKNOWN for key in _POSITION if key in rows) for i in range(len(labels))
    ]
    gone = [i for i, symbol in enumerate(symbols) if symbol == "H" and (flags[i] == "dum" or not placed[i])]
    _keep_sites(block, [i for i in range(len(labels)) if i not in gone])
    return [f"hydrogen without a position left out: {', '.join(labels[i] for i in gone[:5])}"] if gone else []


def _site_lists(block: Block) -> dict[str, list[str]]:
    """Find what a block lists of its sites, apart from the loops of displacements and moments."""
    size = len(block["_atom_site_label"])
    lists = {key: value for key, value in block.items() if re.match(r"_atom_site_(?!aniso|moment)", key)}
    return {key: value for key, value in lists.items() if isinstance(value, list) and len(value) == size}


def _keep_sites(block: Block, kept: list[int]) -> None:
    for key, value in _site_lists(block).items():
        block[key] = [value[i] for i in kept]


def _merge_images(block: Block) -> list[str]:
    """Keep one of the sites that symmetry makes one atom, and put it where its images meet.

    Many lists hold the whole cell beside its space group, or 0.333 for a third.
    """
    from pymatgen.core import Lattice
    from pymatgen.core.operations import SymmOp
    from pymatgen.io.cif import str2float

    operations = [SymmOp.from_xyz_str(text) for text in block[_OPERATIONS[0]]]
    labels = block["_atom_site_label"]
    if len(operations) < 2 or len(operations) * len(labels) > _MOST_IMAGES:
        return []
    names = [f"_cell_{name}_{axis}" for name, axes in _CELL.items() for axis in axes]
    try:
        matrix = Lattice.from_parameters(*(str2float(block[name]) for name in names)).matrix
        points = np.array([[str2float(value) for value in block[key]] for key in _POSITION]).T
        full = [abs(str2float(value) - 1) < 1e-3 for value in block.get(_OCCUPANCY, ["1"] * len(labels))]
    except (KeyError, ValueError, TypeError):
        # Its reader tells what is missing.
        return []
    turns = np.array([operation.rotation_matrix for operation in operations])
    moves = np.array([operation.translation_vector for operation in operations])
    kept: list[int] = []
    for i, symbol in enumerate(block["_atom_site_type_symbol"]):
        images = turns @ points[i] + moves
        twins = [j for j in kept if full[i] and full[j] and block["_atom_site_type_symbol"][j] == symbol]
        away = images[:, None] - points[[*twins, i]]
        away -= np.round(away)
        near = np.linalg.norm(away @ matrix, axis=-1) < SNAP
        if near[:, :-1].any():
            continue
        kept.append(i)
        step = away[near[:, -1], -1].mean(axis=0)
        if np.abs(step).max() > _SAME:
            points[i] += step
            for key, value in zip(_POSITION, points[i], strict=True):
                block[key] = [*block[key][:i], f"{value:.9f}", *block[key][i + 1 :]]
    if len(kept) == len(labels):
        return []
    _keep_sites(block, kept)
    return [f"{len(labels) - len(kept)} sites that symmetry makes of others taken once"]


def element_of(label: str, allowed: set[str]) -> tuple[str, bool]:
    """Element of a label, and whether inferred: the stated formula decides if CO1 is Co or C-O."""
    from pymatgen.core import Element

    letters = re.match(r"[A-Za-z]*", label.strip().lstrip("'\"0123456789")).group()  # type: ignore[union-attr]
    bare = re.match(r"[A-Za-z0-9-]*", label.strip()).group().upper()  # type: ignore[union-attr]
    if not letters or letters.upper() in _EMPTY or letters.upper() == "X":
        raise ValueError(f"a site labelled {label!r}, which names no element")
    group = _GROUPS.get(letters.upper())
    if bare.startswith(("H2O", "OH2", "O-H")):
        group = "O"
    if group and not (letters == "W" and (not allowed or "W" in allowed)):
        return group, True
    two, one = letters[:2].title(), letters[0].upper()
    readings = [symbol for symbol in (two, one) if Element.is_valid_symbol(symbol)]
    if letters[1:2].isupper() and len(readings) == 2 and two != one:
        # FE1 is iron, CO1 cobalt or the oxygen of a carbonate.
        stated = [symbol for symbol in readings if symbol in allowed]
        if len(stated) == 1:
            return stated[0], True
        if not allowed and len(letters) == 2 and two in _RARE_BY_LABEL:
            raise ValueError(f"a site labelled {label!r}, which may be {two} or {one}")
        return two, bool(len(letters) > 2)
    if not readings:
        raise ValueError(f"a site labelled {label!r}, which names no element")
    if letters[1:2].islower() and readings[0] != two:
        if len(letters) > 2 and not allowed:
            raise ValueError(f"a site labelled {label!r}, which names no element")
        if allowed and readings[0] not in allowed:
            raise ValueError(f"a site labelled {label!r}: {readings[0]} is not in the stated formula")
    symbol = {"D": "H", "T": "H"}.get(readings[0], readings[0])
    return symbol, len(letters) > 2 or symbol != letters.title()


_RARE_BY_LABEL = ("Ho", "Po", "No", "Hf", "Cn", "Hs", "Hg", "Np", "Pa")
"""Elements whose symbols in capitals are more often an atom's name: HO1 is the hydrogen at O1."""


def _first(block: Block, keys: Sequence[str]) -> str | list[str] | None:
    """Value of the first of some keys that says something, however it is written."""
    plain = {key.lower().rstrip("_").replace("h_m", "h-m"): value for key, value in block.items()}
    values = (plain.get(key) for key in keys)
    return next((value for value in values if value and value not in ("?", ".")), None)


def _listed(block: Block) -> list[str]:
    found = _first(block, _OPERATIONS)
    return [found] if isinstance(found, str) else list(found or [])


def _candidates(block: Block, listed: list[str]) -> tuple[list[tuple[str, list[str]]], str]:
    """List the sets of operations that a file can mean, with names, and the group as the file has it."""
    hall, name, number = (_first(block, keys) for keys in (_HALL, _NAMES, _NUMBERS))
    told = str(name or hall or (f"No. {number}" if number else ""))
    settings = find_settings(str(hall or ""), str(name or ""), str(number or ""))
    orders = {len(operations_of(setting)) for setting in settings}
    named = told and plain_name(told) not in ("p1", "no.1", "a1", "b1", "c1", "i1", "f1", "r1")
    group = len(listed) < 2 or is_group(listed)
    if len(listed) > 1 and group and (not orders or len(listed) in orders):
        return [(LISTED, listed)], told
    if told and not named:
        return [("P 1", ["x, y, z"])], told
    if named and not settings and len(listed) < 2:
        raise ValueError(f"space group {told!r}, which is not known, and no list of its operations")
    found = [(setting_name(setting), operations_of(setting)) for setting in settings]
    if (listed and group) or not found:
        name = "P 1" if not listed else LISTED if group else f"{LISTED}, which form no group"
        found.insert(0, (name, listed or ["x, y, z"]))
    return found, told


def _choose(
    parser: CifParser,
    block: Block,
    formula: Composition | None,
    candidates: list[tuple[str, list[str]]],
    told: str,
) -> tuple[Structure, list[str]]:
    """Take the one candidate that gives a crystal; ValueError where none or two different ones do."""
    possible: list[tuple[str, Structure, list[str]]] = []
    faults: list[str] = []
    for key in [key for key in block if key.lower().rstrip("_") in _OPERATIONS]:
        del block[key]
    listed = _site_lists(block)
    for name, operations in candidates:
        block |= listed | {_OPERATIONS[0]: operations}
        parser.warnings = []
        try:
            merged = _merge_images(block)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                structure = _parse(parser)
        except ValueError as error:
            # Atoms that its symmetry lays on one another add up to more than one.
            faults.append(f"{name}: {str(error).splitlines()[-1]}")
            continue
        fault = _fault(structure, operations, formula, block)
        if fault:
            faults.append(f"{name}: {fault}")
        elif merged and possible and possible[0][0] == LISTED:
            # The whole cell is listed, to its last digits.
            continue
        elif not any(_same(structure, other) for _, other, _ in possible):
            possible.append((name, structure, merged))
    group = f"{f'space group {told!r}' if told else 'no space group'} without a full list of operations"
    if not possible:
        raise ValueError(f"{group}, and no reading gives a crystal: {'; '.join(faults)}")
    if len(possible) > 1:
        raise ValueError(
            f"{group}: the crystal can be {' or '.join(f'that of {name}' for name, _, _ in possible)}"
        )
    name, structure, merged = possible[0]
    return structure, [f"{group}: read as {name}", *merged]


def _fault(structure: Structure, operations: list[str], formula: Composition | None, block: Block) -> str:
    """Why a set of operations cannot be the crystal's; empty where it can."""
    from pymatgen.core.operations import SymmOp

    metric = structure.lattice.metric_tensor
    for operation in operations:
        turn = SymmOp.from_xyz_str(operation).rotation_matrix
        if np.abs(turn.T @ metric @ turn - metric).max() > 0.02 * metric.max():
            return "the cell has another shape"
    full = structure.copy()
    full.remove_sites([i for i, site in enumerate(full) if site.species.num_atoms < 0.99])
    if len(full) and len(full.get_neighbor_list(OVERLAP)[3]):
        return "atoms overlap"
    atoms = structure.composition.num_atoms
    volume = structure.volume / max(atoms, 1e-9)
    if not VOLUMES[0] < volume < VOLUMES[1]:
        return f"{volume:.0f} Å³ per atom"
    heavy = _without_hydrogen(structure.composition)
    if formula is not None and len(formula):
        if not heavy.fractional_composition.almost_equals(
            formula.fractional_composition, rtol=0.02, atol=0.005
        ):
            return f"composition {heavy.reduced_formula}, not {formula.reduced_formula}"
        units = str(block.get("_cell_formula_units_Z", "")).strip()
        # Some write the sum of the whole cell, and yet count its formula units.
        counts = [heavy.num_atoms / one.num_atoms for one in (formula, formula.reduced_composition)]
        if units.isdigit() and int(units) and all(abs(n / int(units) - 1) > 0.05 for n in counts):
            return f"{counts[0]:.3g} formula units, not {units}"
    return ""


def _same(one: Structure, other: Structure) -> bool:
    """Whether two structures of one cell have the same atoms at the same points."""
    if len(one) != len(other):
        return False
    distances = one.lattice.get_all_distances(one.frac_coords, other.frac_coords)
    nearest = distances.argmin(axis=1)
    return bool(
        distances.min(axis=1).max() < 0.01
        and all(site.species == other[int(n)].species for site, n in zip(one, nearest, strict=True))
    )
