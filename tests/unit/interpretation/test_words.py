"""Sentences that follow from the tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from edgepair.report.interpretation.words import dependence_sentences, movement_sentences


def moves(
    number: str, slope: tuple[float, ...], rho: tuple[float, ...], **changes: Any
) -> list[dict[str, Any]]:
    base = {
        "absorber": "Mn",
        "task": "oxidation_state",
        "number": f"xanes_{number}",
        "title": number.replace("_", " "),
        "unit": "eV",
    } | changes
    return [
        base | dict(zip(("kind", "value", "lower", "upper"), (kind, *values), strict=True))
        for kind, values in (("slope", slope), ("rho", rho))
    ]


def test_a_clear_slope_is_told_with_its_interval() -> None:
    table = pd.DataFrame(moves("edge_position", (2.12, 1.81, 2.43), (0.8, 0.7, 0.9)))
    assert movement_sentences(table) == [
        "With each unit of oxidation state the edge position of Mn changes by +2.12 eV "
        "(95 % interval +1.81 to +2.43)."
    ]


def test_a_length_is_told_per_tenth_of_an_angstrom() -> None:
    rows = moves("edge_position", (-1.46, -1.7, -1.2), (-0.8, -0.9, -0.7), task="bond_length")
    assert movement_sentences(pd.DataFrame(rows))[0].startswith(
        "With each 0.1 Å of mean bond length the edge position of Mn changes by -1.46 eV"
    )


def test_what_is_undecided_is_only_said_to_be() -> None:
    table = pd.DataFrame(
        moves("edge_position", (2.12, 1.81, 2.43), (0.8, 0.7, 0.9))
        + moves("edge_slope", (0.1, -0.1, 0.3), (0.2, -0.1, 0.4))
        + moves("white_line_height", (np.nan, np.nan, np.nan), (np.nan, np.nan, np.nan))
    )
    sentences = movement_sentences(table)
    assert len(sentences) == 2
    assert sentences[1].startswith("Undecided")
    assert "edge slope, white line height" in sentences[1]
    assert "edge position" not in sentences[1]


def test_a_slope_that_ranks_do_not_show_is_told_with_that() -> None:
    table = pd.DataFrame(moves("edge_position", (2.12, 1.81, 2.43), (0.1, -0.1, 0.3)))
    assert "though not steadily" in movement_sentences(table)[0]
    table = pd.DataFrame(moves("edge_position", (2.12, 1.81, 2.43), (-0.3, -0.4, -0.2)))
    assert "the other way" in movement_sentences(table)[0]


def test_the_most_steady_come_first_and_the_rest_are_named() -> None:
    rows = []
    for place, rho in enumerate((0.3, 0.9, 0.5)):
        rows += moves(f"number_{place}", (1.0, 0.8, 1.2), (rho, rho - 0.1, rho + 0.1))
    sentences = movement_sentences(pd.DataFrame(rows), most=2)
    assert [text.split(" the ")[1][:8] for text in sentences[:2]] == ["number 1", "number 2"]
    assert sentences[2].startswith("Less closely tied to the oxidation state of Mn: number 0 (of 3 numbers")


def test_each_absorber_and_task_speaks_for_itself() -> None:
    rows = moves("edge_position", (2.0, 1.8, 2.2), (0.8, 0.7, 0.9))
    rows += moves("edge_position", (1.0, 0.8, 1.2), (0.8, 0.7, 0.9), absorber="Fe")
    assert ["of Mn" in text for text in movement_sentences(pd.DataFrame(rows))] == [True, False]


def test_nothing_is_said_of_nothing() -> None:
    columns = ["absorber", "task", "number", "title", "unit", "kind", "value", "lower", "upper", "class"]
    empty = pd.DataFrame(columns=columns)
    assert movement_sentences(empty) == []
    assert dependence_sentences(empty) == []


def follows(
    number: str, values: tuple[float, ...], *, of_class: str = "3", half: float = 0.05, **changes: Any
) -> list[dict[str, Any]]:
    base = {
        "absorber": "Mn",
        "task": "oxidation_state",
        "number": f"xanes_{number}",
        "title": number.replace("_", " "),
        "unit": "eV",
        "class": of_class,
    } | changes
    return [
        base | {"position": 6548.0 + place, "value": value, "lower": value - half, "upper": value + half}
        for place, value in enumerate(values)
    ]


def test_an_effect_is_told_from_its_lowest_to_its_highest_point() -> None:
    table = pd.DataFrame(follows("edge_position", (0.2, 0.1, 0.3, 0.7)))
    assert dependence_sentences(table) == [
        "As the edge position of Mn goes from 6549.0 to 6551.0 eV, the probability of oxidation state 3 "
        "rises from 0.10 to 0.70."
    ]
    falling = pd.DataFrame(follows("edge_position", (0.7, 0.4, 0.2)))
    assert "falls from 0.70 to 0.20" in dependence_sentences(falling)[0]


def test_a_length_is_predicted_in_its_unit() -> None:
    rows = follows("edge_position", (2.1, 1.9), of_class="", half=0.01, task="bond_length")
    assert dependence_sentences(pd.DataFrame(rows))[0].endswith(
        "the predicted mean bond length falls from 2.10 to 1.90 Å."
    )


def test_an_effect_within_its_interval_is_not_told() -> None:
    table = pd.DataFrame(follows("edge_position", (0.2, 0.25)))
    assert dependence_sentences(table) == [
        "Mn oxidation state: no single number moves the answer by more than its interval."
    ]


def test_local_effects_are_preferred() -> None:
    table = pd.DataFrame(follows("edge_position", (0.1, 0.9)))
    flat = table.assign(local_value=0.5, local_lower=0.4, local_upper=0.6)
    assert "no single number" in dependence_sentences(flat)[0]


def test_each_number_speaks_once_by_its_largest_effect() -> None:
    rows = follows("edge_position", (0.1, 0.9)) + follows("edge_position", (0.5, 0.1), of_class="2")
    rows += follows("white_line_height", (0.1, 0.4))
    sentences = dependence_sentences(pd.DataFrame(rows))
    assert len(sentences) == 2
    assert "oxidation state 3 rises from 0.10 to 0.90" in sentences[0]
    assert dependence_sentences(pd.DataFrame(rows), most=1) == sentences[:1]


def test_numbers_that_go_together_are_warned_of_once() -> None:
    one = {"companion": "xanes_b", "companion_title": "b", "companion_rho": 0.93}
    other = {"companion": "xanes_a", "companion_title": "a", "companion_rho": 0.93}
    rows = follows("a", (0.1, 0.9), **one) + follows("b", (0.1, 0.8), **other)
    sentences = dependence_sentences(pd.DataFrame(rows))
    assert [text for text in sentences if "go together" in text] == [sentences[2]]
    assert "rank correlation +0.93" in sentences[2]
    weak = pd.DataFrame(rows).assign(companion_rho=0.6)
    assert not any("go together" in text for text in dependence_sentences(weak))


def test_the_score_of_the_numbers_alone() -> None:
    row = {"absorber": "Mn", "task": "oxidation_state", "metric": "f1_weighted"}
    row |= {"value": 0.84, "lower": 0.8, "upper": 0.88, "share": 0.9, "better_lower": 0.3}
    table = pd.DataFrame(follows("edge_position", (0.1, 0.9)))
    scores = pd.DataFrame([row, row | {"metric": "accuracy", "value": 0.1}])
    sentence = dependence_sentences(table, scores)[0]
    assert "reaches weighted F1 0.84 (0.80 to 0.88), 90% of what whole curves add to guessing." in sentence
    for share, end in ((1.02, "no less than with whole curves."), (np.nan, "(0.80 to 0.88).")):
        scores = pd.DataFrame([row | {"share": share}])
        assert dependence_sentences(table, scores)[0].endswith(end)


def test_of_numbers_that_do_no_better_than_guessing_nothing_is_claimed() -> None:
    row = {"absorber": "Mn", "task": "oxidation_state", "metric": "f1_weighted"}
    row |= {"value": 0.2, "lower": 0.1, "upper": 0.3, "share": -0.4, "better_lower": -0.1}
    table = pd.DataFrame(follows("edge_position", (0.1, 0.9)))
    (sentence,) = dependence_sentences(table, pd.DataFrame([row]))
    assert "not shown to be more than guessing" in sentence
