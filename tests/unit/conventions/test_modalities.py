"""Modalities: one spelling for every combination of techniques."""

from __future__ import annotations

from itertools import combinations, permutations

import pytest

from edgepair.conventions import (
    STUDY_MODALITIES,
    TECHNIQUES,
    OptionError,
    modality_title,
    parse_modalities,
    techniques_of,
)

SUBSETS = [subset for n in range(1, 5) for subset in combinations(TECHNIQUES, n)]


def test_the_atoms_and_their_order() -> None:
    assert list(TECHNIQUES) == ["xanes", "pdf", "dpdf", "npdf"]


@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_any_subset_in_any_order_is_one_modality(subset: tuple[str, ...]) -> None:
    for order in permutations(subset):
        assert parse_modalities(["+".join(order)]) == ("+".join(subset),)
        assert tuple(t.name for t in techniques_of("+".join(order))) == subset


def test_case_and_blanks_do_not_matter() -> None:
    assert parse_modalities([" dPDF + XANES "]) == ("xanes+dpdf",)


def test_repeats_are_dropped_and_order_is_kept() -> None:
    assert parse_modalities(["pdf", "dpdf+xanes", "pdf", "xanes+dpdf"]) == ("pdf", "xanes+dpdf")


def test_default_is_the_studys() -> None:
    assert parse_modalities(None) == STUDY_MODALITIES
    assert STUDY_MODALITIES == ("xanes", "pdf", "dpdf", "xanes+pdf", "xanes+dpdf")


@pytest.mark.parametrize(
    ("name", "part", "suggestion"),
    [
        ("xane", "xane", "did you mean 'xanes'?"),
        ("xanes+dpd", "dpd", "did you mean 'dpdf'?"),
        ("exafs+pdf", "exafs", None),
        ("xanes+", "", "use one of: xanes, pdf, dpdf, npdf"),
        ("", "", "use one of: xanes, pdf, dpdf, npdf"),
    ],
)
def test_unknown_technique_is_named(name: str, part: str, suggestion: str | None) -> None:
    with pytest.raises(OptionError, match="modality") as caught:
        techniques_of(name)
    assert caught.value.found == f"technique {part!r}"
    assert suggestion is None or caught.value.suggestion == suggestion


def test_a_technique_twice_is_refused() -> None:
    with pytest.raises(OptionError, match="twice") as caught:
        parse_modalities(["pdf+xanes+pdf"])
    assert caught.value.suggestion == "write xanes+pdf"


def test_titles() -> None:
    assert modality_title("xanes+pdf+dpdf+npdf") == "XANES + PDF + dPDF + neutron PDF"


def test_only_spectra_belong_to_sites() -> None:
    owners = {name: (t.variable, t.owner, t.axis, t.unit) for name, t in TECHNIQUES.items()}
    assert owners == {
        "xanes": ("mu", "site", "energy", "eV"),
        "pdf": ("G", "material", "r", "Å"),
        "dpdf": ("G_M", "material", "r", "Å"),
        "npdf": ("G_neutron", "material", "r", "Å"),
    }
