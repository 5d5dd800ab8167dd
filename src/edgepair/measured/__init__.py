"""Measured files: one reader per format, and what they make of a file."""

from typing import TYPE_CHECKING

from edgepair.conventions.lazy import lazy_names

if TYPE_CHECKING:
    from edgepair.measured.pdf.curve import PdfCurve
    from edgepair.measured.pdf.first_shell import FirstShell
    from edgepair.measured.pdf.inspection import PdfInspection, inspect_pdf
    from edgepair.measured.pdf.matching import match_instrument, prepare_pdf
    from edgepair.measured.pdf.reading import read_pdf
    from edgepair.measured.scan import XanesScan
    from edgepair.measured.xanes.reading import read_xanes

# The command line knows the samples of this room before it reads one.
_HOMES = {
    "FirstShell": "edgepair.measured.pdf.first_shell",
    "PdfCurve": "edgepair.measured.pdf.curve",
    "PdfInspection": "edgepair.measured.pdf.inspection",
    "XanesScan": "edgepair.measured.scan",
    "inspect_pdf": "edgepair.measured.pdf.inspection",
    "match_instrument": "edgepair.measured.pdf.matching",
    "prepare_pdf": "edgepair.measured.pdf.matching",
    "read_pdf": "edgepair.measured.pdf.reading",
    "read_xanes": "edgepair.measured.xanes.reading",
}

__all__ = [
    "FirstShell",
    "PdfCurve",
    "PdfInspection",
    "XanesScan",
    "inspect_pdf",
    "match_instrument",
    "prepare_pdf",
    "read_pdf",
    "read_xanes",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
