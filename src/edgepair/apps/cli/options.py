"""Options that several commands share, spelled and checked once; and their spellings of the last release."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_type_hints

import typer
from typer.core import TyperCommand

from edgepair.conventions import STUDY_ABSORBERS, OptionError
from edgepair.conventions.displayed import Record
from edgepair.conventions.errors import check_number
from edgepair.measured.samples import Foil, Sample, read_foil_file, read_ranges

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.spectra.alignment import FoilReading
    from edgepair.standards.standards import Standard

Tasks: TypeAlias = Annotated[
    list[str] | None, typer.Option(help="oxidation_state, coordination_number, bond_length.")
]
OwnDatasets: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(help="Dataset of your own (.zarr.zip or folder) in place of the bundled ones."),
]
OwnStandards: TypeAlias = Annotated[Path | None, typer.Option(help="CSV table of standards of your own.")]
Folds: TypeAlias = Annotated[int, typer.Option(help="Number of folds.")]
Repeats: TypeAlias = Annotated[
    int | None, typer.Option(help="How often folds are dealt anew; default by size.")
]
Seed: TypeAlias = Annotated[int, typer.Option(help="Same seed, same numbers.")]
Scheduler: TypeAlias = Annotated[
    str | None, typer.Option(help="Dask scheduler whose processes make the fits, tcp://host:port.")
]
Deglitch: TypeAlias = Annotated[bool, typer.Option("--deglitch", help="Replace isolated glitches.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Strict: TypeAlias = Annotated[
    bool, typer.Option("--strict", help="End with 1 also where something was left out by rule.")
]
Verbose: TypeAlias = Annotated[bool, typer.Option("--verbose", "-v", help="Print all there is to say.")]
Jobs: TypeAlias = Annotated[int | None, typer.Option(help="Processes on this machine; default all cores.")]
Report: TypeAlias = Annotated[Path | None, typer.Option(help="Write a page with figures (.html).")]
DpdfNames: TypeAlias = Annotated[
    str | None, typer.Option("--dpdf", help="Names of PDFs that are differential, as 'd*.gr'.")
]
Radiation: TypeAlias = Annotated[str | None, typer.Option(help="Of a PDF: x-ray, neutron or electron.")]


@dataclasses.dataclass(frozen=True)
class SpectrumReading:
    """How spectra are read and calibrated, as typed: one block of options for every command that does."""

    absorber: Annotated[str | None, typer.Option(help="Absorbing metal, such as Fe.")] = None
    item: Annotated[str | None, typer.Option(help="Group, scan or column, of a file that holds many.")] = None
    mu: Annotated[
        str | None, typer.Option(help="Column of the absorption, or an expression: '-ln(i1/i0)', '$4/$5'.")
    ] = None
    energy_column: Annotated[str | None, typer.Option(help="Column of the energies.")] = None
    energy_unit: Annotated[str | None, typer.Option(help="eV, keV or degree.")] = None
    e0: Annotated[float | None, typer.Option(help="Energy of the edge, eV, on the file's scale.")] = None
    pre: Annotated[
        str | None, typer.Option(help="Fit the pre-edge between these, eV from E0.", metavar="FIRST,LAST")
    ] = None
    post: Annotated[
        str | None, typer.Option(help="Fit the post-edge between these, eV from E0.", metavar="FIRST,LAST")
    ] = None
    shift: Annotated[float | None, typer.Option(help="Add this to the energies, eV.")] = None
    reference: Annotated[
        Path | None,
        typer.Option(
            help="File of a metal foil to calibrate energies by; none: not even by one in the file."
        ),
    ] = None

    @property
    def columns(self) -> Record:
        """Which columns, by the names that `edgepair.read_xanes` takes them by."""
        return {"mu": self.mu, "energy_column": self.energy_column, "energy_unit": self.energy_unit}

    @property
    def spectrum(self) -> Record:
        """All that `edgepair.read_xanes` takes, but the item."""
        return {**self.columns, "absorber": self.absorber}

    @property
    def scale(self) -> Record:
        """What calibrates and normalises, by the names that `edgepair.predict` takes it by."""
        return {"shift": self.shift, "e0": self.e0, **read_ranges(self.pre, self.post)}

    @property
    def calibration(self) -> Record:
        """What calibrates and normalises, by its options, for messages."""
        names = ("shift", "reference", "e0", "pre", "post")
        return {f"--{name}": getattr(self, name) for name in names}

    def given(self) -> list[str]:
        """Options that were typed, but ``--absorber``, which is of use without a spectrum."""
        names = [field.name for field in dataclasses.fields(self) if field.name != "absorber"]
        return [f"--{name.replace('_', '-')}" for name in names if getattr(self, name) is not None]

    def check(self) -> None:
        """Refuse what cannot be meant, before anything is read."""
        if self.shift is not None and self.foil_file is not None:
            raise OptionError(
                "cannot calibrate the energies twice",
                found=f"--shift {self.shift:g} and --reference {str(self.reference)!r}",
                needed="one of them",
                suggestion="leave --shift out to calibrate by the foil",
            )
        check_number("--shift", self.shift, -200.0, 200.0, "eV")
        check_number("--e0", self.e0, 100.0, 200_000.0, "eV")
        read_ranges(self.pre, self.post)

    @property
    def foil_file(self) -> Path | None:
        """The file of ``--reference``, where it is not ``none``."""
        return None if self._no_foil else self.reference

    @property
    def own_foils(self) -> bool:
        """Whether foils that were measured with a sample calibrate it."""
        return not self._no_foil

    @property
    def _no_foil(self) -> bool:
        path = self.reference
        return path is not None and str(path).lower() == "none" and not path.exists()

    def foil(self) -> Foil | None:
        """Read the file of ``--reference``."""
        return read_foil_file(self.foil_file, self.absorber)

    def foil_reading(self) -> FoilReading | None:
        """Read what the file of ``--reference`` says of the energies."""
        foil = self.foil()
        return None if foil is None else foil.reading


@dataclasses.dataclass(frozen=True)
class PdfReading:
    """What PDFs are read with where their headers do not tell, as typed: a block of options as well."""

    radiation: Radiation = None
    qmax: Annotated[float | None, typer.Option(help="Of a PDF: end of the data in Q, 1/Å.")] = None
    composition: Annotated[str | None, typer.Option(help="Of a PDF: chemical formula.")] = None

    @property
    def options(self) -> Record:
        """All of them, by the names that `edgepair.read_pdf` takes them by."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class OnePdfReading(PdfReading):
    """The same, for commands that take each PDF by itself."""

    number_density: Annotated[float | None, typer.Option(help="Of a PDF: atoms per Å³.")] = None


