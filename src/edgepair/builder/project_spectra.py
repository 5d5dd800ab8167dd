"""The Materials Project's own spectra, as a table to be joined."""

from __future__ import annotations

from edgepair.builder.spectra_table import JoinedSpectrum, SpectraTable, table_content
from edgepair.conventions import DataError
from edgepair.structures import SourceMaterial, read_project_spectra

_ATTRIBUTES = {
    "source": "Materials Project",
    "licence": "CC-BY 4.0",
    "code": "FEFF 9",
    "citation": "Mathew et al., Sci. Data 5, 180151 (2018), doi 10.1038/sdata.2018.151; "
    "Jain et al., APL Mater. 1, 011002 (2013), doi 10.1063/1.4812323",
}


def join_project_spectra(filters: str, absorber: str) -> tuple[list[SourceMaterial], SpectraTable]:
    """Read the Materials Project's XANES with the structures that they were computed of.

    Parameters
    ----------
    filters : str
        As after ``mp:``.
    absorber : str
        Chemical symbol.

    Returns
    -------
    list of SourceMaterial
        Materials with one inequivalent absorber site: the service averages over sites.
    SpectraTable
        Their spectra as the service gives them, which may not be normalised.

    Raises
    ------
    StructureError
        The service cannot be asked; see `read_project_spectra`.
    DataError
        None of what it has belongs to one site.
    """
    found = {item.material.material_id: item for item in read_project_spectra(filters, absorber)}
    if not found:
        raise DataError(
            f"cannot use the Materials Project's {absorber} spectra",
            found="no material with one inequivalent absorber site",
            needed="at least one: elsewhere the service's spectrum is an average over sites",
            suggestion="simulate them: leave --spectra out",
        )
    spectra = {name: (JoinedSpectrum(item.site, item.energy, item.mu),) for name, item in found.items()}
    table = SpectraTable(spectra, "feff9", _ATTRIBUTES, table_content(spectra))
    return [item.material for item in found.values()], table
