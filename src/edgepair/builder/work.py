"""What the processes carry out: preparing, labelling and simulating, each a function of one item.

Functions take and return what is ready for JSON, so that a result is the same whether it comes
from a process or from the store.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from edgepair.builder.gates import absorption_problem
from edgepair.builder.records import structure_digest
from edgepair.conventions import EdgepairError, OutputError
from edgepair.conventions.displayed import Record
from edgepair.engine import shared_sandbox
from edgepair.engine.confinement import limited_cpu
from edgepair.labels import SiteLabels, label_sites
from edgepair.simulation import SiteSimulator, simulate_pdf
from edgepair.structures import SourceMaterial, prepare_structure

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from pymatgen.core import Structure

MEMORY_LIMIT = 1_200_000_000
"""Bytes that one of these calls may take."""

MOST_ATOMS = 5_000
"""Of a cell; the bundled ones have up to a few hundred."""

READ_CPU_LIMIT = 10
"""CPU time, s, for the text of a structure."""

PREPARE_CPU_LIMIT = 300.0
"""CPU seconds that reading and reducing one structure may take."""

LABEL_CPU_LIMIT = 600.0
PDF_CPU_LIMIT = 600.0
"""CPU seconds that the labels, and the PDFs, of one material may take."""

_PRELOAD = (
    "edgepair.builder.work",
    "pymatgen.core.local_env",
    "pymatgen.core.bond_valence",
    "pymatgen.symmetry.analyzer",
    "pymatgen.optimization.neighbors",
    "diffpy.pdffit2",
)

_READERS = {
    "cif": ("pymatgen.io.cif", "edgepair.structures.cif"),
    "poscar": ("pymatgen.io.vasp",),
    "xyz": ("ase.io.extxyz",),
}
"""What reading a structure loads, which every fork would load anew."""


def prepare(material: SourceMaterial, absorber: str, limits: Mapping[str, int | None]) -> Record:
    """Read, check and reduce one structure, guarded against crashes and endless loops."""
    # a reader that is not installed is told by who needs it
    modules = tuple(name for name in _READERS.get(material.kind, ()) if find_spec(name.partition(".")[0]))
    return _guarded(_prepare, material, absorber, dict(limits), limit=PREPARE_CPU_LIMIT, modules=modules)


def label(structure: Record, indices: list[int]) -> Record:
    """Label the sites of one prepared structure, guarded."""
    return _guarded(_label, dict(structure), list(indices), limit=LABEL_CPU_LIMIT)


def simulate_pdfs(structure: Record, absorber: str) -> Record:
    """Simulate the PDFs of one prepared structure, guarded."""
    return _guarded(_simulate_pdfs, dict(structure), absorber, limit=PDF_CPU_LIMIT)


def simulate(structure: Record, index: int, simulator: SiteSimulator) -> Record:
    """Simulate one site."""
    try:
        spectrum = simulator.simulate(unpack_structure(structure), index)
    except OutputError as error:
        return _refusal(error, "no scratch") | {"transient": True}
    except EdgepairError as error:
        return _refusal(error, "simulation failed")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # Whatever somebody's simulator throws, CancelledError included, is this site's.
        return _failure("simulation failed", f"{type(error).__name__}: {error}")
    problem = absorption_problem(spectrum.x, spectrum.y, simulator.variable)
    if problem:
        return _failure("simulation failed", f"the simulator gave {problem}")
    return {
        "ok": True,
        "cpu_seconds": round(float(spectrum.cpu_seconds), 2),
        "value": {
            "x": np.asarray(spectrum.x, dtype=float).tolist(),
            "y": np.asarray(spectrum.y, dtype=float).tolist(),
            # NumPy's numbers and paths, say, are not JSON's.
            "details": json.loads(json.dumps(dict(spectrum.details), default=str, skipkeys=True)),
        },
    }


def _guarded(
    function: Callable[..., Record], *args: object, limit: float, modules: tuple[str, ...] = ()
) -> Record:
    sandbox = shared_sandbox(*_PRELOAD)
    result = sandbox.call(function, *args, cpu_seconds=limit, memory_bytes=MEMORY_LIMIT, modules=modules)
    if result.value is None:
        return _failure("analysis failed", result.problem) | ({"transient": True} if result.lost else {})
    return result.value | {"cpu_seconds": round(result.cpu_seconds, 3)}


def _failure(reason: str, problem: str) -> Record:
    return {"ok": False, "reason": reason, "problem": problem}


def _refusal(error: EdgepairError, reason: str) -> Record:
    return _failure(str(getattr(error, "reason", reason)), f"{error.problem}: {error.found}")


def _prepare(material: SourceMaterial, absorber: str, limits: Mapping[str, int | None]) -> Record:
    try:
        with limited_cpu(READ_CPU_LIMIT):
            structure, notes = material.structure_and_notes()
    except EdgepairError as error:
        return _refusal(error, "not readable")
    if len(structure) > MOST_ATOMS:
        return _failure("too many atoms", f"{len(structure)} atoms in the cell, more than {MOST_ATOMS}")
    try:
        prepared = prepare_structure(structure, absorber, max_sites=limits.get("max_sites"))
    except EdgepairError as error:
        return _refusal(error, "not usable")
    composition = prepared.structure.composition
    most = limits.get("max_elements")
    if most is not None and len(composition) > most:
        problem = f"{composition.formula} has {len(composition)} elements, more than {most}"
        return _failure("too many elements", problem)
    packed = pack_structure(prepared.structure)
    return {
        "ok": True,
        "value": {
            "structure": packed,
            "notes": list(notes),
            "hash": structure_digest(unpack_structure(packed)),
            "formula": composition.reduced_formula,
            "space_group": prepared.space_group,
            "sites": [
                {
                    "given": site.index,
                    "primitive": prepared.primitive_index[number],
                    "multiplicity": prepared.multiplicity(number),
                    "equivalent": list(site.equivalent),
                }
                for number, site in enumerate(prepared.sites)
            ],
        },
    }


def _label(packed: Record, indices: list[int]) -> Record:
    labels = label_sites(unpack_structure(packed), indices)
    return {"ok": True, "value": {"sites": [label_record(item) for item in labels]}}


def _simulate_pdfs(packed: Record, absorber: str) -> Record:
    try:
        curves = simulate_pdf(unpack_structure(packed), (absorber,))
    except EdgepairError as error:
        return _failure("no PDF", f"{error.problem}: {error.found}")
    slopes = curves.baseline
    return {
        "ok": True,
        "value": {
            "pdf": {
                "G": pack_array(curves.G),
                "G_M": pack_array(curves.G_M[absorber]),
                "G_neutron": pack_array(curves.G_neutron),
            },
            "baseline": {"G": slopes["G"], "G_M": slopes[absorber], "G_neutron": slopes["G_neutron"]},
        },
    }


def label_record(labels: SiteLabels) -> Record:
    """Write labels for JSON, which does not know NaN: it becomes null."""
    names = (
        "bond_length_spread", "nearest_metal_distance", "octahedral_order", "tetrahedral_order",
        "bond_valence_sum", "coordination_number_bond_valence",
    )  # fmt: skip
    numbers = {"oxidation_state": labels.oxidation_state, "bond_length": labels.environment.bond_length}
    numbers |= {name: getattr(labels, name) for name in names}
    return {
        **{name: value if np.isfinite(value) else None for name, value in numbers.items()},
        "oxidation_state_source": labels.oxidation_state_source,
        "coordination_number": labels.environment.coordination_number,
        "elements": list(labels.environment.elements),
        "distances": list(labels.environment.distances),
        "other_bonds": [[element, round(distance, 4)] for element, distance in labels.other_bonds],
    }


def pack_structure(structure: Structure) -> Record:
    """Write a structure for JSON."""
    return {
        "lattice": structure.lattice.matrix.tolist(),
        "elements": [site.specie.symbol for site in structure],
        "positions": structure.frac_coords.tolist(),
    }


def unpack_structure(packed: Record) -> Structure:
    """Read what `pack_structure` wrote."""
    from pymatgen.core import Structure

    return Structure(packed["lattice"], packed["elements"], packed["positions"])


def pack_array(values: ArrayLike) -> str:
    """Write numbers as text: 32-bit floats, little-endian, in base 64; ``values`` (n,)."""
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()


def unpack_array(text: str) -> np.ndarray:
    """Read what `pack_array` wrote; returns (n,)."""
    return np.frombuffer(base64.b64decode(text), dtype="<f4")
