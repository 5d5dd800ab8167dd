"""From crystal structures to a labelled, simulated dataset."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair._version import __version__
from edgepair.conventions import OptionError, edge_energy
from edgepair.dataset.build.assembly import CurveAxis, MaterialRows, SiteRow, assemble_materials
from edgepair.dataset.build.curves import curve_problem
from edgepair.dataset.build.grid import check_energy_range
from edgepair.dataset.build.records import BuildEstimate, BuildProgress, BuildResult, Item, count_items
from edgepair.dataset.build.result_store import ResultStore
from edgepair.dataset.build.spectra_table import SpectraTable
from edgepair.dataset.build.stages import ANALYSE_COST, Material, Site, Stages
from edgepair.dataset.build.status import StatusFile, write_items
from edgepair.dataset.build.work import unpack_array
from edgepair.dataset.schema import ORIGINS
from edgepair.dataset.store import check_target, save_dataset
from edgepair.simulation import Feff10, SiteSimulator
from edgepair.structures import SourceMaterial, read_structure_source

if TYPE_CHECKING:
    import numpy as np

MAX_SITES = 200
"""Default limit on the atoms of a primitive cell."""

_BYTES_PER_SITE = 9_000
_BYTES_PER_MATERIAL = 17_000
"""Measured size of results and dataset together, for the estimate."""


def default_store(out: str | Path) -> Path:
    """Return where a build keeps its results unless told otherwise.

    Parameters
    ----------
    out : str or Path
        Dataset to be made.

    Returns
    -------
    pathlib.Path
        Beside it: ``fe.results`` for ``fe.zarr`` or ``fe.zarr.zip``.
    """
    path = Path(out)
    if not path.name or path.name == "..":
        raise OptionError(
            f"cannot make a dataset named {str(out)!r}",
            found="a name that is no file's",
            needed="a file or folder to be, such as fe.zarr",
            suggestion="--out fe.zarr",
        )
    return path.with_name(path.name.removesuffix(".zip").removesuffix(".zarr") + ".results")


def build_dataset(
    source: str | Path | Iterable[SourceMaterial],
    *,
    absorber: str,
    out: str | Path,
    simulator: SiteSimulator | None = None,
    spectra: SpectraTable | None = None,
    store: str | Path | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    max_sites: int | None = MAX_SITES,
    max_elements: int | None = None,
    pdf: bool = True,
    energy_range: tuple[float, float] | None = None,
    composition_states: bool = True,
    simulate: bool = True,
    retry_failed: bool = False,
    attributes: Mapping[str, Any] | None = None,
    source_name: str | None = None,
    on_progress: Callable[[BuildProgress], None] | None = None,
) -> BuildResult:
    """Make a dataset from crystal structures.

    Parameters
    ----------
    source : str, Path or iterable of SourceMaterial
        See `read_structure_source`: files, folders, archives, tables, ``amcsd:``, ``mp:``.
    absorber : str
        Chemical symbol of the absorbing metal.
    out : str or Path
        Dataset to write: one zip where it ends in ``.zip``, otherwise a Zarr folder. An older dataset
        in its place is replaced when the new one is whole.
    simulator : SiteSimulator, optional
        Simulates one spectrum per inequivalent absorber site; default FEFF10, preset ``fast``.
    spectra : SpectraTable, optional
        Spectra that were computed elsewhere, instead of simulating; materials without any are left
        out.
    store : str or Path, optional
        Folder in which finished results are kept and looked for; default `default_store`. Several
        builds may share one, at the same time too.
    scheduler : str, optional
        Address of a Dask scheduler; default: processes of this machine.
    workers : int, optional
        Number of these; default one per core.
    max_sites, max_elements : int, optional
        Materials with more atoms in the primitive cell, or more elements, are left out.
    pdf : bool, optional
        Whether PDFs are simulated.
    energy_range : tuple of float, optional
        First and last energy of the grid, eV from the tabulated edge; default by the spectra.
    composition_states : bool, optional
        Whether oxidation states found by composition alone are kept.
    simulate : bool, optional
        False: simulate no further spectra, and make the dataset of those that are finished.
    retry_failed : bool, optional
        Try again what failed in an earlier run.
    attributes : mapping, optional
        What the dataset should say besides: title, licence, source of the structures.
    source_name : str, optional
        What it should call the source, where that is not a text.
    on_progress : callable, optional
        Called with a `BuildProgress` after each item.

    Returns
    -------
    BuildResult
        The dataset, and what became of every item.

    Raises
    ------
    EdgepairError
        The source cannot be read, nothing of it can be used, the store or the dataset cannot be
        written, or the processes are gone. Finished results stay in the store: the same call goes
        on from there.

    Notes
    -----
    Interrupted or killed at any moment, the same call recomputes nothing that was finished. The
    dataset depends on the structures and settings alone, not on the order in which work ended.
    """
    edge_energy(absorber)
    _check(max_sites=max_sites, max_elements=max_elements, workers=workers)
    started = time.monotonic()
    out = Path(out)
    folder = _places(out, store)
    check_energy_range(absorber, energy_range)
    chosen: SiteSimulator = simulator if simulator is not None else Feff10()
    _check_simulator(chosen, spectra, pdf)
    results = ResultStore(folder)
    settings = _settings(source_name or source, absorber, chosen, spectra, max_sites, max_elements, pdf)
    with StatusFile(folder, out.name, settings, on_progress) as status:
        stages = Stages(
            absorber,
            results,
            scheduler=scheduler,
            workers=workers,
            retry_failed=retry_failed,
            on_progress=status.progress,
        )
        with stages:
            plan = _Plan(stages, spectra, max_sites=max_sites, max_elements=max_elements)
            plan.read(source)
            rows = plan.finish(chosen, pdf=pdf, simulate=simulate)
        items = plan.items
        # Before the dataset: where nothing is left, the reasons are needed most.
        write_items(folder, out.name, items)
        dataset, short = assemble_materials(
            absorber,
            rows,
            origin=spectra.origin if spectra is not None else chosen.origin,
            axis=CurveAxis() if spectra is not None else CurveAxis(chosen.variable, chosen.axis),
            curve_attributes=_curve_attributes(chosen, spectra),
            provenance=_provenance(absorber, items, settings, attributes),
            energy_range=energy_range,
            composition_states=composition_states,
        )
        if short:
            items = _short(items, short)
            dataset.attrs["left_out"] = _left_out(items)
            write_items(folder, out.name, items)
        save_dataset(dataset, out)
        status.finish(count_items(tuple(items)))
    return BuildResult(
        dataset,
        out,
        tuple(items),
        stages.computed,
        stages.found,
        stages.cpu_seconds,
        time.monotonic() - started,
    )


def estimate_build(
    source: str | Path | Iterable[SourceMaterial],
    *,
    absorber: str,
    out: str | Path,
    simulator: SiteSimulator | None = None,
    spectra: SpectraTable | None = None,
    store: str | Path | None = None,
    workers: int | None = None,
    max_sites: int | None = MAX_SITES,
    max_elements: int | None = None,
    pdf: bool = True,
    on_progress: Callable[[BuildProgress], None] | None = None,
) -> BuildEstimate:
    """Tell what a build would do, and what it would cost. Writes nothing.

    Parameters
    ----------
    source, absorber, out, simulator, spectra, store, workers, max_sites, max_elements, pdf, on_progress
        As for `build_dataset`.

    Returns
    -------
    BuildEstimate
        Sites are counted before it is known whether all their neighbours are oxygen. The time is
        estimated from the sizes of the spheres, scaled by the results in the store where there are
        at least ten.
    """
    edge_energy(absorber)
    _check(max_sites=max_sites, max_elements=max_elements, workers=workers)
    folder = _places(Path(out), store)
    chosen: SiteSimulator = simulator if simulator is not None else Feff10()
    results = ResultStore(folder, keep=False)
    # The processes asked for may be elsewhere; reading structures takes no more than there are here.
    here = min(workers or _cores(), _cores())
    with Stages(absorber, results, workers=here, on_progress=on_progress) as stages:
        plan = _Plan(stages, spectra, max_sites=max_sites, max_elements=max_elements)
        plan.read(source)
        pairs = [(m, site) for m in plan.materials for site in m.sites]
        if spectra is None:
            known, missing, scale, measured = stages.estimate(pairs, chosen)
        else:
            known, missing, scale, measured = len(plan.joined), 0.0, 1.0, 0
        unlabelled = stages.unlabelled(plan.materials, pdf=pdf)
    cpu = missing * scale + unlabelled * ANALYSE_COST
    return BuildEstimate(
        materials=len(plan.materials),
        sites=len(pairs),
        sites_known=known,
        cpu_seconds=round(cpu, 1),
        minutes=round(cpu / 60 / (workers or _cores()), 1),
        bytes_needed=len(pairs) * _BYTES_PER_SITE + len(plan.materials) * _BYTES_PER_MATERIAL,
        measured_on=measured,
        items=tuple(plan.items),
    )


@dataclass
class _Plan:
    """The materials and sites of one build, and what became of them so far."""

    stages: Stages
    spectra: SpectraTable | None
    max_sites: int | None
    max_elements: int | None

    def __post_init__(self) -> None:
        self.materials: list[Material] = []
        self.items: list[Item] = []
        self.joined: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]] = {}

    def read(self, source: str | Path | Iterable[SourceMaterial]) -> None:
        """Read the source and join spectra that were computed elsewhere."""
        materials = read_structure_source(source) if isinstance(source, str | Path) else source
        limits = {"max_sites": self.max_sites, "max_elements": self.max_elements}
        wanted = materials if self.spectra is None else self._with_spectra(materials)
        self.materials, found = self.stages.prepare(wanted, limits)
        self.items += found
        if self.spectra is not None:
            for material in self.materials:
                self._join(material, self.spectra)

    def _with_spectra(self, materials: Iterable[SourceMaterial]) -> Iterable[SourceMaterial]:
        assert self.spectra is not None
        unseen = dict.fromkeys(self.spectra.spectra)
        for material in materials:
            unseen.pop(material.material_id, None)
            if material.material_id in self.spectra.spectra:
                yield material
            else:
                message = "the table of spectra has none of it"
                self.items.append(Item(material.material_id, None, "left out", "no spectrum", message))
        for name in unseen:
            message = "the table of spectra names it, the source does not"
            self.items.append(Item(name, None, "left out", "not in the source", message))

    def _join(self, material: Material, table: SpectraTable) -> None:
        for spectrum in table.spectra[material.material_id]:
            problem = curve_problem(spectrum.energy, spectrum.mu)
            if problem:
                item = Item(material.material_id, spectrum.site, "rejected", "spectrum not usable", problem)
                self.items.append(item)
                continue
            site = next((s for s in material.sites if spectrum.site in s.equivalent), None)
            if site is None:
                message = f"atom {spectrum.site} is no {self.stages.absorber} atom of the structure"
                item = Item(material.material_id, spectrum.site, "rejected", "not an absorber site", message)
            elif (material.material_id, site.given) in self.joined:
                message = f"equivalent to site {site.given}, which has a spectrum"
                item = Item(material.material_id, spectrum.site, "duplicate", "", message)
            else:
                self.joined[material.material_id, site.given] = (spectrum.energy, spectrum.mu)
                continue
            self.items.append(item)

    def finish(self, simulator: SiteSimulator, *, pdf: bool, simulate: bool) -> list[MaterialRows]:
        """Label, simulate, and collect what is there."""
        analyses = self.stages.analyse(self.materials, pdf=pdf)
        wanted: list[tuple[Material, Site]] = []
        labels: dict[tuple[str, int], dict[str, Any]] = {}
        for material in self.materials:
            record = analyses.get(material.material_id)
            if record is None or not record["ok"]:
                failure = record or {"reason": "no result", "problem": "it was not kept"}
                item = Item(material.material_id, None, "failed", failure["reason"], failure["problem"])
                self.items.append(item)
                continue
            for site, label in zip(material.sites, record["value"]["sites"], strict=True):
                if not label["elements"] or set(label["elements"]) != {"O"}:
                    message = "neighbours " + (", ".join(label["elements"]) or "not found")
                    reason = "neighbours not all oxygen"
                    self.items.append(Item(material.material_id, site.given, "left out", reason, message))
                else:
                    wanted.append((material, site))
                    labels[material.material_id, site.given] = label
        curves = self._curves(wanted, simulator, simulate=simulate)
        return [
            _material_rows(
                material,
                [
                    SiteRow(site.given, site.multiplicity, labels[place], *curves[place])
                    for site in material.sites
                    if (place := (material.material_id, site.given)) in curves
                ],
                self.stages.curves(material, pdf=pdf),
            )
            for material in self.materials
            if any((material.material_id, site.given) in curves for site in material.sites)
        ]

    def _curves(
        self, wanted: list[tuple[Material, Site]], simulator: SiteSimulator, *, simulate: bool
    ) -> dict[tuple[str, int], tuple[np.ndarray, np.ndarray]]:
        import numpy as np

        records = (
            self.stages.simulate(wanted, simulator, only_known=not simulate) if self.spectra is None else {}
        )
        curves = {}
        for material, site in wanted:
            place = (material.material_id, site.given)
            record = records.get(place)
            if self.spectra is not None and place in self.joined:
                curves[place] = self.joined[place]
                item = Item(*place, "done")
            elif self.spectra is not None:
                item = Item(*place, "left out", "no spectrum", "the table of spectra has none of it")
            elif record is None:
                item = Item(*place, "missing", "not simulated yet")
            elif record["ok"]:
                value = record["value"]
                curves[place] = (np.array(value["x"]), np.array(value["y"]))
                item = Item(*place, "done")
            else:
                item = Item(*place, "failed", record["reason"], record["problem"])
            self.items.append(item)
        return curves


def _material_rows(material: Material, rows: list[SiteRow], analysis: Mapping[str, Any]) -> MaterialRows:
    curves = {name: unpack_array(text) for name, text in analysis.get("pdf", {}).items()}
    baselines = analysis.get("baseline", {})
    return MaterialRows(
        material.material_id, material.formula, len(material.sites), tuple(rows), curves, baselines
    )


def _short(items: list[Item], short: Mapping[tuple[str, int | None], tuple[str, str]]) -> list[Item]:
    """Mark the sites whose spectrum does not reach the grid, or cannot be used at all."""
    return [
        replace(item, status="left out", reason=short[place][0], message=short[place][1])
        if item.status == "done" and (place := (item.material_id, item.site)) in short
        else item
        for item in items
    ]


def _places(out: Path, store: str | Path | None) -> Path:
    """Refuse places that cannot hold a dataset and its results; return that of the results."""
    beside = default_store(out)
    folder = beside if store is None else Path(store)
    check_target(out)
    if folder.resolve() == out.resolve():
        raise OptionError(
            f"cannot keep results in {str(folder)!r}",
            found="the place of the dataset itself",
            needed="another folder",
            suggestion="leave --store out: the results go beside the dataset",
        )
    return folder


def _cores() -> int:
    return os.cpu_count() or 1


def _check(**numbers: int | None) -> None:
    for name, value in numbers.items():
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise OptionError(
                f"cannot build with {name} {value!r}",
                found=f"{name} {value!r}",
                needed="a whole number from 1",
                suggestion="leave it out for its default",
            )


def _check_simulator(simulator: SiteSimulator, spectra: SpectraTable | None, pdf: bool) -> None:
    """Refuse before the work what a dataset would refuse after it."""
    origin = simulator.origin if spectra is None else spectra.origin
    if origin not in ORIGINS:
        raise OptionError(
            f"cannot use the simulator {simulator.name!r}",
            found=f"origin {origin!r}",
            needed="one of " + ", ".join(ORIGINS),
            suggestion="origin = 'user'",
        )
    if spectra is None and simulator.variable != "mu" and not pdf:
        raise OptionError(
            f"cannot make a dataset of {simulator.variable!r} alone",
            found="a simulator of no XANES, and no PDFs",
            needed="at least one of mu, G, G_M, G_neutron, which the schema knows",
            suggestion="leave --no-pdf out",
        )


def _settings(
    source: object,
    absorber: str,
    simulator: SiteSimulator,
    spectra: SpectraTable | None,
    max_sites: int | None,
    max_elements: int | None,
    pdf: bool,
) -> dict[str, Any]:
    """Collect what made a dataset, the same on every machine: no path but a name."""
    name = str(source) if isinstance(source, str | Path) else "materials given in Python"
    if isinstance(source, Path) or (isinstance(source, str) and not source.startswith(("amcsd:", "mp:"))):
        name = Path(name).name or name
    made: dict[str, Any] = {
        "command": "edgepair build",
        "source": name,
        "absorber": absorber,
        "max_sites": max_sites,
        "max_elements": max_elements,
        "pdf": pdf,
    }
    if spectra is None:
        made["simulator"] = {"name": simulator.name, "version": simulator.version}
        made["simulator"] |= simulator.parameters()
    else:
        made["spectra"] = {"content_sha256": spectra.content, "origin": spectra.origin, "rows": len(spectra)}
    packages = ("pymatgen-core", "spglib", "numpy", "scipy")
    made["versions"] = {"edgepair": __version__} | {name: version(name) for name in packages}
    if pdf:
        made["versions"]["diffpy.pdffit2"] = version("diffpy.pdffit2")
    return made


def _curve_attributes(simulator: SiteSimulator, spectra: SpectraTable | None) -> dict[str, Any]:
    if spectra is None:
        return simulator.attributes()
    return {"long_name": "absorption", "origin": spectra.origin} | dict(spectra.attributes)


def _left_out(items: list[Item]) -> str:
    """Count what is not in the dataset, for its attribute."""
    counts = {k: n for k, n in count_items(tuple(items)).items() if k != "done"}
    return json.dumps(counts, ensure_ascii=False)


def _provenance(
    absorber: str, items: list[Item], settings: Mapping[str, Any], attributes: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "title": f"{absorber} K-edge XANES and PDFs",
        "made_by": f"edgepair {__version__}, edgepair build",
        "build": json.dumps(settings, ensure_ascii=False, sort_keys=True),
        "left_out": _left_out(items),
        "groups": "formula",
        **dict(attributes or {}),
    }
