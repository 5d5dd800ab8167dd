"""Minerals of the database that comes with larixite."""

from __future__ import annotations

import hashlib
import re
import socket
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from pymatgen.core import Structure

from edgepair.conventions import StructureError
from edgepair.structures import (
    DisorderedStructureError,
    SourceMaterial,
    are_identical,
    minerals,
    prepare_structure,
    read_structure_source,
)
from edgepair.structures.minerals import read_minerals

LARIXITE = find_spec("larixite")
needs_larixite = pytest.mark.skipif(LARIXITE is None, reason="needs larixite (the extra 'minerals')")


def digest() -> str:
    """Hash larixite's own copy of the database."""
    assert LARIXITE is not None
    assert LARIXITE.origin is not None
    return hashlib.sha256((Path(LARIXITE.origin).parent / "amcsd_cif1.db").read_bytes()).hexdigest()


def refuse(self: socket.socket, address: object) -> None:
    raise AssertionError(f"a connection to {address}")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every attempt to connect fail the test."""
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="module")
def hematites() -> list[SourceMaterial]:
    """All entries of hematite, read once; the installed database must not change by it."""
    before = digest()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        found = list(read_minerals("mineral=hematite"))
    assert digest() == before
    return found


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give temporary files a folder of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def assert_four_parts(error: StructureError) -> None:
    for part in (error.problem, error.found, error.needed, error.suggestion):
        assert part.strip()


@needs_larixite
def test_hematite(hematites: list[SourceMaterial], hematite: Structure) -> None:
    assert len(hematites) > 5
    for material in hematites:
        assert re.fullmatch(r"amcsd-\d+-Hematite", material.material_id)
        assert material.form == "cif"
        assert material.row["mineral"] == "Hematite"
    numbers = [int(material.material_id.split("-")[1]) for material in hematites]
    assert numbers == sorted(set(numbers))
    # Blake et al. (1966), the crystal of the tests
    (blake,) = (material for material in hematites if material.material_id == "amcsd-143-Hematite")
    assert blake.row["publication"].strip() == "Refinement of the hematite structure"
    found, wanted = (prepare_structure(item, "Fe").structure for item in (blake.structure(), hematite))
    assert are_identical(found, wanted)
    assert found.volume == pytest.approx(wanted.volume, rel=1e-4)


@needs_larixite
def test_ordered_entries_are_prepared_and_disordered_ones_refused(hematites: list[SourceMaterial]) -> None:
    kept, refused = [], 0
    for material in hematites:
        structure = material.structure()
        assert {site.specie.symbol for site in structure if site.is_ordered} <= {"Fe", "O"}
        try:
            kept.append(prepare_structure(structure, "Fe"))
        except DisorderedStructureError as error:
            assert not structure.is_ordered
            assert_four_parts(error)
            refused += 1
    assert refused > 0
    assert len(kept) > 5
    for prepared in kept:
        assert len(prepared.structure) == 10
        assert prepared.space_group == 167
        assert [prepared.multiplicity(number) for number in range(len(prepared.sites))] == [4]
        # 5.26 g/cm³ at room conditions; some entries were measured at pressures up to 5 GPa
        assert 5.2 < prepared.structure.density < 5.5


@needs_larixite
def test_filters(temporary: Path) -> None:
    # some of its 130 spinels have no iron, and some of those with iron have chromium
    found = list(read_structure_source("amcsd:mineral=SP*EL, elements=Fe+Al, exclude=Cr+Zn"))
    assert {material.row["mineral"] for material in found} == {"Spinel"}
    formulas = [re.findall("(?m)^_chemical_formula_sum '(.*)'$", str(item.source)) for item in found]
    elements = [set(re.findall("[A-Z][a-z]?", formula)) for (formula,) in formulas]
    assert all({"Fe", "Al"} <= some for some in elements)
    assert not any(some & {"Cr", "Zn"} for some in elements)
    assert list(temporary.iterdir()) == []


@needs_larixite
def test_star_stands_for_the_letters_at_its_place_only() -> None:
    # not Hydrohematite
    assert {material.row["mineral"] for material in read_minerals("mineral=hemat*")} == {"Hematite"}


@needs_larixite
def test_name_that_is_no_regular_expression() -> None:
    with pytest.raises(StructureError):
        next(read_minerals("mineral=hematite (*"))


@needs_larixite
def test_no_match(temporary: Path) -> None:
    before = digest()
    with pytest.raises(StructureError, match="cannot read minerals with 'mineral=unobtainite'") as caught:
        next(read_minerals("mineral=unobtainite"))
    assert_four_parts(caught.value)
    assert list(temporary.iterdir()) == []
    assert digest() == before


@needs_larixite
def test_reader_that_stops_early_leaves_nothing_behind(temporary: Path) -> None:
    materials = read_minerals("mineral=hematite,elements=Fe")
    next(materials)
    assert len(list(temporary.iterdir())) == 1
    materials.close()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "problem", "suggestion"),
    [
        ("minerals=hematite", "cannot read the filter 'minerals=hematite' of amcsd", "'mineral'"),
        ("hematite", "cannot read the filter 'hematite' of amcsd", "elements"),
        ("mineral=", "cannot read the filter 'mineral=' of amcsd", "'mineral'"),
        ("elements=Fe+Ox", "cannot filter by the element 'Ox'", "Fe+O"),
        ("exclude=", "cannot read the filter 'exclude=' of amcsd", "'exclude'"),
    ],
)
def test_wrong_filter(text: str, problem: str, suggestion: str) -> None:
    with pytest.raises(StructureError) as caught:
        next(read_minerals(text))
    assert caught.value.problem == problem
    assert suggestion in caught.value.suggestion
    assert_four_parts(caught.value)


def test_without_larixite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minerals, "find_spec", lambda name: None)
    with pytest.raises(StructureError, match="cannot read minerals") as caught:
        next(read_minerals("mineral=hematite"))
    assert "edgepair[minerals]" in caught.value.suggestion
    assert_four_parts(caught.value)
