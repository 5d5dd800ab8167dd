"""The input of FEFF10: presets, cards, cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from edgepair.conventions import OptionError, SimulationError, near_miss

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from pymatgen.core.structure import PeriodicNeighbor

_LIGANDS = frozenset({"H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl"})
"""Elements that get one angular momentum less: their d and f states play no part."""

_MOST_POTENTIALS = 11
"""Kinds of atoms, the absorber among them, that FEFF has room for."""


@dataclass(frozen=True)
class Preset:
    """A set of choices that belong together.

    Attributes
    ----------
    cards : mapping of str to str
        FEFF's cards, all that are not the atoms and potentials.
    cluster : float
        Radius of the cluster, Å.
    scf_atoms, fms_atoms : int
        Largest number of neighbours in the spheres of SCF and FMS, which shrink to hold no more;
        0: no such limit.
    lmax : tuple of int
        Largest angular momentum: SCF of ligands, SCF of metals, FMS of ligands, FMS of metals;
        -1: FEFF's own choice.
    """

    cards: Mapping[str, str]
    cluster: float
    scf_atoms: int
    fms_atoms: int
    lmax: tuple[int, int, int, int]


_COMMON = {
    "EDGE": "K",
    "S02": "0",
    "COREHOLE": "RPA",
    "CONTROL": "1 1 1 1 1 1",
    "EXCHANGE": "0 0.0 0.0 2",
    "RPATH": "-1",
}

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "fast": Preset(
            _COMMON | {"SCF": "3.5 0 12 0.2 3", "FMS": "6.0 0", "XANES": "4 0.07 0.1"},
            cluster=8.0,
            scf_atoms=15,
            fms_atoms=64,
            lmax=(1, 2, 2, 3),
        ),
        "reference": Preset(
            _COMMON | {"SCF": "7.0 0 100 0.2 3", "FMS": "9.0 0", "XANES": "4.4 0.04 0.1"},
            cluster=10.0,
            scf_atoms=0,
            fms_atoms=0,
            lmax=(-1, -1, -1, -1),
        ),
    }
)
"""``fast``: the cost, which grows with the cube of the atoms in a sphere, is bounded.
``reference``: radii as the Materials Project has them (doi 10.1038/sdata.2018.151)."""

_SMALLEST = {"SCF": 2.4, "FMS": 4.0}
"""Radii below which spheres do not shrink, Å."""

_KNOWN_CARDS = (
    *("CONTROL", "COREHOLE", "CORRECTIONS", "DEBYE", "ELLIPTICITY", "EXCHANGE", "EXTPOT"),
    *("FMS", "FOLP", "AFOLP", "INTERSTITIAL", "ION", "IORDER", "LDOS", "MPSE", "MULTIPOLE", "NLEG"),
    *("OPCONS", "PCRITERIA", "POLARIZATION", "PRINT", "RGRID", "RPATH", "RPHASES", "RSIGMA", "S02"),
    *("SCF", "SCREEN", "SIG2", "SPIN", "TDLDA", "UNFREEZEF", "XANES", "EGRID", "CHBROAD", "CHSHIFT"),
)


def check_cards(cards: Mapping[str, str]) -> dict[str, str]:
    """Check cards that override a preset's."""
    checked = {}
    for name, value in cards.items():
        card = str(name).strip().upper()
        if card not in _KNOWN_CARDS or "\n" in str(value):
            raise OptionError(
                f"cannot set the FEFF card {name!r}",
                found=f"{name} {value!r}",
                needed="one of FEFF's cards, on one line, but ATOMS, POTENTIALS, TITLE and EDGE",
                suggestion=near_miss(card, _KNOWN_CARDS),
            )
        checked[card] = str(value).strip()
        if card in _SMALLEST and value and not _is_radius(checked[card].split()[:1]):
            raise OptionError(
                f"cannot set the FEFF card {name!r}",
                found=f"{value!r}",
                needed="a radius, Å, before the rest of the card",
                suggestion=f"{card}={PRESETS['fast'].cards[card]}",
            )
    return checked


def _is_radius(words: list[str]) -> bool:
    try:
        return 0 < float(words[0]) < 100
    except (ValueError, IndexError):
        return False


def sphere(neighbours: list[PeriodicNeighbor], card: str, text: str, atoms: int) -> tuple[str, int]:
    """Choose the radius of a sphere, so that it holds no more than so many atoms; ``text`` in Å."""
    first, _, rest = text.partition(" ")
    radius = float(first)
    if atoms:
        radius = max(min(radius, neighbours[min(atoms, len(neighbours) - 1)].nn_distance), _SMALLEST[card])
        first = f"{radius:.3f}"
    inside = sum(1 for site in neighbours if site.nn_distance <= radius)
    return f"{first} {rest}".rstrip(), inside


def cluster_radius(preset: Preset, cards: Mapping[str, str]) -> float:
    """Choose the radius of the cluster: the preset's, or more where a card asks for a larger sphere.

    Returns in Å.
    """
    asked = [float(cards[card].split()[0]) + 1.0 for card in _SMALLEST if cards.get(card)]
    return max([preset.cluster, *asked])


def feff10_input(
    structure: Structure, index: int, preset: Preset, cards: Mapping[str, str]
) -> tuple[str, dict[str, int]]:
    """Write ``feff.inp`` for one site."""
    from pymatgen.core import Element

    absorber = structure[index].specie.symbol
    neighbours = sorted(
        structure.get_sites_in_sphere(structure[index].coords, cluster_radius(preset, cards)),
        key=lambda site: site.nn_distance,
    )
    kinds = list(dict.fromkeys(site.specie.symbol for site in neighbours[1:]))
    if not 1 <= len(kinds) < _MOST_POTENTIALS:
        raise SimulationError(
            f"cannot write the FEFF input of site {index} of {structure.formula}",
            found=f"{len(kinds)} kinds of neighbours within {preset.cluster} Å",
            needed=f"1 to {_MOST_POTENTIALS - 1}",
            suggestion="leave this structure out",
        )
    used = dict(preset.cards) | dict(cards)
    counts = {"cluster": len(neighbours)}
    for card, atoms in (("SCF", preset.scf_atoms), ("FMS", preset.fms_atoms)):
        if used.get(card):
            # A radius that the user asks for is taken as it is.
            limit = 0 if card in cards else atoms
            used[card], counts[card.lower()] = sphere(neighbours, card, used[card], limit)
    lines = [f"{name} {text}" for name, text in used.items() if text]
    scf_ligand, scf_metal, fms_ligand, fms_metal = preset.lmax
    lines += ["POTENTIALS", f"0 {Element(absorber).Z} {absorber} {scf_metal} {fms_metal} 0.0001"]
    amounts = structure.composition.get_el_amt_dict()
    for number, symbol in enumerate(kinds, start=1):
        ligand = symbol in _LIGANDS
        scf, fms = (scf_ligand, fms_ligand) if ligand else (scf_metal, fms_metal)
        lines.append(f"{number} {Element(symbol).Z} {symbol} {scf} {fms} {amounts[symbol]:g}")
    lines.append("ATOMS")
    for number, site in enumerate(neighbours):
        x, y, z = site.coords - structure[index].coords
        potential = kinds.index(site.specie.symbol) + 1 if number else 0
        lines.append(f"{x:.6f} {y:.6f} {z:.6f} {potential}")
    return "\n".join(["TITLE edgepair", *lines, "END", ""]), counts
