"""What is said of a sample in hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edgepair.advice.words import named
from edgepair.conventions import TASKS, modality_title

if TYPE_CHECKING:
    from edgepair.advice.similar import SampleInHand

SURE = 0.9
"""Probability of the likeliest class from which on a set of one class can hardly change."""


def sample_facts(sample: SampleInHand, task: str) -> dict[str, Any]:
    """Gather what is known of a sample now.

    Parameters
    ----------
    sample : SampleInHand
        The sample.
    task : str
        Name.

    Returns
    -------
    dict
        ``techniques, compared_by, confidence_level, answers, trust, n_like, warnings``.
    """
    answers = sample.answers(task)
    return {
        "techniques": list(sample.techniques),
        "compared_by": sample.by,
        "confidence_level": sample.prediction.confidence_level,
        "answers": answers,
        "trust": answers[-1]["trust"] if answers else "",
        "n_like": int(sample.like.sum()),
        "warnings": list(sample.prediction.warnings),
    }


def sample_sentences(facts: Mapping[str, Any], task: str, similar: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what a sample's answer is, and whether another measurement may change it.

    Parameters
    ----------
    facts : mapping
        From `sample_facts`.
    task : str
        Name.
    similar : sequence of mapping
        Rows of `Advice.similar`.

    Returns
    -------
    list of str
        Sentences.
    """
    sentences = []
    if facts["answers"]:
        sentences.append(_answer_sentence(facts["answers"][-1], task, float(facts["confidence_level"])))
    else:
        sentences.append(f"The sample: nothing can be said of its {TASKS[task].title}.")
    if facts["trust"] == "outside":
        sentences.append(
            "The sample is unlike anything in the training data: what holds for the sites nearest to it"
            " need not hold for it."
        )
    near = {(row["have"], row["add"]): row for row in similar if row["among"] == "like_sample"}
    all_sites = {(row["have"], row["add"]): row for row in similar if row["among"] == "all"}
    sentences += [_change_sentence(row, all_sites[pair]) for pair, row in near.items()]
    return sentences


def _answer_sentence(answer: Mapping[str, Any], task: str, level: float) -> str:
    unit = f" {TASKS[task].unit}" if TASKS[task].unit else ""
    text = (
        f"The sample: {modality_title(str(answer['technique']))} says {TASKS[task].title}"
        f" {answer['value']:.2f} ({answer['lower']:.2f} to {answer['upper']:.2f}{unit} at {level:.0%}),"
        f" trust {answer['trust']}"
    )
    classes = str(answer["classes"])
    if not classes:
        return text + "."
    text += (
        f"; classes {classes.replace(';', ', ')}, the likeliest with probability {answer['probability']:.2f}"
    )
    if ";" not in classes and answer["probability"] >= SURE and answer["trust"] != "outside":
        return text + ": one class is left, so that another measurement can change little."
    return text + "."


def _change_sentence(row: Mapping[str, Any], every: Mapping[str, Any]) -> str:
    text = (
        f"Among the {row['n_sites']} left-out sites most like the sample ({row['n_formulas']} formulas),"
        f" adding {named(row['add'])} to {modality_title(row['have'])} changed {row['changed']:.0%}"
        f" ({row['changed_lower']:.0%} to {row['changed_upper']:.0%}) of the answers: {row['better']:.0%} for"
        f" the better, {row['worse']:.0%} for the worse (over all sites {every['changed']:.0%},"
        f" {every['better']:.0%} and {every['worse']:.0%})"
    )
    net = f"{row['net']:+.1%} ({row['net_lower']:+.1%} to {row['net_upper']:+.1%})"
    return (
        text
        + {
            "few_changed": "; too few changed to tell whether it is worth it for such samples.",
            "better": f"; for such samples it helps, by {net} of the answers.",
            "worse": f"; for such samples it harms, by {net} of the answers.",
            "undecided": f"; whether it helps such samples is undecided: {net} of the answers.",
        }[row["verdict"]]
    )