def reads_spectra(command: Callable[..., None]) -> Callable[..., None]:
    """Put blocks of options in a command's signature, but for those that it has itself."""
    hints = get_type_hints(command, include_extras=True)
    parameters = inspect.signature(command).parameters
    keyword = inspect.Parameter.KEYWORD_ONLY
    blocks: dict[str, dict[str, Any]] = {}
    shown: list[inspect.Parameter] = []
    for name, parameter in parameters.items():
        if dataclasses.is_dataclass(hints[name]):
            block = get_type_hints(hints[name], include_extras=True)
            blocks[name] = {own: hint for own, hint in block.items() if own not in parameters}
            shown += [
                inspect.Parameter(own, keyword, default=None, annotation=hint)
                for own, hint in blocks[name].items()
            ]
        else:
            shown.append(parameter.replace(kind=keyword, annotation=hints[name]))

    @wraps(command)
    def called(**typed: Any) -> None:
        read = {name: hints[name](**{own: typed.pop(own) for own in block}) for name, block in blocks.items()}
        command(**typed, **read)

    called.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return called


def own_standards(path: Path | None, absorber: str | None) -> tuple[Standard, ...]:
    """Read the table of ``--standards``."""
    if path is None:
        return ()
    from edgepair.standards.standards import read_standards

    return read_standards(path, absorber=absorber)


def asked_and_left_out(
    skipped: Sequence[Record], *, tasks: list[str] | None, modalities: list[str] | None
) -> bool:
    """Whether something that was asked for by name could not be done: a default means what the data have."""
    return any(
        item["whole"] and (modalities if item["modality"] else tasks if item["task"] else True)
        for item in skipped
    )


