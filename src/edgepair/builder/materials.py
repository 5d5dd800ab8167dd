"""Usable materials of a build, and their sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgepair.builder.result_store import ResultStore
from edgepair.conventions import OutputError


@dataclass(frozen=True)
class Site:
    """One inequivalent absorber site."""

    given: int
    primitive: int
    multiplicity: int
    equivalent: tuple[int, ...]


@dataclass(frozen=True)
class Material:
    """One usable material; its structure stays in the store."""

    material_id: str
    formula: str
    kind: tuple[str, int, int]
    structure_key: str
    structure_hash: str
    sites: tuple[Site, ...]

    def packed(self, store: ResultStore) -> dict[str, Any]:
        """Read its structure."""
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
