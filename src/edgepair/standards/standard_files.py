"""Standards as files: an XDI spectrum each, and the table that reads them back."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from edgepair._version import __version__
from edgepair.conventions import OutputError
from edgepair.conventions.foreign_text import table_cell
from edgepair.files.writing import write_whole
from edgepair.measured.xanes.calibration import MARK
from edgepair.standards.standard import Standard
from edgepair.standards.standards import COLUMNS

TABLE = "standards.csv"
"""Name of the table that is written beside the spectra."""


def save_standards(standards: Sequence[Standard], folder: str | Path) -> Path:
    """Write standards into a folder, with a table that `read_standards` reads back."""
    target = Path(folder)
    suggestion = "choose another folder with --save"
    if (target / TABLE).exists():
        raise OutputError(
            f"cannot write standards into {str(target)!r}",
            found=f"a table {TABLE} that may be your own",
            needed="a folder without one",
            suggestion=suggestion,
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot write standards into {str(target)!r}",
            found=f"{type(error).__name__}: {error.strerror or error}",
            needed="a folder, or a place where one can be made",
            suggestion=suggestion,
        ) from error
    rows = []
    taken: Counter[str] = Counter()
    for standard in standards:
        stem = re.sub(r"[^\w.+-]+", "_", f"{standard.absorber}_{standard.name}").removesuffix(".xdi")
        taken[stem.lower()] += 1
        name = stem + (f"_{taken[stem.lower()]}" if taken[stem.lower()] > 1 else "") + ".xdi"
        write_whole(target / name, standard_text(standard), what="the standard", suggestion=suggestion)
        values = {"file": name, "compound": standard.compound, "absorber": standard.absorber}
        for key in ("oxidation_state", "coordination_number", "bond_length"):
            value = getattr(standard, key)
            values[key] = "" if math.isnan(value) else f"{value:.6g}"
        rows.append({key: table_cell(value) for key, value in values.items()})
    lines = io.StringIO()
    writer = csv.DictWriter(lines, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return write_whole(target / TABLE, lines.getvalue(), what="the table", suggestion=suggestion)


def standard_text(standard: Standard) -> str:
    """Write a standard as XDI 1.0."""
    known = {
        "Edgepair.oxidation_state": standard.oxidation_state,
        "Edgepair.coordination_number": standard.coordination_number,
        "Edgepair.bond_length": standard.bond_length,
    }
    fields = {
        "Column.1": "energy eV",
        "Column.2": "norm",
        "Element.symbol": standard.absorber,
        "Element.edge": "K",
        "Sample.name": standard.compound,
        "Beamline.name": standard.beamline,
        "Edgepair.standard": standard.name,
        "Edgepair.source": standard.source,
        "Edgepair.licence": standard.licence,
        "Edgepair.quality": standard.quality,
        **{name: "" if math.isnan(value) else f"{value:.6g}" for name, value in known.items()},
        MARK: "" if math.isnan(standard.energy_shift) else f"{standard.energy_shift:+.2f} eV",
        "Edgepair.flattened": "yes",
    }
    lines = [f"# XDI/1.0 edgepair/{__version__}"]
    lines += [f"# {name}: {' '.join(text.split())}" for name, text in fields.items() if text.strip()]
    lines += ["# ///", "# a measured standard, normalised to an edge step of 1 and flattened by edgepair"]
    lines += ["# ---", "# energy norm"]
    lines += [f"{x:.3f} {y:.6f}" for x, y in zip(standard.energy, standard.mu, strict=True)]
    return "\n".join(lines) + "\n"
