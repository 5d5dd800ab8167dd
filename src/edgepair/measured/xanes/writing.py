"""Writing a normalised, calibrated spectrum as XDI, with what was done to it in its header."""

from __future__ import annotations

import re
from pathlib import Path

from edgepair._version import __version__
from edgepair.files.writing import write_whole
from edgepair.measured.xanes.calibration import MARK
from edgepair.measured.xanes.inspection import XanesInspection, calibrated, is_fluorescence

_KEPT = re.compile(r"(beamline|facility|mono|sample|detector|scan)\.\w+", re.IGNORECASE)
_OURS = {"scan.edge_energy"}


def write_xdi(path: str | Path, inspection: XanesInspection, *, replaced: tuple[float, ...] = ()) -> Path:
    """Write a spectrum, normalised, flattened and calibrated, as XDI 1.0; ``replaced`` in eV."""
    target = Path(path)
    spectrum = calibrated(
        inspection, f"cannot write {str(target)!r}", "choose another item, or name its columns with --mu"
    )
    scan = inspection.scan
    label = "normfluor" if is_fluorescence(scan.mu_from) else "normtrans"
    fields = {
        "Column.1": "energy eV",
        "Column.2": label,
        "Element.symbol": scan.absorber or "",
        "Element.edge": scan.edge or "",
        "Scan.edge_energy": f"{spectrum.e0:.3f}",
    }
    for name, value in scan.header.items():
        if _KEPT.fullmatch(name) and name.lower() not in _OURS:
            fields.setdefault(name, value)
    fields |= {
        "Edgepair.source": Path(scan.file).name + (f", item {scan.item}" if scan.item else ""),
        "Edgepair.mu_from": scan.mu_from,
        "Edgepair.e0": f"{spectrum.e0:.3f} eV",
        "Edgepair.edge_step": f"{spectrum.edge_step:.8g}",
        "Edgepair.pre_edge": f"{spectrum.pre[0]:.3f} to {spectrum.pre[1]:.3f} eV from e0",
        "Edgepair.post_edge": f"{spectrum.post[0]:.3f} to {spectrum.post[1]:.3f} eV from e0",
        "Edgepair.post_edge_degree": f"{spectrum.degree}",
        "Edgepair.flattened": "yes",
    }
    if inspection.calibration.source:
        fields[MARK] = inspection.calibration.text
    if scan.energy_shift:
        fields["Edgepair.shift_in_file"] = f"{scan.energy_shift:+.3f} eV"
    if replaced:
        fields["Edgepair.deglitched"] = ", ".join(f"{at:.2f}" for at in replaced) + " eV"
    lines = [f"# XDI/1.0 edgepair/{__version__}"]
    lines += [f"# {name}: {_one_line(value)}" for name, value in fields.items() if _one_line(value)]
    lines += ["# ///", "# normalised to an edge step of 1 and flattened by edgepair"]
    lines += [f"# warning: {_one_line(text)}" for text in inspection.warnings]
    lines += ["# ---", f"# energy {label}"]
    lines += [f"{x:.6f} {y:.9f}" for x, y in zip(spectrum.energy, spectrum.mu, strict=True)]
    return write_whole(
        target, "\n".join(lines) + "\n", what="the spectrum", suggestion="choose another place with --save"
    )


def _one_line(text: str) -> str:
    return " ".join(str(text).split())
