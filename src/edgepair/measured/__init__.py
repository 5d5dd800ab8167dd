"""Measured files: one reader per format, and what they make of a file."""

from edgepair.measured.curve import PdfCurve
from edgepair.measured.scan import XanesScan

__all__ = ["PdfCurve", "XanesScan"]
