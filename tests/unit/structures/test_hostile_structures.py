"""A bad file or row among good ones is a recorded status, and a folder is not left by its links."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from edgepair.conventions import StructureError
from edgepair.structures.files import read_structure_files
from edgepair.structures.tables import read_structure_table

POSCAR = "NiO\n1.0\n0 2.1 2.1\n2.1 0 2.1\n2.1 2.1 0\nNi O\n1 1\ndirect\n0 0 0\n0.5 0.5 0.5\n"
DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000

BAD = {
    "deep.json": DEEP,
    "nested.json": json.dumps({"id": "x", "structure": {"a": json.loads("[" * 200 + "]" * 200)}}),
    "square.xyz": "²\nLattice\nNi 0 0 0\n",
    "digits.xyz": "1" * 5000 + "\nLattice\nNi 0 0 0\n",
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
