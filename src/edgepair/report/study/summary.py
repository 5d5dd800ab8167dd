"""From a study to a plain dictionary of what its report shows: no HTML, no figures."""

from __future__ import annotations

import pandas as pd

from edgepair.conventions import TECHNIQUES
from edgepair.conventions.displayed import Record
from edgepair.conventions.wording import METRIC_TITLES, METRIC_UNITS, counted, listed, short_title, task_title
from edgepair.models import LEARNERS
from edgepair.report.kit.tables import (
    BASELINE,
    about_task,
    about_technique,
    absorbers_of,
    group_word,
    in_order,
    main_learner,
    main_metric,
    main_scores,
    modalities_of,
    select,
    skipped_row,
    tasks_of,
    without_formulas,
)
from edgepair.report.study.findings import headline, summarise_contributions, summarise_findings
from edgepair.report.study.methods import RANDOM_BANNER, SPLIT_SHORT, SPLIT_TITLES, methods_of, references_of
from edgepair.study import StudyResult


def summarise_study(result: StudyResult) -> Record:
    """Gather what the report of a study shows.

    Parameters
    ----------
    result : StudyResult
        The study.

    Returns
    -------
    dict
        Plain values only: ``title, sentence, banner, split, split_title, learner, learner_title,
        learners, absorbers, tasks, modalities, groups, unseen, key_numbers, overview, findings,
        shares, shuffled, flattery, data, techniques, skipped, scores, methods, facts, references,
        contributions``.
        Scores are pure numbers, bond lengths in Å.
    """
    whole, result = result, result.in_view(result.view)
    config = result.config["config"]
    split = str(config["split"])
    learner = main_learner(result)
    overview = _overview(result, learner, split)
    findings = summarise_findings(result.findings, result.robustness)
    numbers = _counts(result)
    absorbers = absorbers_of(result)
    return {
        "title": f"What XANES and PDFs tell about {listed(absorbers)} in oxides",
        "sentence": headline(findings, overview, numbers["sites"], absorbers),
        "banner": RANDOM_BANNER if split == "random" else "",
        "split": split,
        "split_title": _split_title(result, split),
        "learner": learner,
        "learner_title": LEARNERS[learner].title if learner in LEARNERS else learner,
        "learners": [n for n in dict.fromkeys(result.scores["learner"].tolist()) if n != BASELINE],
        "absorbers": absorbers,
        "tasks": [_task(name) for name in tasks_of(result)],
        "modalities": [{"name": name, "title": short_title(name)} for name in modalities_of(result)],
        "groups": group_word(result),
        "unseen": group_word(result, plural=False) if split == "formula" else split,
        "key_numbers": _key_numbers(numbers, overview),
        "overview": overview,
        "findings": findings,
        "contributions": summarise_contributions(result.contributions, learner),
        "shares": _shares(result, learner),
        "shuffled": _shuffled(result, learner),
        "flattery": _flattery(result, learner, split),
        "data": [_data(item, without_formulas(result)) for item in result.config.get("data", [])],
        "techniques": _techniques(result),
        "skipped": [
            skipped_row(item) | {"whole": bool(item.get("whole"))}
            for item in result.config.get("skipped", [])
        ],
        "scores": [score_table(whole, name) for name in tasks_of(result)],
        "view": result.view,
        "other_view": whole.views[1] if len(whole.views) > 1 else "",
        "n_conditions": len(result.config.get("conditions", [])),
        "methods": methods_of(result),
        "facts": _facts(result),
        "references": [{"text": text, "url": url} for text, url in references_of(result)],
    }


def _split_title(result: StudyResult, split: str) -> str:
    """Name the split; where no formulas were given, it does not claim any."""
    if split == "formula" and without_formulas(result):
        return f"grouped by {group_word(result, plural=False)}"
    return SPLIT_TITLES.get(split, split)


def _task(name: str) -> dict[str, str]:
    metric = main_metric(name)
    names = {"name": name, "title": task_title(name), "kind": about_task(name).kind}
    return names | {"metric": metric, "metric_title": METRIC_TITLES[metric]}


def _records(table: pd.DataFrame, columns: list[str]) -> list[Record]:
    rows: list[Record] = table[columns].astype(object).to_dict("records")
    return [{key: None if value != value else value for key, value in row.items()} for row in rows]


