"""Tables of spectra that were computed elsewhere; the Materials Project's own as one."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgepair.builder.records import digest
from edgepair.conventions import DataError
from edgepair.structures import SourceMaterial, read_project_spectra
from edgepair.structures.tables import table_rows

_IDENTIFIERS = ("mp_id", "id", "material_id")


@dataclass(frozen=True)
class JoinedSpectrum:
    """A spectrum of one site, the site as in the structure given; ``energy`` (n,) in eV; ``mu`` (n,)."""

    site: int
    energy: np.ndarray
    mu: np.ndarray


@dataclass(frozen=True)
class SpectraTable:
    """Spectra that were computed elsewhere, by material.

    Attributes
    ----------
    spectra : mapping
        Lists of `JoinedSpectrum` by identifier.
    origin : str
        What the dataset says of where they come from: feff9, feff10, user.
    attributes : mapping
        What the dataset says of ``mu``: source, licence, citation, code, settings.
    content : str
        Hash of the table.
    """

    spectra: Mapping[str, tuple[JoinedSpectrum, ...]]
    origin: str = "user"
    attributes: Mapping[str, str] = field(default_factory=dict)
    content: str = ""

    def __len__(self) -> int:
        return sum(len(items) for items in self.spectra.values())


def read_spectra_table(
    path: str | Path, *, origin: str = "user", attributes: Mapping[str, str] | None = None
) -> SpectraTable:
    """Read spectra that were computed elsewhere.

    Parameters
    ----------
    path : str or Path
        Parquet, a JSON array or JSON lines, these two gzipped or not; columns ``mp_id`` or ``id``,
        ``site`` (0-based in the structure as given), ``energy`` (eV), ``mu``. Rows without ``mu``
        (failed runs) are passed over.
    origin : str, optional
        What the dataset says of where they come from.
    attributes : mapping, optional
        What it says of ``mu``.

    Returns
    -------
    SpectraTable
        All rows.

    Raises
    ------
    DataError
        The file is missing, damaged, or lacks a column; a site is named twice.
    """
    path = Path(path)
    found: dict[str, dict[int, JoinedSpectrum]] = {}
    try:
        for number, row in enumerate(table_rows(path)):
            if isinstance(row, str):
                raise ValueError(row)
            if not isinstance(row, dict):
                raise DataError(
                    f"cannot read row {number} of the spectra {str(path)!r}",
                    found=f"{type(row).__name__}, not an object",
                    needed="objects with 'mp_id' or 'id', 'site', 'energy', 'mu'",
                    suggestion="export one object a spectrum",
                )
            if row.get("mu") is None:
                continue
            identifier = next((row[name] for name in _IDENTIFIERS if row.get(name) is not None), None)
            try:
                if identifier is None:
                    raise KeyError("mp_id")
                if int(row["site"]) != row["site"]:
                    raise ValueError(f"site {row['site']!r}")
                spectrum = JoinedSpectrum(
                    int(row["site"]), np.asarray(row["energy"], float), np.asarray(row["mu"], float)
                )
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                raise DataError(
                    f"cannot read row {number} of the spectra {str(path)!r}",
                    found=f"{type(error).__name__}: {error}; columns " + ", ".join(sorted(row)),
                    needed="columns 'mp_id' or 'id', 'site', 'energy', 'mu'",
                    suggestion="rename the columns; energies and mu are lists of numbers",
                ) from error
            if spectrum.site in found.setdefault(str(identifier), {}):
                raise DataError(
                    f"cannot use the spectra {str(path)!r}",
                    found=f"two spectra of site {spectrum.site} of {identifier}",
                    needed="one spectrum a site",
                    suggestion="leave one of them out",
                )
            found[str(identifier)][spectrum.site] = spectrum
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise DataError(
            f"cannot read the spectra {str(path)!r}",
            found=f"{type(error).__name__}: {error}",
            needed="Parquet, a JSON array or JSON lines, gzipped or not",
            suggestion="check the path, or export the file again",
        ) from error
    if not found:
        raise DataError(
            f"cannot use the spectra {str(path)!r}",
            found="no spectrum",
            needed="at least one row with 'mu'",
            suggestion="check that this is the right table",
        )
    ordered = {name: tuple(rows[site] for site in sorted(rows)) for name, rows in found.items()}
    return SpectraTable(ordered, origin, dict(attributes or {}), table_content(ordered))


def table_content(spectra: Mapping[str, tuple[JoinedSpectrum, ...]]) -> str:
    """Hash the content of a table of spectra."""
    parts = [
        [name, item.site, item.energy.tolist(), item.mu.tolist()]
        for name in sorted(spectra)
        for item in spectra[name]
    ]
    return digest(parts)


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
