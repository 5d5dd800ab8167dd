"""A bad file or row among good ones is a recorded status, and a folder is not left by its links."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import os
import resource
import struct
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from edgepair.builder.spectra_table import read_spectra_table
from edgepair.conventions import DataError, StructureError
from edgepair.structures import SourceMaterial, tables
from edgepair.structures.files import read_structure_files
from edgepair.structures.preparation import prepare_structure
from edgepair.structures.tables import read_structure_table

POSCAR = "NiO\n1.0\n0 2.1 2.1\n2.1 0 2.1\n2.1 2.1 0\nNi O\n1 1\ndirect\n0 0 0\n0.5 0.5 0.5\n"
DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000

BAD = {
    "deep.json": DEEP,
    "nested.json": json.dumps({"id": "x", "structure": {"a": json.loads("[" * 200 + "]" * 200)}}),
    "square.xyz": "²\nLattice\nNi 0 0 0\n",
    "digits.xyz": "1" * 5000 + "\nLattice\nNi 0 0 0\n",
    "declared.xyz": "9" * 400 + '\nLattice="4 0 0 0 4 0 0 0 4"\nNi 0 0 0\n',
    "integer.json": '{"structure": {"a": ' + "1" * 5000 + "}}",
    "blank.cif": " " * 2_000_000,
    "torn.gz.cif.gz": gzip.compress(b"data_")[:-5].decode("latin-1"),
}


def _bad_files(folder: Path) -> None:
    for name, text in BAD.items():
        (folder / name).write_text(text, encoding="latin-1" if name.endswith("gz") else "utf-8")
    (folder / "good.vasp").write_text(POSCAR)


def test_files(tmp_path: Path) -> None:
    _bad_files(tmp_path)
    states = {}
    for material in read_structure_files(tmp_path):
        try:
            states[material.material_id] = len(material.structure())
        except StructureError:
            states[material.material_id] = 0
    assert states.pop("good") == 2
    assert len(states) == len(BAD)
    assert not any(states.values())


@pytest.mark.parametrize("name", BAD)
def test_one_file_alone(name: str, tmp_path: Path) -> None:
    _bad_files(tmp_path)
    with pytest.raises(StructureError):
        [material.structure() for material in read_structure_files(tmp_path / name)]


def test_rows(tmp_path: Path) -> None:
    good = json.dumps({"id": "good", "poscar": POSCAR})
    lines = [good, DEEP, "[1]", "{", json.dumps({"id": "d", "x": json.loads("[" * 200 + "]" * 200)}), good]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    rows = list(read_structure_table(tmp_path / "a.jsonl"))
    assert [row.form for row in rows] == ["poscar", "unknown", "unknown", "unknown", "unknown", "poscar"]


def test_links_pipes_and_devices(tmp_path: Path) -> None:
    outside = tmp_path / "outside.cif"
    outside.write_text("a file that nobody gave")
    folder = tmp_path / "cifs"
    folder.mkdir()
    (folder / "good.vasp").write_text(POSCAR)
    (folder / "same.vasp").symlink_to(folder / "good.vasp")
    (folder / "out.cif").symlink_to(outside)
    os.mkfifo(folder / "pipe.cif")
    (folder / "zero.cif").symlink_to("/dev/zero")
    found = {material.material_id: material for material in read_structure_files(folder)}
    assert set(found) == {"good", "same", "out.cif"}
    assert found["out.cif"].source == "a link to a file outside this folder"
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for kind, name in (
            (tarfile.SYMTYPE, "soft.cif"),
            (tarfile.LNKTYPE, "hard.cif"),
            (tarfile.FIFOTYPE, "f.cif"),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, str(outside)
            tar.addfile(member)
        member = tarfile.TarInfo("good.vasp")
        member.size = len(POSCAR)
        tar.addfile(member, io.BytesIO(POSCAR.encode()))
    assert [material.material_id for material in read_structure_files(tmp_path / "a.tar")] == ["good"]


@pytest.mark.parametrize("cell", ["0 0.001 2000", "0 1e8 1e8"])
def test_cells_that_no_crystal_has_are_refused_at_once(cell: str) -> None:
    structure = SourceMaterial("a", POSCAR.replace("0 2.1 2.1", cell), "poscar").structure()
    began = time.process_time()
    with pytest.raises(StructureError, match="a cell with edges of"):
        prepare_structure(structure, "Ni")
    assert time.process_time() - began < 1


def test_cells_of_very_many_atoms_are_refused_at_once() -> None:
    """97,336 atoms in one point: the pairs of them would take all memory, their symmetry hours."""
    count = 46**3
    head = POSCAR.replace("Ni O\n1 1", f"Ni\n{count}").split("0 0 0")[0]
    structure = SourceMaterial("a", head + "0 0 0\n" * count, "poscar").structure()
    began = time.process_time()
    with pytest.raises(StructureError, match="97336 atoms"):
        prepare_structure(structure, "Ni")
    assert time.process_time() - began < 2


def test_an_operation_of_very_many_digits_is_not_computed() -> None:
    cell = "".join(f"_cell_length_{a} 4.2\n" for a in "abc")
    cell += "".join(f"_cell_angle_{a} 90\n" for a in ("alpha", "beta", "gamma"))
    loop = f"loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n'x+{'1' * 5000}/3,y,z'\n"
    atoms = "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nNi1 0 0 0\n"
    began = time.process_time()
    with pytest.raises(StructureError, match="an operation of symmetry of 5"):
        SourceMaterial("a", "data_a\n" + cell + loop + atoms, "cif").structure()
    assert time.process_time() - began < 5


def test_a_dictionary_names_no_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Properties of sites may be objects of any module, which would be imported to read them."""
    (tmp_path / "never_imported.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    site = {"abc": [0, 0, 0], "properties": {"x": {"@module": "never_imported", "@class": "Any"}}}
    nickel, oxygen = ({"species": [{"element": e, "occu": 1}]} for e in ("Ni", "O"))
    matrix = [[4.2, 0, 0], [0, 4.2, 0], [0, 0, 4.2]]
    sites = [site | nickel, site | oxygen | {"abc": [0.5, 0.5, 0.5]}]
    source = {"lattice": {"matrix": matrix}, "sites": sites}
    for form in (source, json.dumps(source)):
        assert len(SourceMaterial("a", form, "dict").structure()) == 2
    assert "never_imported" not in sys.modules


def _zip_that_lies(path: Path, method: int, parts: int = 120) -> None:
    """Say that a member is of 100 bytes, which is what the library looks at, and unpacks more."""
    with zipfile.ZipFile(path, "w", method) as archive, archive.open("a.cif", "w") as member:
        for _ in range(parts):
            member.write(b" " * 10_000_000)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 100)
    path.write_bytes(data)


