"""Datasets: schema, building from arrays, storage, splits and bundled data."""

from edgepair.dataset.arrays import from_arrays
from edgepair.dataset.assemble import assemble
from edgepair.dataset.averaging import average_sites
from edgepair.dataset.bundled import bundled_path, load_bundled
from edgepair.dataset.schema import SCHEMA_VERSION, VARIABLES, find_problems, validate
from edgepair.dataset.selection import select_sites
from edgepair.dataset.showing import show_pdf
from edgepair.dataset.site_listing import SiteFilter, find_sites, site_table
from edgepair.dataset.splits import SPLITS, make_folds, split_groups
from edgepair.dataset.standard import Standard
from edgepair.dataset.standards import load_standards, read_standards
from edgepair.dataset.store import open_dataset, save_dataset
from edgepair.dataset.summary import summarise

__all__ = [
    "SCHEMA_VERSION",
    "SPLITS",
    "VARIABLES",
    "SiteFilter",
    "Standard",
    "assemble",
    "average_sites",
    "bundled_path",
    "find_problems",
    "find_sites",
    "from_arrays",
    "load_bundled",
    "load_standards",
    "make_folds",
    "open_dataset",
    "read_standards",
    "save_dataset",
    "select_sites",
    "show_pdf",
    "site_table",
    "split_groups",
    "summarise",
    "validate",
]
