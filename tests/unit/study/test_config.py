"""Settings: defaults, and a four-part refusal of everything else."""

from __future__ import annotations

from typing import Any

import pytest

from edgepair.conventions import STUDY_MODALITIES, OptionError
from edgepair.study.config import StudyConfig

WRONG: list[dict[str, Any]] = [
    {"tasks": ["oxidation"]},
    {"tasks": []},
    {"modalities": ["xane"]},
    {"modalities": ["xanes+xanes"]},
    {"modalities": ["xanes", ""]},
    {"modalities": []},
    {"learners": ["deep"]},
    {"learners": []},
    {"split": "site"},
    {"split": ""},
    {"folds": 1},
    {"folds": 2.5},
    {"folds": "5"},
    {"folds": None},
    {"repeats": 0},
    {"repeats": -1},
    {"trees": 0},
    {"trees": 1.5},
    {"seed": -1},
    {"seed": 0.5},
    {"seed": None},
    {"view": "site"},
    {"view": ""},
    {"view": None},
    {"per": "atom"},
    {"per": 1},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_every_wrong_option_is_refused_in_four_parts(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError) as caught:
        StudyConfig.check(**wrong)
    error = caught.value
    assert all([error.problem, error.found, error.needed, error.suggestion])
    assert [line.split(":")[0].strip() for line in str(error).splitlines()[1:]] == ["Found", "Needed", "Try"]


def test_defaults_are_the_papers_comparison() -> None:
    config = StudyConfig.check()
    assert config.tasks == ("oxidation_state", "coordination_number", "bond_length")
    assert config.modalities == STUDY_MODALITIES
    assert (config.learners[0], config.learners[-1]) == ("forest", "dummy")
    assert (config.split, config.folds, config.seed, config.tune, config.extras) == (
        "formula", 5, 0, False, True,
    )  # fmt: skip
    assert (config.view, config.per, config.robustness) == ("sites", "metal", False)


def test_large_sets_repeat_their_folds_less_often() -> None:
    config = StudyConfig.check()
    often = [config.repeats_for(n) for n in (60, 499, 500, 1999, 2000, 20000)]
    assert often == sorted(often, reverse=True)
    assert often[0] > often[-1] >= 1
    assert StudyConfig.check(repeats=7).repeats_for(20000) == 7


def test_quick_is_a_look_but_what_is_asked_for_stands() -> None:
    quick = StudyConfig.check(quick=True)
    assert (quick.repeats, quick.extras) == (1, False)
    assert quick.trees < StudyConfig.check().trees
    asked = StudyConfig.check(quick=True, repeats=4, trees=500)
    assert (asked.repeats, asked.trees) == (4, 500)


def test_spelling_and_order_are_brought_into_one_form() -> None:
    config = StudyConfig.check(
        tasks=["bond_length", "oxidation_state"], modalities=["pdf+xanes", "xanes+pdf"]
    )
    assert config.tasks == ("oxidation_state", "bond_length")
    assert config.modalities == ("xanes+pdf",)
