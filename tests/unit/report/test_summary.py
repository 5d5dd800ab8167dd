"""The dictionary behind the page equals the tables of the study."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from edgepair.models import LEARNERS
from edgepair.models.kernel_ridge import KernelRegressor
from edgepair.report import summarise_study
from edgepair.report.study.summary import best_modalities


def test_it_is_plain(study: Any) -> None:
    json.dumps(summarise_study(study()), allow_nan=False)


def test_dots_are_the_main_scores(study: Any) -> None:
    result = study()
    scores = result.scores
    dots = summarise_study(result)["overview"]
    assert len(dots) == 2 * 3 * 5
    for dot in dots:
        chosen = (
            (scores["absorber"] == dot["absorber"])
            & (scores["task"] == dot["task"])
            & (scores["modality"] == dot["modality"])
            & (scores["learner"] == "forest")
            & (scores["split"] == "formula")
            & (scores["metric"] == ("r2" if dot["task"] == "bond_length" else "f1_weighted"))
        )
        assert chosen.sum() == 1
        row = scores[chosen].iloc[0]
        assert (dot["value"], dot["lower"], dot["upper"]) == (row["value"], row["lower"], row["upper"])
        assert dot["baseline"] == 0.3


def test_dots_equal_the_table(study: Any) -> None:
    told = summarise_study(study())
    for dot in told["overview"]:
        table = next(t for t in told["scores"] if t["name"] == dot["task"])
        row = next(
            r
            for r in table["rows"]
            if (r["absorber"], r["modality"], r["split"]) == (dot["absorber"], dot["modality"], "formula")
        )
        place = [m["name"] for m in table["metrics"]].index(dot["metric"])
        assert row["values"][place] == {key: dot[key] for key in ("value", "lower", "upper")}


def test_the_table_holds_every_score_once(study: Any) -> None:
    result = study(learners=["forest", "stock", "dummy"])
    told = summarise_study(result)
    cells = sum(len(row["values"]) for table in told["scores"] for row in table["rows"])
    real = result.scores[result.scores["learner"] != "dummy"]
    floor = result.scores[result.scores["learner"] == "dummy"].drop_duplicates(["absorber", "task", "metric"])
    assert cells == len(real) + len(floor)


def test_key_numbers(study: Any) -> None:
    tiles = summarise_study(study())["key_numbers"]
    assert tiles[0]["value"] == 48
    assert tiles[1]["value"] == pytest.approx(0.9 - 0.011 / 2)
    assert "XANES" in tiles[1]["note"]


def test_best_is_taken_among_modalities_that_most_absorbers_have() -> None:
    rows = [
        {"task": "bond_length", "modality": "xanes", "value": 0.6},
        {"task": "bond_length", "modality": "xanes", "value": 0.6},
        {"task": "bond_length", "modality": "pdf", "value": 0.9},
    ]
    assert best_modalities(rows) == [
        {"task": "bond_length", "modality": "xanes", "value": 0.6, "n_absorbers": 2}
    ]


def test_findings_carry_verdict_and_counts(study: Any) -> None:
    first, second = summarise_study(study())["findings"]
    assert (first["verdict"], first["counts"]["holds"], first["n"]) == ("holds", 6, 6)
    assert second["verdict"] == "undecided"
    assert first["lines"][0]["estimate"] == 0.1
    assert first["lines"][0]["text"] == "+0.100"


def test_one_absorber_has_no_overall_estimate(study: Any) -> None:
    first = summarise_study(study(absorbers=["Fe"]))["findings"][0]
    assert first["verdict"] == "holds"
    assert [line["label"] for line in first["lines"]] == [
        "Fe, oxidation state",
        "Fe, coordination number",
        "Fe, mean bond length",
    ]


def test_the_sentence_names_what_was_found(study: Any) -> None:
    sentence = summarise_study(study())["sentence"]
    assert sentence == (
        "On 48 sites of Mn and Fe, XANES alone beats the PDF alone and a combination brings no clear gain "
        "over the best single technique."
    )
    alone = summarise_study(study(modalities=["pdf"], absorbers=["Fe"]))["sentence"]
    assert alone.startswith("On 24 sites of Fe, PDF reads the oxidation state of Fe with weighted F1 0.900")


def test_flattery_is_random_less_honest(study: Any) -> None:
    rows = summarise_study(study())["flattery"]
    assert len(rows) == 15
    assert all(row["gain"] == pytest.approx(0.05) for row in rows)
    assert summarise_study(study(split="random"))["flattery"] == []


def test_methods_follow_the_settings(study: Any) -> None:
    told = {item["title"]: item["text"] for item in summarise_study(study())["methods"]}
    assert "5 folds, dealt 2 times: no reduced formula" in told["Splits"]
    assert "bootstrap of 1,000 draws over formulas" in told["Intervals of scores"]
    assert "ExtraTreesClassifier" in told["Learners"]
    assert "Permutation" in told["Importances"]
    quick = {item["title"]: item["text"] for item in summarise_study(study(extras=False))["methods"]}
    assert "Permutation" not in quick["Importances"]
    assert "Learning curves" not in quick
    assert (
        "twins"
        in {i["title"]: i["text"] for i in summarise_study(study(split="random"))["methods"]}["Splits"]
    )


def _methods(result: Any) -> dict[str, str]:
    return {item["title"]: item["text"] for item in summarise_study(result)["methods"]}


@pytest.mark.parametrize("tune", [False, True])
@pytest.mark.parametrize("names", [["forest", "blend"], ["blend"], ["stock"], ["kernel"], list(LEARNERS)])
def test_every_learner_is_told_with_its_settings(study: Any, names: list[str], tune: bool) -> None:
    result = study(absorbers=["Fe"], learners=list(dict.fromkeys([*names, "dummy"])), extras=False)
    result.config["config"]["tune"] = tune
    text = _methods(result)["Learners"]
    assert not [wrong for wrong in ("  ", " .", " ,", "()", "( ", "is  ", "''") if wrong in text]
    for name in names:
        assert f"“{name}” is " in text or name == "dummy"
    if "blend" in names:
        assert "the mean of the forest’s and the kernel ridge’s answers" in text
    if {"blend", "kernel"} & set(names):
        machine = KernelRegressor()
        assert "Matérn kernel (3/2) on standardised features" in text
        assert f"(width {machine.width:g}, ridge {machine.ridge:g})" in text
    if {"blend", "forest"} & set(names):
        assert "extremely randomised trees (ExtraTreesClassifier and ExtraTreesRegressor), 60 trees" in text
        told = "max_features 0.2, the same for every technique"
        assert (told in text) != tune
    if "stock" in names:
        assert "(RandomForestClassifier and RandomForestRegressor), 60 trees" in text
        assert ("scikit-learn's defaults" in text) != tune
    assert ("searched inside each training set" in text) == (tune and names != ["kernel"])


def test_no_formulas_are_claimed_where_none_were_given(study: Any) -> None:
    result = study(absorbers=["Fe"])
    result.config["groups"] = {"Fe": "material"}
    told = summarise_study(result)
    methods = {item["title"]: item["text"] for item in told["methods"]}
    assert "No formulas were given: materials stand for them" in methods["Splits"]
    assert "reduced formula" not in methods["Splits"]
    rest = " ".join(text for title, text in methods.items() if title != "Splits")
    assert "formula" not in rest
    assert "draws over materials, not over sites: sites of one material" in methods["Intervals of scores"]
    assert (told["groups"], told["unseen"], told["split_title"]) == (
        "materials",
        "material",
        "grouped by material",
    )
    assert "formula" not in told["key_numbers"][0]["note"]
    assert told["data"][0]["formulas"] is None
    assert {row["split_short"] for table in told["scores"] for row in table["rows"]} == {
        "by material",
        "random",
    }


def test_formulas_of_some_absorbers_only(study: Any) -> None:
    result = study()
    result.config["groups"] = {"Mn": "formula", "Fe": "material"}
    methods = _methods(result)
    assert "For Fe no formulas were given: materials stand for them." in methods["Splits"]
    assert "draws over formulas or materials" in methods["Intervals of scores"]


def test_the_sentence_says_where_a_finding_holds(study: Any) -> None:
    result = study()
    first = result.findings[0]
    changed = (replace(first, verdict="undecided"), *result.findings[1:])
    object.__setattr__(result, "findings", changed)
    sentence = summarise_study(result)["sentence"]
    assert "XANES alone beats the PDF alone (in 5 of 6 comparisons) and a combination" in sentence


def test_sentences_have_true_minus_signs(study: Any) -> None:
    result = study(absorbers=["Fe"])
    text = "difference -0.009, 95 % interval -0.020 to +0.001; one-3 X-ray"
    object.__setattr__(result, "findings", (replace(result.findings[0], sentence=text),))
    told = summarise_study(result)["findings"][0]["sentences"]
    assert told == ["difference −0.009, 95 % interval −0.020 to +0.001; one-3 X-ray"]


def test_shuffled_techniques_are_those_of_combinations(study: Any) -> None:
    rows = summarise_study(study())["shuffled"]
    assert len(rows) == 2 * 3 * 2 * 2
    assert {row["modality"] for row in rows} == {"xanes+pdf", "xanes+dpdf"}
    assert all((row["value"], row["lower"], row["upper"]) == (0.3, 0.2, 0.4) for row in rows)
    assert summarise_study(study(extras=False))["shuffled"] == []


def test_methods_tell_how_findings_were_tested(study: Any) -> None:
    methods = _methods(study())
    assert "fixed beforehand" in methods["Findings"]
    assert "the best single technique of each draw" in methods["Findings"]
    assert "above the baseline" in methods["Findings"]
    assert "where labels are permuted between formulas" in methods["Findings"]
    assert "counted per metal atom" in methods["Normalisation of the dPDF"]
    assert "Other conditions" not in methods
    assert "At most 20 trees, one dealing of folds, at every size." in methods["Learning curves"]
