"""Features: what models read of a curve, and the descriptors and regions that have a physical name."""

from edgepair.features.regions import (
    NUMBERS,
    Number,
    Region,
    describe_pdf,
    describe_xanes,
    find_pdf_regions,
    find_regions,
    find_xanes_regions,
    region_numbers,
)
from edgepair.features.table import (
    NORMALISATIONS,
    RAW_RECIPES,
    FeatureTable,
    compute_features,
    dpdf_normalisation,
    normalised_curves,
)

__all__ = [
    "NORMALISATIONS",
    "NUMBERS",
    "RAW_RECIPES",
    "FeatureTable",
    "Number",
    "Region",
    "compute_features",
    "describe_pdf",
    "describe_xanes",
    "dpdf_normalisation",
    "find_pdf_regions",
    "find_regions",
    "find_xanes_regions",
    "normalised_curves",
    "region_numbers",
]
