"""Tables of names: absorbers and their edges, tasks, techniques and modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from edgepair.conventions.errors import OptionError, check_choice, near_miss

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STUDY_ABSORBERS = ("Ti", "Mn", "Fe", "Cu")
"""The paper's absorbers; the study's default."""

BUNDLED_ABSORBERS = ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu")
"""Absorbers whose datasets ship inside the package, by atomic number."""

K_EDGES: Mapping[str, float] = MappingProxyType({
    "H": 13.6, "He": 24.6, "Li": 54.7, "Be": 111.5, "B": 188.0, "C": 284.2, "N": 409.9, "O": 543.1,
    "F": 696.7, "Ne": 870.2, "Na": 1070.8, "Mg": 1303.0, "Al": 1559.0, "Si": 1839.0, "P": 2145.5,
    "S": 2472.0, "Cl": 2822.0, "Ar": 3205.9, "K": 3608.4, "Ca": 4038.5, "Sc": 4492.0, "Ti": 4966.0,
    "V": 5465.0, "Cr": 5989.0, "Mn": 6539.0, "Fe": 7112.0, "Co": 7709.0, "Ni": 8333.0, "Cu": 8979.0,
    "Zn": 9659.0, "Ga": 10367.0, "Ge": 11103.0, "As": 11867.0, "Se": 12658.0, "Br": 13474.0, "Kr": 14326.0,
    "Rb": 15200.0, "Sr": 16105.0, "Y": 17038.0, "Zr": 17998.0, "Nb": 18986.0, "Mo": 20000.0, "Tc": 21044.0,
    "Ru": 22117.0, "Rh": 23220.0, "Pd": 24350.0, "Ag": 25514.0, "Cd": 26711.0, "In": 27940.0, "Sn": 29200.0,
    "Sb": 30491.0, "Te": 31814.0, "I": 33169.0, "Xe": 34561.0, "Cs": 35985.0, "Ba": 37441.0, "La": 38925.0,
    "Ce": 40443.0, "Pr": 41991.0, "Nd": 43569.0, "Pm": 45184.0, "Sm": 46834.0, "Eu": 48519.0, "Gd": 50239.0,
    "Tb": 51996.0, "Dy": 53789.0, "Ho": 55618.0, "Er": 57486.0, "Tm": 59390.0, "Yb": 61332.0, "Lu": 63314.0,
    "Hf": 65351.0, "Ta": 67416.0, "W": 69525.0, "Re": 71676.0, "Os": 73871.0, "Ir": 76111.0, "Pt": 78395.0,
    "Au": 80725.0, "Hg": 83102.0, "Tl": 85530.0, "Pb": 88005.0, "Bi": 90526.0, "Po": 93105.0, "At": 95730.0,
    "Rn": 98404.0, "Fr": 101137.0, "Ra": 103922.0, "Ac": 106755.0, "Th": 109651.0, "Pa": 112601.0,
    "U": 115606.0, "Np": 118669.0, "Pu": 121791.0, "Am": 124982.0, "Cm": 128241.0, "Bk": 131556.0,
    "Cf": 134939.0,
})  # fmt: skip
"""Energies of the K edges, eV, by chemical symbol, H to Cf in the order of atomic numbers: those of Elam,
Ravel and Sieber, Radiat. Phys. Chem. 63, 121 (2002), as XrayDB tabulates them. They stand here because
XrayDB takes a second to import."""

HIGHEST_STATES: Mapping[str, int] = MappingProxyType(
    {"Ti": 4, "V": 5, "Cr": 6, "Mn": 7, "Fe": 6, "Co": 5, "Ni": 4, "Cu": 3}
)
"""Highest oxidation state of a metal in any oxide: all valence electrons up to Mn, then what is known:
ferrate(VI), cobaltate(V), BaNiO3, LaCuO3."""

NEGATIVE_FOR_NEUTRONS = ("Ti", "V", "Mn")
"""Absorbers of negative neutron scattering length, whose peaks with oxygen point down."""

Floats: TypeAlias = "NDArray[np.float64]"

Labels: TypeAlias = "NDArray[np.float64] | NDArray[np.float32] | NDArray[np.int64] | NDArray[np.int16]"
"""Labels of sites, or answers: values, or positions in the list of classes."""

STUDY_MODALITIES = ("xanes", "pdf", "dpdf", "xanes+pdf", "xanes+dpdf")
"""The study's default."""


