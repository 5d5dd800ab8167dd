"""Change good files of every family at random and count what comes of them: crashes must not.

usage: python benchmarks/fuzz.py [--family spectra pdf ...] [--count 200] [--seed 0]

Each file is read, or refused by an `EdgepairError`; anything else (another exception, a crash of the process,
more than its time or memory) is counted as a crash and printed with its seed, by which it is made again:
``--seed S --count 1``. Ends with 1 where there was one.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from edgepair.conventions import EdgepairError
from edgepair.engine import shared_sandbox
from edgepair.measured.pdf import reading as pdf_reading
from edgepair.measured.xanes import reading as xanes_reading

CPU_SECONDS = 10.0
_PRELOAD = (
    "fuzz",
    "edgepair.measured.preloaded",
    "pymatgen.io.cif",
    "ase.io",
    "zarr",
    "edgepair.dataset",
    "edgepair.prediction.model_file",
)
MEMORY = 1_500_000_000
_TOGETHER = 160
"""Files that one fork reads: a fork costs more than most of them."""
_ODD = (
    b"", b"0", b"-1", b"1e999", b"nan", b"9" * 400, b"\x00" * 8, b"\xff" * 8, b"\n" * 50,
    b" " * 3000, b"(" * 500,
    b"'", b'"', b"=", b",", b"\x1b[2J", b"#L ", b"#S 1 ", b"[record]", b"@args = (", "²é\u202e".encode(),
)  # fmt: skip


@dataclass(frozen=True)
class Family:
    """Files of one kind: good ones to begin from, and what reads them."""

    seeds: Callable[[], list[bytes]]
    ending: str
    read: Callable[[str], object]


def mutate(data: bytes, random: np.random.Generator) -> bytes:
    """Change bytes, take and repeat pieces, put odd words in."""
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 6))):
        size = max(len(changed), 1)
        at, length = int(random.integers(size)), int(random.integers(1, 1 + min(size, 200)))
        what = random.integers(6)
        if what == 0:
            changed[at : at + 1] = bytes([int(random.integers(256))])
        elif what == 1:
            del changed[at : at + length]
        elif what == 2:
            changed[at:at] = bytes(changed[at : at + length]) * int(random.integers(1, 50))
        elif what == 3:
            changed[at : at + int(random.integers(3))] = _ODD[int(random.integers(len(_ODD)))]
        elif what == 4:
            other = int(random.integers(size))
            changed[at : at + length] = changed[other : other + length]
        else:
            changed = changed[:at] if random.random() < 0.3 else changed
    return bytes(changed)


def mutate_within(data: bytes, random: np.random.Generator) -> bytes:
    """Change one member of an archive and pack it again, or what a gzip file holds: checksums hold."""
    if data.startswith(b"\x1f\x8b"):
        return gzip.compress(mutate(gzip.decompress(data), random), 1)
    if not data.startswith(b"PK"):
        return mutate(data, random)
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        members = {name: old.read(name) for name in old.namelist()}
    # Members that say what the others are change as often as those of numbers, of which there are more.
    texts = [name for name, part in members.items() if part.isascii()]
    names = texts if texts and random.random() < 0.5 else list(members)
    name = names[int(random.integers(len(names)))]
    members[name] = mutate(members[name], random)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as new:
        for name, part in members.items():
            new.writestr(name, part)
    return packed.getvalue()


def _curve() -> tuple[list[float], list[float]]:
    energy = np.arange(7000.0, 7300.0, 3.0)
    return energy.tolist(), (0.3 + np.arctan((energy - 7120) / 2) / np.pi + 0.5).tolist()


def _spectra() -> list[bytes]:
    rows = "".join(f"{x:.2f} {y:.5f} {1e5:.0f} {1e5 * 0.5:.0f}\n" for x, y in zip(*_curve(), strict=True))
    heads = (
        "# XDI/1.0\n# Element.symbol: Fe\n# Element.edge: K\n# Column.1: energy eV\n# Column.2: mu\n# ---\n",
        "# energy mu i0 it\n",
        "#F a\n#S 1 ascan\n#N 4\n#L energy  mu  i0  it\n",
        "%c\nFe\n%p\n%d\n Col 1 energy DOUBLE\n Col 2 mu DOUBLE\n Col 3 i0 DOUBLE\n Col 4 it DOUBLE\n",
        "energy,mu\n",
    )
    texts = [(head + rows).encode() for head in heads]
    x, y = _curve()
    waves = "".join(
        f"WAVES/D {n}\nBEGIN\n" + "\n".join(map(str, w)) + "\nEND\n" for n, w in (("e", x), ("mu", y))
    )
    angles = "".join(
        f"{1000 * np.degrees(np.arcsin(1977 / e)):.3f} 1 {1e5:.0f}\n{5e4:.0f} {m:.5f}\n"
        for e, m in zip(x, y, strict=True)
    )
    arrays = json.dumps({"entry": {"energy": x, "mu": y, "element": "Fe"}, "rows": [{"a": 1, "b": 2}] * 12})
    texts += [
        text.encode()
        for text in ("IGOR\n" + waves, " &SRS\n SRSRUN=1,\n Mono.d_spacing=3.1356,\n &END\n" + angles, arrays)
    ]
    wide = texts[1].decode().encode("utf-16-le")
    return [*texts, texts[4].replace(b" ", b","), gzip.compress(texts[0]), wide]


def _pdfs() -> list[bytes]:
    r = np.arange(0.0, 12.0, 0.08)
    rows = "".join(f"{x:.3f} {np.sin(3 * x) - 0.3 * x * (x < 1.7):.5f}\n" for x in r)
    heads = (
        "[DEFAULT]\nmode = xray\nqmax = 24.0\ncomposition = Ni O\n#### start data\n"
        "#S 1\n#L r($\\AA$)  G($\\AA^{-2}$)\n",
        "# r G\n",
        "stype=N   qmax=30   qdamp=0.02\n##### start data\n",
    )
    return [(head + rows).encode() for head in heads]


def _hdf5() -> list[bytes]:
    # By name: type checkers would ask for stubs.
    h5py = import_module("h5py")
    x, y = _curve()
    found = []
    for compression in (None, "gzip"):
        memory = io.BytesIO()
        with h5py.File(memory, "w") as file:
            for name, values in (("energy", x), ("mu", y), ("i0", y)):
                file.create_dataset(f"entry/measurement/{name}", data=values, compression=compression)
            file["entry/plot/energy"] = h5py.SoftLink("/entry/measurement/energy")
            file["entry/title"] = "a scan"
            file["records"] = np.rec.fromarrays([x, y], names="energy,mu")  # type: ignore[call-overload]
            file["map/energy"], file["map/mu"] = x, [y, y]
            layout = h5py.VirtualLayout(shape=(len(x),), dtype="f8")
            layout[:] = h5py.VirtualSource(".", "/entry/measurement/mu", shape=(len(x),))
            file.create_virtual_dataset("entry/plot/mu", layout)
        found.append(memory.getvalue())
    return found


def _projects() -> list[bytes]:
    x, y = _curve()
    numbers = [",".join(f"'{v:.4f}'" for v in values) for values in (x, y)]
    perl = "# Athena project file -- Demeter version 0.9\n" + "".join(
        f"$old_group = '{g}';\n@args = ('label','{g}','bkg_z','Fe','fft_edge','K');\n"
        f"@x = ({numbers[0]});\n@y = ({numbers[1]});\n[record]\n"
        for g in "ab"
    )
    project = {"_____header1": "# Athena project file", "a": {"args": {"label": "a"}, "x": x, "y": y}}
    return [perl.encode(), gzip.compress(perl.encode()), json.dumps(project).encode()]


def _structures() -> list[bytes]:
    cell = [[0, 2.1, 2.1], [2.1, 0, 2.1], [2.1, 2.1, 0]]
    poscar = "NiO\n1.0\n0 2.1 2.1\n2.1 0 2.1\n2.1 2.1 0\nNi O\n1 1\ndirect\n0 0 0\n0.5 0.5 0.5\n"
    cif = (
        "data_NiO\n_cell_length_a 4.2\n_cell_length_b 4.2\n_cell_length_c 4.2\n_cell_angle_alpha 90\n"
        "_cell_angle_beta 90\n_cell_angle_gamma 90\n_symmetry_space_group_name_H-M 'P 1'\nloop_\n"
        "_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n"
        "_atom_site_fract_z\n"
        "_atom_site_occupancy\nNi1 Ni 0 0 0 1\nO1 O 0.5 0.5 0.5 1\n"
    )
    sites = [
        {"species": [{"element": e, "occu": 1}], "abc": [x] * 3, "xyz": [2.1 * x * 2] * 3, "label": e}
        for e, x in (("Ni", 0.0), ("O", 0.5))
    ]
    structure = {"@module": "pymatgen.core.structure", "@class": "Structure", "lattice": {"matrix": cell}}
    lines = json.dumps({"id": "a", "structure": structure | {"sites": sites}}) + "\n"
    xyz = '2\nLattice="4.2 0 0 0 4.2 0 0 0 4.2"\nNi 0 0 0\nO 2.1 2.1 2.1\n'
    return [part.encode() for part in (poscar, cif, lines * 3, xyz)]


def _datasets() -> list[bytes]:
    from edgepair import load_bundled
    from edgepair.dataset import save_dataset
    from edgepair.dataset.averaging import select_sites

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.zarr.zip"
        save_dataset(select_sites(load_bundled("Ni", instrument=None), range(8)), path)
        return [path.read_bytes()]


def _models() -> list[bytes]:
    from edgepair.prediction.model_file import save_trained
    from edgepair.prediction.training import train_models

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.model"
        save_trained(train_models(None, absorber="Ni", techniques=["pdf"]), path)
        return [path.read_bytes()]


def read_structures(path: str) -> int:
    """Read every structure of a file; bad rows are statuses."""
    from edgepair.structures.files import read_structure_files

    count = 0
    # As the builder has them: named by what begins as this kind does.
    text = Path(path).read_bytes()
    kind = (
        ".json"
        if text[:1] == b"{"
        else ".cif"
        if b"_cell" in text
        else ".xyz"
        if b"Lattice" in text
        else ".vasp"
    )
    place = Path(path).with_suffix(kind)
    place.write_bytes(text)
    for material in read_structure_files(place):
        try:
            material.structure()
        except EdgepairError:
            continue
        count += 1
    return count


def read_dataset(path: str) -> object:
    """Open a dataset."""
    from edgepair.dataset import open_dataset

    return open_dataset(path).sizes["site"]


def read_model(path: str) -> object:
    """Open a model file."""
    from edgepair.prediction.model_file import load_trained

    return str(load_trained(path))


def attempt(function: Callable[[str], object], paths: list[str]) -> list[str]:
    """Read files in the guarded process and say how each ended."""
    ends = []
    for path in paths:
        try:
            function(path)
            ends.append("read")
        except EdgepairError:
            ends.append("refused")
        except Exception as error:
            ends.append(f"{type(error).__name__}: {error}"[:300])
    return ends


FAMILIES = {
    "spectra": Family(_spectra, ".dat", xanes_reading.read_here),
    "pdf": Family(_pdfs, ".gr", pdf_reading.read_here),
    "hdf5": Family(_hdf5, ".h5", xanes_reading.read_here),
    "project": Family(_projects, ".prj", xanes_reading.read_here),
    "structure": Family(_structures, ".txt", read_structures),
    "dataset": Family(_datasets, ".zarr.zip", read_dataset),
    "model": Family(_models, ".model", read_model),
}


def outcomes_of(family: Family, paths: list[str]) -> list[str]:
    """Read files in one fork; where that comes to nothing, in halves, at last each by itself."""
    result = shared_sandbox(*_PRELOAD).call(
        attempt, family.read, paths, cpu_seconds=CPU_SECONDS, memory_bytes=MEMORY
    )
    if result.value is not None:
        return result.value
    if len(paths) == 1:
        return [result.problem]
    half = len(paths) // 2
    return outcomes_of(family, paths[:half]) + outcomes_of(family, paths[half:])


def run(name: str, count: int, seed: int, folder: Path) -> int:
    """Try so many files of a family; how many crashed."""
    family = FAMILIES[name]
    seeds = family.seeds()
    ends: Counter[str] = Counter()
    began = time.monotonic()
    for first in range(seed, seed + count, _TOGETHER):
        paths = []
        for number in range(first, min(first + _TOGETHER, seed + count)):
            random = np.random.default_rng([number, len(name)])
            path = folder / f"{number - first}{family.ending}"
            change = mutate if random.random() < 0.5 else mutate_within
            path.write_bytes(change(seeds[int(random.integers(len(seeds)))], random))
            paths.append(str(path))
        for number, end in enumerate(outcomes_of(family, paths), first):
            ends[end if end in ("read", "refused") else "crashed"] += 1
            if end not in ("read", "refused"):
                print(f"{name} --seed {number}: {end}", flush=True)
    seconds = time.monotonic() - began
    print(
        f"{name}: {count} files, {ends['read']} read, {ends['refused']} refused, {ends['crashed']} crashed; "
        f"{1000 * seconds / count:.0f} ms each",
        flush=True,
    )
    return ends["crashed"]


def main() -> None:
    """Try every family."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--family", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    # The guarded process imports what it is to call by its name.
    here = str(Path(__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    with tempfile.TemporaryDirectory(prefix="edgepair-fuzz-") as folder:
        crashed = sum(run(name, given.count, given.seed, Path(folder)) for name in given.family)
    sys.exit(1 if crashed else 0)


if __name__ == "__main__":
    import fuzz

    fuzz.main()