FORMER_SPELLINGS: dict[str, dict[str, str]] = {
    "advise": {"--out": "--report", "--technique": "--modality"},
    "build": {"--workers": "--jobs", "--energy-range": "--range"},
    "inspect": {"--figure": "--report"},
    "interpret": {"--technique": "--modality"},
    "mix": {"--figure": "--report", "--window": "--range", "--no-model": "--no-predict"},
    "train": {"--out": "--model", "--technique": "--modality"},
}
"""Options as they were spelled before version 0.1.0: understood, but not shown, in that release."""


class Command(TyperCommand):
    """A command that understands the former spellings of its options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments, each former spelling as the present one."""
        former = FORMER_SPELLINGS.get(str(self.name), {})
        end = args.index("--") if "--" in args else len(args)
        words = [word.partition("=") for word in args[:end]]
        spelled = [former.get(name, name) + equals + value for name, equals, value in words]
        return super().parse_args(ctx, [*spelled, *args[end:]])


def open_datasets(
    paths: list[str] | None, absorbers: list[str] | None, *, ideal: bool = False
) -> list[xr.Dataset]:
    """Open what a study or an interpretation is asked of."""
    from edgepair.dataset import load_bundled, open_dataset
    from edgepair.spectra import TYPICAL_INSTRUMENT

    instrument = None if ideal else TYPICAL_INSTRUMENT
    if paths is None:
        return [load_bundled(name, instrument=instrument) for name in absorbers or STUDY_ABSORBERS]
    datasets = [open_dataset(path, instrument=instrument) for path in paths]
    here = [str(dataset.attrs["absorber"]) for dataset in datasets]
    for name in absorbers or ():
        if name not in here:
            raise OptionError(
                f"cannot study {name}",
                found="datasets of " + ", ".join(here),
                needed=f"a dataset of {name}",
                suggestion="leave --absorber out, or name its file with --data",
            )
    return [
        dataset
        for dataset, name in zip(datasets, here, strict=True)
        if absorbers is None or name in absorbers
    ]


def check_request(files: Sequence[Path], pairs: Path | None, dpdf: Path | None, *, confidence: float) -> None:
    """Refuse what cannot be meant, before anything is read."""
    if not files and pairs is None and dpdf is None:
        raise OptionError(
            "cannot answer without a measurement",
            found="no file",
            needed="files of spectra or PDFs, or a table of pairs",
            suggestion="edgepair predict sample.xdi sample.gr --absorber Fe",
        )
    if dpdf is not None and pairs is not None:
        raise OptionError(
            f"cannot use the dPDF {str(dpdf)!r}",
            found="--dpdf beside --pairs",
            needed="one sample that it belongs to",
            suggestion="name the files of that sample instead of a table",
        )
    check_number("--confidence", confidence, 0.5, 0.99, "")


def check_outputs(inputs: Iterable[object], **targets: Path | None) -> None:
    """Refuse places that cannot be written, or that hold the data, before the work begins."""
    from edgepair.files.writing import check_outputs as check

    report = targets.get("report")
    if report is not None:
        from edgepair.report.kit.embedding import check_page_name

        check_page_name(report)
    check({f"--{option}": target for option, target in targets.items()}, inputs)


def check_used(
    samples: Sequence[Sample],
    spectrum_options: Record,
    own: Record,
    pdf_options: Record,
) -> None:
    """Refuse options for a kind of file that is not there: they were meant for something."""
    if any(sample.error is not None for sample in samples):
        return
    spectra = {f"--{name.replace('_', '-')}": v for name, v in spectrum_options.items() if name != "absorber"}
    pdfs = {f"--{name.replace('_', '-')}": value for name, value in pdf_options.items()}
    kinds = (
        ("spectrum", spectra | own, any(sample.mu is not None for sample in samples)),
        ("PDF", pdfs, any(sample.G is not None or sample.G_M is not None for sample in samples)),
    )
    for kind, options, present in kinds:
        given = [name for name, value in options.items() if value is not None]
        if given and not present:
            raise OptionError(
                f"cannot use {', '.join(given)}",
                found=f"no {kind} among the files",
                needed=f"a {kind} that the option is for",
                suggestion="leave the option out, or name the file",
            )
