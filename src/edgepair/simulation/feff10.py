"""K-edge XANES of one site from FEFF10, and its input."""

from __future__ import annotations

import contextlib
import json
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from edgepair.conventions import OptionError, SimulationError, near_miss
from edgepair.conventions.displayed import Record
from edgepair.conventions.errors import check_choice
from edgepair.engine import CommandReport, run_command, scratch_folder
from edgepair.files.caching import installed_version
from edgepair.simulation.simulator import SiteSpectrum

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from pymatgen.core.structure import PeriodicNeighbor

_LIGANDS = frozenset({"H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl"})
"""Elements that get one angular momentum less: their d and f states play no part."""

_MOST_POTENTIALS = 11
"""Kinds of atoms, the absorber among them, that FEFF has room for."""

_COMMON = {
    "EDGE": "K",
    "S02": "0",
    "COREHOLE": "RPA",
    "CONTROL": "1 1 1 1 1 1",
    "EXCHANGE": "0 0.0 0.0 2",
    "RPATH": "-1",
}

_SMALLEST = {"SCF": 2.4, "FMS": 4.0}
"""Radii below which spheres do not shrink, Å."""

_KNOWN_CARDS = (
    *("CONTROL", "COREHOLE", "CORRECTIONS", "DEBYE", "ELLIPTICITY", "EXCHANGE", "EXTPOT"),
    *("FMS", "FOLP", "AFOLP", "INTERSTITIAL", "ION", "IORDER", "LDOS", "MPSE", "MULTIPOLE", "NLEG"),
    *("OPCONS", "PCRITERIA", "POLARIZATION", "PRINT", "RGRID", "RPATH", "RPHASES", "RSIGMA", "S02"),
    *("SCF", "SCREEN", "SIG2", "SPIN", "TDLDA", "UNFREEZEF", "XANES", "EGRID", "CHBROAD", "CHSHIFT"),
)

ALLOCATOR: Mapping[str, str] = {
    "MALLOC_MMAP_THRESHOLD_": "8000000000",
    "MALLOC_TRIM_THRESHOLD_": "16000000000",
    "MALLOC_TOP_PAD_": "500000000",
}
"""FEFF allocates and frees its work arrays at every energy point: kept on the heap, and asked of
the system once, they cost half the time."""

CPU_LIMIT = {"fast": 300.0, "reference": 20_000.0}
"""CPU seconds that one stage of a run may take."""

LARGER_SCF = "4.5 0 30 0.2 3"
"""The card of a second run, where the first gave a spectrum that cannot be right: every atom within 4.5 Å, up
to 30 iterations."""

_FEWEST_POINTS = 40

_RUN = "import sys, feff10; feff10.run(sys.argv[1], sys.argv[2])"


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
    """Choose the cluster's radius, Å: the preset's, or more where a card asks for a larger sphere."""
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


