"""Modalities: the techniques, and which of them are used together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType

from edgepair.conventions.errors import OptionError, near_miss

STUDY_MODALITIES = ("xanes", "pdf", "dpdf", "xanes+pdf", "xanes+dpdf")
"""The study's default."""


@dataclass(frozen=True)
class Technique:
    """One atom of a modality: a measured curve.

    Attributes
    ----------
    name : str
        Name in files and options.
    title : str
        Name for people.
    variable : str
        The dataset's variable that holds the curve.
    owner : {'site', 'material'}
        What one curve belongs to.
    axis : {'energy', 'r'}
        The dimension along the curve.
    unit : str
        Unit of the axis.
    value_unit : str
        Unit of the curve.
    """

    name: str
    title: str
    variable: str
    owner: str
    axis: str
    unit: str
    value_unit: str


TECHNIQUES = MappingProxyType(
    {
        technique.name: technique
        for technique in (
            Technique("xanes", "XANES", "mu", "site", "energy", "eV", "1"),
            Technique("pdf", "PDF", "G", "material", "r", "Å", "Å⁻²"),
            Technique("dpdf", "dPDF", "G_M", "material", "r", "Å", "Å⁻²"),
            Technique("npdf", "neutron PDF", "G_neutron", "material", "r", "Å", "Å⁻²"),
        )
    }
)
"""The atoms by name, in the order in which they are joined."""


def techniques_of(modality: str) -> tuple[Technique, ...]:
    """Split a modality into its techniques, in their fixed order.

    Parameters
    ----------
    modality : str
        Atoms joined by ``+``; any order is understood.

    Returns
    -------
    tuple of Technique
        Each once, in the order xanes, pdf, dpdf, npdf.

    Raises
    ------
    OptionError
        A part is not a technique, or occurs twice.

    Examples
    --------
    >>> [t.variable for t in techniques_of("dpdf+xanes")]
    ['mu', 'G_M']
    """
    parts = [part.strip().lower() for part in modality.split("+")]
    for part in parts:
        if part not in TECHNIQUES:
            raise OptionError(
                f"cannot use the modality {modality!r}",
                found=f"technique {part!r}",
                needed="techniques joined by '+': " + ", ".join(TECHNIQUES),
                suggestion=near_miss(part, TECHNIQUES),
            )
    if len(set(parts)) != len(parts):
        raise OptionError(
            f"cannot use the modality {modality!r}",
            found="a technique named twice",
            needed="each technique once",
            suggestion="write " + "+".join(t for t in TECHNIQUES if t in parts),
        )
    return tuple(technique for technique in TECHNIQUES.values() if technique.name in parts)


def modality_title(modality: str) -> str:
    """Name a modality for people.

    Parameters
    ----------
    modality : str
        Atoms joined by ``+``.

    Returns
    -------
    str
        Titles of the techniques joined by `` + ``.

    Examples
    --------
    >>> modality_title("xanes+dpdf")
    'XANES + dPDF'
    """
    return " + ".join(technique.title for technique in techniques_of(modality))


def parse_modalities(names: Sequence[str] | None) -> tuple[str, ...]:
    """Bring modalities into their one spelling.

    Parameters
    ----------
    names : sequence of str or None
        Modalities; None for the study's default.

    Returns
    -------
    tuple of str
        Each once, in the order given.

    Raises
    ------
    OptionError
        A modality is not understood.

    Examples
    --------
    >>> parse_modalities(["pdf", "dpdf+xanes"])
    ('pdf', 'xanes+dpdf')
    """
    if names is None:
        return STUDY_MODALITIES
    spelled = ["+".join(t.name for t in techniques_of(name)) for name in names]
    return tuple(dict.fromkeys(spelled))


def techniques_in(modalities: Sequence[str]) -> tuple[str, ...]:
    """List the techniques that take part in some modalities.

    Parameters
    ----------
    modalities : sequence of str
        Atoms joined by ``+``.

    Returns
    -------
    tuple of str
        Each once, in the order of the table of techniques.

    Examples
    --------
    >>> techniques_in(["dpdf", "xanes+pdf", "xanes"])
    ('xanes', 'pdf', 'dpdf')
    """
    parts = {part for name in modalities for part in name.split("+")}
    return tuple(name for name in TECHNIQUES if name in parts)


def subsets_of(techniques: Sequence[str]) -> tuple[str, ...]:
    """List all modalities that can be made of some techniques.

    Parameters
    ----------
    techniques : sequence of str
        Atoms, in the order of the table of techniques.

    Returns
    -------
    tuple of str
        The single ones first.

    Examples
    --------
    >>> subsets_of(["xanes", "pdf"])
    ('xanes', 'pdf', 'xanes+pdf')
    """
    sizes = range(1, len(techniques) + 1)
    return tuple("+".join(part) for size in sizes for part in combinations(techniques, size))
