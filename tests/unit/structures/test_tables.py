"""Tables of structures."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from pymatgen.core import Structure

from edgepair.conventions import EdgepairError, StructureError
from edgepair.structures import SourceMaterial, read_structure_files, read_structure_table


def test_parquet_of_poscars(tmp_path: Path, nio: Structure, rutile: Structure) -> None:
    path = tmp_path / "structures.parquet"
    rows = [
        {"mp_id": "mp-1", "poscar": nio.to(fmt="poscar")},
        {"mp_id": "mp-2", "poscar": rutile.to(fmt="poscar")},
    ]
    pd.DataFrame(rows).to_parquet(path)
    materials = list(read_structure_table(path))
    assert [material.material_id for material in materials] == ["mp-1", "mp-2"]
    assert materials[0].structure().matches(nio)
    assert materials[1].structure().matches(rutile)
    assert [site.specie.symbol for site in materials[1].structure()] == [s.specie.symbol for s in rutile]


@pytest.mark.parametrize("name", ["s.json", "s.json.gz"])
@pytest.mark.parametrize("column", ["mp_id", "id"])
def test_json_of_dictionaries(tmp_path: Path, rutile: Structure, name: str, column: str) -> None:
    text = json.dumps([{column: "x-7", "structure": rutile.as_dict(), "metal": "Ti"}]).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    (material,) = read_structure_table(path)
    assert material.material_id == "x-7"
    assert material.row["metal"] == "Ti"
    assert material.structure() == rutile


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "structures.parquet"
    pd.DataFrame([{"mp_id": "mp-1", "poscar": ""}]).to_parquet(path)
    monkeypatch.setattr("edgepair.structures.tables.find_spec", lambda name: None)
    with pytest.raises(StructureError, match="no pyarrow") as caught:
        list(read_structure_table(path))
    assert "edgepair[parquet]" in caught.value.suggestion


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StructureError, match="no such file"):
        list(read_structure_table(tmp_path / "absent.parquet"))


@pytest.mark.parametrize(
    "row",
    [{"structure": {}}, {"mp_id": "mp-1"}, {"mp_id": "mp-1", "cell": "..."}],
    ids=["id", "structure", "column"],
)
def test_missing_column_is_named(tmp_path: Path, row: dict[str, object]) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps([row]))
    with pytest.raises(StructureError, match="cannot read row 0") as caught:
        list(read_structure_table(path))
    assert "'structure'" in caught.value.needed
    assert all(name in caught.value.found for name in row)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.json", b"{not json"),
        ("s.json", b"\xff\xfe\x00"),
        ("s.json", b'{"mp_id": "a"}'),
        ("s.json", b"[1, 2]"),
        ("s.json.gz", b"not gzip"),
        ("s.json.gz", gzip.compress(b"[]")[:-5]),
        ("s.parquet", b"not parquet"),
    ],
    ids=["cut json", "not text", "not an array", "not rows", "not gzip", "cut gzip", "not parquet"],
)
def test_malformed_file_is_the_users_error(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(StructureError, match=name):
        list(read_structure_table(path))


@pytest.mark.parametrize("source", ["", "no poscar\n1.0\n", {}, {"lattice": 1, "sites": []}])
def test_malformed_structure_names_the_material(source: str | dict[str, object]) -> None:
    with pytest.raises(EdgepairError, match="cannot read the structure of mp-9"):
        SourceMaterial("mp-9", source, {}).structure()


def test_json_of_several_structures(tmp_path: Path, hematite: Structure) -> None:
    (tmp_path / "list.json").write_text(json.dumps([hematite.as_dict()] * 2))
    (tmp_path / "named.json").write_text(json.dumps({"a": hematite.as_dict(), "b": hematite.as_dict()}))
    assert [m.material_id for m in read_structure_files(tmp_path / "list.json")] == ["row 0", "row 1"]
    named = list(read_structure_files(tmp_path / "named.json"))
    assert [(m.material_id, len(m.structure())) for m in named] == [(x, len(hematite)) for x in "ab"]
    with pytest.raises(StructureError, match="no pymatgen structure"):
        SourceMaterial("x", {"a": 1}, "dict").structure()
