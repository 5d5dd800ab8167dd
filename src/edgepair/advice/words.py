"""The recommendation: sentences that follow from the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgepair.advice.requirements import FORMULAS
from edgepair.conventions import TASKS, TECHNIQUES, modality_title
from edgepair.conventions.displayed import Record
from edgepair.conventions.wording import capital
from edgepair.dataset.qualities import QUALITIES

if TYPE_CHECKING:
    from edgepair.advice.similar import SampleInHand

_METRICS = {"f1_weighted": "weighted F1", "r2": "R²"}

_ARTICLES = {"xanes": "XANES", "pdf": "a PDF", "dpdf": "a dPDF", "npdf": "a neutron PDF"}


def named(modality: str) -> str:
    """Name a technique or a combination in a sentence."""
    return " and ".join(_ARTICLES.get(part, part) for part in modality.split("+"))


def percent(share: float, *, sign: bool = False) -> str:
    """Write a share as a percentage."""
    return f"{100 * share:+.0f} %" if sign else f"{100 * share:.0f} %"


def ends(row: Record, prefix: str = "", *, sign: bool = False) -> str:
    """Write the interval of a row."""
    mark = "+" if sign else ""
    return f"{row[prefix + 'lower']:{mark}.3f} to {row[prefix + 'upper']:{mark}.3f}"


def score_sentence(absorber: str, task: str, rows: Sequence[Record], guess: float, split: str) -> str:
    """Say how good what is in hand is alone."""
    unseen = {"formula": "formulas", "material": "materials"}.get(split, "sites")
    metric = TASKS[task].main_metric
    first = next(row for row in rows if row["metric"] == metric)
    title = capital(modality_title(first["technique"]))
    alone = f"{title} alone" if "+" not in first["technique"] else title
    return (
        f"{alone} reads the {TASKS[task].title} of {absorber} with {_METRICS[metric]} {first['value']:.3f}"
        f" (95 % interval {ends(first)}) on {unseen} not seen before; a guess has {max(guess, 0.0):.3f}."
    )


def gain_sentence(row: Record, smallest: float) -> str:
    """Say whether adding a technique is worth it."""
    what, have = named(row["add"]), modality_title(row["have"])
    numbers = f"{row['value']:+.3f} ({ends(row, sign=True)}) in {_METRICS[row['metric']]}"
    if row["verdict"] == "worth":
        return f"Measure {what} besides {have}: {numbers}, certainly more than the {smallest:g} that counts."
    if row["verdict"] == "helps":
        return (
            f"Adding {what} to {have} helps: {numbers}, a gain for certain, but perhaps less than the"
            f" {smallest:g} that counts."
        )
    if row["verdict"] == "not_worth":
        return (
            f"Do not measure {what} for this besides {have}: {numbers}, less than the {smallest:g} that"
            " counts."
        )
    return f"Whether to add {what} to {have} is undecided by these data: {numbers}."


def needed_sentence(row: Record) -> str:
    """Say what a quality must be."""
    if row["quantity"] == FORMULAS:
        title, most = "training formulas", False
    else:
        quality = QUALITIES[TECHNIQUES[row["technique"]].axis, row["quantity"]]
        title, most = quality.title, quality.most
    unit = "" if row["quantity"] == FORMULAS else f" {row['unit']}"
    bound = "up to" if most else "down to"
    poor = "" if math.isnan(row["too_poor"]) else f"{row['too_poor']:g} is certainly too poor"
    if row["enough"] == row["poorest"]:
        return f"{title} {bound} {row['enough']:g}{unit}, the poorest tried, for certain"
    likely = f"{title} {bound} {row['likely']:g}{unit} by best estimate"
    if row["likely"] == row["own"]:
        likely = f"{title} no poorer than in the data ({row['own']:g}{unit}) by best estimate"
    certain = f"{row['enough']:g} for certain" if row["enough"] != row["own"] else "no level for certain"
    return f"{likely} ({certain}" + (f"; {poor})" if poor else ")")


def needed_sentences(needed: Sequence[Record], techniques: Sequence[str], tolerance: float) -> list[str]:
    """Say what each technique must be measured to."""
    sentences = []
    for name in techniques:
        selected = [row for row in needed if row["technique"] == name and row["quantity"] != FORMULAS]
        if selected:
            parts = "; ".join(needed_sentence(row) for row in selected)
            title = capital(named(name))
            sentences.append(f"{title} alone loses no more than {tolerance:g} with: {parts}.")
    return sentences


def learning_sentence(rows: Sequence[Record], technique: str) -> str:
    """Say whether more training materials would help."""
    selected = [row for row in rows if row["technique"] == technique and row["quantity"] == FORMULAS]
    if len(selected) < 2:
        return ""
    whole, half = selected[0], selected[1]
    loss = f"{half['loss']:.3f} ({ends(half, 'loss_')})"
    begin = (
        f"With {half['level']:g} in place of {whole['level']:g} training formulas {modality_title(technique)}"
    )
    if half["loss_lower"] > 0:
        return f"{begin} loses {loss}: more materials would still help."
    return f"{begin} loses {loss}: whether more materials would help is undecided."


SURE = 0.9
"""Probability of the likeliest class from which on a set of one class can hardly change."""


def sample_facts(sample: SampleInHand, task: str) -> Record:
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


def sample_sentences(facts: Record, task: str, similar: Sequence[Record]) -> list[str]:
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


def _answer_sentence(answer: Record, task: str, level: float) -> str:
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


def _change_sentence(row: Record, every: Record) -> str:
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
