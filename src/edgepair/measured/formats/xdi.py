"""XDI, the exchange format of single spectra (Ravel and Newville, J. Phys. Conf. Ser. 712, 012148, 2016)."""

from __future__ import annotations

import re

from edgepair.measured.formats.columns import read_columns
from edgepair.measured.scan import ScanTable


def is_xdi(text: str) -> bool:
    """Say whether a text is XDI."""
    return re.match(r"\s*+[#%;!]?\s*+XDI/\d", text[:100]) is not None


def read_xdi(text: str, path: str) -> tuple[ScanTable, ...]:
    """Read an XDI file."""
    return read_columns(text, path, name="XDI")
