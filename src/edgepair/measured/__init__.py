"""Measured files: one reader per format, and what they make of a file."""

from typing import TYPE_CHECKING

from edgepair._lazy import lazy_names

# The command line knows the samples of this room before it reads one.
if TYPE_CHECKING:
    from edgepair.measured.pdf.curve import PdfCurve
    from edgepair.measured.pdf.first_shell import FirstShell
    from edgepair.measured.pdf.inspection import PdfInspection, inspect_pdf
    from edgepair.measured.pdf.matching import match_instrument, prepare_pdf
    from edgepair.measured.pdf.reading import read_pdf
    from edgepair.measured.scan import XanesScan
    from edgepair.measured.xanes.reading import read_xanes

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

__getattr__, __dir__ = lazy_names(__name__, __file__)
