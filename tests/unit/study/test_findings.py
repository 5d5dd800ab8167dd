"""Findings from scores whose draws are known."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import TASKS
from edgepair.study import FINDINGS, Finding
from edgepair.study.findings import find
from edgepair.study.importances import PairImportance
from edgepair.study.plan import Cell
from edgepair.study.scoring import Quantity, Score

SPREAD = np.linspace(-0.02, 0.02, 101)


def made_score(
    modality: str, value: float, *, absorber: str = "Fe", task: str = "oxidation_state",
    learner: str = "forest", draws: np.ndarray | None = None, balanced: float | None = None,
) -> Score:  # fmt: skip
    """A score of the main metric alone, or of balanced accuracy too."""
    none = np.zeros(0, int)
    classes = (2, 3) if TASKS[task].kind == "classification" else ()
    cell = Cell(
        xr.Dataset(), absorber, TASKS[task], none, none, classes, none, 0, np.zeros((1, 0), int), "formula"
    )
    metric = TASKS[task].main_metric
    values, every = {metric: value}, {metric: value + SPREAD if draws is None else draws}
    if balanced is not None:
        values["balanced_accuracy"], every["balanced_accuracy"] = balanced, balanced + SPREAD
    return Score(cell, modality, learner, values, every)


def baseline(value: float, **names: Any) -> Score:
    return made_score("xanes", value, learner="dummy", **names)


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


def known(name: str, value: float, half: float = 0.01) -> Quantity:
    """A quantity whose 95 % interval reaches `half` to both sides."""
    return Quantity(name, value, value + np.linspace(-half, half, 101) / 0.95)


def made_pair(
    modality: str, excess: float, loss: float, *, half: float = 0.01, absorber: str = "Fe",
    task: str = "oxidation_state", learner: str = "forest",
) -> PairImportance:  # fmt: skip
    """XANES with 60 % of the impurity where labels are permuted."""
    return PairImportance(
        absorber, task, modality, learner, 0.6 + excess, 0.6,
        known("share", excess, half), known("permutation", loss),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("excess", "loss", "verdict"),
    [
        (0.2, 0.3, "holds"),
        (-0.2, -0.3, "does_not_hold"),
        (0.005, 0.3, "undecided"),  # no larger share than its features alone give it
        (0.2, 0.005, "undecided"),
        (0.2, -0.3, "undecided"),  # the two ways disagree
    ],
)
def test_xanes_dominates_by_share_above_that_of_permuted_labels_and_by_permutation(
    excess: float, loss: float, verdict: str
) -> None:
    pairs = [made_pair("xanes+pdf", excess - 0.001, loss), made_pair("xanes+dpdf", excess + 0.001, loss)]
    (item,) = by_name(find([made_score("xanes+pdf", 0.9)], pairs, "forest")).values()
    assert item.finding == "xanes_dominates"
    assert (item.estimate, item.verdict) == (pytest.approx(excess), verdict)
    assert (item.lower, item.upper) == pytest.approx((excess - 0.01, excess + 0.01))


@pytest.mark.parametrize(
    ("xanes", "pdf", "verdict"), [(0.8, 0.6, "holds"), (0.7, 0.7, "undecided"), (0.6, 0.8, "undecided")]
)
def test_xanes_dominates_only_where_more_is_unique_to_it(xanes: float, pdf: float, verdict: str) -> None:
    """What a pair loses without XANES less what it loses without the PDF: XANES less PDF alone."""
    scores = [made_score("xanes", xanes), made_score("pdf", pdf, draws=pdf - SPREAD)]
    pair = made_pair("xanes+pdf", 0.2, 0.3)
    assert by_name(find(scores, [pair], "forest"))["xanes_dominates"].verdict == verdict


def test_shares_are_averaged_over_pairs_and_over_absorbers() -> None:
    pairs = [
        made_pair("xanes+pdf", excess, 0.2, half=half, absorber=absorber)
        for absorber, excess, half in (("Fe", 0.3, 0.02), ("Cu", 0.1, 0.04))
    ]
    scores = [made_score("xanes+pdf", 0.9, absorber=absorber) for absorber in ("Fe", "Cu")]
    item = by_name(find(scores, pairs, "forest"), "all")["xanes_dominates"]
    assert item.estimate == pytest.approx(0.2)
    assert item.upper - item.estimate == pytest.approx(0.03)  # these draws go together


def test_a_sentence_says_what_where_and_how_much() -> None:
    scores = [made_score("xanes", 0.912), made_score("pdf", 0.5), made_score("dpdf", 0.6)]
    scores += [made_score("xanes", 0.7, task="bond_length"), made_score("pdf", 0.9, task="bond_length")]
    found = find(scores, [made_pair("xanes+pdf", 0.15, 0.2)], "forest")
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
    shares = by_name(found)["xanes_dominates"].sentence
    assert "XANES with the PDF: share 75 %, 60 % with permuted labels" in shares
    assert "share above that of permuted labels +0.150" in shares


def test_a_finding_as_a_dictionary_has_the_keys_of_the_file() -> None:
    item = find([made_score("xanes", 0.9), made_score("pdf", 0.5)], [], "forest")[0]
    assert list(item.as_dict()) == [
        "finding", "absorber", "task", "estimate", "lower", "upper", "verdict", "sentence",
        "view",
    ]  # fmt: skip


def why(scores: list[Score], pairs: Any = (), name: str = "xanes_beats_pdf") -> tuple[str, str]:
    item = by_name(find(scores, pairs, "forest"))[name]
    return item.verdict, item.sentence


def test_balanced_accuracy_alone_can_leave_a_finding_undecided() -> None:
    """Weighted F1 gains by spreading answers over the classes, balanced accuracy does not."""
    pdf = made_score("pdf", 0.6, balanced=0.5)
    for balanced, verdict in ((0.6, "holds"), (0.5, "undecided"), (0.4, "undecided")):
        told, sentence = why([made_score("xanes", 0.8, balanced=balanced), pdf, baseline(0.4)])
        assert told == verdict
        assert ("the balanced accuracy does not say so" in sentence) == (verdict == "undecided")
    told, sentence = why([made_score("xanes", 0.61, draws=0.61 - SPREAD, balanced=0.9), pdf, baseline(0.4)])
    assert (told, "the interval holds zero" in sentence) == ("undecided", True)


def test_what_is_better_must_be_above_the_baseline() -> None:
    """One of two that both know nothing may well do better than the other."""
    for floor, verdict in ((0.4, "holds"), (0.6, "undecided"), (0.9, "undecided")):
        scores = [made_score("xanes", 0.6, balanced=0.6), made_score("pdf", 0.3, balanced=0.3)]
        told, sentence = why([*scores, baseline(floor, balanced=0.5, draws=floor - SPREAD)])
        assert told == verdict, floor
        assert ("not shown to be above the baseline" in sentence) == (verdict == "undecided")


def test_the_opposite_is_asked_for_as_much() -> None:
    pdf = made_score("pdf", 0.8, balanced=0.8)
    cases = {
        "does_not_hold": [made_score("xanes", 0.5, balanced=0.5), baseline(0.6)],
        "the balanced accuracy": [made_score("xanes", 0.5, balanced=0.9), baseline(0.6)],
        "the baseline": [made_score("xanes", 0.5, balanced=0.5), baseline(0.9)],
    }
    for words, scores in cases.items():
        told, sentence = why([pdf, *scores])
        assert told == ("does_not_hold" if words == "does_not_hold" else "undecided")
        assert ("the opposite does" if told == "does_not_hold" else words) in sentence


def test_lengths_have_no_balanced_accuracy_but_a_baseline() -> None:
    names: dict[str, Any] = {"task": "bond_length"}
    scores = [made_score("xanes", 0.6, **names), made_score("pdf", 0.3, **names)]
    for floor, verdict in ((0.0, "holds"), (0.7, "undecided")):
        found = find([*scores, baseline(floor, **names)], [], "forest")
        assert by_name(found, task="bond_length")["xanes_beats_pdf"].verdict == verdict


def test_each_way_of_asking_alone_can_leave_dominance_undecided() -> None:
    scores = [made_score("xanes", 0.8), made_score("pdf", 0.6)]
    equal = [made_score("xanes", 0.6), made_score("pdf", 0.6, draws=0.6 - SPREAD)]
    cases = {
        "holds": (scores, made_pair("xanes+pdf", 0.2, 0.2)),
        "the interval holds zero": (scores, made_pair("xanes+pdf", 0.0, 0.2)),
        "the loss by permutation does not say so": (scores, made_pair("xanes+pdf", 0.2, 0.0)),
        "the unique contribution does not say so": (equal, made_pair("xanes+pdf", 0.2, 0.2)),
    }
    for words, (alone, pair) in cases.items():
        told, sentence = why(alone, [pair], "xanes_dominates")
        assert told == ("holds" if words == "holds" else "undecided")
        assert words in sentence


def test_the_pair_that_is_compared_is_fixed_beforehand() -> None:
    """With the dPDF where there is one, even if the other pair happens to do better."""
    values = {"xanes": 0.70, "pdf": 0.60, "dpdf": 0.72, "xanes+pdf": 0.95, "xanes+dpdf": 0.68}
    told = by_name(find([made_score(name, value) for name, value in values.items()], [], "forest"))
    assert told["combination_best"].estimate == pytest.approx(0.68 - 0.72)
    assert told["combination_best"].verdict == "does_not_hold"
    without = {name: value for name, value in values.items() if name != "xanes+dpdf"}
    told = by_name(find([made_score(name, value) for name, value in without.items()], [], "forest"))
    assert told["combination_best"].estimate == pytest.approx(0.95 - 0.72)


def test_the_best_single_technique_is_chosen_anew_in_every_draw() -> None:
    wobble = np.tile([0.1, -0.1], 50)
    scores = [
        made_score("xanes", 0.70, draws=0.70 + wobble), made_score("pdf", 0.70, draws=0.70 - wobble),
        made_score("xanes+pdf", 0.79, draws=np.full(100, 0.79)),
    ]  # fmt: skip
    item = by_name(find(scores, [], "forest"))["combination_best"]
    assert item.estimate == pytest.approx(0.09)
    assert (item.lower, item.upper) == pytest.approx((-0.01, -0.01))  # one of the two always has 0.8
    assert item.verdict != "holds"


def test_the_mean_over_absorbers_asks_for_every_criterion_too() -> None:
    def scores(absorber: str, balanced: float, floor: float) -> list[Score]:
        return [
            made_score("xanes", 0.8, absorber=absorber, balanced=balanced),
            made_score("pdf", 0.6, absorber=absorber, balanced=0.6),
            baseline(floor, absorber=absorber, balanced=0.5),
        ]

    def overall(*absorbers: list[Score]) -> Finding:
        return by_name(find([*chain(*absorbers)], [], "forest"), "all")["xanes_beats_pdf"]

    assert overall(scores("Fe", 0.8, 0.4), scores("Cu", 0.8, 0.4)).verdict == "holds"
    spread = overall(scores("Fe", 0.8, 0.4), scores("Cu", 0.3, 0.4))
    assert spread.verdict == "undecided"
    assert "the balanced accuracy does not say so" in spread.sentence
    low = overall(scores("Fe", 0.8, 0.7), scores("Cu", 0.8, 0.95))
    assert "not shown to be above the baseline" in low.sentence


def test_a_finding_says_in_which_view_it_is() -> None:
    scores = [made_score("xanes", 0.9), made_score("pdf", 0.5)]
    (sites,) = find(scores, [], "forest")
    (materials,) = find(scores, [], "forest", view="materials")
    assert (sites.view, materials.view) == ("sites", "materials")
    assert materials.sentence.startswith("Fe (materials), oxidation state")
    assert materials.sentence.replace(" (materials)", "") == sites.sentence
