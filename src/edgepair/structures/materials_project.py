"""Structures, and FEFF spectra, of the Materials Project."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import EdgepairError, StructureError
from edgepair.conventions.displayed import Record
from edgepair.structures.preparation import prepare_structure
from edgepair.structures.source_material import SourceMaterial, parse_elements, parse_filters

if TYPE_CHECKING:
    from mp_api.client import MPRester

    from edgepair.conventions.tasks import Floats

FILTERS = {
    "elements": "all of these, such as Fe+O",
    "exclude": "none of these",
    "chemsys": "exactly these elements, such as Fe-O",
    "formula": "such as Fe2O3",
    "ids": "such as mp-19770+mp-715572",
    "ehull": "at most so many eV/atom above the hull",
    "sites": "at most so many atoms",
}


@dataclass(frozen=True)
class ProjectSpectrum:
    """A spectrum of the Materials Project, with the structure that it was computed of.

    Attributes
    ----------
    material : SourceMaterial
        The structure.
    site : int
        An absorber atom of it.
    energy : numpy.ndarray
        Shape (n,), eV.
    mu : numpy.ndarray
        Shape (n,).
    """

    material: SourceMaterial
    site: int
    energy: Floats
    mu: Floats


def read_materials_project(text: str = "") -> Iterator[SourceMaterial]:
    """Read structures from the Materials Project.

    .. [1] Jain et al., APL Mater. 1, 011002 (2013), doi 10.1063/1.4812323
    """
    search = _search(parse_filters("mp", text, FILTERS))
    if not search:
        raise StructureError(
            "cannot read from the Materials Project without a filter",
            found="'mp:' alone, which is the whole database",
            needed="at least one of " + ", ".join(FILTERS),
            suggestion="mp:elements=Fe+O,ehull=0.05",
        )
    with _service() as service:
        found = service.materials.summary.search(**search, fields=["material_id", "structure"])
        if not found:
            raise _nothing(text)
    rows = {_identifier(item): _field(item, "structure") for item in found}
    for material_id in sorted(rows, key=lambda name: (len(name), name)):
        yield SourceMaterial(material_id, _as_dict(rows[material_id]), "dict")


def read_project_spectra(text: str, absorber: str) -> Iterator[ProjectSpectrum]:
    """Read the Materials Project's own K-edge XANES.

    Parameters
    ----------
    text : str
        Filters; here ``elements``, ``chemsys``, ``formula`` and ``ids`` are used.
    absorber : str
        Chemical symbol.

    Yields
    ------
    ProjectSpectrum
        Of materials with one inequivalent absorber site only: what the service gives is the average
        over sites, and belongs to a site only where there is one.

    Raises
    ------
    StructureError
        As `read_materials_project`.

    References
    ----------
    .. [1] Mathew et al., Sci. Data 5, 180151 (2018), doi 10.1038/sdata.2018.151
    """
    filters = parse_filters("mp", text, FILTERS)
    unused = sorted({"exclude", "ehull", "sites"} & set(filters))
    if unused:
        raise StructureError(
            "cannot filter the Materials Project's spectra by " + ", ".join(unused),
            found=f"{text!r}",
            needed="elements, chemsys, formula or ids",
            suggestion="name the materials by ids=",
        )
    search = {"absorbing_element": absorber, "edge": "K", "spectrum_type": "XANES"} | _search(filters)
    with _service() as service:
        found = service.materials.xas.search(**search)
        if not found:
            raise _nothing(text)
    for item in sorted(found, key=lambda one: (len(_identifier(one)), _identifier(one))):
        spectrum = _field(item, "spectrum")
        structure, x, y = (_field(spectrum, name) for name in ("structure", "x", "y"))
        material = SourceMaterial(_identifier(item), _as_dict(structure), "dict")
        try:
            sites = prepare_structure(material.structure(), absorber).sites
        except EdgepairError:
            # Not usable as a structure either: it is refused, with its reason, when it is prepared.
            continue
        if len(sites) == 1:
            yield ProjectSpectrum(material, sites[0].index, np.asarray(x, float), np.asarray(y, float))


def _identifier(item: Any) -> str:
    """Read the identifier of an answer; spectra carry that of their task, in a form of its own."""
    for name in ("material_id", "task_id"):
        value = item.get(name) if isinstance(item, dict) else getattr(item, name, None)
        if value is not None:
            return str(getattr(value, "string", value))
    return ""


def _search(filters: dict[str, str]) -> Record:
    search: Record = {}
    if "elements" in filters:
        search["elements"] = parse_elements(filters["elements"])
    if "exclude" in filters:
        search["exclude_elements"] = parse_elements(filters["exclude"])
    for name in ("chemsys", "formula"):
        if name in filters:
            search[name] = filters[name]
    if "ids" in filters:
        search["material_ids"] = filters["ids"].split("+")
    for name, field, kind in (("ehull", "energy_above_hull", float), ("sites", "num_sites", int)):
        if name in filters:
            try:
                search[field] = (kind(0), kind(filters[name]))
            except ValueError as error:
                raise StructureError(
                    f"cannot read the filter {name}={filters[name]!r} of mp",
                    found=f"{filters[name]!r}",
                    needed="a number",
                    suggestion=f"{name}=0.05" if name == "ehull" else f"{name}=40",
                ) from error
    return search


@contextmanager
def _service() -> Iterator[MPRester]:
    """Connect; whatever the service or its client throws ends in one error of ours."""
    try:
        from mp_api.client import MPRester
        from mp_api.client.core.client import MPRestError
    except ImportError as error:
        raise StructureError(
            "cannot read from the Materials Project",
            found=f"{type(error).__name__}: {error}",
            needed="mp-api, which comes with the extra 'mp'",
            suggestion="pip install 'edgepair[mp]'",
        ) from error
    key = os.environ.get("MP_API_KEY", "").strip()
    if not key:
        raise StructureError(
            "cannot read from the Materials Project",
            found="no MP_API_KEY in the environment",
            needed="a key of your own, free after registration there",
            suggestion="export MP_API_KEY=... in the shell, never in a script that you share",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with MPRester(key, mute_progress_bars=True) as service:
                yield service
    except EdgepairError:
        raise
    except (MPRestError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        words = " ".join(f"{type(error).__name__}: {error}".split()).replace(key, "(key)")
        raise StructureError(
            "cannot read from the Materials Project",
            found=words[:300],
            needed="an answer of its service",
            suggestion="check the connection, the key and the filters, and try again later",
            # Not "from error": what the service says back may hold the key.
        ) from None


def _nothing(text: str) -> StructureError:
    return StructureError(
        f"cannot read from the Materials Project with {text!r}",
        found="no material matches",
        needed="at least one",
        suggestion="loosen the filters",
    )


def _field(item: Any, name: str) -> Any:
    return item[name] if isinstance(item, dict) else getattr(item, name)


def _as_dict(structure: Any) -> Record:
    return structure if isinstance(structure, dict) else structure.as_dict()
