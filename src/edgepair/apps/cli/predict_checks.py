"""What ``edgepair predict`` refuses before, or soon after, it begins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgepair.conventions.entries import check_number
from edgepair.measured.samples import Sample


def check_request(files: Sequence[Path], pairs: Path | None, dpdf: Path | None, *, confidence: float) -> None:
    """Refuse what cannot be meant, before anything is read."""
    from edgepair.conventions import OptionError

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


def check_outputs(out: Path | None, report: Path | None, inputs: Sequence[Path]) -> None:
    """Refuse places that cannot be written, or that hold the data, before the work begins."""
    from edgepair.files.outputs import check_outputs as check
    from edgepair.report.kit.embedding import check_page_name

    if report is not None:
        check_page_name(report)
    check({"--out": out, "--report": report}, inputs)


def check_used(
    samples: Sequence[Sample],
    spectrum_options: dict[str, Any],
    own: dict[str, Any],
    pdf_options: dict[str, Any],
) -> None:
    """Refuse options for a kind of file that is not there: they were meant for something."""
    from edgepair.conventions import OptionError

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
