"""Findings from scores whose draws are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import TASKS
from edgepair.study import FINDINGS, Finding
from edgepair.study.cells import Cell
from edgepair.study.findings import find
from edgepair.study.scoring import Score

SPREAD = np.linspace(-0.02, 0.02, 101)


def made_score(
    modality: str, value: float, *, absorber: str = "Fe", task: str = "oxidation_state",
    learner: str = "forest", draws: np.ndarray | None = None,
) -> Score:  # fmt: skip
    none = np.zeros(0, int)
    classes = (2, 3) if TASKS[task].kind == "classification" else ()
    cell = Cell(
        xr.Dataset(), absorber, TASKS[task], none, none, classes, none, 0, np.zeros((1, 0), int), "formula"
    )
    metric = TASKS[task].main_metric
    told = value + SPREAD if draws is None else draws
    return Score(cell, modality, learner, {metric: value}, {metric: told})


def by_name(
    found: tuple[Finding, ...], absorber: str = "Fe", task: str = "oxidation_state"
) -> dict[str, Finding]:
    return {item.finding: item for item in found if (item.absorber, item.task) == (absorber, task)}


@pytest.mark.parametrize(
    ("estimate", "differences", "verdict"),
    [
        (0.1, 0.1 + SPREAD, "holds"),
        (-0.1, -0.1 + SPREAD, "does_not_hold"),
        (0.01, 0.01 + SPREAD, "undecided"),
        (0.1, np.r_[np.full(95, 0.1), np.full(6, -0.1)], "undecided"),  # 6 % of the draws disagree
        (0.1, np.r_[np.full(99, 0.1), np.full(2, -0.1)], "holds"),  # 2 % do
    ],
)
def test_the_interval_of_paired_draws_gives_the_verdict(
    estimate: float, differences: np.ndarray, verdict: str
) -> None:
    pdf = made_score("pdf", 0.6, draws=0.6 + 3 * SPREAD)
    xanes = made_score("xanes", 0.6 + estimate, draws=0.6 + 3 * SPREAD + differences)
    found = by_name(find([xanes, pdf], [], "forest"))
    item = found["xanes_beats_pdf"]
    assert item.verdict == verdict
    assert item.estimate == pytest.approx(estimate)
    assert set(found) == {"xanes_beats_pdf"}


def test_shared_noise_cancels_in_a_difference() -> None:
    noise = np.random.default_rng(0).normal(0, 0.2, 500)
    found = find(
        [made_score("xanes", 0.81, draws=0.81 + noise), made_score("pdf", 0.8, draws=0.8 + noise)],
        [], "forest",
    )  # fmt: skip
    assert found[0].verdict == "holds"
    assert (found[0].lower, found[0].upper) == pytest.approx((0.01, 0.01))


def test_each_difference_has_the_sign_the_design_gives_it() -> None:
    values = {"xanes": 0.80, "pdf": 0.60, "dpdf": 0.72, "xanes+pdf": 0.79, "xanes+dpdf": 0.86}
    found = by_name(find([made_score(name, value) for name, value in values.items()], [], "forest"))
    assert found["xanes_beats_pdf"].estimate == pytest.approx(0.20)
    assert found["dpdf_narrows_gap"].estimate == pytest.approx(0.12)
    assert found["combination_best"].estimate == pytest.approx(0.06)
    assert all(
        item.lower <= item.estimate + 1e-9 and item.estimate <= item.upper + 1e-9 for item in found.values()
    )


def test_only_what_the_modalities_allow_is_found() -> None:
    def names(*modalities: str) -> set[str]:
        return set(by_name(find([made_score(m, 0.8) for m in modalities], [], "forest")))

    assert names("xanes") == set()
    assert names("pdf", "dpdf") == {"dpdf_narrows_gap"}
    assert names("xanes", "npdf", "xanes+npdf") == set()
    assert names("xanes", "pdf", "xanes+pdf") == {"xanes_beats_pdf", "combination_best"}


def test_a_combination_is_not_held_against_one_of_its_parts_alone() -> None:
    found = find([made_score("pdf", 0.6), made_score("xanes+pdf", 0.9)], [], "forest")
    assert found == ()


def test_only_the_chosen_learner_counts() -> None:
    scores = [made_score("xanes", 0.9), made_score("pdf", 0.5)]
    others = [made_score(name, 0.7, learner="stock") for name in ("xanes", "pdf")]
    assert find([*scores, *others], [], "forest") == find(scores, [], "forest")
    assert find([*scores, *others], [], "stock")[0].estimate == pytest.approx(0)


def test_all_is_the_unweighted_mean_over_absorbers_and_over_classification_tasks() -> None:
    gains = {
        ("Fe", "oxidation_state"): 0.1, ("Cu", "oxidation_state"): 0.3,
        ("Fe", "coordination_number"): 0.0, ("Cu", "coordination_number"): 0.2,
        ("Fe", "bond_length"): -0.5, ("Cu", "bond_length"): -0.3,
    }  # fmt: skip
    scores = []
    for (absorber, task), gain in gains.items():
        scores += [
            made_score("xanes", 0.5 + gain, absorber=absorber, task=task),
            made_score("pdf", 0.5, absorber=absorber, task=task),
        ]
    found = find(scores, [], "forest")

    def overall(task: str) -> Finding:
        return by_name(found, "all", task)["xanes_beats_pdf"]

    assert overall("oxidation_state").estimate == pytest.approx(0.2)
    assert overall("coordination_number").estimate == pytest.approx(0.1)
    assert overall("bond_length").estimate == pytest.approx(-0.4)
    assert overall("bond_length").verdict == "does_not_hold"
    assert overall("all").estimate == pytest.approx(0.15)  # bond lengths are not in it


def test_one_absorber_has_no_overall_row() -> None:
    found = find([made_score("xanes", 0.9), made_score("pdf", 0.5)], [], "forest")
    assert {item.absorber for item in found} == {"Fe"}


def test_the_interval_of_a_mean_shrinks_over_independent_absorbers() -> None:
    rng = np.random.default_rng(1)
    scores = []
    for absorber in ("Ti", "Mn", "Fe", "Cu"):
        scores += [
            made_score("xanes", 0.6, absorber=absorber, draws=0.6 + rng.normal(0, 0.1, 2000)),
            made_score("pdf", 0.5, absorber=absorber, draws=np.full(2000, 0.5)),
        ]
    found = find(scores, [], "forest")
    one, mean = by_name(found)["xanes_beats_pdf"], by_name(found, "all")["xanes_beats_pdf"]
    assert (mean.upper - mean.lower) / (one.upper - one.lower) == pytest.approx(0.5, abs=0.05)
    assert (one.verdict, mean.verdict) == ("undecided", "holds")


def test_a_draw_without_a_score_does_not_spoil_the_interval() -> None:
    draws = 0.9 + SPREAD
    draws[:10] = np.nan
    found = find([made_score("xanes", 0.9, draws=draws), made_score("pdf", 0.5)], [], "forest")
    assert found[0].verdict == "holds"
    assert np.isfinite([found[0].lower, found[0].upper]).all()


def made_share(modality: str, value: float, half: float, absorber: str = "Fe") -> list[dict[str, Any]]:
    base = {"absorber": absorber, "task": "oxidation_state", "modality": modality, "learner": "forest"}
    other = modality.split("+")[1]
    return [
        base | {"technique": "xanes", "value": value, "lower": value - half, "upper": value + half},
        base | {"technique": other, "value": 1 - value, "lower": 1 - value - half, "upper": 1 - value + half},
    ]


@pytest.mark.parametrize(("value", "verdict"), [(0.8, "holds"), (0.2, "does_not_hold"), (0.55, "undecided")])
def test_xanes_dominates_where_its_share_is_above_one_half(value: float, verdict: str) -> None:
    rows = [*made_share("xanes+pdf", value - 0.02, 0.1), *made_share("xanes+dpdf", value + 0.02, 0.1)]
    rows += made_share("xanes+npdf", 0.0, 0.0)  # none of the paper's combinations
    (item,) = find([], rows, "forest")
    assert item.finding == "xanes_dominates"
    assert (item.estimate, item.verdict) == (pytest.approx(value - 0.5), verdict)
    assert (item.lower, item.upper) == pytest.approx((value - 0.6, value - 0.4))


def test_shares_are_averaged_over_absorbers() -> None:
    rows = [*made_share("xanes+pdf", 0.9, 0.03, "Fe"), *made_share("xanes+pdf", 0.6, 0.04, "Cu")]
    item = by_name(find([], rows, "forest"), "all")["xanes_dominates"]
    assert item.estimate == pytest.approx(0.25)
    assert item.upper - item.estimate == pytest.approx(0.025)  # half of √(0.03² + 0.04²)


def test_a_sentence_says_what_where_and_how_much() -> None:
    scores = [made_score("xanes", 0.912), made_score("pdf", 0.5), made_score("dpdf", 0.6)]
    scores += [made_score("xanes", 0.7, task="bond_length"), made_score("pdf", 0.9, task="bond_length")]
    found = find(scores, made_share("xanes+pdf", 0.75, 0.1), "forest")
    for item in found:
        assert FINDINGS[item.finding] in item.sentence
        assert TASKS[item.task].title in item.sentence
        assert item.sentence.startswith("Fe")
        for number in (item.estimate, item.lower, item.upper):
            assert f"{number:+.3f}" in item.sentence
    first = found[0].sentence
    assert "holds" in first
    assert "0.912" in first
    assert "F1" in first
    wrong = by_name(found, task="bond_length")["xanes_beats_pdf"].sentence
    assert "does not hold" in wrong
    assert "R²" in wrong
    assert "75%" in by_name(found)["xanes_dominates"].sentence.replace(" ", "")


def test_a_finding_as_a_dictionary_has_the_keys_of_the_file() -> None:
    item = find([made_score("xanes", 0.9), made_score("pdf", 0.5)], [], "forest")[0]
    assert list(item.as_dict()) == [
        "finding", "absorber", "task", "estimate", "lower", "upper", "verdict", "sentence",
    ]  # fmt: skip
