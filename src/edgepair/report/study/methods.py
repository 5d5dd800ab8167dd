"""How the study was made, in words that follow from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepair.conventions.wording import count, counted, listed
from edgepair.models import LEARNERS, Learner
from edgepair.report.kit.tables import BASELINE, Record, group_word, without_formulas
from edgepair.study.conditions import CONDITIONS

if TYPE_CHECKING:
    from edgepair.study import StudyResult

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

REFERENCES = (
    (
        "Na Narong, Zachko, Torrisi and Billinge, Interpretable multimodal machine learning analysis of "
        "X-ray absorption near-edge spectra and pair distribution functions, arXiv 2410.17467",
        "https://arxiv.org/abs/2410.17467",
    ),
    (
        "Torrisi et al., Random forest machine learning models for interpretable X-ray absorption "
        "near-edge structure spectrum-property relationships, npj Comput. Mater. 6, 109 (2020)",
        "https://doi.org/10.1038/s41524-020-00376-6",
    ),
    (
        "Geurts, Ernst and Wehenkel, Extremely randomized trees, Mach. Learn. 63, 3 (2006)",
        "https://doi.org/10.1007/s10994-006-6226-1",
    ),
    ("Breiman, Random forests, Mach. Learn. 45, 5 (2001)", "https://doi.org/10.1023/A:1010933404324"),
    (
        "Nadeau and Bengio, Inference for the generalization error, Mach. Learn. 52, 239 (2003)",
        "https://doi.org/10.1023/A:1024068626366",
    ),
    (
        "Rehr et al., Parameter-free calculations of X-ray spectra with FEFF9, Phys. Chem. Chem. Phys. "
        "12, 5503 (2010)",
        "https://doi.org/10.1039/B926434E",
    ),
    (
        "Kas et al., Advanced calculations of X-ray spectroscopies with FEFF10 and Corvus, J. "
        "Synchrotron Rad. 28, 1801 (2021)",
        "https://doi.org/10.1107/S1600577521008614",
    ),
    (
        "Farrow et al., PDFfit2 and PDFgui, J. Phys.: Condens. Matter 19, 335219 (2007)",
        "https://doi.org/10.1088/0953-8984/19/33/335219",
    ),
    (
        "Ong et al., Python Materials Genomics (pymatgen), Comput. Mater. Sci. 68, 314 (2013)",
        "https://doi.org/10.1016/j.commatsci.2012.10.028",
    ),
    (
        "Pan et al., Benchmarking coordination number prediction algorithms (CrystalNN), Inorg. Chem. "
        "60, 1590 (2021)",
        "https://doi.org/10.1021/acs.inorgchem.0c02996",
    ),
    ("Jain et al., The Materials Project, APL Mater. 1, 011002 (2013)", "https://doi.org/10.1063/1.4812323"),
)
"""What the study rests on: text and address; no address where none could be confirmed."""

CONTRIBUTION_REFERENCES = (
    (
        "Shapley, A value for n-person games, Contributions to the Theory of Games II, Princeton "
        "University Press, 307 (1953)",
        "https://zbmath.org/?q=an%3A0050.14404",
    ),
    (
        "Lipovetsky and Conklin, Analysis of regression in game theory approach, Appl. Stoch. Models "
        "Bus. Ind. 17, 319 (2001)",
        "https://doi.org/10.1002/asmb.446",
    ),
    (
        "Newton and Spurrell, A development of multiple regression for the analysis of routine data, "
        "J. R. Stat. Soc. C 16, 51 (1967)",
        "",
    ),
    (
        "Williams and Beer, Nonnegative decomposition of multivariate information, arXiv 1004.2515",
        "https://arxiv.org/abs/1004.2515",
    ),
    (
        "Barrett, Exploration of synergistic and redundant information sharing in static and dynamical "
        "Gaussian systems, Phys. Rev. E 91, 052802 (2015)",
        "https://doi.org/10.1103/PhysRevE.91.052802",
    ),
)
"""What contributions of techniques rest on."""


def references_of(result: StudyResult) -> tuple[tuple[str, str], ...]:
    """List what a study rests on."""
    return REFERENCES + (CONTRIBUTION_REFERENCES if len(result.contributions) else ())


def methods_of(result: StudyResult) -> list[dict[str, str]]:
    """Say in words how a study was made."""
    config = result.config["config"]
    kinds = set(result.importances["kind"].unique().tolist())
    paragraphs = [
        ("Splits", _splits(result)),
        ("Intervals of scores", _intervals(result)),
        ("Learners", _learners(config)),
        ("Importances", _importances(kinds, group_word(result))),
        ("Labels", _LABELS),
        ("Findings", _FINDINGS.format(groups=group_word(result))),
        ("Sites and materials", _VIEWS),
        ("Normalisation of the dPDF", _normalisation(config)),
    ]
    if len(result.robustness):
        described = [
            f"{CONDITIONS[name].title}: {CONDITIONS[name].words}" for name in result.config["conditions"]
        ]
        text = _ROBUSTNESS.format(conditions="; ".join(described))
        paragraphs.append(("Other conditions", text))
    if len(result.contributions):
        paragraphs.append(("Contributions of techniques", _CONTRIBUTIONS))
    if len(result.learning):
        paragraphs.append(
            (
                "Learning curves",
                f"Learned from a part of the training {group_word(result)} that is drawn by chance; the "
                "held-out sites stay the same. At most 20 trees, one dealing of folds, at every size.",
            )
        )
    return [{"title": title, "text": text} for title, text in paragraphs if text]


_LABELS = (
    "Unless the data brought their own: oxidation states by bond valence (pymatgen's BVAnalyzer) where "
    "the charge balance of the composition does not contradict them; coordination numbers and neighbours "
    "by CrystalNN, the bond length as the mean distance to those neighbours. The other definition of "
    "coordination, the oxygens with at least a tenth of the largest bond valence, is one of the conditions "
    "under which findings are tested."
)

_FINDINGS = (
    "A finding holds where the 95 % intervals of all that speaks for it lie above zero, does not hold "
    "where the same is true of its opposite, and is undecided otherwise. That one technique does better "
    "than another: the difference in weighted F1 or R², for classes the difference in balanced accuracy "
    "as well (weighted F1 alone rewards an answer that spreads over the classes), and the better one’s "
    "score above the baseline. Differences are taken draw by draw, so both sides see the same {groups}. "
    "The combination is fixed beforehand, XANES with the dPDF, and compared with the best single "
    "technique of each draw. That XANES dominates: its share of the impurity less the share that it has "
    "where labels are permuted between {groups} (not one half: it has more features), the score lost "
    "by permuting XANES on held-out sites less that lost by permuting the PDF, and what is unique to "
    "each, as means over the combinations. “Mean” is the unweighted mean over absorbers; the overall "
    "estimate is the mean over absorbers and classification tasks. Nothing is corrected for the number "
    "of comparisons."
)


_VIEWS = (
    "In the view of sites a row is an absorbing site with its own spectrum, and all sites of a material "
    "share its PDF; in the view of materials a row is a material all of whose sites have a spectrum, with "
    "the mean of spectra and labels weighted by multiplicity, as a measurement gives them. Rows with a "
    "fractional state or coordination number are left out of the classifications."
)

_ROBUSTNESS = (
    "The findings are tested again under other conditions, with one dealing of folds and at most 40 trees. "
    "{conditions}."
)


def _normalisation(config: Record) -> str:
    if not any("dpdf" in name.split("+") for name in config["modalities"]):
        return ""
    if config.get("per", "metal") == "total":
        return "The dPDF is normalised as in the total PDF, of which it is a part."
    return (
        "The dPDF is counted per metal atom: what it is as a part of the total PDF, times "
        "⟨Z⟩²/(2 c Z Z′), with c the metal’s share of the atoms, Z and Z′ the numbers of electrons of metal "
        "and oxygen, and ⟨Z⟩ the mean over all atoms. The factor is one of composition alone; with it the "
        "first peak counts the oxygen neighbours of a metal atom. In anomalous scattering metal–metal pairs "
        "count half beside metal–oxygen pairs in the limit of small changes of f′."
    )


_CONTRIBUTIONS = (
    "All subsets of the techniques are fitted with the first learner on the same folds. A subset’s gain "
    "is its main score less that of the best guess without a curve: the mean, the commonest class, or "
    "classes drawn by their shares. Shapley values are a technique’s gain averaged over all orders of "
    "adding the techniques; they add up to the gain of all. Two sides, of gains g1 and g2, and g12 "
    "together: where g12 falls short of g1 + g2, what is missing is in both, the rest only in one; where it "
    "exceeds them, the surplus is there only together. Of all splits that obey the consistency equations of "
    "Williams and Beer this one shares least; min(g1, g2) is the most that could be shared with nothing "
    "negative. Each number is computed draw by draw, on the draws of the scores; no forest is refitted for "
    "it. A score has a ceiling: techniques that read everything well seem to share it. All of it depends on "
    "the learner."
)


def _splits(result: StudyResult) -> str:
    config = result.config["config"]
    split = str(config["split"])
    repeats = sorted({int(n) for n in result.config.get("repeats", {}).values()})
    often = (
        "once"
        if repeats in ([], [1])
        else f"{listed([str(n) for n in repeats])} times".replace(" and ", " or ")
    )
    without = without_formulas(result)
    every = bool(without) and group_word(result) == "materials"
    said = {
        "formula": "no material stands on both sides of a split"
        if every
        else "no reduced formula, and so no material, stands on both sides of a split",
        "material": "no material stands on both sides of a split, but two materials of one formula may",
        "random": "sites are dealt one by one, so that twins stand on both sides of a split",
    }.get(split, split)
    text = (
        f"{config['folds']} folds, dealt {often}: {said}. Every modality and learner sees the same folds, "
        "and every site is predicted by models that have not seen it."
    )
    if every:
        text += " No formulas were given: materials stand for them."
    elif without:
        text += f" For {listed(without)} no formulas were given: materials stand for them."
    return text


def _intervals(result: StudyResult) -> str:
    draws = int(result.config.get("bootstrap_draws", 1000))
    return (
        f"95 % intervals from a bootstrap of {count(draws)} draws over {group_word(result)}, not over "
        f"sites: sites of one {group_word(result, plural=False)} are no independent evidence. The same "
        "draws serve every modality, learner and task of an absorber. A score is the mean over the "
        "rounds of folds; where there are several, each draw takes them with replacement too, so that "
        "intervals hold how the folds were dealt."
    )


def _learners(config: Record) -> str:
    trees, tune = int(config["trees"]), bool(config.get("tune"))
    named = [name for name in config["learners"] if name in LEARNERS and name != BASELINE]
    sentences = [f"“{name}” is {_learner(LEARNERS[name], trees, tune)}." for name in named]
    # What an average is made of is described even where it does not stand in the tables by itself.
    for part in dict.fromkeys(part for name in named for part in LEARNERS[name].parts):
        if part not in named:
            sentences.append(f"The {_NOUNS.get(part, part)} is {_learner(LEARNERS[part], trees, tune)}.")
    if tune and any(LEARNERS[name].importances or LEARNERS[name].parts for name in named):
        sentences.append(
            "Settings of the trees (max_features, min_samples_leaf) were searched inside each training "
            "set, by inner folds of its own groups."
        )
    if BASELINE in config["learners"]:
        sentences.append(
            "The baseline looks at no curve: in each metric the better of two answers, the commonest class "
            "always and classes drawn by their shares; the mean of a length."
        )
    return " ".join(sentences)


_NOUNS = {"forest": "forest", "kernel": "kernel machine"}
"""Learners as parts of an average."""


def _learner(learner: Learner, trees: int, tune: bool) -> str:
    if learner.parts:
        return f"the mean of {listed([f'the {_NOUNS.get(n, n)}’s' for n in learner.parts])} answers"
    if learner.classifier.startswith("Kernel"):
        from edgepair.models.kernel import KernelRegressor

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


def _importances(kinds: set[str], groups: str) -> str:
    parts = []
    if "impurity" in kinds:
        parts.append(
            "Impurity importance: the part of the impurity that features at a point removed in the "
            "forest, all points of a modality adding up to 100 %; the mean over folds and rounds, with "
            "intervals corrected for overlapping training sets (Nadeau and Bengio)."
        )
    if "share" in kinds:
        parts.append(
            "A technique's share adds up its points; it depends on how many features each technique brings, "
            "as its share with permuted labels shows."
        )
    if "permutation" in kinds:
        parts.append(
            "Permutation importance: how far the main score falls on held-out sites when all features in "
            f"a window are shuffled between sites, with bootstrap intervals over {groups}. Neighbouring "
            "windows carry much the same, so each can look dispensable."
        )
    return " ".join(parts)
