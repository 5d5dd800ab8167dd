"""Crystals, spectra and datasets that many tests use."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from pymatgen.core import Lattice, Structure

from edgepair.dataset import from_arrays

Floats = NDArray[np.float64]

SHARED = Path(os.environ.get("EDGEPAIR_SHARED", Path(__file__).resolve().parents[2] / "shared"))
"""Folder with ``data/``, beside the checkout."""


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep fitted models of the tests out of the user's cache, commands that tests start included."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def shared() -> Path:
    """Find the project's shared folder, or skip."""
    if not (SHARED / "data" / "mp_feff9").is_dir():
        pytest.skip(f"needs the shared data, not found in {SHARED} (set EDGEPAIR_SHARED)")
    return SHARED


CRYSTALS: dict[str, tuple[str, Lattice, list[str], list[list[float]]]] = {
    # a = 4.1771 Å: Wyckoff, Crystal Structures 1 (1963)
    "nio": ("Fm-3m", Lattice.cubic(4.1771), ["Ni", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    # Abrahams and Bernstein, J. Chem. Phys. 55, 3206 (1971)
    "rutile": ("P4_2/mnm", Lattice.tetragonal(4.5937, 2.9587), ["Ti", "O"], [[0, 0, 0], [0.3053, 0.3053, 0]]),
    # Blake et al., Am. Mineral. 51, 123 (1966)
    "hematite": ("R-3c", Lattice.hexagonal(5.038, 13.772), ["Fe", "O"], [[0, 0, 0.3553], [0.3059, 0, 0.25]]),
    # Fleet, Acta Cryst. B37, 917 (1981); origin at the centre of inversion
    "magnetite": (
        "Fd-3m:2",
        Lattice.cubic(8.3941),
        ["Fe", "Fe", "O"],
        [[0.125] * 3, [0.5] * 3, [0.2549] * 3],
    ),
    # O'Neill, Eur. J. Mineral. 4, 571 (1992)
    "franklinite": (
        "Fd-3m:2",
        Lattice.cubic(8.4412),
        ["Zn", "Fe", "O"],
        [[0.125] * 3, [0.5] * 3, [0.2604] * 3],
    ),
}


@cache
def _crystal(name: str) -> Structure:
    space_group, lattice, symbols, coordinates = CRYSTALS[name]
    return Structure.from_spacegroup(space_group, lattice, symbols, coordinates)


@pytest.fixture
def nio() -> Structure:
    """Rock-salt NiO, 8 atoms."""
    return _crystal("nio").copy()


@pytest.fixture
def rutile() -> Structure:
    """Rutile TiO2, 6 atoms."""
    return _crystal("rutile").copy()


@cache
def _primitive(name: str) -> Structure:
    return _crystal(name).get_primitive_structure()


@pytest.fixture
def hematite() -> Structure:
    """Hematite Fe2O3, 30 atoms in the hexagonal cell."""
    return _crystal("hematite").copy()


@pytest.fixture
def magnetite() -> Structure:
    """Magnetite Fe3O4, 56 atoms: tetrahedral iron, octahedral iron, oxygen."""
    return _crystal("magnetite").copy()


@pytest.fixture
def franklinite() -> Structure:
    """Normal spinel ZnFe2O4, primitive cell of 14 atoms."""
    return _primitive("franklinite").copy()


def step_spectrum(energy: Floats, *, e0: float, width: float = 1.5, white_line: float = 0.0) -> Floats:
    """Compute an absorption edge: a logistic step, and a Gaussian white line above it."""
    line: Floats = white_line * np.exp(-0.5 * ((energy - e0 - 6) / 3) ** 2)
    return 1 / (1 + np.exp(-(energy - e0) / width)) + line


@pytest.fixture
def energy() -> Floats:
    """Absolute energies around the iron K edge (7112 eV), 1 eV apart."""
    return np.arange(7100.0, 7161.0)


@pytest.fixture
def step_mu(energy: Floats) -> Floats:
    """Three step-like spectra whose edges lie at 7116, 7119 and 7122 eV."""
    return np.array([step_spectrum(energy, e0=e0, white_line=0.4) for e0 in (7116.0, 7119.0, 7122.0)])


def make_synthetic_dataset(
    *, seed: int = 0, absorber_edge: float = 7112.0, absorber: str = "Fe"
) -> xr.Dataset:
    """Make 60 sites of 50 materials of 40 formulas whose spectra hold their labels.

    The edge lies higher for higher oxidation states, the white line is higher for more
    neighbours, and an oscillation is faster for longer bonds; the first PDF peak lies at the mean
    bond length of the material and grows with its mean coordination number. The classes are
    balanced over the formulas; noise keeps scores below 1.
    """
    rng = np.random.default_rng(seed)
    # formulas 0-9 have two polymorphs, materials 40-49 (their second ones) two sites each
    formula_of_material = np.r_[np.arange(40), np.arange(10)]
    material = np.r_[np.arange(50), np.arange(40, 50)]
    n_sites = len(material)
    state = 2.0 + formula_of_material[material] % 2
    number = np.array([4.0, 5.0, 6.0])[(formula_of_material[material] // 2 + (np.arange(n_sites) >= 50)) % 3]
    length = 1.55 + 0.09 * number - 0.06 * (state - 2) + rng.normal(0, 0.02, n_sites)
    energy = absorber_edge + np.arange(-12.0, 48.0, 1.0)
    e0 = absorber_edge + 4 + 3 * (state - 2) + rng.normal(0, 0.3, n_sites)
    mu = np.array(
        [
            step_spectrum(energy, e0=at, white_line=0.15 * (n - 2))
            + 0.08 * np.sin(1.6 * d * np.sqrt(np.clip(energy - at, 0, None))) * (energy > at)
            for at, n, d in zip(e0, number, length, strict=True)
        ]
    ) + rng.normal(0, 0.005, (n_sites, len(energy)))
    r = np.arange(1.0, 10.0, 0.1)
    curves = []
    for row in range(50):
        here = material == row
        peak = number[here].mean() * np.exp(-0.5 * ((r - length[here].mean()) / 0.12) ** 2)
        far = 5 * np.exp(-0.5 * ((r - 1.45 * length[here].mean()) / 0.15) ** 2)
        curves.append((peak + far) / r - 0.5 * r)
    pdf = np.array(curves) + rng.normal(0, 0.05, (50, len(r)))
    return from_arrays(
        absorber=absorber,
        energy=energy,
        mu=mu,
        r=r,
        G=pdf + rng.normal(0, 0.2, pdf.shape),
        G_M=pdf,
        G_neutron=0.8 * pdf,
        oxidation_state=state,
        coordination_number=number,
        bond_length=length,
        material_id=[f"made-{row}" for row in material],
        formula=[f"Fe{formula_of_material[row] + 2}O{formula_of_material[row] + 3}" for row in material],
        multiplicity=1 + np.arange(n_sites) % 4,
    )


@pytest.fixture(scope="session")
def make_synthetic() -> Callable[..., xr.Dataset]:
    """Hand out the factory of synthetic datasets."""
    return make_synthetic_dataset


@pytest.fixture(scope="session")
def _synthetic_original() -> xr.Dataset:
    return make_synthetic_dataset()


@pytest.fixture
def synthetic_dataset(_synthetic_original: xr.Dataset) -> xr.Dataset:
    """A learnable dataset of 60 sites; a copy that the test may change."""
    return _synthetic_original.copy(deep=True)


@pytest.fixture(scope="session")
def readable_rows() -> Callable[[dict[str, str]], bool]:
    """Tell whether a row of the index is of those that the readers were written against.

    The index grows: 231 of its rows are tested one by one, those whose normalisation by Larch is stored
    and those of ``rfxas``, too short to have one; what is read of the others is printed by
    ``benchmarks/measured.py``.
    """
    numbers = Path(__file__).parent / "reference" / "larch_numbers.json"
    names = set(json.loads(numbers.read_text(encoding="utf-8"))["spectra"])

    def known(row: dict[str, str]) -> bool:
        return f"{row['file']} {row['item']}".strip() in names or "/rfxas__" in row["file"]

    return known
