"""Structures: crystals are read, checked and reduced; inequivalent absorber sites are listed."""

from edgepair.structures.files import read_structure_files, read_structure_source
from edgepair.structures.materials_project import ProjectSpectrum, read_project_spectra
from edgepair.structures.preparation import (
    SHORTEST_DISTANCE,
    SYMMETRY_TOLERANCE,
    AbsorberMissingError,
    AbsorberSite,
    DisorderedStructureError,
    OverlappingAtomsError,
    PreparedStructure,
    TooManySitesError,
    are_identical,
    find_absorber_sites,
    may_be_identical,
    prepare_structure,
)
from edgepair.structures.source_material import SourceMaterial
from edgepair.structures.tables import read_structure_table

__all__ = [
    "SHORTEST_DISTANCE",
    "SYMMETRY_TOLERANCE",
    "AbsorberMissingError",
    "AbsorberSite",
    "DisorderedStructureError",
    "OverlappingAtomsError",
    "PreparedStructure",
    "ProjectSpectrum",
    "SourceMaterial",
    "TooManySitesError",
    "are_identical",
    "find_absorber_sites",
    "may_be_identical",
    "prepare_structure",
    "read_project_spectra",
    "read_structure_files",
    "read_structure_source",
    "read_structure_table",
]
