"""How the study was made, in words that follow from its settings."""

from __future__ import annotations

from edgepair.conventions.wording import counted, listed
from edgepair.models import LEARNERS, Learner
from edgepair.report.citing import references
from edgepair.report.kit.embedding import render_methods
from edgepair.report.kit.tables import BASELINE, group_word, without_formulas
from edgepair.study import StudyResult
from edgepair.study.conditions import CONDITIONS

SPLIT_TITLES = {
    "formula": "grouped by reduced formula",
    "material": "grouped by material",
    "random": "random split",
}
"""Names of the splits for people."""

SPLIT_SHORT = {"formula": "by formula", "material": "by material", "random": "random"}
"""The same in a table."""

RANDOM_BANNER = (
    "Random split: sites of one material, and materials of one formula, stand on both sides of the "
    "folds. These scores flatter every technique; use them only beside numbers that were published so."
)

_REFERENCES = "narong torrisi geurts breiman nadeau rehr kas farrow ong pan jain"
_OF_CONTRIBUTIONS = "shapley lipovetsky newton williams barrett"


def references_of(result: StudyResult) -> tuple[tuple[str, str], ...]:
    """List what a study rests on."""
    return references(_REFERENCES + (f" {_OF_CONTRIBUTIONS}" if len(result.contributions) else ""))


def methods_of(result: StudyResult) -> list[dict[str, str]]:
    """Say in words how a study was made."""
    config = result.config["config"]
    repeats = sorted({str(int(n)) for n in result.config.get("repeats", {}).values()}, key=int)
    without = without_formulas(result)
    named = [name for name in config["learners"] if name in LEARNERS and name != BASELINE]
    tried = result.config["conditions"] if len(result.robustness) else ()
    conditions = [CONDITIONS[name] for name in tried]
    content = {
        "config": {"per": "metal"} | config,
        "split": str(config["split"]),
        "often": "once" if repeats in ([], ["1"]) else " or ".join(listed(repeats).split(" and ")) + " times",
        "without": listed(without),
        "every": bool(without) and group_word(result) == "materials",
        "groups": group_word(result),
        "group": group_word(result, plural=False),
        "draws": int(result.config.get("bootstrap_draws", 1000)),
        "learners": _learners(named, int(config["trees"]), bool(config.get("tune"))),
        "searched": config.get("tune") and any(LEARNERS[n].importances or LEARNERS[n].parts for n in named),
        "baseline": BASELINE in config["learners"],
        "kinds": set(result.importances["kind"].unique().tolist()),
        "dpdf": any("dpdf" in name.split("+") for name in config["modalities"]),
        "conditions": "; ".join(f"{item.title}: {item.words}" for item in conditions),
        "contributions": len(result.contributions),
        "learning": len(result.learning),
    }
    return render_methods("methods_study.txt.j2", content)


def _learners(named: list[str], trees: int, tune: bool) -> str:
    sentences = [f"“{name}” is {_learner(LEARNERS[name], trees, tune)}." for name in named]
    # What an average is made of is described even where it does not stand in the tables by itself.
    for part in dict.fromkeys(part for name in named for part in LEARNERS[name].parts):
        if part not in named:
            sentences.append(f"The {_NOUNS.get(part, part)} is {_learner(LEARNERS[part], trees, tune)}.")
    return " ".join(sentences)


_NOUNS = {"forest": "forest", "kernel": "kernel ridge"}
"""Learners as parts of an average."""


def _learner(learner: Learner, trees: int, tune: bool) -> str:
    if learner.parts:
        return f"the mean of {listed([f'the {_NOUNS.get(n, n)}’s' for n in learner.parts])} answers"
    if learner.classifier.startswith("Kernel"):
        from edgepair.models.kernel_ridge import KernelRegressor

        machine = KernelRegressor()
        return (
            "ridge regression with a Matérn kernel (3/2) on standardised features, one for each class "
            f"where classes are told (width {machine.width:g}, ridge {machine.ridge:g})"
        )
    settings = "" if tune and learner.importances else _settings(learner)
    return f"{learner.title} ({learner.classifier} and {learner.regressor}), {counted(trees, 'tree')}" + (
        f", {settings}" if settings else "" if tune else ", all else at scikit-learn's defaults"
    )


def _settings(learner: Learner) -> str:
    """Each setting with its values, for classes and numbers where they differ."""
    texts = []
    for key in dict.fromkeys([*learner.classifier_settings, *learner.regressor_settings]):
        classes, numbers = (
            str(chosen.get(key, "default"))
            for chosen in (learner.classifier_settings, learner.regressor_settings)
        )
        text = f"{key} {classes}"
        texts.append(text if numbers == classes else f"{text} for classes and {numbers} for numbers")
    return ", ".join(texts) + (", the same for every technique" if texts else "")
