"""XDI, the exchange format of single spectra (Ravel and Newville, J. Phys. Conf. Ser. 712, 012148, 2016)."""

from __future__ import annotations

import re

from edgepair.measured.formats.columns import read_columns
from edgepair.measured.scan import ScanTable

MARK = re.compile(r"\A\s{0,90}[#%;!]?\s{0,90}XDI/\d")
"""What tells XDI."""


def read_xdi(text: str, path: str) -> tuple[ScanTable, ...]:
    """Read an XDI file."""
    return read_columns(text, path, name="XDI")
