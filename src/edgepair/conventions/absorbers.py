"""Absorbers: the elements whose K edges edgepair knows, and where those edges lie."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from edgepair.conventions.errors import OptionError

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
