"""What the page Data shows, in a process of its own: each function calls public ones of edgepair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair.apps.web.settings import Source
from edgepair.apps.web.work.words import Drawn, in_visitors_words, plain_figure
from edgepair.conventions import TASKS, TECHNIQUES, EdgepairError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_REMEMBERED = 10
"""Datasets that are kept in memory: of thousands of sites each, about 20 MB."""

MOST_CLASSES = 14
"""Different values of a label up to which each can be chosen; more are a range."""


@dataclass(frozen=True)
class About:
    """What a dataset holds."""

    absorber: str
    sites: int
    classes: dict[str, list[tuple[float, int]]]
    ranges: dict[str, tuple[float, float]]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Listed:
    """One page of a table of sites."""

    rows: list[dict[str, Any]]
    total: int
    materials: int
    formulas: int
    first: int


@dataclass(frozen=True)
class SiteShown:
    """One site."""

    site: int
    name: str
    colour: str
    facts: tuple[tuple[str, str], ...]


def open_source(source: Source) -> xr.Dataset:
    """Open a dataset, or take it from memory; not to be changed."""
    return _opened(source)[0]


def _opened(source: Source) -> tuple[xr.Dataset, pd.DataFrame]:
    changed = None
    if source.path is not None and source.path.exists():
        changed = source.path.stat().st_mtime_ns
    try:
        return _open(source, changed)
    except EdgepairError as error:
        names = {} if source.path is None else {source.path: source.name}
        raise in_visitors_words(error, names) from None


@lru_cache(maxsize=_REMEMBERED)
def _open(source: Source, _changed: int | None) -> tuple[xr.Dataset, pd.DataFrame]:
    from edgepair.dataset import load_bundled, open_dataset
    from edgepair.dataset.summary import site_table

    dataset = load_bundled(source.name) if source.path is None else open_dataset(Path(source.path))
    return dataset, site_table(dataset)


def _found(source: Source, wanted: Mapping[str, Any]) -> tuple[xr.Dataset, pd.DataFrame]:
    from edgepair.dataset.summary import SiteFilter, find_sites

    dataset, table = _opened(source)
    return dataset, find_sites(table, SiteFilter(**wanted))


def describe(source: Source) -> About:
    """Say what a dataset holds."""
    from edgepair.dataset import summarise

    dataset = open_source(source)
    told = summarise(dataset)
    classes: dict[str, list[tuple[float, int]]] = {}
    ranges: dict[str, tuple[float, float]] = {}
    for name, task in told["tasks"].items():
        if not task["sites"]:
            continue
        counts = task.get("classes")
        if counts is not None and len(counts) <= MOST_CLASSES:
            classes[name] = [(float(value), count) for value, count in counts.items()]
        else:
            values = dataset[name].dropna("site")
            ranges[name] = (float(values.min()), float(values.max()))
    facts = [
        ("absorber", f"{told['absorber']}, {told['edge']} edge at {told['edge_energy']:g} eV"),
        ("sites", f"{told['sites']:,} of {told['materials']:,} materials, {told['formulas']:,} formulas"),
        ("origin", ", ".join(f"{name} {count:,}" for name, count in told["origins"].items())),
    ]
    for name, grid in told["techniques"].items():
        made = "; ".join(str(grid[key]) for key in ("code", "source", "licence") if key in grid)
        text = f"{grid['first']:g} to {grid['last']:g} {grid['unit']}, step {grid['step']:g} {grid['unit']}"
        facts.append((TECHNIQUES[name].title, f"{text}; {made}" if made else text))
    for key in ("structures", "licence"):
        if key in told["provenance"]:
            facts.append((key, str(told["provenance"][key])))
    return About(told["absorber"], told["sites"], classes, ranges, tuple(facts))


def list_sites(
    source: Source, wanted: Mapping[str, Any], order: tuple[str, bool], first: int, most: int
) -> Listed:
    """List one page of the sites that are wanted."""
    _, table = _found(source, wanted)
    if order[0] in table.columns:
        table = table.sort_values(order[0], ascending=not order[1], kind="stable", na_position="last")
    first = max(0, min(first, (len(table) - 1) // most * most))
    rows = table.iloc[first : first + most].astype(object)
    return Listed(
        [{k: None if v != v else v for k, v in row.items()} for row in rows.to_dict("records")],
        len(table),
        int(table["material_id"].nunique()),
        int(table["formula"].nunique()),
        first,
    )


def draw_sites(source: Source, sites: Sequence[int]) -> tuple[list[SiteShown], list[Drawn]]:
    """Draw all curves of some sites."""
    from edgepair.report.dataset import SITE_LOOKS, site_figure, site_name

    dataset = open_source(source)
    there = [site for site in sites if 0 <= site < dataset.sizes["site"]]
    shown = [
        SiteShown(site, site_name(dataset, site), colour, _site_facts(dataset, site))
        for site, (colour, _) in zip(there, SITE_LOOKS, strict=False)
    ]
    figures = [
        (TECHNIQUES[name].title, plain_figure(site_figure(dataset, there, technique=name)))
        for name in TECHNIQUES
        if there and TECHNIQUES[name].variable in dataset
    ]
    return shown, figures


def draw_classes(source: Source, wanted: Mapping[str, Any], task: str) -> list[Drawn]:
    """Draw the mean curves of the classes of the sites that are wanted."""
    from edgepair.report.dataset import class_curve_figure
    from edgepair.study.importances import class_curves

    dataset, table = _found(source, wanted)
    curves = class_curves(dataset, task=task, sites=table["site"].to_numpy())
    names = {"absorber": str(dataset.attrs["absorber"]), "task": task}
    return [
        (TECHNIQUES[name].title, plain_figure(class_curve_figure(curves, technique=name, **names)))
        for name in dict.fromkeys(curves["technique"])
    ]


def _site_facts(dataset: xr.Dataset, site: int) -> tuple[tuple[str, str], ...]:
    material = int(dataset["material_index"].values[site])
    told = [
        ("material", str(dataset["material_id"].values[material])),
        ("site in the structure", f"{int(dataset['site_index'].values[site])} (from 0)"),
        ("equivalent sites", str(int(dataset["multiplicity"].values[site]))),
        ("origin", str(dataset["origin"].values[site])),
    ]
    for task in TASKS.values():
        if task.name in dataset:
            value = float(dataset[task.name].values[site])
            told.append((task.title, f"{value:.4g} {task.unit}".rstrip() if value == value else "not known"))
    if "neighbour_distance" in dataset:
        distances = dataset["neighbour_distance"].isel(site=site).dropna("neighbour").values.tolist()
        if distances:
            told.append(("neighbours", ", ".join(f"{distance:.3f}" for distance in sorted(distances)) + " Å"))
    return tuple(told)
