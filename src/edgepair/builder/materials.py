"""Usable materials of a build, and their sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgepair.builder.result_store import ResultStore
from edgepair.conventions import OutputError


@dataclass(frozen=True)
class Site:
    """One inequivalent absorber site.

    Attributes
    ----------
    given : int
        Lowest index of its orbit in the structure as given.
    primitive : int
        Its index in the primitive cell.
    multiplicity : int
        Equivalent atoms in the primitive cell.
    equivalent : tuple of int
        The whole orbit in the structure as given.
    """

    given: int
    primitive: int
    multiplicity: int
    equivalent: tuple[int, ...]


@dataclass(frozen=True)
class Material:
    """One usable material; its structure stays in the store.

    Attributes
    ----------
    material_id, formula : str
        Names.
    kind : tuple
        Reduced formula, number of atoms and space group: only materials that share all three can be
        identical.
    structure_key : str
        Where its structure is in the store.
    structure_hash : str
        Hash of its primitive cell.
    sites : tuple of Site
        Inequivalent absorber sites.
    """

    material_id: str
    formula: str
    kind: tuple[str, int, int]
    structure_key: str
    structure_hash: str
    sites: tuple[Site, ...]

    def packed(self, store: ResultStore) -> dict[str, Any]:
        """Read its structure.

        Parameters
        ----------
        store : ResultStore
            Where it is.

        Returns
        -------
        dict
            For `work.unpack_structure`.
        """
        record = store.get(self.structure_key)
        if record is None:
            raise OutputError(
                f"cannot read the structure of {self.material_id} from {str(store.folder)!r}",
                found="a damaged entry",
                needed="what this run itself has written",
                suggestion="run the same command again",
            )
        structure: dict[str, Any] = record["value"]["structure"]
        return structure
