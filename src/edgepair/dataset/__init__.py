"""Datasets: schema, building from arrays, storage, splits and bundled data."""

from typing import TYPE_CHECKING

from edgepair._lazy import lazy_names
from edgepair.dataset.arrays import assemble, from_arrays
from edgepair.dataset.averaging import average_sites, drop_gated, select_sites
from edgepair.dataset.bundled import bundled_path, load_bundled
from edgepair.dataset.schema import GATE_SEPARATOR, GATES, SCHEMA_VERSION, VARIABLES, find_problems, validate
from edgepair.dataset.splits import SPLITS, make_folds, split_groups
from edgepair.dataset.store import open_dataset, save_dataset
from edgepair.dataset.summary import SiteFilter, find_sites, show_pdf, site_table, summarise

# They need xarray, which not every command loads.
if TYPE_CHECKING:
    from edgepair.dataset.accessor import CurvePlots, DatasetAccessor

__all__ = [
    "GATES",
    "GATE_SEPARATOR",
    "SCHEMA_VERSION",
    "SPLITS",
    "VARIABLES",
    "CurvePlots",
    "DatasetAccessor",
    "SiteFilter",
    "assemble",
    "average_sites",
    "bundled_path",
    "drop_gated",
    "find_problems",
    "find_sites",
    "from_arrays",
    "load_bundled",
    "make_folds",
    "open_dataset",
    "save_dataset",
    "select_sites",
    "show_pdf",
    "site_table",
    "split_groups",
    "summarise",
    "validate",
]

__getattr__, _ = lazy_names(__name__, __file__)
