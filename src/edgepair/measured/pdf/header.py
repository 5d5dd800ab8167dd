"""What the header of a PDF file tells of the measurement."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from edgepair.measured.header import key_and_value

MOST_LINES = 2000
_LONGEST_LINE = 2000
_LONGEST_FORMULA = 200
_MOST_ENTRIES = 400

RADIATIONS = ("x-ray", "neutron", "electron")

_SPELLINGS = {
    "x-ray": r"x[- _]?rays?|x|synchrotron",
    "neutron": r"neutrons?|n|tof",
    "electron": r"electrons?|e",
}
"""How a key's value names each radiation."""

_KEYS = r"(?:stype|mode|radiation|radiationtype|scatteringtype|scatterer|probe|beam|source)"

_PROGRAMS = {
    # PDFgetXN3 does both kinds.
    "x-ray": r"get_xpdf|pdfgetx(?!n)|pdfgets",
    "neutron": r"pdfgetn",
    "electron": r"pdfgete|epdf\b",
}

_WORDS = {
    "x-ray": r"\bx[- ]?rays?\b|\bsynchrotron\b",
    "neutron": r"\bneutrons?\b",
    "electron": r"\belectron diffraction\b|\b[34]d[- ]?ed\b",
}

_NUMBER = r"\s*+[=:]\s*+([-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?)"


@dataclass(frozen=True)
class PdfHeader:
    """What a header tells."""

    radiation: str | None = None
    radiation_from: str = ""
    qmax: float | None = None
    qdamp: float | None = None
    composition: str | None = None
    number_density: float | None = None
    entries: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_header(lines: list[str]) -> PdfHeader:
    """Read the header of a PDF file of any program."""
    lines = [line[:_LONGEST_LINE] for line in lines[:MOST_LINES]]
    text = "\n".join(lines)
    radiation, told_by, warnings = _radiation(text)
    qmax = _number(text, "qmax")
    if qmax is not None and not 2 < qmax < 100:
        warnings.append(f"the header's Qmax of {qmax:g} Å⁻¹ is none that a PDF has, and is not used")
        qmax = None
    qdamp = _number(text, "qdamp")
    if qdamp is not None and not 0 <= qdamp < 1:
        warnings.append(
            f"the header's Qdamp of {qdamp:g} Å⁻¹ is none that an instrument has, and is not used"
        )
        qdamp = None
    return PdfHeader(
        radiation,
        told_by,
        qmax,
        qdamp,
        _composition(lines),
        _density(text),
        _entries(lines),
        tuple(warnings),
    )


def _radiation(text: str) -> tuple[str | None, str, list[str]]:
    """Look at keys first, then at programs' names, then at words; the first that tell decide."""
    stages: list[dict[str, str]] = [{}, {}, {}]
    for name in RADIATIONS:
        pattern = rf"(?i)(?<![\w.]){_KEYS}\s*[=:]\s*(?:{_SPELLINGS[name]})(?![\w-])"
        stages[0] |= _found(name, pattern, text)
        stages[1] |= _found(name, f"(?i){_PROGRAMS[name]}", text)
        stages[2] |= _found(name, f"(?i){_WORDS[name]}", text)
    for told in stages:
        if len(told) == 1:
            name, words = next(iter(told.items()))
            return name, words, []
        if told:
            both = " and ".join(repr(words) for words in told.values())
            return None, "", [f"the header names more than one radiation: {both}"]
    return None, "", []


def _found(name: str, pattern: str, text: str) -> dict[str, str]:
    match = re.search(pattern, text)
    return {name: " ".join(match.group().split())} if match else {}


def _number(text: str, key: str) -> float | None:
    """Find a key's number: the last one, as programs append what they did to what they were given."""
    found = re.findall(rf"(?i)(?<![A-Za-z]){key}{_NUMBER}", text)
    return float(found[-1]) if found else None


def _density(text: str) -> float | None:
    """Find a number density that oxides can have."""
    found = _number(text, r"(?:atomic[ _]?|number[ _]?)density(?:[^\n=:]*?)") or _number(text, "rho_?0")
    return found if found is not None and 0.02 < found < 0.2 else None


def _composition(lines: list[str]) -> str | None:
    for line in lines:
        match = re.match(r"(?i)(?:composition|formula|chemical[_ ]formula\w*)\s*[=:]\s*(\S.*)", line)
        if match and (formula := plain_formula(match.group(1))):
            return formula
    # Tables of PDFgetN (second column: share of atoms) and PDFgetX2 (third: atoms per formula).
    for number, line in enumerate(lines):
        column = (
            1 if re.match(r"Element\s+relAtomNum", line) else 2 if "symbol valence fractions" in line else 0
        )
        if column:
            formula = ""
            for row in lines[number + 1 :]:
                words = row.split()
                if len(words) <= column or not re.fullmatch(r"[A-Z][a-z]?", words[0]):
                    break
                try:
                    share = float(words[column])
                except ValueError:
                    break
                formula += words[0] if share == 1 else f"{words[0]}{share:g}"
            return plain_formula(formula)
    return None


def plain_formula(text: str) -> str | None:
    """Bring a formula to the form that chemists' programs read.

    >>> plain_formula("La0.5 Sr0.5 Mn O3"), plain_formula("sample 3")
    ('La0.5Sr0.5MnO3', None)
    """
    from pymatgen.core import Composition

    formula = re.sub(r"[\s'\"]+", "", text.split("#")[0])
    if len(formula) > _LONGEST_FORMULA:
        return None
    if not re.fullmatch(r"(?:(?:[A-Z][a-z]?|[()\[\]])\d*+\.?\d*+)++", formula):
        return None
    try:
        return formula if Composition(formula).valid and len(Composition(formula)) else None
    except (ValueError, KeyError, TypeError):
        return None


def _entries(lines: list[str]) -> dict[str, str]:
    """List every ``key = value`` of a header; several stand on one line in some."""
    entries: dict[str, str] = {}
    for line in lines:
        words = line.replace("=", " = ").split()
        marks = [place for place, word in enumerate(words) if word == "="]
        several = [
            (words[place - 1], words[place + 1].rstrip(",;"))
            for place in marks
            if 0 < place < len(words) - 1 and "=" not in (words[place - 1], words[place + 1])
        ]
        if len(several) > 1:
            entries |= several
        else:
            key, value = key_and_value(line)
            if key and value:
                entries[key] = value
        if len(entries) >= _MOST_ENTRIES:
            break
    return entries
