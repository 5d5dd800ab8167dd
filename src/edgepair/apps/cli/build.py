"""The command ``edgepair build``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgepair.apps.cli.console import duration, print_json, print_lines, progress_bar, resumable
from edgepair.apps.cli.options import Jobs, Json, Quiet, Strict, check_outputs
from edgepair.conventions import OptionError
from edgepair.conventions.displayed import Record
from edgepair.conventions.errors import check_choice, read_pair
from edgepair.conventions.progress import Progress

if TYPE_CHECKING:
    from edgepair.builder import BuildEstimate, BuildProgress, BuildResult
    from edgepair.simulation import SiteSimulator

SKIPPED = 1


def build(
    source: Annotated[
        str | None,
        typer.Argument(
            help="File, folder, glob, archive or table of crystal structures; amcsd:FILTERS; mp:FILTERS."
        ),
    ] = None,
    absorber: Annotated[str | None, typer.Option(help="Absorbing metal, such as Fe.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Dataset to write: fe.zarr (a folder) or fe.zarr.zip.")
    ] = None,
    preset: Annotated[str, typer.Option(help="FEFF10 settings: fast or reference.")] = "fast",
    card: Annotated[
        list[str] | None,
        typer.Option(help="FEFF card in place of the preset's, e.g. 'SCF=4.5 0 30 .2 1'; repeats."),
    ] = None,
    simulator: Annotated[
        str | None, typer.Option(help="Simulator of your own in place of FEFF10: module:Class.")
    ] = None,
    cpu_limit: Annotated[
        float | None, typer.Option(help="CPU seconds that one stage of a FEFF10 run may take.")
    ] = None,
    spectra: Annotated[
        Path | None,
        typer.Option(
            help="Table of spectra computed elsewhere, in place of simulating; 'mp': the Materials Project's."
        ),
    ] = None,
    origin: Annotated[
        str, typer.Option(help="Where the spectra of --spectra come from: feff9, feff10, measured, user.")
    ] = "user",
    store: Annotated[
        Path | None, typer.Option(help="Folder of finished results [default: beside --out]")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask scheduler, tcp://host:port, or its scheduler file.")
    ] = None,
    jobs: Jobs = None,
    max_sites: Annotated[
        int | None, typer.Option(help="Most atoms in a primitive cell [default: 200]")
    ] = None,
    max_elements: Annotated[int | None, typer.Option(help="Most elements in a material.")] = None,
    pdf: Annotated[bool, typer.Option(help="Simulate PDFs.")] = True,
    energy_range: Annotated[
        str | None,
        typer.Option(
            "--range",
            help="First and last energy, eV from the tabulated edge, e.g. -10,50.",
            metavar="FIRST,LAST",
        ),
    ] = None,
    bond_valence_only: Annotated[
        bool, typer.Option("--bond-valence-only", help="Take no oxidation state from composition.")
    ] = False,
    simulate: Annotated[
        bool, typer.Option(help="Simulate what is missing, or take finished spectra only.")
    ] = True,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what failed in an earlier run.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell sites, minutes and disk; write nothing.")
    ] = False,
    status: Annotated[Path | None, typer.Option(help="Tell how the build of this dataset stands.")] = None,
    strict: Strict = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a labelled, simulated dataset from crystal structures; resumable."""
    from edgepair.builder import MAX_SITES, build_dataset, default_store, estimate_build, read_status
    from edgepair.dataset.schema import ORIGINS

    if status is not None:
        # A folder is often typed with a slash at its end.
        name = Path(str(status).rstrip("/"))
        beside = default_store(name)
        _show_status(read_status(store or beside, name.name), as_json)
        return
    chosen_source, chosen_absorber, target = _required(source, absorber, out)
    if not target.is_dir():
        check_outputs((chosen_source, spectra), out=target)
    check_choice("cannot use the origin", "origin", origin, ORIGINS)
    simulated_by = _simulator(simulator, preset, card, cpu_limit)
    structures, joined = _structures(chosen_source, spectra, chosen_absorber, origin)
    about = {"of": "energy range", "needed": "eV from the tabulated edge", "example": "-10,50"}
    between = None if energy_range is None else read_pair("--range", energy_range, **about)
    options: Record = {
        "absorber": chosen_absorber, "out": target, "simulator": simulated_by, "spectra": joined,
        "store": store, "workers": jobs, "max_sites": MAX_SITES if max_sites is None else max_sites,
        "max_elements": max_elements, "pdf": pdf,
    }  # fmt: skip
    if dry_run:
        with _bar(quiet=quiet or as_json) as on_progress:
            estimate = estimate_build(structures, on_progress=on_progress, **options)
        _show_estimate(estimate, as_json)
        return
    with resumable("results"), _bar(quiet=quiet or as_json) as on_progress:
        result = build_dataset(
            structures, scheduler=scheduler, energy_range=between,
            composition_states=not bond_valence_only, simulate=simulate, retry_failed=retry_failed,
            source_name=chosen_source, on_progress=on_progress, **options,
        )  # fmt: skip
    if as_json:
        print_json(_document(result))
    elif not quiet:
        _show_result(result, store or default_store(target))
    if not (result.all_there if strict else result.complete):
        raise typer.Exit(SKIPPED)


def _required(source: str | None, absorber: str | None, out: Path | None) -> tuple[str, str, Path]:
    given = {"SOURCE": source, "--absorber": absorber, "--out": out}
    missing = [name for name, value in given.items() if not value]
    if source and absorber and out:
        return source, absorber, out
    raise OptionError(
        "cannot build a dataset",
        found="no " + ", no ".join(missing),
        needed="crystal structures, an absorber and a dataset to write",
        suggestion="edgepair build cifs/ --absorber Fe --out fe.zarr",
    )


