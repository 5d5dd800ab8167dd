"""A simulator of one's own: single-scattering EXAFS, to show the interface, not to do EXAFS.

Usable as ``edgepair build SOURCE --absorber Fe --out fe.zarr --simulator exafs_simulator:SingleScattering``
in the folder that holds this file.
"""

import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pymatgen.core import Lattice, Structure

import edgepair
from edgepair.conventions import SimulationError
from edgepair.simulation import SiteSimulator, SiteSpectrum
from edgepair.structures import SourceMaterial

K = np.linspace(2.0, 12.0, 201)
"""Photoelectron wave numbers, Å⁻¹: the same for every site."""


@dataclass(frozen=True)
class SingleScattering:
    """EXAFS chi(k) from plane waves that scatter once, with amplitudes that do not depend on k.

    An illustration of the interface. Real EXAFS has amplitudes and phase shifts that depend on k and
    on the element, curved waves and multiple scattering: use a program that computes them.
    """

    reach: float = 6.0  # radius, Å, within which atoms scatter
    sigma2: float = 0.005  # mean square variation of every distance, Å²
    mean_free_path: float = 8.0  # of the photoelectron, Å
    ligand_amplitude: float = 0.5  # backscattering amplitude of a non-metal, Å
    metal_amplitude: float = 1.0  # the same of a metal, Å

    name: ClassVar[str] = "single-scattering"
    version: ClassVar[str] = "1"
    origin: ClassVar[str] = "user"
    variable: ClassVar[str] = "chi"
    axis: ClassVar[str] = "k"

    def parameters(self) -> dict[str, Any]:
        """Everything that changes the numbers, besides the code, which `version` stands for."""
        return asdict(self) | {"k": [float(K[0]), float(K[-1]), len(K)]}

    def attributes(self) -> dict[str, Any]:
        """What the dataset says of chi."""
        return {
            "long_name": "EXAFS chi(k), k in Å⁻¹",
            "units": "1",
            "source": "simulated",
            "code": f"{self.name} {self.version}",
            "settings": json.dumps(self.parameters()),
        }

    def estimate(self, structure: Structure, index: int) -> float:
        """CPU seconds: about 10 µs for each atom within reach."""
        atoms = len(structure) / structure.volume * 4 / 3 * np.pi * self.reach**3
        return float(1e-5 * atoms)

    def simulate(self, structure: Structure, index: int) -> SiteSpectrum:
        """Sum chi(k) over the neighbours of one atom of the primitive cell."""
        started = time.thread_time()
        neighbours = structure.get_neighbors(structure[index], self.reach)
        if not neighbours:
            raise SimulationError(
                f"cannot simulate the EXAFS of site {index} of {structure.formula}",
                found=f"no atom within {self.reach:g} Å",
                needed="at least one neighbour",
                suggestion="raise 'reach'",
            )
        distance = np.array([atom.nn_distance for atom in neighbours])
        metal = np.array([atom.specie.is_metal for atom in neighbours])
        amplitude = np.where(metal, self.metal_amplitude, self.ligand_amplitude)
        weight = amplitude / distance**2 * np.exp(-2 * distance / self.mean_free_path)
        waves = np.sin(2 * np.outer(K, distance)) @ weight
        chi = waves * np.exp(-2 * self.sigma2 * K**2) / K
        return SiteSpectrum(K, chi, time.thread_time() - started, {"neighbours": len(neighbours)})


def main() -> None:
    """Build a dataset of two iron oxides, made here, and print what came of it."""
    assert isinstance(SingleScattering(), SiteSimulator)
    wustite = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.307), ["Fe", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    hematite = Structure.from_spacegroup(
        "R-3c", Lattice.hexagonal(5.038, 13.772), ["Fe", "O"], [[0, 0, 0.3553], [0.3059, 0, 0.25]]
    )
    crystals = {"wustite": wustite, "hematite": hematite}
    source = [SourceMaterial(name, crystal.as_dict(), "dict") for name, crystal in crystals.items()]
    with tempfile.TemporaryDirectory() as folder:
        result = edgepair.build_dataset(
            source,
            absorber="Fe",
            out=Path(folder) / "fe.zarr",
            simulator=SingleScattering(),
            workers=1,
        )
    print(result.counts())
    for site, material in enumerate(result.dataset["material_id"].values):
        chi = result.dataset["chi"].isel(site=site)
        strongest = float(chi["k"][int(np.argmax(np.abs(chi.values * K)))])
        print(f"{material}: {chi.sizes['k']} points, strongest at k = {strongest:.2f} Å⁻¹")


if __name__ == "__main__":
    main()
