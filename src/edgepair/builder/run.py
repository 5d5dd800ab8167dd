"""From crystal structures to a labelled, simulated dataset."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from edgepair._version import __version__
from edgepair.builder.assembly import (
    Assembled,
    CurveAxis,
    MaterialRows,
    Place,
    SecondRun,
    assemble_materials,
    replace_curves,
    run_again,
    second_run_attribute,
)
from edgepair.builder.gates import check_energy_range
from edgepair.builder.plan import Plan
from edgepair.builder.records import (
    BuildEstimate,
    BuildProgress,
    BuildResult,
    Item,
    StatusFile,
    count_items,
    write_items,
)
from edgepair.builder.result_store import ResultStore
from edgepair.builder.spectra_table import SpectraTable
from edgepair.builder.stages import Stages
from edgepair.conventions import OptionError, edge_energy
from edgepair.conventions.displayed import Record
from edgepair.dataset.schema import ORIGINS
from edgepair.dataset.store import check_target, save_dataset
from edgepair.engine import default_workers
from edgepair.simulation import Feff10, SiteSimulator
from edgepair.structures import SourceMaterial

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
    attributes: Mapping[str, object] | None = None,
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
        Number of these; default one per core; one, without Dask.
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
    settings = build_settings(source_name or source, absorber, chosen, spectra, max_sites, max_elements, pdf)
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
            plan = Plan(stages, spectra, max_sites=max_sites, max_elements=max_elements)
            plan.read(source)
            rows = plan.finish(chosen, pdf=pdf, simulate=simulate)
            # Before the dataset: where nothing is left, the reasons are needed most.
            write_items(folder, out.name, plan.items)

            def put_together(materials: list[MaterialRows], more: Mapping[str, object]) -> Assembled:
                return assemble_materials(
                    absorber,
                    materials,
                    origin=spectra.origin if spectra is not None else chosen.origin,
                    axis=CurveAxis() if spectra is not None else CurveAxis(chosen.variable, chosen.axis),
                    curve_attributes={**curve_attributes(chosen, spectra), **more},
                    provenance=provenance(absorber, plan.items, settings, attributes),
                    energy_range=energy_range,
                    composition_states=composition_states,
                )

            assembled = put_together(rows, {})
            runs: dict[Place, SecondRun] = {}
            if spectra is None:
                runs = run_again(stages, plan.materials, assembled, chosen, only_known=not simulate)
            more = second_run_attribute(runs, chosen)
            if more:
                assembled = put_together(replace_curves(rows, runs), more)
        plan.judge(assembled, runs)
        items, dataset = plan.items, assembled.dataset
        dataset.attrs["left_out"] = left_out(items)
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
        results.damaged,
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
    source : str, Path or iterable of SourceMaterial
        As for `build_dataset`, and so are the others.
    absorber : str
        Chemical symbol.
    out : str or Path
        Dataset to be made.
    simulator : SiteSimulator, optional
        Simulates the spectra.
    spectra : SpectraTable, optional
        Spectra that were computed elsewhere.
    store : str or Path, optional
        Folder of finished results.
    workers : int, optional
        Processes that the minutes are for.
    max_sites, max_elements : int, optional
        Limits on a material.
    pdf : bool, optional
        Whether PDFs are simulated.
    on_progress : callable, optional
        Called with a `BuildProgress`.

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
    here = min(workers or os.cpu_count() or 1, default_workers())
    with Stages(absorber, results, workers=here, on_progress=on_progress) as stages:
        plan = Plan(stages, spectra, max_sites=max_sites, max_elements=max_elements)
        plan.read(source)
        pairs = [(m, site) for m in plan.materials for site in m.sites]
        if spectra is None:
            known, missing, scale, measured = stages.estimate(pairs, chosen)
        else:
            known, missing, scale, measured = len(plan.joined), 0.0, 1.0, 0
        unfinished = stages.unfinished_cost(plan.materials, pdf=pdf)
    cpu = missing * scale + unfinished
    return BuildEstimate(
        materials=len(plan.materials),
        sites=len(pairs),
        sites_known=known,
        cpu_seconds=round(cpu, 1),
        minutes=round(cpu / 60 / (workers or default_workers()), 1),
        bytes_needed=len(pairs) * _BYTES_PER_SITE + len(plan.materials) * _BYTES_PER_MATERIAL,
        measured_on=measured,
        items=tuple(plan.items),
    )


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


def build_settings(
    source: object,
    absorber: str,
    simulator: SiteSimulator,
    spectra: SpectraTable | None,
    max_sites: int | None,
    max_elements: int | None,
    pdf: bool,
) -> Record:
    """Collect what made a dataset, the same on every machine: no path but a name."""
    name = str(source) if isinstance(source, str | Path) else "materials given in Python"
    if isinstance(source, Path) or (isinstance(source, str) and not source.startswith(("amcsd:", "mp:"))):
        name = Path(name).name or name
    made: Record = {
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


def curve_attributes(simulator: SiteSimulator, spectra: SpectraTable | None) -> Record:
    """Say of the curves where they come from."""
    if spectra is None:
        return simulator.attributes()
    return {"long_name": "absorption", "origin": spectra.origin} | dict(spectra.attributes)


def left_out(items: list[Item]) -> str:
    """Count what is not in the dataset, for its attribute."""
    counts = {k: n for k, n in count_items(tuple(items)).items() if k != "done"}
    return json.dumps(counts, ensure_ascii=False)


def provenance(
    absorber: str, items: list[Item], settings: Mapping[str, object], attributes: Mapping[str, object] | None
) -> Record:
    """Say of a dataset what made it, and what is not in it."""
    return {
        "title": f"{absorber} K-edge XANES and PDFs",
        "made_by": f"edgepair {__version__}, edgepair build",
        "build": json.dumps(settings, ensure_ascii=False, sort_keys=True),
        "left_out": left_out(items),
        "groups": "formula",
        **dict(attributes or {}),
    }
