"""Measured files as commands take them: what kind each is, and a foil to calibrate by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgepair.measured import PdfCurve, XanesScan
    from edgepair.spectra.alignment import FoilReading

_PDF_ENDINGS = (".gr", ".fgr", ".ddp", ".ddp3")


@dataclass(frozen=True)
class MeasuredFile:
    """A file that was read, and what its content says it is.

    Attributes
    ----------
    path : str
        As typed.
    kind : str
        ``xanes`` or ``pdf``.
    curves : tuple of XanesScan or PdfCurve
        At least one.
    """

    path: str
    kind: str
    curves: tuple[XanesScan | PdfCurve, ...]


@dataclass(frozen=True)
class Foil:
    """A metal foil to calibrate by.

    Attributes
    ----------
    path : str
        Its file.
    absorber : str or None
        Its element, as far as that is told.
    reading : FoilReading
        What it says about the energy scale.
    """

    path: str
    absorber: str | None
    reading: FoilReading


def read_measured(
    path: Path, item: str | None, spectrum_options: Mapping[str, Any], pdf_options: Mapping[str, Any]
) -> MeasuredFile:
    """Read a file as what its content says it is.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    item : str or None
        Part of it; None for all.
    spectrum_options, pdf_options : mapping
        Options of `edgepair.read_xanes` and of `edgepair.read_pdf`, for a file of that kind; None
        where they were not given.

    Returns
    -------
    MeasuredFile
        Read with the options for its kind.

    Raises
    ------
    EdgepairError
        The file is neither; the reason is that of the kind its name says, or of a spectrum.
    """
    from edgepair.conventions import EdgepairError
    from edgepair.measured import read_pdf, read_xanes

    given = {name: value for name, value in spectrum_options.items() if value is not None}
    given_pdf = {name: value for name, value in pdf_options.items() if value is not None}
    # The kind is told without options first: "column 2" can be found in a file of either kind.
    metal = {name: value for name, value in given.items() if name == "absorber"}
    attempts: list[tuple[str, Any, dict[str, Any]]] = [("xanes", read_xanes, metal), ("pdf", read_pdf, {})]
    attempts += [("xanes", read_xanes, given)] if given != metal else []
    attempts += [("pdf", read_pdf, given_pdf)] if given_pdf else []
    reasons: dict[str, EdgepairError] = {}
    for kind, reader, options in attempts:
        mine = given if kind == "xanes" else given_pdf
        try:
            curves = reader(path, item=item, **options)
        except EdgepairError as error:
            reasons[kind] = error
            continue
        if mine != options:
            # Its kind is known: what is wrong with an option now is the answer.
            curves = reader(path, item=item, **mine)
        return MeasuredFile(str(path), kind, curves)
    named_pdf = path.name.lower().removesuffix(".gz").endswith(_PDF_ENDINGS)
    raise reasons["pdf" if named_pdf else "xanes"]


def read_foil_file(path: Path | None, absorber: str | None) -> Foil | None:
    """Read the file of ``--reference``.

    Parameters
    ----------
    path : pathlib.Path or None
        The file; None where the option was not given.
    absorber : str or None
        Element of the foil; None: what the file says.

    Returns
    -------
    Foil or None
        None without a file.

    Raises
    ------
    EdgepairError
        The file holds no foil.
    """
    if path is None:
        return None
    from edgepair.measured import read_xanes
    from edgepair.measured.calibration import read_foil_scan

    scans = read_xanes(path)
    told = {scan.absorber for scan in scans if scan.absorber}
    metal = absorber or (told.pop() if len(told) == 1 else None)
    return Foil(str(path), metal, read_foil_scan(scans, absorber, str(path)))


def check_number(name: str, value: float | None, low: float, high: float, unit: str) -> None:
    """Refuse an option's number that no measurement has.

    Parameters
    ----------
    name : str
        The option, as ``--shift``.
    value : float or None
        As typed; None where the option was not given.
    low, high : float
        What is possible.
    unit : str
        Unit, for the message; empty for a pure number.

    Raises
    ------
    OptionError
        The number is not finite or outside.
    """
    if value is None or (math.isfinite(value) and low <= value <= high):
        return
    from edgepair.conventions import OptionError

    shown = f" {unit}" if unit else ""
    raise OptionError(
        f"cannot use {name} {value:g}",
        found=f"{value:g}{shown}",
        needed=f"a number from {low:g} to {high:g}{shown}",
        suggestion="check the unit" if unit else f"give it as in {name} {(low + high) / 2:g}",
    )
