"""Features: numbers and regions of a XANES or a PDF that have a physical name."""

from edgepair.features.numbers import NUMBERS, Number
from edgepair.features.pair_distances import describe_pdf
from edgepair.features.regions import Region, find_pdf_regions, find_xanes_regions
from edgepair.features.spectrum import describe_xanes

__all__ = [
    "NUMBERS",
    "Number",
    "Region",
    "describe_pdf",
    "describe_xanes",
    "find_pdf_regions",
    "find_xanes_regions",
]
