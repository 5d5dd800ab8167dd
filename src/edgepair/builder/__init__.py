"""Builder: from crystal structures to a dataset: labels, simulations, a store of finished results."""

from edgepair.builder.records import BuildEstimate, BuildProgress, BuildResult, Item, read_status
from edgepair.builder.result_store import ResultStore
from edgepair.builder.run import MAX_SITES, build_dataset, default_store, estimate_build
from edgepair.builder.spectra_table import SpectraTable, join_project_spectra, read_spectra_table

__all__ = [
    "MAX_SITES",
    "BuildEstimate",
    "BuildProgress",
    "BuildResult",
    "Item",
    "ResultStore",
    "SpectraTable",
    "build_dataset",
    "default_store",
    "estimate_build",
    "join_project_spectra",
    "read_spectra_table",
    "read_status",
]
