"""Crystals of CIF files whose symmetry is named, and whose labels are more than symbols."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Structure

from edgepair.conventions import StructureError
from edgepair.structures import DisorderedStructureError, SourceMaterial, prepare_structure
from edgepair.structures.cif import element_of

HALF_EMPTY = """data_ilmenite
_cell_length_a 5.0884
_cell_length_b 5.0884
_cell_length_c 14.0855
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_symmetry_space_group_name_H-M 'R -3'
_symmetry_Int_Tables_number 148
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Fe1 Fe 0 0 0.35537 {iron}
Mg1 Mg 0 0 0.35537 {magnesium}
Ti1 Ti 0 0 0.14640 1
O1 O 0.31743 0.02332 0.24506 1
"""
"""Ilmenite, Wechsler and Prewitt, Am. Mineral. 69, 176 (1984), its iron site shared with magnesium."""

CASES = Path(__file__).resolve().parents[4] / "shared" / "data" / "cases"


def block(cell: tuple[float, ...], sites: list[str], *lines: str, labels: str = "label") -> str:
    """A CIF as people write it by hand: cell, some lines, and sites."""
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    rows = ["data_x", *(f"_cell_{name} {value}" for name, value in zip(names, cell, strict=True)), *lines]
    rows += ["loop_", *(f"_atom_site_{key}" for key in labels.split()), "_atom_site_fract_x"]
    return "\n".join([*rows, "_atom_site_fract_y", "_atom_site_fract_z", *sites, ""])


def read(text: str) -> tuple[Structure, tuple[str, ...]]:
    return SourceMaterial("x", text, "cif").structure_and_notes()


SPINEL = (8.396, 8.396, 8.396, 90, 90, 90)
ORIGIN_1 = ["Fe 0 0 0", "Fe 0.625 0.625 0.625", "O 0.3798 0.3798 0.3798"]
ORIGIN_2 = ["Fe 0.125 0.125 0.125", "Fe 0.5 0.5 0.5", "O 0.2548 0.2548 0.2548"]
"""Magnetite, Fleet, Acta Cryst. B 37, 917 (1981): from the origin at -43m, and at -3m."""


@pytest.mark.parametrize(
    ("group", "sites"),
    [
        ("'F d -3 m :1'", ORIGIN_1),
        ("'F d -3 m :2'", ORIGIN_2),
        ("'F d -3 m S'", ORIGIN_1),
        ("'F d -3 m Z'", ORIGIN_2),
        ("'Fd-3m (origin 2)'", ORIGIN_2),
        ("'F d 3 m'", ORIGIN_1),
        ("'F d -3 m'", ORIGIN_2),
        ("'F 41/d -3 2/m'", ORIGIN_2),
    ],
)
@pytest.mark.parametrize("listed", [False, True], ids=["no operations", "x,y,z alone"])
def test_magnetite_by_the_name_of_its_group(group: str, sites: list[str], listed: bool) -> None:
    operations = ["loop_", "_symmetry_equiv_pos_as_xyz", "x,y,z"] if listed else []
    found, notes = read(block(SPINEL, sites, f"_symmetry_space_group_name_H-M {group}", *operations))
    assert found.composition.formula == "Fe24 O32"
    assert sorted(site.multiplicity for site in prepare_structure(found, "Fe").sites) == [8, 16]
    # Fe-O 1.89 and 2.06 Å: the two origins give one crystal.
    octahedral = next(site for site in prepare_structure(found, "Fe").sites if site.multiplicity == 16)
    near = found.get_neighbors(found[octahedral.index], 2.3)
    assert len(near) == 6
    np.testing.assert_allclose([one.nn_distance for one in near], 2.06, atol=0.01)
    assert any("without a full list of operations" in note for note in notes)


def test_hall_symbol_tells_the_origin() -> None:
    text = block(
        SPINEL, ORIGIN_2, "_symmetry_space_group_name_Hall '-F 4vw 2vw 3'", "_space_group_IT_number 227"
    )
    assert read(text)[0].composition.formula == "Fe24 O32"


@pytest.mark.parametrize(
    ("group", "number"),
    [("'P 1 21/c 1'", 14), ("'P 21/c'", 14), ("'P21/n'", 14), ("'P 1 21/n 1'", 14), ("'P 21/a'", 14)],
)
def test_setting_of_a_monoclinic_name_is_read_not_the_standard_one(group: str, number: int) -> None:
    """The glide plane is that of the name: (x, 1/2 − y, …) moved along c, along both, or along a."""
    sites = ["Zr 0.2758 0.0411 0.2082", "O1 0.0703 0.3359 0.3406", "O2 0.4423 0.7549 0.4789"]
    lines = [f"_symmetry_space_group_name_H-M {group}", f"_symmetry_Int_Tables_number {number}"]
    found, _ = read(block((5.1454, 5.2075, 5.3107, 90, 99.23, 90), sites, *lines))
    move = {"c": [0, 0.5, 0.5], "n": [0.5, 0.5, 0.5], "a": [0.5, 0.5, 0]}[group.split("/")[1][0]]
    image = (np.array([0.2758, -0.0411, 0.2082]) + move) % 1
    apart = np.abs((found.frac_coords - image + 0.5) % 1 - 0.5).max(axis=1)
    assert len(found) == 12
    assert apart.min() < 1e-6


@pytest.mark.parametrize(
    ("group", "cell", "sites", "formula"),
    [
        # Hematite on its two cells; Blake et al., Am. Mineral. 51, 123 (1966).
        ("'R -3 c'", (5.038, 5.038, 13.772, 90, 90, 120), ["Fe 0 0 0.3553", "O 0.3059 0 0.25"], "Fe12 O18"),
        (
            "'R -3 c :H'",
            (5.038, 5.038, 13.772, 90, 90, 120),
            ["Fe 0 0 0.3553", "O 0.3059 0 0.25"],
            "Fe12 O18",
        ),
        (
            "'R -3 c'",
            (5.4271, 5.4271, 5.4271, 55.28, 55.28, 55.28),
            ["Fe 0.3553 0.3553 0.3553", "O 0.5559 0.9441 0.25"],
            "Fe4 O6",
        ),
    ],
)
def test_cell_tells_hexagonal_from_rhombohedral_axes(
    group: str, cell: tuple[float, ...], sites: list[str], formula: str
) -> None:
    found, _ = read(block(cell, sites, f"_symmetry_space_group_name_H-M {group}"))
    assert found.composition.formula == formula
    assert prepare_structure(found, "Fe").space_group == 167


@pytest.mark.parametrize(
    ("lines", "match"),
    [
        (["_symmetry_space_group_name_H-M 'X y z'"], "not known"),
        ([], "Å³ per atom"),
        (["_symmetry_space_group_name_H-M 'I a -3 d'"], "no reading gives a crystal"),
        (["_symmetry_space_group_name_H-M 'F d -3 m :1'", "_chemical_formula_sum 'Fe2 O3'"], "composition"),
        (
            [
                "_symmetry_space_group_name_H-M 'F d -3 m :1'",
                "_chemical_formula_sum 'Fe3 O4'",
                "_cell_formula_units_Z 4",
            ],
            "not 4",
        ),
    ],
)
def test_what_gives_no_crystal_is_refused(lines: list[str], match: str) -> None:
    with pytest.raises(StructureError) as caught:
        read(block(SPINEL, ORIGIN_1, *lines))
    assert match in caught.value.found


def test_half_a_cell_under_a_group_of_order_two_is_not_guessed() -> None:
    """Under P -1 with x,y,z alone, six atoms may be all or half of them."""
    sites = ["Ti 0.1 0.1 0.1", "O 0.3 0.32 0.1", "O 0.1 0.4 0.3"]
    text = block(
        (4.6, 4.7, 4.9, 85, 95, 92),
        sites,
        "_space_group_name_H-M_alt 'P -1'",
        "loop_",
        "_space_group_symop_operation_xyz",
        "x,y,z",
    )
    with pytest.raises(StructureError, match="P -1") as caught:
        read(text)
    assert "can be" in caught.value.found
    told = text.replace("loop_", "_chemical_formula_sum 'Ti O2'\n_cell_formula_units_Z 2\nloop_", 1)
    assert read(told)[0].composition.formula == "Ti2 O4"


def test_full_cell_under_the_name_of_its_group_stays_what_it_is(magnetite: Structure) -> None:
    sites = [f"{site.specie.symbol} {' '.join(f'{x:.6f}' for x in site.frac_coords)}" for site in magnetite]
    cell = tuple(round(value, 6) for value in magnetite.lattice.parameters)
    text = block(
        cell,
        sites,
        "_symmetry_space_group_name_H-M 'F d -3 m'",
        "loop_",
        "_symmetry_equiv_pos_as_xyz",
        "x,y,z",
    )
    assert read(text)[0].composition == magnetite.composition


def test_listed_operations_are_taken_without_a_word(nio: Structure) -> None:
    assert read(str(nio.to(fmt="cif", symprec=0.01)))[1] == ()
    assert read(str(nio.to(fmt="cif")))[1] == ()


GOETHITE = ["Fe 0.1466 0.25 -0.0463", "O -0.1990 0.25 0.2880", "{} -0.0532 0.25 -0.1964"]


@pytest.mark.parametrize("label", ["OH", "OH1", "Oh", "Ow", "OH2", "O-H", "O2", "O(2)", "O_hyd"])
def test_hydroxyl_oxygens_do_not_vanish(label: str) -> None:
    """Goethite, Gualtieri and Venturelli, Am. Mineral. 84, 895 (1999)."""
    sites = [row.format(label) for row in GOETHITE]
    text = block((9.95, 3.01, 4.62, 90, 90, 90), sites, "_symmetry_space_group_name_H-M 'P n m a'")
    structure, notes = read(text)
    assert structure.composition.formula == "Fe4 O8"
    assert len(structure.get_neighbors(structure[0], 2.3)) == 6
    assert label.startswith(("O2", "O(", "O_")) or any("hydrogen" in note for note in notes)


@pytest.mark.parametrize(
    ("label", "symbol"),
    [
        ("Fe", "Fe"), ("FE1", "Fe"), ("Fe3+", "Fe"), ("fe2", "Fe"), ("Fe_oct", "Fe"), ("FeT", "Fe"),
        ("MN2", "Mn"), ("Mn4+", "Mn"), ("Ti(1)", "Ti"), ("Co1", "Co"), ("CO1", "Co"), ("Cu", "Cu"),
        ("O2-", "O"), ("O1A", "O"), ("OA1", "O"), ("Ob", "O"), ("Wat", "O"), ("H2O", "O"), ("Hw", "H"),
        ("D1", "H"), ("D", "H"), ("C1", "C"), ("W", "W"),
    ],
)  # fmt: skip
def test_label_names_an_element(label: str, symbol: str) -> None:
    assert element_of(label, set())[0] == symbol


@pytest.mark.parametrize("label", ["Vac1", "Va", "X1", "M1", "?", "", "1", "Vacancy", "HO1", "Me", "Lp"])
def test_label_that_names_no_element_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match="label"):
        element_of(label, set())


def test_stated_formula_decides_between_elements() -> None:
    assert element_of("CO1", {"Ca", "C", "O"})[0] == "C"
    assert element_of("HO1", {"Fe", "O", "H"})[0] == "H"
    assert element_of("HO1", {"Ho", "O"})[0] == "Ho"
    assert element_of("W1", {"W", "O"})[0] == "W"


ROCK_SALT = "1.0\n4.3 0 0\n0 4.3 0\n0 0 4.3\n{}4 4\nDirect\n" + "\n".join(
    ("0 0 0", ".5 .5 0", ".5 0 .5", "0 .5 .5", ".5 0 0", "0 .5 0", "0 0 .5", ".5 .5 .5")
)


def test_poscar_without_its_line_of_elements_is_never_hydrogen_and_helium() -> None:
    """A POSCAR of VASP 4: the parser would name its elements H, He, … in their order."""
    with pytest.raises(StructureError, match="cannot read") as caught:
        SourceMaterial("x", "from the database\n" + ROCK_SALT.format(""), "poscar").structure()
    assert "without a line of elements" in caught.value.found
    found, notes = SourceMaterial("x", "Fe O\n" + ROCK_SALT.format(""), "poscar").structure_and_notes()
    assert found.composition.formula == "Fe4 O4"
    assert "by its first line" in notes[0]
    plain = SourceMaterial("x", "FeO\n" + ROCK_SALT.format("Fe_pv O\n"), "poscar")
    assert plain.structure() == found


def test_dummy_atoms_and_molecules_are_refused(nio: Structure) -> None:
    nio.replace(0, "X0+")
    with pytest.raises(StructureError, match="cannot use") as caught:
        prepare_structure(nio, "Ni")
    assert "no elements" in caught.value.found
    molecule = (
        '2\nLattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3 pbc="F F F"\nFe 0 0 0\nO 2 0 0\n'
    )
    with pytest.raises(StructureError, match="cannot read"):
        SourceMaterial("x", molecule, "xyz").structure()


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases lie beside a checkout")
@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("magnetite_origin1_tagged", "Fe24 O32"),
        ("magnetite_origin2", "Fe24 O32"),
        ("goethite_OH_label", "Fe4 O8"),
    ],
)
def test_cases(name: str, formula: str) -> None:
    assert read((CASES / f"{name}.cif").read_text())[0].composition.formula == formula


def test_cif_without_any_atoms_is_refused() -> None:
    text = "data_a\n_journal_year 1963\ndata_b\n_cell_length_a 4\n"
    with pytest.raises(StructureError, match="cannot read the structure of x"):
        read(text)


def test_disordered_cif_is_read_and_refused_when_prepared() -> None:
    structure, _ = read(HALF_EMPTY.format(iron=0.7, magnesium=0.3))
    assert not structure.is_ordered
    assert structure.composition["Fe"] == pytest.approx(6 * 0.7)
    with pytest.raises(DisorderedStructureError):
        prepare_structure(structure, "Fe")


def test_occupancies_that_add_up_to_a_little_more_than_one_are_read() -> None:
    assert len(read(HALF_EMPTY.format(iron=0.71, magnesium=0.3))[0]) == 30
    with pytest.raises(StructureError, match="x"):
        read(HALF_EMPTY.format(iron=0.9, magnesium=0.9))


def test_more_operations_than_a_group_has() -> None:
    operations = ["loop_", "_symmetry_equiv_pos_as_xyz", *(f"'x+{n}/997,y,z'" for n in range(900))]
    with pytest.raises(StructureError) as error:
        read(block((4, 4, 4, 90, 90, 90), ["Ni 0 0 0", "O 0.5 0.5 0.5"], *operations))
    assert "900 operations" in error.value.found


RUTILE = (4.594, 4.594, 2.959, 90, 90, 90)
WHOLE = [
    "Ti 0 0 0",
    "Ti .5 .5 .5",
    "O .3053 .3053 0",
    "O -.3053 -.3053 0",
    "O .8053 .1947 .5",
    "O .1947 .8053 .5",
]
HEMATITE = (5.038, 5.038, 13.772, 90, 90, 120)
P42MNM = "_symmetry_space_group_name_H-M 'P 42/m n m'"


def lengths(structure: Structure, metal: str) -> list[float]:
    """Distances below 2.6 Å of the first metal atom to oxygen."""
    near = structure.get_neighbors(structure[structure.indices_from_symbol(metal)[0]], 2.6)
    return sorted(round(site.nn_distance, 2) for site in near if site.specie.symbol == "O")


@pytest.mark.parametrize(
    "sites", [WHOLE, WHOLE[:3], [*WHOLE[::2][:2], WHOLE[3]], ["Ti 0 0 0", *WHOLE[2:3] * 2]]
)
def test_sites_that_symmetry_makes_of_others_count_once(sites: list[str]) -> None:
    structure, notes = read(block(RUTILE, sites, P42MNM))
    assert structure.composition.formula == "Ti2 O4"
    assert lengths(structure, "Ti") == [1.95, 1.95, 1.95, 1.95, 1.98, 1.98]
    assert any("taken once" in note for note in notes)


def test_a_whole_cell_to_its_last_digits_is_what_is_listed() -> None:
    """The cell of a relaxation, with the name of the group that it had before."""
    moved = [*WHOLE[:5], "O .1977 .8033 .504"]
    listed = ("loop_", "_symmetry_equiv_pos_as_xyz", "'x,y,z'")
    structure, _ = read(block(RUTILE, moved, P42MNM, *listed))
    assert len(structure) == 6
    assert structure[5].frac_coords == pytest.approx([0.1977, 0.8033, 0.504])


@pytest.mark.parametrize("third", ["0.3333 0.6667", "0.333 0.667", "0.33 0.67"])
def test_a_third_in_few_digits_is_a_third(third: str) -> None:
    cell = (3.25, 3.25, 5.207, 90, 90, 120)
    structure, _ = read(block(cell, [f"Zn {third} 0", f"O {third} .3819"], "_space_group_IT_number 186"))
    assert structure.composition.formula == "Zn2 O2"
    assert lengths(structure, "Zn") == [1.97, 1.97, 1.97, 1.99]


@pytest.mark.parametrize(
    "lines",
    [
        ("_symmetry_space_group_name_H-M 'R -3 c {hexagonal axes}'",),
        ("_symmetry_space_group_name_H-M 'R -3 C'", "_chemical_formula_sum 'FE2 O3'"),
        ("_space_group.name_H-M_alt 'R -3 c :H'",),
        # An operation that is no more than misprinted: the group by its name
        (
            "_space_group_name_H-M_alt 'R -3 c'",
            "loop_",
            "_space_group_symop_operation_xyz",
            *["x,y,z+1/5"] * 36,
        ),
    ],
)
def test_names_of_one_group(lines: tuple[str, ...]) -> None:
    text = block(HEMATITE, ["FE1 0 0 .3553", "O1 .3059 0 .25"], *lines)
    for written in (
        text,
        text.replace("_cell_", "_cell.").replace("_atom_site_", "_atom_site."),
        text + "\x1a",
    ):
        structure, notes = read(written)
        assert structure.composition.formula == "Fe12 O18", notes
        assert lengths(structure, "Fe") == [1.95, 1.95, 1.95, 2.12, 2.12, 2.12]


@pytest.mark.parametrize("unknown", [".", "?"])
def test_an_occupancy_that_is_not_told_is_one(unknown: str) -> None:
    sites = [f"Ti {unknown} 0 0 0", "O 1 .3053 .3053 0"]
    structure, _ = read(block(RUTILE, sites, P42MNM, labels="label occupancy"))
    assert structure.composition.formula == "Ti2 O4"


@pytest.mark.parametrize("nowhere", ["dum -1. -1. -1.", "d ? ? ?", ". . . ."])
def test_hydrogen_without_a_position_is_left_out(nowhere: str) -> None:
    sites = ["Fe1 d .1459 .25 -.0486", "O1 d -.1989 .25 .2882", "O2 d -.0535 .25 -.1984", f"H1 {nowhere}"]
    group = ("_symmetry_space_group_name_H-M 'P n m a'", "_chemical_formula_sum 'Fe H O2'")
    structure, notes = read(block((9.956, 3.022, 4.608, 90, 90, 90), sites, *group, labels="label calc_flag"))
    assert structure.composition.formula == "Fe4 O8"
    assert any("H1" in note for note in notes)


def test_modulated_crystals_are_refused_for_what_they_are() -> None:
    modulated = ("_cell_modulation_dimension 1", "_space_group_ssg_name 'P42/mnm(00g)'")
    with pytest.raises(StructureError, match="modulated"):
        read(block(RUTILE, WHOLE, *modulated))
    structure, _ = read(block(RUTILE, WHOLE[::2][:2], P42MNM, "_cell_modulation_dimension 0"))
    assert structure.composition.formula == "Ti2 O4"
