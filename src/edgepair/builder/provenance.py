"""What a dataset says of how it was made: the same on every machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from edgepair._version import __version__
from edgepair.builder.keys import Record
from edgepair.builder.records import Item, count_items
from edgepair.builder.spectra_table import SpectraTable
from edgepair.simulation import SiteSimulator


def build_settings(
    source: object,
    absorber: str,
    simulator: SiteSimulator,
    spectra: SpectraTable | None,
    max_sites: int | None,
    max_elements: int | None,
    pdf: bool,
) -> Record:
    """Collect what made a dataset, the same on every machine: no path but a name."""
    name = str(source) if isinstance(source, str | Path) else "materials given in Python"
    if isinstance(source, Path) or (isinstance(source, str) and not source.startswith(("amcsd:", "mp:"))):
        name = Path(name).name or name
    made: Record = {
        "command": "edgepair build",
        "source": name,
        "absorber": absorber,
        "max_sites": max_sites,
        "max_elements": max_elements,
        "pdf": pdf,
    }
    if spectra is None:
        made["simulator"] = {"name": simulator.name, "version": simulator.version}
        made["simulator"] |= simulator.parameters()
    else:
        made["spectra"] = {"content_sha256": spectra.content, "origin": spectra.origin, "rows": len(spectra)}
    packages = ("pymatgen-core", "spglib", "numpy", "scipy")
    made["versions"] = {"edgepair": __version__} | {name: version(name) for name in packages}
    if pdf:
        made["versions"]["diffpy.pdffit2"] = version("diffpy.pdffit2")
    return made


def curve_attributes(simulator: SiteSimulator, spectra: SpectraTable | None) -> Record:
    """Say of the curves where they come from."""
    if spectra is None:
        return simulator.attributes()
    return {"long_name": "absorption", "origin": spectra.origin} | dict(spectra.attributes)


def left_out(items: list[Item]) -> str:
    """Count what is not in the dataset, for its attribute."""
    counts = {k: n for k, n in count_items(tuple(items)).items() if k != "done"}
    return json.dumps(counts, ensure_ascii=False)


def provenance(
    absorber: str, items: list[Item], settings: Mapping[str, object], attributes: Mapping[str, object] | None
) -> Record:
    """Say of a dataset what made it, and what is not in it."""
    return {
        "title": f"{absorber} K-edge XANES and PDFs",
        "made_by": f"edgepair {__version__}, edgepair build",
        "build": json.dumps(settings, ensure_ascii=False, sort_keys=True),
        "left_out": left_out(items),
        "groups": "formula",
        **dict(attributes or {}),
    }