def _overview(result: StudyResult, learner: str, split: str) -> list[Record]:
    """List the dots of the dot plot."""
    columns = ["absorber", "task", "modality", "metric", "value", "lower", "upper", "n_sites", "n_formulas"]
    rows = []
    for task in tasks_of(result):
        table = main_scores(result.scores, task=task, learner=learner, split=split)
        floor = main_scores(result.scores, task=task, learner=BASELINE, split=split)
        baseline = {str(k): float(v["value"].iloc[0]) for k, v in floor.groupby("absorber")}
        for row in _records(table, columns):
            rows.append(row | {"baseline": baseline.get(row["absorber"])})
    return rows


def _counts(result: StudyResult) -> dict[str, int]:
    """Distinct sites, materials and formulas that were scored."""
    predictions = result.predictions
    without = without_formulas(result)
    if len(predictions):
        named = predictions[~predictions["absorber"].isin(without)]
        return {
            "sites": len(predictions[["absorber", "site"]].drop_duplicates()),
            "materials": int(predictions["material_id"].nunique()),
            "formulas": int(named["formula"].nunique()),
        }
    largest = result.scores.groupby("absorber")[["n_sites", "n_materials", "n_formulas"]].max()
    return {
        "sites": int(largest["n_sites"].sum()),
        "materials": int(largest["n_materials"].sum()),
        "formulas": int(largest["n_formulas"][~largest.index.isin(without)].sum()),
    }


def best_modalities(overview: list[Record]) -> list[Record]:
    """Find the best modality of each task."""
    found = []
    for task in dict.fromkeys(row["task"] for row in overview):
        values: dict[str, list[float]] = {}
        for row in overview:
            if row["task"] == task and row["value"] is not None:
                values.setdefault(row["modality"], []).append(row["value"])
        if not values:
            continue
        most = max(len(v) for v in values.values())
        means = {name: sum(v) / len(v) for name, v in values.items() if len(v) == most}
        best = max(means, key=lambda name: means[name])
        found.append({"task": task, "modality": best, "value": means[best], "n_absorbers": most})
    return found


def _key_numbers(numbers: dict[str, int], overview: list[Record]) -> list[Record]:
    tiles: list[Record] = [
        {
            "value": numbers["sites"],
            "kind": "count",
            "label": "absorbing sites",
            "note": counted(numbers["materials"], "material")
            + (f", {counted(numbers['formulas'], 'formula')}" if numbers["formulas"] else ""),
        }
    ]
    for best in best_modalities(overview):
        over = f", mean of {best['n_absorbers']} absorbers" if best["n_absorbers"] > 1 else ""
        tiles.append(
            {
                "value": best["value"],
                "kind": "score",
                "label": task_title(best["task"]),
                "note": f"{METRIC_TITLES[main_metric(best['task'])]}, best: "
                f"{short_title(best['modality'])}{over}",
            }
        )
    return tiles


def _shares(result: StudyResult, learner: str) -> list[Record]:
    table = select(result.importances, kind="share", learner=learner)
    return _records(table, ["absorber", "task", "modality", "technique", "value", "lower", "upper"])


def _shuffled(result: StudyResult, learner: str) -> list[Record]:
    """How far the main score falls when one technique of a combination is shuffled as a whole."""
    table = select(result.importances, kind="permutation", learner=learner)
    table = table[table["position"].isna() & table["modality"].str.contains("+", regex=False)]
    rows = _records(table, ["absorber", "task", "modality", "technique", "value", "lower", "upper"])
    return [
        row | {"task_title": task_title(row["task"]), "metric_title": METRIC_TITLES[main_metric(row["task"])]}
        for row in rows
    ]


def _flattery(result: StudyResult, learner: str, split: str) -> list[Record]:
    """How much higher each modality scores under a random split: mean over absorbers."""
    if split == "random":
        return []
    rows = []
    for task in tasks_of(result):
        honest = main_scores(result.scores, task=task, learner=learner, split=split)
        random = main_scores(result.scores, task=task, learner=learner, split="random")
        both = honest.merge(random, on=["absorber", "modality"], suffixes=("", "_random"))
        for modality in in_order(both["modality"].tolist(), modalities_of(result)):
            selected = both[both["modality"] == modality]
            rows.append(
                {
                    "task": task,
                    "modality": modality,
                    "gain": float((selected["value_random"] - selected["value"]).mean()),
                    "n_absorbers": len(selected),
                }
            )
    return rows


