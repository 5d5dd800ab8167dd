"""How an interpretation was made, in words that follow from its settings, and what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepair.features.pdf import R_LAST

if TYPE_CHECKING:
    from edgepair.interpretation import Interpretation

REFERENCES = (
    ("Breiman, Random forests, Mach. Learn. 45, 5 (2001)", "https://doi.org/10.1023/A:1010933404324"),
    (
        "Gregorutti, Michel and Saint-Pierre, Grouped variable importance with random forests, Comput. "
        "Stat. Data Anal. 90, 15 (2015)",
        "https://doi.org/10.1016/j.csda.2015.04.002",
    ),
    (
        "Strobl, Boulesteix, Kneib, Augustin and Zeileis, Conditional variable importance for random "
        "forests, BMC Bioinformatics 9, 307 (2008)",
        "https://doi.org/10.1186/1471-2105-9-307",
    ),
    (
        "Toloşi and Lengauer, Classification with correlated features, Bioinformatics 27, 1986 (2011)",
        "https://doi.org/10.1093/bioinformatics/btr300",
    ),
    (
        "Lundberg et al., From local explanations to global understanding with explainable AI for trees, "
        "Nat. Mach. Intell. 2, 56 (2020)",
        "https://doi.org/10.1038/s42256-019-0138-9",
    ),
    (
        "Friedman, Greedy function approximation: a gradient boosting machine, Ann. Stat. 29, 1189 (2001)",
        "https://doi.org/10.1214/aos/1013203451",
    ),
    (
        "Apley and Zhu, Visualizing the effects of predictor variables in black box supervised learning "
        "models, J. R. Stat. Soc. B 82, 1059 (2020)",
        "https://doi.org/10.1111/rssb.12377",
    ),
    (
        "Nadeau and Bengio, Inference for the generalization error, Mach. Learn. 52, 239 (2003)",
        "https://doi.org/10.1023/A:1024068626366",
    ),
    (
        "Winkler, Webster, Vidaurre, Nichols and Smith, Multi-level block permutation, NeuroImage 123, "
        "253 (2015)",
        "https://doi.org/10.1016/j.neuroimage.2015.05.092",
    ),
    (
        "Ojala and Garriga, Permutation tests for studying classifier performance, J. Mach. Learn. Res. "
        "11, 1833 (2010)",
        "https://www.jmlr.org/papers/v11/ojala10a.html",
    ),
    (
        "Lipovetsky and Conklin, Analysis of regression in game theory approach, Appl. Stoch. Models "
        "Bus. Ind. 17, 319 (2001)",
        "https://doi.org/10.1002/asmb.446",
    ),
    (
        "Na Narong, Zachko, Torrisi and Billinge, Interpretable multimodal machine learning analysis of "
        "X-ray absorption near-edge spectra and pair distribution functions, arXiv 2410.17467",
        "https://arxiv.org/abs/2410.17467",
    ),
)
"""What an interpretation rests on: text and address."""

_SPLITS = {
    "formula": "No formula stands on both sides of a split",
    "material": "No material stands on both sides of a split, but materials of one formula may",
    "random": "Sites are dealt by chance, so that near-twins stand on both sides and flatter everything",
}


def interpretation_methods(result: Interpretation) -> list[dict[str, str]]:
    """Say in words how an interpretation was made."""
    config = result.config.get("config", {})
    kinds = set(result.importances["kind"])
    tests = set(result.stability["kind"])
    paragraphs = [
        ("What is explained", _explained(config)),
        ("Regions", _REGIONS.format(last=R_LAST) if len(result.regions) else ""),
        ("Shuffling", _SHUFFLING if "permutation" in kinds else ""),
        ("SHAP", _SHAP if "shap" in kinds else ""),
        ("Clusters", _CLUSTERS if len(result.clusters) else ""),
        ("Numbers that go with the label", _MOVEMENT if len(result.movement) else ""),
        ("How answers follow numbers", _DEPENDENCE if len(result.dependence) else ""),
        ("Labels exchanged", _EXCHANGED if "label_permutation" in tests else ""),
        ("Order of importances", _ORDER if tests & {"agreement", "rank_over_refits"} else ""),
        ("Contributions of techniques", _CONTRIBUTIONS if len(result.contributions) else ""),
        ("What none of this says", _LIMITS),
    ]
    return [{"title": title, "text": text} for title, text in paragraphs if text]


def _explained(config: dict[str, object]) -> str:
    trees, folds = config.get("trees"), config.get("folds")
    split = _SPLITS.get(str(config.get("split")), "")
    size = f" of {trees} trees" if trees else ""
    dealt = f", {folds} folds" if folds else ""
    return (
        f"Forests{size} read each technique alone and all together{dealt}. {split}. Whatever is told about "
        "a site is told by a forest that saw neither it nor its group. Scores: weighted F1 of classes, R² "
        "of bond lengths; intervals hold 95 % of bootstrap draws of whole formulas, and "
        "of the rounds of folds where there are several."
    )


_REGIONS = (
    "Borders are found from the curves: the pre-edge ends where the main rise begins, the white line holds "
    "the highest points after it, the rest are post-edge oscillations; the first peak of a PDF is the "
    "metal’s neighbours, the next metals and farther oxygens. They are the medians over all curves, moved "
    "so that 90 % of the curves’ own landmarks lie inside. A feature belongs to the region in which it sits; "
    "the running numbers of neighbours of a PDF count at the distance where they end, though they add up all "
    "that lies below it. Of PDFs only what lies below {last:g} Å is read."
)
_SHUFFLING = (
    "All features of a group are shuffled together between held-out sites, everything else as it was; the "
    "importance is the fall of the main score. It is what this forest would lose, given all the other "
    "features: of two regions that say the same neither seems needed. Shuffling also makes curves that no "
    "material has, which counts against regions that depend on each other."
)
_SHAP = (
    "Exact Shapley values of the trees (TreeSHAP, path-dependent), by a forest that did not see the site; "
    "they are checked to add up to each answer. Values of one group are added before their size is taken, "
    "so that features that cancel do not count: half the summed size over classes is the probability that "
    "the group moves between classes; of a bond length it is in Å."
)
_CLUSTERS = (
    "Features are joined while their rank correlation over all sites is high (average linkage on one less "
    "the size of Spearman’s ρ); labels are not looked at."
)
_MOVEMENT = (
    "Least-squares slope of each number, and of each point of a curve, on the label, and Spearman’s rank "
    "correlation; intervals over bootstrap draws of formulas. Intervals along a curve hold at each point "
    "by itself."
)
_DEPENDENCE = (
    "A small forest reads the interpretable numbers alone. Accumulated local effects add up its changes of "
    "answer from one value to the next, each over the sites that lie there; partial dependence sets the "
    "number to one value in all sites. Intervals come from refits, corrected for the overlap of their "
    "training sets, and are of the curve’s shape, not of its level."
)
_EXCHANGED = (
    "Whole formulas exchange their labels and the forests are fitted again. p is the share of exchanges, "
    "with the real labels counted as one, that score at least as well."
)
_ORDER = (
    "Kendall’s τ between the orders in which two methods, or two forests of halves of the formulas that "
    "share no material, put regions, clusters and single points. Halves order regions by what shuffling "
    "them costs on the other half; clusters and points by impurity, which puts some features first whatever "
    "the labels, so that the same is given of labels exchanged between formulas."
)
_CONTRIBUTIONS = (
    "All subsets of the techniques are fitted. Shapley values average a technique’s gain over all orders of "
    "adding the techniques; of two sides, what their gains together fall short of the sum is shared, a "
    "surplus is there only together."
)
_LIMITS = (
    "Importances are of these forests on these data: they say where an answer was found, not that it could "
    "not be found elsewhere, nor what would happen to a spectrum if the label alone changed. Labels come "
    "from structures by fixed rules and are taken as true. Intervals hold for other materials of the kinds "
    "that are in the data; systematic differences between simulation and experiment are in none of them."
)
