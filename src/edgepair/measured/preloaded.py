"""What the process that reads foreign files holds ready, so that a file costs a fork only."""

from __future__ import annotations

import contextlib
import importlib
import tempfile
from pathlib import Path

import numpy as np

from edgepair.conventions import EdgepairError
from edgepair.measured.pdf.reading import read_here as read_pdf_here
from edgepair.measured.xanes.reading import read_here as read_xanes_here

# What readers load or look up at their first use only, they do here, by reading something.
for _module in ("h5py", "xraydb"):
    with contextlib.suppress(ImportError):
        importlib.import_module(_module)
_x = np.arange(7000.0, 7300.0, 1.0)
_rows = "".join(f"{x} {y:.4f}\n" for x, y in zip(_x, 1.0 + np.arctan(_x - 7120.0), strict=True))
with tempfile.TemporaryDirectory(prefix="edgepair-ready-") as _folder:
    for _name, _read, _head in (
        ("a.dat", read_xanes_here, "# element: Fe\n# energy mu\n"),
        ("a.gr", read_pdf_here, "# composition = Fe2O3\n# r G\n"),
    ):
        _path = Path(_folder) / _name
        _path.write_text(_head + _rows)
        with contextlib.suppress(EdgepairError):
            _read(_path)
