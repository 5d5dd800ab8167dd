"""What is said of a sample in hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edgepair.advice.words import named, percent
from edgepair.conventions import TASKS, modality_title

if TYPE_CHECKING:
    from edgepair.advice.similar import SampleInHand

SURE = 0.9
"""Probability of the likeliest class from which on a set of one class can hardly change."""


def sample_facts(sample: SampleInHand, task: str) -> dict[str, Any]:
    """Gather what is known of a sample now."""
    answers = sample.answers(task)
    return {
        "techniques": list(sample.techniques),
        "compared_by": sample.by,
        "confidence_level": sample.prediction.confidence_level,
        "answers": answers,
        "trust": answers[-1]["trust"] if answers else "",
        "warnings": list(sample.prediction.warnings),
    }


def sample_sentences(facts: Mapping[str, Any], task: str, similar: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what a sample's answer is, and whether another measurement may change it."""
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
        f" {answer['value']:.2f} ({answer['lower']:.2f} to {answer['upper']:.2f}{unit} at {percent(level)}),"
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
    have = modality_title(row["have"])
    same = f" that {have} told the same and" if row["same_answer"] else ""
    like = f"{same} that are most like the sample"
    if row["n_sites"] == every["n_sites"]:
        like = ", all there are and too few to choose those most like the sample"
    text = (
        f"Among the {row['n_sites']} left-out sites{like}"
        f" ({row['n_formulas']} formulas), adding {named(row['add'])} to {have} changed"
        f" {percent(row['changed'])} ({percent(row['changed_lower'])} to {percent(row['changed_upper'])}) of"
        f" the answers: {percent(row['better'])} for the better, {percent(row['worse'])} for the worse (over"
        f" all sites {percent(every['changed'])}, {percent(every['better'])} and {percent(every['worse'])})"
    )
    net = (
        f"{percent(row['net'], sign=True)} ({percent(row['net_lower'], sign=True)} to"
        f" {percent(row['net_upper'], sign=True)})"
    )
    return (
        text
        + {
            "few_changed": "; too few changed to tell whether it is worth it for such samples.",
            "better": f"; for such samples it helps, by {net} of the answers.",
            "worse": f"; for such samples it harms, by {net} of the answers.",
            "undecided": f"; whether it helps such samples is undecided: {net} of the answers.",
        }[row["verdict"]]
    )