def _structures(source: str, spectra: Path | None, absorber: str, origin: str) -> tuple[Any, Any]:
    """Give the structures, and the spectra that are joined to them in place of simulating."""
    from edgepair.builder import join_project_spectra, read_spectra_table

    if spectra is None:
        return source, None
    if str(spectra) != "mp":
        return source, read_spectra_table(spectra, origin=origin)
    if not source.startswith("mp:"):
        raise OptionError(
            "cannot take the Materials Project's spectra",
            found=f"structures of {source!r}",
            needed="structures of the Materials Project, which its spectra were computed of",
            suggestion="edgepair build mp:elements=Fe+O --spectra mp --absorber Fe --out fe.zarr",
        )
    return join_project_spectra(source.removeprefix("mp:"), absorber)


def _simulator(
    name: str | None, preset: str, cards: list[str] | None, cpu_limit: float | None
) -> SiteSimulator:
    from edgepair.simulation import Feff10, load_simulator

    if name is not None:
        return load_simulator(name)
    chosen = {}
    for text in cards or ():
        card, equals, value = text.partition("=")
        if not equals:
            raise OptionError(
                f"cannot read the FEFF card {text!r}",
                found="no '='",
                needed="NAME=TEXT; an empty text takes the card out",
                suggestion="--card 'SCF=4.5 0 30 .2 1'",
            )
        chosen[card] = value
    return Feff10(preset, chosen, cpu_limit)


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[BuildProgress], None] | None]:
    """Show the stage, failures and the time left by what its items cost."""
    with progress_bar("edgepair build", quiet=quiet) as on_progress:
        if on_progress is None:
            yield None
            return

        def show(step: BuildProgress) -> None:
            failed = f", {step.failed} failed" if step.failed else ""
            text = f"{step.stage} {step.done} of {max(step.total, step.done)}{failed}"
            done, total = (step.cost_done, step.cost_total) if step.cost_total else (step.done, step.total)
            on_progress(Progress(done, total, text, cached=False))

        yield show


def _document(result: BuildResult) -> Record:
    return {
        "out": str(result.out),
        "sites": result.dataset.sizes["site"],
        "materials": result.dataset.sizes["material"],
        "items": result.counts(),
        "computed": result.computed,
        "found": result.found,
        "damaged": result.damaged,
        "cpu_seconds": round(result.cpu_seconds, 1),
        "seconds": round(result.seconds, 1),
        "not_done": [
            {name: getattr(item, name) for name in ("material_id", "site", "status", "reason", "message")}
            for item in result.items
            if item.status != "done"
        ],
    }


def _show_result(result: BuildResult, store: Path) -> None:
    from edgepair.builder.records import INFERRED

    sizes = result.dataset.sizes
    lines = [
        f"{result.out}: {sizes['site']} sites of {sizes['material']} materials, "
        f"{int(result.dataset['complete'].values.sum())} of these complete",
        f"{result.computed} results computed ({duration(result.cpu_seconds)} of CPU time), "
        f"{result.found} found in {store}; {duration(result.seconds)} in all",
    ]
    if result.damaged:
        lines.append(f"{result.damaged} stored results were not what had been written, and were made anew")
    done = [item for item in result.items if item.status == "done"]
    inferred = sum(item.reason == INFERRED for item in done)
    if inferred:
        lines.append(f"{inferred} structures read with symmetry or elements that their files leave open")
    again = sum(bool(item.message) and item.reason != INFERRED for item in done)
    if again:
        lines.append(f"{again} spectra from a second run: the first failed a check")
    counts = result.counts()
    gated = {name: count for name, count in counts.items() if name.startswith("gated")}
    rest = {name: n for name, n in counts.items() if not name.startswith("done") and name not in gated}
    if gated:
        lines.append("In the dataset, but nothing learns from them, for they failed a check:")
        lines += [f"  {count:>6}  {name.partition(': ')[2]}" for name, count in gated.items()]
    if rest:
        lines.append("Not in the dataset:")
        lines += [f"  {count:>6}  {name}" for name, count in rest.items()]
    if gated or rest or inferred:
        lines.append(f"Each with its reason: {store / (result.out.name + '.items.csv')}")
    print_lines(lines)


def _show_estimate(estimate: BuildEstimate, as_json: bool) -> None:
    if as_json:
        print_json(estimate.as_dict())
        return
    basis = (
        f"scaled by {estimate.measured_on} results that are there"
        if estimate.measured_on
        else "by our own measurements, good to a factor of two"
    )
    lines = [
        f"{estimate.sites} absorber sites of {estimate.materials} materials, {estimate.sites_known} known",
        f"about {duration(60 * estimate.minutes)} on the processes asked for "
        f"({duration(estimate.cpu_seconds)} of CPU time; {basis})",
        f"about {estimate.bytes_needed / 1e6:.1f} MB of disk",
    ]
    lines += [f"  {count:>6}  {name}" for name, count in estimate.as_dict()["items"].items()]
    print_lines(lines)


def _show_status(status: Record, as_json: bool) -> None:
    if as_json:
        print_json(status)
        return
    lines = [f"{status['dataset']}: {status['state']}; started {status['started']}, last {status['updated']}"]
    for name, stage in status["stages"].items():
        failed = f", {stage['failed']} failed" if stage["failed"] else ""
        lines.append(f"  {name:<16} {stage['done']} of {stage['total']}, {stage['found']} found{failed}")
    lines += [f"  {count:>6}  {name}" for name, count in status.get("items", {}).items()]
    if "problem" in status:
        lines.append(status["problem"])
    print_lines(lines)
