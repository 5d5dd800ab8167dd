"""One material of a source, its structure still unread."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from edgepair.conventions import StructureError, near_miss
from edgepair.conventions.displayed import Record
from edgepair.conventions.errors import visible

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True)
class SourceMaterial:
    """One material of a source, its structure still unread.

    Attributes
    ----------
    material_id : str
        Identifier in its source.
    source : str or dict
        Text of a POSCAR, CIF or XYZ with a cell, or a pymatgen dictionary.
    form : str
        ``poscar``, ``cif``, ``xyz``, ``dict``, or ``unknown``.
    row : dict
        Whatever else the source says of it: the columns of a table.
    """

    material_id: str
    source: str | Record
    form: str = ""
    row: Record = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the identifier so that it can be shown."""
        object.__setattr__(self, "material_id", visible(self.material_id))

    @property
    def kind(self) -> str:
        """`form`, or what it is by default."""
        return self.form or ("poscar" if isinstance(self.source, str) else "dict")

    def structure(self) -> Structure:
        """Read the structure.

        Returns
        -------
        pymatgen.core.Structure
            With the order of atoms of the source; a CIF's atoms by orbit, in the order of its list.

        Raises
        ------
        StructureError
            The text or dictionary is not a structure.
        """
        return self.structure_and_notes()[0]

    def structure_and_notes(self) -> tuple[Structure, tuple[str, ...]]:
        """Read the structure with what its reader had to infer; errors as of `structure`.

        Returns
        -------
        structure : pymatgen.core.Structure
            As `structure` gives it.
        notes : tuple of str
            Sentences on what the file does not say and was inferred.
        """
        try:
            with warnings.catch_warnings():
                # What can change the crystal is among the notes.
                warnings.simplefilter("ignore")
                structure, notes = _read(self.source, self.kind)
        except StructureError:
            raise
        except Exception as error:
            # Parsers fail on foreign text with almost any kind of exception.
            words = " ".join(f"{type(error).__name__}: {error}".split())
            raise StructureError(
                f"cannot read the structure of {self.material_id}",
                found=words[:300],
                needed=_NEEDED,
                suggestion="export it again, or leave it out",
            ) from error
        if len(structure) == 0:
            raise StructureError(
                f"cannot read the structure of {self.material_id}",
                found="no atom",
                needed="at least one atom",
                suggestion="export it again, or leave it out",
            )
        return structure, notes


_NEEDED = "the text of a CIF, POSCAR or XYZ with a cell, or a pymatgen dictionary"


def is_structure(value: object) -> bool:
    """Say whether an object is a structure itself, as a pymatgen dictionary."""
    return isinstance(value, dict) and {"lattice", "sites"} <= value.keys()


def _read(source: str | Record, form: str) -> tuple[Structure, tuple[str, ...]]:
    from pymatgen.core import Structure

    if form == "dict" and isinstance(source, str):
        source = json.loads(source)
    if isinstance(source, dict):
        if not is_structure(source):
            raise ValueError("an object without 'lattice' and 'sites', which is no pymatgen structure")
        return Structure.from_dict(_without_properties(source)), ()
    if form == "cif":
        from edgepair.structures.cif import read_cif

        return read_cif(source)
    if form == "xyz":
        if find_spec("ase") is None:
            raise StructureError(
                "cannot read structures from XYZ files",
                found="no ase",
                needed="ase, which comes with the extra 'xyz'",
                suggestion="pip install 'edgepair[xyz]', or export a CIF",
            )
        return _read_xyz(source), ()
    if form == "poscar":
        return _read_poscar(source)
    raise ValueError(source or "a kind of file that is not known")


def _without_properties(source: Record) -> Record:
    """Leave out what else is known of sites: its reader imports whatever module it names."""
    return source | {
        "sites": [{k: v for k, v in site.items() if k != "properties"} for site in source["sites"]]
    }


def _read_poscar(text: str) -> tuple[Structure, tuple[str, ...]]:
    """Read a POSCAR; one of VASP 4 has its elements in the comment or nowhere, and is never H, He, …."""
    from pymatgen.core import Element, Structure

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        structure = Structure.from_str(text, fmt="poscar")
    if not any("cannot be determined" in str(warning.message) for warning in seen):
        return structure, ()
    lines = text.splitlines()
    words = lines[0].split()
    if len(words) == len(lines[5].split()) and all(Element.is_valid_symbol(word) for word in words):
        named = "\n".join([*lines[:5], lines[0], *lines[5:]])
        note = f"a POSCAR without a line of elements: read as {', '.join(words)}, by its first line"
        return Structure.from_str(named, fmt="poscar"), (note,)
    raise ValueError("a POSCAR of VASP 4, without a line of elements before the numbers of atoms")


def _read_xyz(text: str) -> Structure:
    """Read one frame of an extended XYZ file: its comment holds ``Lattice="…"``."""
    import io

    import ase.io
    from pymatgen.core import Structure

    # The library counts to the declared number, line after line, whether or not they are there.
    if int(text.split("\n", 1)[0]) > text.count("\n"):
        raise ValueError("fewer lines than the first one declares atoms")
    atoms = ase.io.read(io.StringIO(text), format="extxyz", index=0)
    if not atoms.cell.rank == 3:
        raise ValueError('no cell: the comment line has no Lattice="ax ay az bx by bz cx cy cz"')
    if not atoms.pbc.all():
        raise ValueError('a molecule or a slab: the comment line has pbc other than "T T T"')
    return Structure(
        atoms.cell[:], atoms.get_chemical_symbols(), atoms.get_positions(), coords_are_cartesian=True
    )


def parse_filters(source: str, text: str, known: Mapping[str, str]) -> dict[str, str]:
    """Read filters such as ``elements=Fe+O,exclude=H``.

    >>> parse_filters("amcsd", "elements=Fe+O, exclude=H", {"elements": "", "exclude": ""})
    {'elements': 'Fe+O', 'exclude': 'H'}
    """
    filters = {}
    for part in (part.strip() for part in text.split(",")):
        if not part:
            continue
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in known or not value:
            raise StructureError(
                f"cannot read the filter {part!r} of {source}",
                found=f"{part!r}",
                needed="NAME=VALUE, with commas between filters; names: "
                + ", ".join(f"{key} ({meaning})" for key, meaning in known.items()),
                suggestion=near_miss(name, known),
            )
        filters[name] = value
    return filters


def parse_elements(text: str) -> list[str]:
    """Read elements with ``+`` or ``-`` between them.

    >>> parse_elements("Fe+O")
    ['Fe', 'O']
    """
    from pymatgen.core import Element

    symbols: Sequence[str] = [part.strip() for part in text.replace("-", "+").split("+")]
    for symbol in symbols:
        if not Element.is_valid_symbol(symbol):
            raise StructureError(
                f"cannot filter by the element {symbol!r}",
                found=f"{text!r}",
                needed="chemical symbols with + between them",
                suggestion="elements=Fe+O",
            )
    return list(symbols)
