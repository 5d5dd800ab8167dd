"""Absorbers: the elements whose K edges edgepair knows, and where those edges lie."""

from __future__ import annotations

from functools import cache

from edgepair.conventions.errors import OptionError

STUDY_ABSORBERS = ("Ti", "Mn", "Fe", "Cu")
"""The paper's absorbers; the study's default."""

BUNDLED_ABSORBERS = ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu")
"""Absorbers whose datasets ship inside the package, by atomic number."""

NEGATIVE_FOR_NEUTRONS = ("Ti", "V", "Mn")
"""Absorbers of negative neutron scattering length, whose peaks with oxygen point down."""


@cache
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
    import xraydb

    try:
        if absorber != absorber.capitalize():
            raise ValueError(f"did you mean {absorber.capitalize()!r}?")
        return float(xraydb.xray_edge(absorber, edge, energy_only=True))
    except (ValueError, TypeError, AttributeError) as error:
        raise OptionError(
            f"cannot look up the K edge of {absorber!r}",
            found=f"absorber {absorber!r}",
            needed="the chemical symbol of an element from Li to Cf",
            suggestion="use a symbol such as Fe",
        ) from error


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
