"""What is explained of one absorber: its modalities, their features, regions and groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from edgepair.conventions import TECHNIQUES, subsets_of
from edgepair.features import FeatureTable, compute_features
from edgepair.interpretation.groups import Group, dataset_regions, join_groups, technique_groups
from edgepair.interpretation.number_forests import NumberTable, number_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from edgepair.features import Region
    from edgepair.study.cells import Rows

USUAL_TECHNIQUES = ("xanes", "pdf", "dpdf")
"""Techniques that are looked at unless others are asked for."""


def usual_techniques(datasets: Sequence[xr.Dataset]) -> tuple[str, ...]:
    """List the techniques that are looked at where none is asked for."""
    held = {name for data in datasets for name, kind in TECHNIQUES.items() if kind.variable in data}
    neutron = ("npdf",) if "npdf" in held and not held & {"pdf", "dpdf"} else ()
    return USUAL_TECHNIQUES + neutron


def groups_remark(dataset: xr.Dataset) -> str:
    """Say so where materials stand for formulas."""
    if dataset.attrs.get("groups") != "material":
        return ""
    return "no formulas are given: each material counts as a formula of its own, and two may be alike"


@dataclass(frozen=True)
class Explained:
    """One absorber and the techniques that are explained."""

    dataset: xr.Dataset
    techniques: tuple[str, ...]
    tables: dict[str, FeatureTable] = field(default_factory=dict)

    @property
    def absorber(self) -> str:
        """Chemical symbol."""
        return str(self.dataset.attrs["absorber"])

    @property
    def full(self) -> str:
        """The modality of all techniques together."""
        return "+".join(self.techniques)

    @property
    def modalities(self) -> tuple[str, ...]:
        """What is explained: each technique alone, then all together."""
        return tuple(dict.fromkeys((*self.techniques, self.full)))

    @property
    def subsets(self) -> tuple[str, ...]:
        """All modalities that can be made of the techniques."""
        return subsets_of(self.techniques)

    @cached_property
    def regions(self) -> dict[str, tuple[Region, ...]]:
        """Named regions of each technique."""
        return {name: dataset_regions(self.dataset, name) for name in self.techniques}

    @cached_property
    def numbers(self) -> NumberTable:
        """Interpretable numbers of every site."""
        return number_table(self.dataset, self.techniques)

    def table(self, modality: str) -> FeatureTable:
        """Compute the features of a modality, once."""
        if modality not in self.tables:
            self.tables[modality] = compute_features(self.dataset, modality)
        return self.tables[modality]

    @cached_property
    def _by_technique(self) -> dict[str, list[Group]]:
        return {
            name: technique_groups(self.table(name), name, self.regions[name]) for name in self.techniques
        }

    def groups(self, modality: str) -> list[Group]:
        """List the groups of features of a modality: techniques, regions, clusters."""
        parts = modality.split("+")
        return join_groups([(self._by_technique[name], self.table(name).values.shape[1]) for name in parts])

    def region_rows(self) -> Rows:
        """List the rows of ``regions.csv``."""
        rows: Rows = []
        for name, regions in self.regions.items():
            having = {
                group.name: len(group.window.columns)
                for group in self._by_technique[name]
                if group.grouping == "region"
            }
            rows += [
                {
                    "absorber": self.absorber,
                    "technique": name,
                    "region": region.name,
                    "title": region.title,
                    "unit": TECHNIQUES[name].unit,
                    "low": region.low,
                    "high": region.high,
                    "n_features": having.get(region.name, 0),
                }
                for region in regions
            ]
        return rows

    def cluster_rows(self) -> Rows:
        """List the rows of ``clusters.csv``."""
        return [
            {
                "absorber": self.absorber,
                "modality": modality,
                "cluster": group.name,
                "technique": group.window.technique,
                "position_low": group.window.low,
                "position_high": group.window.high,
                "n_features": len(group.window.columns),
                "title": group.title,
            }
            for modality in self.modalities
            for group in self.groups(modality)
            if group.grouping == "cluster"
        ]