def edge_energy(absorber: str, edge: str = "K") -> float:
    """Look up the tabulated energy of an absorption edge.

    Parameters
    ----------
    absorber : str
        Chemical symbol.
    edge : str, optional
        Name of the edge; edgepair reads K edges.

    Returns
    -------
    float
        Edge energy, eV.

    Raises
    ------
    OptionError
        The symbol is not an element, or the edge is not a K edge.

    Notes
    -----
    Values are those of Elam, Ravel and Sieber (2002), as tabulated by XrayDB.

    Examples
    --------
    >>> edge_energy("Fe")
    7112.0
    """
    if edge != "K":
        raise OptionError(
            f"cannot look up the {edge} edge of {absorber}",
            found=f"edge {edge!r}",
            needed="a K edge: edgepair is trained on nothing else",
            suggestion="leave the edge out, or pass edge='K'",
        )
    if absorber not in K_EDGES:
        other = str(absorber).strip().capitalize()
        raise OptionError(
            f"cannot look up the K edge of {absorber!r}",
            found=f"absorber {absorber!r}",
            needed="the chemical symbol of an element up to Cf",
            suggestion=f"did you mean {other!r}?" if other in K_EDGES else "use a symbol such as Fe",
        )
    return K_EDGES[absorber]


def points_down(technique: str, absorber: str) -> bool:
    """Tell whether the metal's peaks with oxygen point down in a kind of PDF.

    Parameters
    ----------
    technique : str
        Name of the technique.
    absorber : str
        Chemical symbol.

    Returns
    -------
    bool
        True in neutron PDFs of metals whose neutron scattering length is negative.

    Examples
    --------
    >>> points_down("npdf", "Mn"), points_down("pdf", "Mn"), points_down("npdf", "Fe")
    (True, False, False)
    """
    return technique == "npdf" and absorber in NEGATIVE_FOR_NEUTRONS


@dataclass(frozen=True)
class Task:
    """One quantity that is read from the spectra.

    Attributes
    ----------
    name : str
        Name in files and options; also the dataset's variable.
    kind : {'classification', 'regression'}
        Whether the answer is an integer class or a number.
    title : str
        Name for people.
    unit : str
        Unit of the value; empty for a pure number.
    symbol : str
        Short form for axes.
    lowest, highest : float
        Values outside are refused as labels.
    """

    name: str
    kind: Literal["classification", "regression"]
    title: str
    unit: str
    symbol: str
    lowest: float
    highest: float

    @property
    def main_metric(self) -> str:
        """The metric in which findings are stated: weighted F1 or R²."""
        return "f1_weighted" if self.kind == "classification" else "r2"


TASKS = MappingProxyType(
    {
        task.name: task
        for task in (
            Task("oxidation_state", "classification", "oxidation state", "", "OS", -4.0, 8.0),
            Task("coordination_number", "classification", "coordination number", "", "CN", 1.0, 16.0),
            Task("bond_length", "regression", "mean bond length", "Å", "d(M–O)", 1.0, 4.0),
        )
    }
)
"""All tasks by name, in the order in which they are reported."""


def parse_tasks(names: Sequence[str] | None) -> tuple[Task, ...]:
    """Turn task names into tasks, in the order of the table.

    Parameters
    ----------
    names : sequence of str or None
        Names; None for all.

    Returns
    -------
    tuple of Task
        Each once.

    Raises
    ------
    OptionError
        A name is not a task.

    Examples
    --------
    >>> [task.name for task in parse_tasks(["bond_length", "oxidation_state"])]
    ['oxidation_state', 'bond_length']
    """
    if names is None:
        return tuple(TASKS.values())
    for name in names:
        check_choice("cannot study the task", "task", name, TASKS)
    return tuple(task for task in TASKS.values() if task.name in names)


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
