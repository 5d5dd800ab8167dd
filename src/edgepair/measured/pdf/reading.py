"""Measured pair distribution functions from files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from edgepair.conventions import MeasurementError, OptionError
from edgepair.conventions.errors import check_choice
from edgepair.conventions.tasks import Floats
from edgepair.measured.content import read_text
from edgepair.measured.formats.arrays import as_columns
from edgepair.measured.guarded import read_guarded
from edgepair.measured.pdf.columns import MOST_CURVES, Table, column_names, read_tables
from edgepair.measured.pdf.curve import PdfCurve
from edgepair.measured.pdf.curves import SHORTEST, split_curves, unknown_item
from edgepair.measured.pdf.function import (
    CONVERTIBLE,
    DENSITIES,
    DOUBTFUL,
    EXPECTED,
    NAMES,
    NO_ATOMS,
    OtherFunctionError,
    function_of_ending,
    is_of_r,
    judge_function,
    named_function,
    pdf_from_keen,
    pdf_from_rising,
)
from edgepair.measured.pdf.header import RADIATIONS, PdfHeader, plain_formula, read_header
from edgepair.spectra import estimate_qmax

TYPICAL_NUMBER_DENSITY = 0.083
"""Atoms per Å³: the median of the oxides bundled with edgepair (0.055 to 0.108 in nine of ten)."""

COARSEST = 0.25
"""Å; a coarser step ends the data at 13 Å⁻¹, where first shells are not resolved."""

_NANOMETRES = re.compile(r"(?i)(?:[(\[_/]\s*+|\s)nm\b")
_PICOMETRES = re.compile(r"(?i)(?:[(\[_/]\s*+|\s)pm\b")


def read_pdf(
    path: str | Path,
    *,
    item: str | None = None,
    radiation: str | None = None,
    qmax: float | None = None,
    composition: str | None = None,
    number_density: float | None = None,
) -> tuple[PdfCurve, ...]:
    """Read the measured PDFs of a file.

    Parameters
    ----------
    path : str or Path
        ``.gr`` of PDFgetX2, PDFgetX3, xPDFsuite, PDFgetN, Mantid or RMCProfile, ``.fgr`` of PDFgui,
        columns (r in Å or nm, G, whatever follows) or CSV; gzipped or not.
    item : str, optional
        Name of the column, or number of the block, where a file holds several; all by default.
    radiation : str, optional
        ``x-ray``, ``neutron`` or ``electron``, where the header does not tell.
    qmax : float, optional
        End of the data in Q, Å⁻¹, instead of the header's.
    composition : str, optional
        Chemical formula, instead of the header's.
    number_density : float, optional
        Atoms per Å³; gives curves of RMCProfile's form their scale.

    Returns
    -------
    tuple of PdfCurve
        At least one.

    Raises
    ------
    MeasurementError
        The file cannot be read, holds no G(r), or its header names another radiation.
    OptionError
        An option has an impossible value.
    """
    composition = _check_options(radiation, qmax, composition, number_density)
    return read_guarded(
        read_here,
        path,
        item=item,
        radiation=radiation,
        qmax=qmax,
        composition=composition,
        number_density=number_density,
    )


def read_here(
    path: str | Path,
    *,
    item: str | None = None,
    radiation: str | None = None,
    qmax: float | None = None,
    composition: str | None = None,
    number_density: float | None = None,
) -> tuple[PdfCurve, ...]:
    """Read a file in this process, whatever it does."""
    path = Path(path)
    name = str(path)
    ending = path.name.lower().removesuffix(".gz")
    text = as_columns(read_text(path))
    if said := function_of_ending(ending[ending.rfind(".") :]):
        raise _other_function(name, f"a file whose ending {ending[ending.rfind('.') :]!r} says {said}")
    tables = read_tables(text, name)
    names = [column_names(table.header, table.values.shape[1])[1:] for table in tables]
    named = item is not None and any(item in columns for columns in names)
    curves: list[PdfCurve] = []
    for number, table in enumerate(tables, 1):
        is_fit = ending.endswith(".fgr") or any("PDFgui fit" in line for line in table.header)
        header = read_header(table.header)
        _refuse_other_output(header, name)
        radiation_here = _agree_on_radiation(radiation, header, name)
        for column in split_curves(table, name, is_fit=is_fit, item=item):
            label = ":".join(part for part in (str(number) if len(tables) > 1 else "", column.name) if part)
            single = len(tables) == 1 and not label
            accepted = {label, column.name, str(number) if single or len(tables) > 1 else ""}
            if item is not None and item not in accepted and (named or names[number - 1] or not single):
                continue
            if len(curves) == MOST_CURVES:
                raise MeasurementError(
                    f"cannot read PDFs from {name!r}",
                    found=f"more than {MOST_CURVES} curves",
                    needed=f"at most {MOST_CURVES}: each takes hundredths of a second",
                    suggestion="name one of its items, or split the file",
                )
            form = _form_of(table, is_fit)
            notes = [*header.warnings]
            r, y = _in_angstrom(column.r, column.y, table, name, notes)
            density = number_density or header.number_density
            said = column.function or ("" if is_fit else named_function("\n".join(table.header)))
            G, form = _as_pdf(r, y, form, name, density, said, bool(column.function), notes)
            curves.append(
                PdfCurve(
                    file=name,
                    item=label,
                    format=form,
                    r=r,
                    G=G,
                    radiation=radiation_here,
                    qmax=_agree_on_qmax(qmax, header.qmax, notes),
                    qdamp=header.qdamp,
                    composition=_agree_on_composition(composition, header.composition, notes),
                    number_density=number_density,
                    header=header.entries,
                    warnings=tuple(notes),
                )
            )
    if not curves:
        assert item is not None
        raise unknown_item(item, name, [key for columns in names for key in columns], len(tables))
    return tuple(curves)


def _check_options(
    radiation: str | None, qmax: float | None, composition: str | None, number_density: float | None
) -> str | None:
    """Refuse values that no measurement has; return the formula without blanks."""
    if radiation is not None:
        check_choice("cannot use the radiation", "radiation", radiation, RADIATIONS)
    for key, value, low, high in (("qmax", qmax, 2, 100), ("number_density", number_density, 0.001, 1)):
        if value is not None and not low < value < high:
            raise OptionError(
                f"cannot use {key} {value:g}",
                found=f"{value:g}",
                needed=f"a number between {low:g} and {high:g}",
                suggestion="qmax is in Å⁻¹ and number_density in atoms per Å³",
            )
    if composition is None:
        return None
    formula = plain_formula(composition)
    if formula is None:
        raise OptionError(
            f"cannot use the composition {composition!r}",
            found=repr(composition),
            needed="a chemical formula, as BaTiO3 or La0.5Sr0.5MnO3",
            suggestion="write elements with their numbers, without charges",
        )
    return formula


def _form_of(table: Table, is_fit: bool) -> str:
    """Name the program whose header this is."""
    head = "\n".join(table.header)
    if is_fit:
        return "PDFgui fit"
    for words, form in (
        ("xPDFsuite", "xPDFsuite"),
        ("pdfgetx3", "PDFgetX3"),
        ("diffpy.pdfgetx", "PDFgetX3"),
        ("Get_XPDF", "PDFgetX2"),
        ("PDFgetN", "PDFgetN"),
    ):
        if words.lower() in head.lower():
            return form
    if len(table.header) >= 1 and re.fullmatch(r"\d+", table.header[0]):
        named = column_names(table.header, table.values.shape[1])
        return "RMCProfile" if table.first_line == 3 and not named else "StoG"
    return "columns"


def _agree_on_radiation(asked: str | None, header: PdfHeader, name: str) -> str | None:
    if asked and header.radiation and asked != header.radiation:
        raise MeasurementError(
            f"cannot read {name!r} as {asked} data",
            found=f"{header.radiation_from!r} in its header, that is {header.radiation}",
            needed=f"{asked} data, as asked for",
            suggestion="leave the radiation out, or name the right file",
        )
    return asked or header.radiation


def _agree_on_qmax(asked: float | None, told: float | None, notes: list[str]) -> float | None:
    if asked is not None and told is not None and abs(asked - told) > 0.05 * told:
        notes.append(f"Qmax {asked:g} Å⁻¹ was asked for, the header says {told:g} Å⁻¹")
    return asked if asked is not None else told


def _agree_on_composition(asked: str | None, told: str | None, notes: list[str]) -> str | None:
    if asked is None or told is None:
        return asked or told
    from pymatgen.core import Composition

    if not Composition(asked).fractional_composition.almost_equals(
        Composition(told).fractional_composition, rtol=0.05, atol=0.01
    ):
        notes.append(
            f"composition {asked} was given, the header says {told}: if the data were reduced with the "
            "header's, their scale is wrong"
        )
    return asked


def _refuse_other_output(header: PdfHeader, name: str) -> None:
    told = header.entries.get("outputtype", "gr").strip().lower()
    if told not in ("gr", "g(r)", ""):
        raise _other_function(name, f"'outputtype = {told}' in its header")


def _in_angstrom(r: Floats, G: Floats, table: Table, name: str, notes: list[str]) -> tuple[Floats, Floats]:
    """Convert nm to Å where the header or the curve says nm, and pm where the header does."""
    if r[-1] > 100 and any(_PICOMETRES.search(line) for line in table.header[-4:] if "=" not in line):
        # In Å, so many would be no PDF's.
        r, G = r / 100, G * 1e4
    told = any(_NANOMETRES.search(line) for line in table.header[-4:] if "=" not in line)
    # No diffraction reaches beyond 80 Å⁻¹: such fine ripples are of a curve over nm.
    end = estimate_qmax(r, G) if r[-1] < 20 else None
    measured = end is not None and end > 80
    if told and end is not None and not measured:
        notes.append("the header names nm, but the ripples of the curve fit r in Å only: read as Å")
    elif told or measured:
        if not told:
            notes.append("r was taken to be in nm, from the fineness of the curve's ripples: converted to Å")
        r, G = r * 10, G / 100
    if r[-1] - r[0] < SHORTEST or r[0] > 3:
        raise MeasurementError(
            f"cannot read a PDF from {name!r}",
            found=f"r from {r[0]:g} to {r[-1]:g} Å",
            needed=f"at least {SHORTEST:g} Å, from below the first peak",
            suggestion="check that the first column is r, and its unit",
        )
    step = float(np.median(np.diff(r)))
    if step > COARSEST:
        raise MeasurementError(
            f"cannot read a PDF from {name!r}",
            found=f"a step of {step:g} Å",
            needed=f"{COARSEST:g} Å at most: less than the width of a first peak",
            suggestion="write G(r) again on a finer grid, or check the unit of r",
        )
    return r, G


def _as_pdf(
    r: Floats,
    y: Floats,
    form: str,
    name: str,
    number_density: float | None,
    said: str,
    by_column: bool,
    notes: list[str],
) -> tuple[Floats, str]:
    """Convert to G(r) or refuse; the shape decides, then what column or header said (`said`)."""
    kind = judge_function(r, y)
    if kind == "g" and (said == "g(r)" or number_density is not None):
        kind, y = "keen", y - 1
    elif kind == "G" and said and not is_of_r(said) and by_column:
        raise _other_function(name, f"a column named as {said}")
    elif kind == "G" and by_column and said in ("keen", "D"):
        kind = said
    elif kind == "G" and by_column and said in CONVERTIBLE:
        notes.append(f"a column named as {CONVERTIBLE[said]}, but its curve is that of G(r): read as G(r)")
    if kind in DOUBTFUL and said == "G":
        notes.append(f"named G(r), and read so, but unlike other PDFs: {NAMES[kind]}")
        kind = "G"
    if kind in NAMES:
        named = f"; the file names it {said}" if said and not is_of_r(said) else ""
        raise _other_function(name, NAMES[kind] + named)
    if kind in ("T", "R"):
        # Sharp peaks hide with which power a curve rises: there the name says it.
        kind = said if said in ("T", "R") else kind
        G, found = pdf_from_rising(r, y, 1 if kind == "T" else 2)
        known = number_density or (found if DENSITIES[0] < found < DENSITIES[1] else TYPICAL_NUMBER_DENSITY)
        notes.append(
            f"read as {CONVERTIBLE[kind]} and converted to G(r): it rises as of ρ₀ = {found:.3g} atoms/Å³"
            + ("" if known == found else f", and was scaled to {known:.3g}")
        )
        return G * (known / found), form if form != "columns" else CONVERTIBLE[kind].split(" =")[0]
    if kind == "keen" and _has_level(r, y):
        told = (
            ""
            if number_density is not None
            else (
                ", typical of oxides; its scale may be wrong by a third, its shape is not affected "
                "(number_density gives the scale)"
            )
        )
        density = number_density or TYPICAL_NUMBER_DENSITY
        what = "g(r)" if said == "g(r)" else "Keen's total G(r)"
        notes.append(
            f"level below its first peak: read as {what} and converted to 4πrρ₀(g(r) − 1) with "
            f"ρ₀ = {density:.3g} atoms/Å³{told}"
        )
        converted = pdf_from_keen(r, y, number_density=density)
        return converted, form if form != "columns" else what
    if kind == "keen":
        density = number_density or TYPICAL_NUMBER_DENSITY
        scale = f"ρ₀ = {density:.3g} atoms/Å³" if said == "g(r)" else "the scale of the file"
        what = "g(r)" if said == "g(r)" else "Keen's total G(r)"
        notes.append(
            f"named {what}, without its level below the first peak: converted to 4πrρ₀(g(r) − 1) with "
            f"{scale}; its scale may be wrong, its shape is not affected"
        )
        return 4 * np.pi * density * r * y, form if form != "columns" else what
    if kind == "D":
        notes.append("D(r), which is G(r) but for its unit: the scale is that of the file")
    elif form == "RMCProfile":
        notes.append(
            "a file of RMCProfile's form whose curve is not level below the first peak: read as G(r)"
        )
    return y, form


def _has_level(r: Floats, y: Floats) -> bool:
    """Whether a curve has points below its first peak, and is negative there, as Keen's G(r) must."""
    low = (r >= NO_ATOMS[0]) & (r <= NO_ATOMS[1])
    return bool(low.any() and y[low].mean() < 0)


def _other_function(name: str, found: str) -> OtherFunctionError:
    return OtherFunctionError(
        f"cannot read a PDF from {name!r}",
        found=found,
        needed=EXPECTED,
        suggestion="write G(r) with the program that made the file; G(r) = 4πrρ₀(g(r) − 1)",
    )