def _header(name: str, size: int, kind: bytes) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def _pax(**headers: str) -> bytes:
    records = b""
    for key, value in headers.items():
        record = f" {key.replace('_', '.')}={value}\n".encode()
        records += str(next(n for n in range(999) if n == len(str(n)) + len(record))).encode() + record
    return _header("pax", len(records), b"x") + records + b"\0" * (-len(records) % 512)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_lies_is_refused_before_it_is_unpacked(method: int, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    _zip_that_lies(path, method, parts=2)
    with pytest.raises(StructureError, match="cannot read the archive") as error:
        list(read_structure_files(path))
    assert ("CRC" if method == zipfile.ZIP_DEFLATED else "another method") in error.value.found


def test_a_zip_whose_members_overlap_is_refused_by_what_it_says(tmp_path: Path) -> None:
    """One stream of blanks, and a directory that names it a thousand times."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.cif", b" " * 50_000_000)
    data = path.read_bytes()
    start = data.rfind(b"PK\x01\x02")
    entry, end = data[start : data.rfind(b"PK\x05\x06")], data[data.rfind(b"PK\x05\x06") :]
    count, size = 1000, 1000 * len(entry)
    end = end[:8] + struct.pack("<HHII", count, count, size, start) + end[20:]
    path.write_bytes(data[:start] + entry * count + end)
    with pytest.raises(StructureError, match="archive") as error:
        list(read_structure_files(path))
    assert "times its size" in error.value.found


SPARSE = {
    "GNU_sparse_major": "1",
    "GNU_sparse_minor": "0",
    "GNU_sparse_name": "a",
    "GNU_sparse_realsize": "9",
}
MEGABYTE = b"\0" * 1_000_000

TARS: dict[str, Iterable[bytes]] = {
    "long name": itertools.chain([_header("a", 2 * 10**9, b"L")], itertools.repeat(MEGABYTE, 2000)),
    "header": itertools.chain([_header("a", 2 * 10**9, b"x")], itertools.repeat(MEGABYTE, 2000)),
    "digits": [_header("a", 10**6, b"x"), b"1" * 10**6],
    "no map": [_pax(**SPARSE), _header("a", 512, b"0"), b"1" * 512],
    "map": itertools.chain(
        [_pax(**SPARSE), _header("a", 10**9, b"0"), b"999999999\n"], itertools.repeat(b"1\n" * 500_000, 1000)
    ),
    "backwards": [_pax(size="-1024"), _header("a.cif", 0, b"0"), b"\0" * 1024],
}


@pytest.mark.slow
@pytest.mark.parametrize("attack", [*TARS, "deflate", "bzip2", "lzma"])
def test_an_archive_takes_no_more_than_its_share(attack: str, tmp_path: Path) -> None:
    """Neither all memory nor hours: what goes through it first is ended at its limits."""
    path = tmp_path / ("a.tar.gz" if attack in TARS else "a.zip")
    if attack in TARS:
        with gzip.open(path, "wb", compresslevel=1) as file:
            for part in TARS[attack]:
                file.write(part)
    else:
        _zip_that_lies(path, getattr(zipfile, f"ZIP_{attack.upper().replace('DEFLATE', 'DEFLATED')}"))
    _is_refused_cheaply(path, lambda: list(read_structure_files(path)))


ROWS = {
    "blanks": [b" " * 10**7] * 100,
    "blank lines": [json.dumps({"id": "a", "poscar": POSCAR}).encode(), *[b"\n" * 10**7] * 100],
    "array": [b"[", *[b"{}," * 10**6] * 30, b"{}]"],
    "line": [b'{"id": "a", "poscar": "", "x": [', *[b"[]," * 10**6] * 20, b"[]]}"],
}


@pytest.mark.slow
@pytest.mark.parametrize("attack", ROWS)
def test_a_table_takes_no_more_than_its_share(attack: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(ROWS[attack]), 1))
    _is_refused_cheaply(path, lambda: list(read_structure_table(path)))


def _is_refused_cheaply(path: Path, read: Callable[[], object]) -> None:
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(StructureError) as error:
        read()
    assert str(path) in error.value.problem
    assert time.process_time() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_parquet_file_of_many_small_groups_is_read_in_few_calls(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa

    path = tmp_path / "a.parquet"
    with pq.ParquetWriter(path, pa.schema([("id", pa.string()), ("poscar", pa.string())])) as writer:
        for number in range(500):
            writer.write_table(pa.table({"id": [str(number)], "poscar": [POSCAR]}))
    assert [row.material_id for row in read_structure_table(path)] == [str(n) for n in range(500)]
    assert len(tables._row_groups(str(path))) == 1


def test_tables_that_are_pipes_are_not_waited_for(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.parquet", "a.json"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(DataError, match="a pipe or a device"):
            read_spectra_table(tmp_path / name)


def test_a_parquet_file_of_one_text_many_times(tmp_path: Path) -> None:
    """A few kB that say one structure half a million times in one group."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    column = pyarrow.array([POSCAR] * 500_001).dictionary_encode()
    parquet.write_table(pyarrow.table({"poscar": column}), tmp_path / "a.parquet")
    with pytest.raises(StructureError) as error:
        list(read_structure_table(tmp_path / "a.parquet"))
    assert "500001 rows" in error.value.found


ANGLES = ("alpha", "beta", "gamma")
CELL = "data_x\n" + "".join(
    f"_cell_length_{a} 5\n_cell_angle_{b} 90\n" for a, b in zip("abc", ANGLES, strict=True)
)
SITES = "Fe 0 0 0\nO .5 .5 .5\n"
ATOMS = "loop_\n_atom_site_label\n" + "".join(f"_atom_site_fract_{a}\n" for a in "xyz") + SITES


@pytest.mark.parametrize(
    "line",
    [
        f"_chemical_formula_sum '{'FE O3 ' * 50_000}'\n",
        f"_symmetry_space_group_name_H-M '{'{' * 200_000}'\n",
        "_space_group_IT_number 227\n" + ATOMS + "".join(f"Fe 0.{k:05} 0.1 0.2\n" for k in range(4_000)),
        "_space_group_magn.number_BNS 62.448\n"
        "_space_group_magn.transform_BNS_Pp_abc '().__class__.__mro__[1],b,c;0,0,0'\n",
        "loop_\n_symmetry_equiv_pos_as_xyz\n" + "".join(f"'x+{k}/384,y,z'\n" for k in range(384)),
    ],
)
def test_lines_of_a_cif_that_cost_time_or_run_programs(line: str) -> None:
    begin = time.process_time()
    text = CELL + line + ("" if ATOMS in line else ATOMS)
    with pytest.raises(StructureError):
        prepare_structure(SourceMaterial("x", text, "cif").structure(), "Fe")
    assert time.process_time() - begin < 10
