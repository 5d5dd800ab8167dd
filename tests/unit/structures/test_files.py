"""Structures from files, folders, globs and archives."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Structure
from pymatgen.io.cif import CifWriter

from edgepair.conventions import StructureError
from edgepair.structures import SourceMaterial, files, read_structure_files, read_structure_source

Members = Iterable[tuple[str, bytes]]


def poscar(structure: Structure) -> bytes:
    return str(structure.to(fmt="poscar")).encode()


def cif(structure: Structure) -> bytes:
    return str(structure.to(fmt="cif")).encode()


def extxyz(structure: Structure, *, lattice: bool = True) -> bytes:
    cell = " ".join(f"{value:.8f}" for value in structure.lattice.matrix.ravel())
    comment = f'Lattice="{cell}" Properties=species:S:1:pos:R:3 pbc="T T T"' if lattice else "no cell"
    atoms = [f"{site.specie.symbol} {' '.join(f'{x:.8f}' for x in site.coords)}" for site in structure]
    return "\n".join([str(len(structure)), comment, *atoms, ""]).encode()


def pymatgen_json(structure: Structure) -> bytes:
    return json.dumps(structure.as_dict()).encode()


def write_zip(path: Path, members: Members, compression: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)


def tar_bytes(members: Members) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members:
            item = tarfile.TarInfo(name)
            item.size = len(data)
            archive.addfile(item, io.BytesIO(data))
    return buffer.getvalue()


def write_archive(path: Path, members: Members) -> None:
    """Write a zip or a tar, packed as its name says."""
    if path.suffix == ".zip":
        write_zip(path, members)
        return
    pack: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress,
        ".tgz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
        ".tar": bytes,
    }
    path.write_bytes(pack[path.suffix](tar_bytes(members)))


def names(source: str | Path) -> list[str]:
    return [material.material_id for material in read_structure_files(source)]


def read_all(source: str | Path) -> list[Structure]:
    return [material.structure() for material in read_structure_files(source)]


def assert_same_atoms(found: Structure, wanted: Structure) -> None:
    """Compare cell, atoms and distances, in their order."""
    assert [site.specie.symbol for site in found] == [site.specie.symbol for site in wanted]
    np.testing.assert_allclose(found.lattice.parameters, wanted.lattice.parameters, atol=1e-6)
    np.testing.assert_allclose(found.distance_matrix, wanted.distance_matrix, atol=1e-5)


def assert_four_parts(error: StructureError) -> None:
    for part in (error.problem, error.found, error.needed, error.suggestion):
        assert part.strip()


@pytest.mark.parametrize("gzipped", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize(
    ("name", "identifier", "write"),
    [
        ("TiO2.cif", "TiO2", cif),
        ("TiO2.CIF", "TiO2", cif),
        ("TiO2.vasp", "TiO2", poscar),
        ("TiO2.poscar", "TiO2", poscar),
        ("POSCAR", "POSCAR", poscar),
        ("CONTCAR", "CONTCAR", poscar),
        ("POSCAR_TiO2", "POSCAR_TiO2", poscar),
        ("TiO2.xyz", "TiO2", extxyz),
        ("TiO2.extxyz", "TiO2", extxyz),
        ("TiO2.json", "TiO2", pymatgen_json),
    ],
)
def test_one_file(
    tmp_path: Path,
    rutile: Structure,
    name: str,
    identifier: str,
    write: Callable[[Structure], bytes],
    gzipped: bool,
) -> None:
    path = tmp_path / (f"{name}.gz" if gzipped else name)
    path.write_bytes(gzip.compress(write(rutile)) if gzipped else write(rutile))
    (material,) = read_structure_files(path)
    assert material.material_id == identifier
    assert_same_atoms(material.structure(), rutile)


def test_cif_with_symmetry_gives_all_atoms(tmp_path: Path, hematite: Structure) -> None:
    path = tmp_path / "hematite.cif"
    path.write_text(str(CifWriter(hematite, symprec=0.01)))
    assert path.read_text().count(" Fe ") == 1
    (found,) = read_all(path)
    assert found.composition == hematite.composition
    np.testing.assert_allclose(
        np.sort(found.distance_matrix, axis=None), np.sort(hematite.distance_matrix, axis=None), atol=1e-4
    )


def test_json_with_an_identifier_of_its_own(tmp_path: Path, rutile: Structure) -> None:
    path = tmp_path / "anything.json"
    path.write_text(json.dumps({"mp_id": "mp-2657", "structure": rutile.as_dict(), "e_hull": 0.03}))
    (material,) = read_structure_files(path)
    assert material.material_id == "mp-2657"
    assert material.row["e_hull"] == 0.03
    assert_same_atoms(material.structure(), rutile)


def test_text_with_a_byte_order_mark_and_foreign_letters(tmp_path: Path, rutile: Structure) -> None:
    path = tmp_path / "TiO2.cif"
    path.write_bytes(b"\xef\xbb\xbf# M\xfcller\n" + cif(rutile))
    assert_same_atoms(read_all(path)[0], rutile)


def test_folder_is_read_to_any_depth_in_alphabetical_order(
    tmp_path: Path, nio: Structure, rutile: Structure
) -> None:
    content = {
        "b.cif": cif(rutile),
        "a/deep/er/POSCAR": poscar(nio),
        "a/NiO.xyz": extxyz(nio),
        ".hidden.cif": cif(rutile),
        ".git/x.cif": cif(rutile),
        "__MACOSX/b.cif": cif(rutile),
        "a/.DS_Store": b"\0",
    }
    wanted = {"a/NiO": nio, "a/deep/er/POSCAR": nio, "b": rutile}
    for number, order in enumerate([list(content), list(reversed(content))]):
        folder = tmp_path / str(number)
        for name in order:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content[name])
        materials = list(read_structure_files(folder))
        assert [material.material_id for material in materials] == list(wanted)
        for material in materials:
            assert_same_atoms(material.structure(), wanted[material.material_id])


def test_unknown_kind_is_listed_and_refused_when_read(tmp_path: Path, nio: Structure) -> None:
    (tmp_path / "notes.txt").write_text("to do")
    (tmp_path / "NiO.cif").write_bytes(cif(nio))
    good, bad = read_structure_files(tmp_path)
    assert good.structure().composition == nio.composition
    assert bad.material_id == "notes.txt"
    with pytest.raises(StructureError, match=r"cannot read the structure of notes\.txt") as caught:
        bad.structure()
    assert_four_parts(caught.value)


def test_tables_in_a_folder_are_read_as_tables(tmp_path: Path, nio: Structure, rutile: Structure) -> None:
    pd.DataFrame([{"mp_id": "mp-1", "poscar": poscar(nio).decode()}]).to_parquet(tmp_path / "a.parquet")
    lines = [json.dumps({"id": f"x-{n}", "structure": rutile.as_dict()}) for n in range(2)]
    (tmp_path / "b.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "c.json").write_text(json.dumps([{"id": "y-0", "structure": nio.as_dict()}]))
    assert names(tmp_path) == ["mp-1", "x-0", "x-1", "y-0"]
    assert [len(structure) for structure in read_all(tmp_path)] == [8, 6, 6, 8]


def test_glob(tmp_path: Path, nio: Structure, rutile: Structure, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    for name, structure in [("b.cif", rutile), ("a.cif", nio), ("in/c.cif", nio), ("d.vasp", nio)]:
        (tmp_path / name).write_bytes(poscar(structure) if name == "d.vasp" else cif(structure))
    assert names(str(tmp_path / "*.cif")) == ["a", "b"]
    assert names(str(tmp_path / "**" / "*.cif")) == ["a", "b", "in/c"]
    assert names(str(tmp_path / "i?" / "[abc].cif")) == ["in/c"]
    monkeypatch.chdir(tmp_path)
    assert names("*.vasp") == ["d"]


def test_glob_leaves_hidden_files_out(tmp_path: Path, nio: Structure) -> None:
    for name in ("NiO.cif", "._NiO.cif"):
        (tmp_path / name).write_bytes(cif(nio))
    assert names(str(tmp_path / "*.cif")) == ["NiO"]


def test_name_with_brackets_is_a_name_where_there_is_such_a_file(tmp_path: Path, nio: Structure) -> None:
    for name in ("x[1].cif", "x1.cif"):
        (tmp_path / name).write_bytes(cif(nio))
    assert names(str(tmp_path / "x[1].cif")) == ["x[1]"]


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"])
def test_archive(tmp_path: Path, nio: Structure, rutile: Structure, ending: str) -> None:
    path = tmp_path / f"crystals{ending}"
    members = [
        ("./b.cif", cif(rutile)),
        ("a/POSCAR", poscar(nio)),
        ("a/c.json.gz", gzip.compress(pymatgen_json(nio))),
        ("__MACOSX/._b.cif", b"\0"),
        ("a/.hidden.cif", cif(rutile)),
        ("read.me", b"to do"),
    ]
    write_archive(path, members if ending != ".zip" else [("b.cif", cif(rutile)), *members[1:]])
    found = {material.material_id: material for material in read_structure_files(path)}
    assert sorted(found) == ["a/POSCAR", "a/c", "b", "read.me"]
    assert_same_atoms(found["b"].structure(), rutile)
    assert_same_atoms(found["a/POSCAR"].structure(), nio)
    assert_same_atoms(found["a/c"].structure(), nio)
    with pytest.raises(StructureError, match=r"read\.me"):
        found["read.me"].structure()


def test_order_in_an_archive(tmp_path: Path, nio: Structure) -> None:
    """A tar is read from its beginning to its end: going back in a compressed one takes for ever."""
    members = [(f"{letter}.cif", cif(nio)) for letter in "cab"]
    for ending, expected in ((".zip", ["a", "b", "c"]), (".tar", ["c", "a", "b"])):
        write_archive(tmp_path / f"x{ending}", members)
        assert names(tmp_path / f"x{ending}") == expected


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_names_in_an_archive_are_never_written(
    tmp_path: Path, nio: Structure, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in" / "side"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    path = folder / f"bad{ending}"
    outside = str(tmp_path / "absolute.cif")
    members = [(name, cif(nio)) for name in ("../../up.cif", "a/../../up.cif", outside, "good.cif")]
    write_archive(path, members)
    before = sorted(tmp_path.rglob("*"))
    assert [structure.composition for structure in read_all(path)] == [nio.composition] * 4
    assert sorted(tmp_path.rglob("*")) == before


def test_links_in_a_tar_are_not_followed(tmp_path: Path, nio: Structure) -> None:
    (tmp_path / "secret.cif").write_bytes(cif(nio))
    path = tmp_path / "links.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in [("soft.cif", tarfile.SYMTYPE), ("hard.cif", tarfile.LNKTYPE)]:
            item = tarfile.TarInfo(name)
            item.type, item.linkname = kind, str(tmp_path / "secret.cif")
            archive.addfile(item)
        item = tarfile.TarInfo("good.cif")
        item.size = len(cif(nio))
        archive.addfile(item, io.BytesIO(cif(nio)))
    assert names(path) == ["good"]


def test_cif_with_two_blocks(tmp_path: Path, nio: Structure, rutile: Structure) -> None:
    path = tmp_path / "both.cif"
    path.write_bytes(cif(nio) + cif(rutile))
    assert names(path) == ["both#1", "both#2"]
    for found, wanted in zip(read_all(path), (nio, rutile), strict=True):
        assert_same_atoms(found, wanted)


def test_cif_block_without_atoms_is_no_structure(tmp_path: Path, nio: Structure) -> None:
    path = tmp_path / "published.cif"
    path.write_bytes(b"data_global\n_journal_year 1963\n" + cif(nio))
    assert names(path) == ["published"]
    assert_same_atoms(read_all(path)[0], nio)


def test_xyz_without_ase_names_the_extra(nio: Structure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepair.structures.source_material.find_spec", lambda name: None)
    with pytest.raises(StructureError, match="no ase") as caught:
        SourceMaterial("NiO", extxyz(nio).decode(), "xyz").structure()
    assert "edgepair[xyz]" in caught.value.suggestion


def test_xyz_with_several_frames(tmp_path: Path, nio: Structure, rutile: Structure) -> None:
    path = tmp_path / "run.xyz"
    path.write_bytes(extxyz(nio) + extxyz(rutile) + extxyz(nio) + b"\n")
    assert names(path) == ["run#1", "run#2", "run#3"]
    for found, wanted in zip(read_all(path), (nio, rutile, nio), strict=True):
        assert_same_atoms(found, wanted)


def test_xyz_with_an_empty_line_between_frames_loses_none(tmp_path: Path, nio: Structure) -> None:
    path = tmp_path / "run.xyz"
    path.write_bytes(extxyz(nio) + b"\n" + extxyz(nio))
    assert len(names(path)) == 2


def test_xyz_without_a_lattice_is_refused(tmp_path: Path, nio: Structure) -> None:
    path = tmp_path / "molecule.xyz"
    path.write_bytes(extxyz(nio, lattice=False))
    with pytest.raises(StructureError, match="cannot read the structure of molecule") as caught:
        read_all(path)
    assert "Lattice" in caught.value.found
    assert_four_parts(caught.value)


def cut(path: Path, members: Members) -> None:
    write_archive(path, members)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def foreign(path: Path, members: Members) -> None:
    path.write_bytes(b"neither zip nor tar nor gzip " * 40)


def changed(path: Path, members: Members) -> None:
    write_zip(path, members, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"_cell_length_a", b"_cell_length_b", 1))


def encrypted(path: Path, members: Members) -> None:
    write_zip(path, members)
    data = bytearray(path.read_bytes())
    # bit 0 of the flags: in the header of the first member and in its row of the directory
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + flags] |= 1
    path.write_bytes(bytes(data))


def compressed_by_lzma(path: Path, members: Members) -> None:
    write_zip(path, members, zipfile.ZIP_LZMA)
    data = bytearray(path.read_bytes())
    data[30_000:30_020] = b"\xff" * 20
    path.write_bytes(bytes(data))


def changed_in_xz(path: Path, members: Members) -> None:
    write_archive(path, members)
    data = bytearray(path.read_bytes())
    data[30_000:30_020] = b"\xff" * 20
    path.write_bytes(bytes(data))


def changed_in_gz(path: Path, members: Members) -> None:
    # stored, not deflated: a changed letter stays one, and only the checksum tells
    data = gzip.compress(tar_bytes(members), compresslevel=0)
    path.write_bytes(data.replace(b"_cell_length_a", b"_cell_length_b", 1))


def changed_header(path: Path, members: Members) -> None:
    whole = bytearray(tar_bytes(members))
    start = whole.index(b"z.cif")
    whole[start : start + 200] = b"\x01" * 200
    path.write_bytes(bytes(whole))


def nothing(path: Path, members: Members) -> None:
    write_archive(path, [])


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("a.zip", cut),
        ("a.tar.gz", cut),
        ("a.tar.bz2", cut),
        ("a.tar", cut),
        ("a.zip", foreign),
        ("a.tar.gz", foreign),
        ("a.tar", foreign),
        ("a.zip", changed),
        ("a.zip", encrypted),
        pytest.param("a.zip", compressed_by_lzma),
        pytest.param("a.tar.xz", changed_in_xz),
        pytest.param("a.tar.gz", changed_in_gz),
        pytest.param("a.tar", changed_header),
        pytest.param("a.zip", nothing),
        pytest.param("a.tar", nothing),
    ],
)
def test_damaged_archive_is_the_users_error(
    tmp_path: Path, nio: Structure, name: str, damage: Callable[[Path, Members], None]
) -> None:
    path = tmp_path / name
    noise = np.random.default_rng(0).bytes(50_000)
    damage(path, [("NiO.cif", cif(nio)), ("noise.txt", noise), ("z.cif", cif(nio))])
    with pytest.raises(StructureError) as caught:
        list(read_structure_files(path))
    assert str(path) in caught.value.problem
    assert_four_parts(caught.value)


@pytest.mark.parametrize("data", [b"not gzip", gzip.compress(b"data_x" * 99)[:-9]], ids=["foreign", "cut"])
def test_damaged_gz_is_refused_when_read(tmp_path: Path, nio: Structure, data: bytes) -> None:
    (tmp_path / "a.cif.gz").write_bytes(data)
    (tmp_path / "b.cif").write_bytes(cif(nio))
    bad, good = read_structure_files(tmp_path)
    assert good.structure().composition == nio.composition
    with pytest.raises(StructureError, match=r"cannot read the structure of a\.cif") as caught:
        bad.structure()
    assert_four_parts(caught.value)


@pytest.mark.parametrize("content", ['{"lattice": ', "[1, 2]"], ids=["cut", "array of numbers"])
def test_json_that_is_no_structure_in_an_archive_spoils_nothing_else(
    tmp_path: Path, nio: Structure, content: str
) -> None:
    write_zip(tmp_path / "a.zip", [("bad.json", content.encode()), ("good.cif", cif(nio))])
    bad, good = read_structure_files(tmp_path / "a.zip")
    assert good.structure().composition == nio.composition
    with pytest.raises(StructureError, match="cannot read the structure of bad") as caught:
        bad.structure()
    assert_four_parts(caught.value)


@pytest.mark.parametrize("content", ['{"lattice": ', "[1, 2]"], ids=["cut", "array of numbers"])
def test_json_that_is_no_structure_in_a_folder_spoils_nothing_else(
    tmp_path: Path, nio: Structure, content: str
) -> None:
    (tmp_path / "bad.json").write_text(content)
    (tmp_path / "good.cif").write_bytes(cif(nio))
    assert "good" in names(tmp_path)


@pytest.mark.parametrize("packed", ["plain", "zip", "tar", "gz"])
def test_large_files_are_not_taken_for_structures(
    tmp_path: Path, nio: Structure, packed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_LARGEST", 500)
    large = cif(nio) + b"#" * 500
    path = tmp_path / {"plain": "a.cif", "gz": "a.cif.gz"}.get(packed, f"a.{packed}")
    if packed in ("zip", "tar"):
        write_archive(path, [("a.cif", large)])
    else:
        path.write_bytes(gzip.compress(large) if packed == "gz" else large)
    source = tmp_path if packed == "plain" else path
    with pytest.raises(StructureError, match="cannot read the structure of a"):
        read_all(source)
    monkeypatch.setattr(files, "_LARGEST", 5000)
    assert [structure.composition for structure in read_all(source)] == [nio.composition]


@pytest.mark.parametrize("name", ["missing", "missing.cif", "missing.zip", "*.cif", "empty", "hidden", ""])
def test_nothing_to_read_is_the_users_error(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty" / "deep").mkdir(parents=True)
    (tmp_path / "hidden" / ".git").mkdir(parents=True)
    (tmp_path / "hidden" / ".git" / "x.cif").write_text("data_x")
    monkeypatch.chdir(tmp_path / "empty")
    source = str(tmp_path / name) if name else name
    with pytest.raises(StructureError, match="cannot read structures from") as caught:
        list(read_structure_files(source))
    assert source in caught.value.problem
    assert_four_parts(caught.value)


def test_text_given_for_a_path_is_the_users_error(nio: Structure) -> None:
    with pytest.raises(StructureError):
        list(read_structure_files(cif(nio).decode()))


def test_files_are_a_source(tmp_path: Path, nio: Structure) -> None:
    (tmp_path / "NiO.cif").write_bytes(cif(nio))
    (material,) = read_structure_source(tmp_path)
    assert material.material_id == "NiO"
    assert_same_atoms(material.structure(), nio)


def test_a_text_that_quotes_another_file_starts_none(tmp_path: Path, hematite: Structure) -> None:
    text = (
        cif(hematite)
        .decode()
        .replace("loop_", "_publ_comment\n;\ndata_quoted\n_atom_site_label\n;\nloop_", 1)
    )
    (tmp_path / "a.cif").write_text(text)
    (material,) = read_structure_files(tmp_path / "a.cif")
    assert material.structure().composition.reduced_formula == "Fe2O3"