def _data(item: Record, without: list[str]) -> Record:
    """Take what is shown of one absorber's data."""
    provenance = item.get("provenance", {})
    # Each source once, with the curves that it gave: "XANES: …; PDF, dPDF: …".
    by_source: dict[str, list[str]] = {}
    for name, about in item.get("techniques", {}).items():
        if about.get("source"):
            by_source.setdefault(str(about["source"]), []).append(TECHNIQUES[name].title)
    sources = [f"{', '.join(titles)}: {source}" for source, titles in by_source.items()]
    return {
        "absorber": item["absorber"],
        "edge_energy": item.get("edge_energy"),
        "sites": item["sites"],
        "materials": item["materials"],
        "formulas": None if item["absorber"] in without else item["formulas"],
        "complete_materials": item.get("complete_materials"),
        "origins": item.get("origins", {}),
        "sources": sources,
        "licence": str(provenance.get("licence", "")),
        "values": {
            name: {key: task.get(key) for key in ("mean", "standard_deviation", "lowest", "highest")}
            for name, task in item.get("tasks", {}).items()
            if "mean" in task
        },
    }


def _techniques(result: StudyResult) -> list[Record]:
    """Curves of each absorber that the study used: range, step, code."""
    used = {part for name in modalities_of(result) for part in name.split("+")}
    rows = []
    for item in result.config.get("data", []):
        for name, about in item.get("techniques", {}).items():
            if name in used:
                rows.append(
                    {
                        "absorber": item["absorber"],
                        "technique": about_technique(name).title,
                        "first": about.get("first"),
                        "last": about.get("last"),
                        "step": about.get("step"),
                        "points": about.get("points"),
                        "unit": about.get("unit", ""),
                        "code": about.get("code", about.get("origin", "")),
                        "citation": about.get("citation", ""),
                    }
                )
    return rows


def score_table(result: StudyResult, task: str) -> Record:
    """All metrics of one task: a row per absorber, split, learner and modality."""
    selected = select(result.scores, task=task)
    without = without_formulas(result)
    metrics = in_order(selected["metric"].tolist(), list(METRIC_TITLES))
    rows: list[Record] = []
    seen: set[tuple[str, str, str]] = set()
    for keys, table in selected.groupby(["absorber", "view", "split", "learner", "modality"], sort=False):
        absorber, view, split, learner, modality = (str(key) for key in keys)
        if learner == BASELINE:
            # The baseline looks at no curve: its score is the same whatever the modality.
            if (absorber, view, split) in seen:
                continue
            seen.add((absorber, view, split))
        values = {
            str(row["metric"]): {key: row[key] for key in ("value", "lower", "upper")}
            for row in _records(table, ["metric", "value", "lower", "upper"])
        }
        first = table.iloc[0]
        rows.append(
            {
                "absorber": absorber,
                "view": view,
                "split": split,
                "split_short": SPLIT_SHORT.get(
                    "material" if split == "formula" and absorber in without else split, split
                ),
                "learner": "baseline" if learner == BASELINE else learner,
                "modality": "any" if learner == BASELINE else modality,
                "modality_title": "" if learner == BASELINE else short_title(modality),
                "values": [values.get(metric) for metric in metrics],
                **{key: int(first[key]) for key in ("n_sites", "n_materials", "n_formulas")},
            }
        )
    # The baseline last within its absorber and split.
    absorbers, splits = absorbers_of(result), list(dict.fromkeys(row["split"] for row in rows))
    rows.sort(
        key=lambda row: (
            absorbers.index(row["absorber"]),
            result.views.index(row["view"]),
            splits.index(row["split"]),
            row["learner"] == "baseline",
        )
    )
    return {
        **_task(task),
        "metrics": [
            {"name": name, "title": METRIC_TITLES.get(name, name), "unit": METRIC_UNITS.get(name, "")}
            for name in metrics
        ],
        "rows": rows,
    }


def _facts(result: StudyResult) -> list[dict[str, str]]:
    """Versions, seeds and checksums, so that the numbers can be made again."""
    config = result.config
    settings = config["config"]
    facts = {
        "edgepair": str(config.get("edgepair", "")),
        **{str(k): str(v) for k, v in config.get("versions", {}).items()},
        "seed": str(settings.get("seed", "")),
        "folds": str(settings.get("folds", "")),
        "rounds of folds": ", ".join(
            f"{k.replace('_', ' ')} {v}" for k, v in config.get("repeats", {}).items()
        ),
        "trees": str(settings.get("trees", "")),
        "split": str(settings.get("split", "")),
        "tuned": "yes" if settings.get("tune") else "no",
        "computing time": f"{float(config.get('seconds', 0)):,.0f} s",
        **{f"SHA-256 of the {k} data": str(v) for k, v in config.get("data_sha256", {}).items()},
    }
    return [{"name": key, "value": value} for key, value in facts.items() if value]
