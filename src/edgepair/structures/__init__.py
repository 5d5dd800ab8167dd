"""Crystal structures: reading them and listing their inequivalent absorber sites."""

from edgepair.structures.sites import SYMMETRY_TOLERANCE, AbsorberSite, find_absorber_sites
from edgepair.structures.tables import SourceMaterial, read_structure_table

__all__ = [
    "SYMMETRY_TOLERANCE",
    "AbsorberSite",
    "SourceMaterial",
    "find_absorber_sites",
    "read_structure_table",
]