@dataclass(frozen=True)
class Feff10:
    """FEFF10 by way of feff10-rs, in a process of its own.

    Attributes
    ----------
    preset : {'fast', 'reference'}, optional
        Radii, angular momenta, energy grid.
    cards : mapping of str to str, optional
        FEFF cards that override the preset's, e.g. ``{"SCF": "4.5 0 30 .2 1"}``; an empty text
        takes a card out.
    cpu_limit : float, optional
        CPU time, s, that one stage may take; default by preset.
    allocator : bool, optional
        Whether the C library's allocator is set for FEFF (twice as fast, same numbers).

    Raises
    ------
    OptionError
        The preset or a card is unknown.

    References
    ----------
    .. [1] Kas, Vila, Pemmaraju, Tan and Rehr, J. Synchrotron Rad. 28, 1801 (2021),
           doi 10.1107/S1600577521008614
    """

    preset: str = "fast"
    cards: Mapping[str, str] = field(default_factory=dict)
    cpu_limit: float | None = None
    allocator: bool = True

    name: ClassVar[str] = "feff10"
    origin: ClassVar[str] = "feff10"
    variable: ClassVar[str] = "mu"
    axis: ClassVar[str] = "energy"

    def __post_init__(self) -> None:
        check_choice("cannot use the FEFF preset", "preset", self.preset, PRESETS)
        if self.cpu_limit is not None and not 1 <= self.cpu_limit < 1e9:
            raise OptionError(
                f"cannot limit FEFF's CPU time to {self.cpu_limit!r} s",
                found=f"cpu_limit {self.cpu_limit!r}",
                needed="a number of seconds from 1",
                suggestion="leave it out for the preset's",
            )
        object.__setattr__(self, "cards", check_cards(self.cards))

    @property
    def version(self) -> str:
        """Version of feff10-rs."""
        return installed_version("feff10-rs")

    def parameters(self) -> Record:
        """Return every setting that changes the numbers.

        Returns
        -------
        dict
            Cards and limits; not the allocator, which changes the time alone.
        """
        preset = PRESETS[self.preset]
        return {
            "cards": {k: v for k, v in sorted((dict(preset.cards) | dict(self.cards)).items()) if v},
            "cluster": cluster_radius(preset, self.cards),
            "scf_atoms": 0 if "SCF" in self.cards else preset.scf_atoms,
            "fms_atoms": 0 if "FMS" in self.cards else preset.fms_atoms,
            "lmax": list(preset.lmax),
        }

    def with_larger_scf(self) -> Feff10 | None:
        """Return the settings for a second run, with a larger sphere of self-consistency.

        Returns
        -------
        Feff10 or None
            The same with `LARGER_SCF`; None where its sphere was not the one of the preset ``fast``.
        """
        if self.preset != "fast" or "SCF" in self.cards:
            return None
        return replace(self, cards=dict(self.cards) | {"SCF": LARGER_SCF})

    def attributes(self) -> Record:
        """Return what a dataset says of these spectra.

        Returns
        -------
        dict of str to str
            Code, settings, citation.
        """
        return {
            "long_name": "edge-step normalised absorption",
            "origin": self.origin,
            "source": "simulated",
            "code": f"FEFF10 (feff10-rs {self.version})",
            "settings": json.dumps({"preset": self.preset} | self.parameters()),
            "citation": "Kas et al., J. Synchrotron Rad. 28, 1801 (2021), doi 10.1107/S1600577521008614",
        }

    def estimate(self, structure: Structure, index: int) -> float:
        """Estimate the CPU time of one site from the sizes of its spheres.

        Parameters
        ----------
        structure : pymatgen.core.Structure
            Ordered.
        index : int
            The absorbing site.

        Returns
        -------
        float
            CPU time, s; good to a factor of two.
        """
        _, counts = feff10_input(structure, index, PRESETS[self.preset], self.cards)
        return _cost(counts, self.preset)

    def simulate(self, structure: Structure, index: int) -> SiteSpectrum:
        """Simulate one site.

        Parameters
        ----------
        structure : pymatgen.core.Structure
            Ordered.
        index : int
            The absorbing site.

        Returns
        -------
        SiteSpectrum
            Absolute energies, eV, and edge-step normalised ``mu``.

        Raises
        ------
        SimulationError
            FEFF failed, took too long, or gave no usable spectrum.
        """
        text, counts = feff10_input(structure, index, PRESETS[self.preset], self.cards)
        with scratch_folder("edgepair-feff-") as folder:
            (folder / "feff.inp").write_text(text)
            report = run_command(
                [sys.executable, "-c", _RUN, str(folder / "feff.inp"), str(folder / "w")],
                scratch=folder,
                cpu_seconds=CPU_LIMIT[self.preset] if self.cpu_limit is None else self.cpu_limit,
                # A worker's own allocator settings are not to be inherited either.
                env=ALLOCATOR if self.allocator else dict.fromkeys(ALLOCATOR),
            )
            output = folder / "w" / "xmu.dat"
            if report.returncode != 0 or not output.exists():
                raise _failure(structure, index, report)
            try:
                table = np.loadtxt(output, ndmin=2)
            except ValueError as error:
                raise _bad_output(structure, index, str(error)) from error
        if table.shape[1] < 5 or len(table) < _FEWEST_POINTS or not np.isfinite(table).all():
            raise _bad_output(structure, index, f"{table.shape[0]} rows, {table.shape[1]} columns")
        if not (np.diff(table[:, 0]) > 0).all():
            raise _bad_output(structure, index, "energies that do not increase")
        details = {
            "preset": self.preset,
            "mu0": table[:, 4].round(6).tolist(),
            "energy_from_edge": table[:, 1].round(3).tolist(),
            "atoms": counts,
            "max_rss_bytes": report.max_rss_bytes,
            "allocator": "set" if self.allocator else "as it comes",
            "machine": _machine(),
        }
        return SiteSpectrum(table[:, 0].round(3), table[:, 3].round(6), report.cpu_seconds, details)


@cache
def _machine() -> str:
    """Name the processor, which a CPU time means nothing without."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cost(counts: Mapping[str, int], preset: str) -> float:
    scf, fms = counts.get("scf", 1), counts.get("fms", 1)
    scale = 1.0 if preset == "fast" else 1.6
    return scale * (12.0 + 1.0e-3 * scf**3 + 7.0e-5 * fms**3)


def _failure(structure: Structure, index: int, report: CommandReport) -> SimulationError:
    if report.ended_by == "wall":
        found = "no end within the limit on wall-clock time"
    elif report.ended_by == "keeper":
        found = report.words
    else:
        found = _own_words(report.words) or f"exit code {report.returncode}, no spectrum"
        found += f" ({report.cpu_seconds:.0f} s of CPU time)"
    return SimulationError(
        f"cannot simulate the XANES of site {index} of {structure.formula}",
        found=found,
        needed="a FEFF10 run that ends by itself within the limit on CPU time",
        suggestion="raise the limit, or shrink the spheres with the cards SCF and FMS",
    )


def _own_words(text: str) -> str:
    """Keep what FEFF says of its failure: neither progress nor frames of a Fortran or Python stack."""
    stage = re.search(r"stage '(\w+)' failed", text)
    lines = [" ".join(line.split()) for line in text.partition("Traceback (most recent")[0].splitlines()]
    said = [
        line
        for line in lines
        if line and not re.search(r"Unknown|^Image PC|^Calculating|^Done|^iter|^\W*$|^Module|^Starting", line)
    ]
    words = " ".join(said[-6:])[-300:]
    if not words and text.strip():
        # feff10-rs refused before FEFF began: the last line says why.
        words = text.strip().splitlines()[-1].removeprefix("_feff10.")[-300:]
    return f"FEFF's stage {stage.group(1)} failed: {words}".rstrip(": ") if stage else words


def _bad_output(structure: Structure, index: int, found: str) -> SimulationError:
    return SimulationError(
        f"cannot use FEFF's spectrum of site {index} of {structure.formula}",
        found=found,
        needed=f"at least {_FEWEST_POINTS} finite points at increasing energies",
        suggestion="look at the XANES card",
    )
