"""Why importances of single points mislead: their sum against the region's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.interpretation.stability import stability_row


def point_sum_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hold the points of each region, shuffled one by one, against the region shuffled as a whole."""
    regions = [row for row in rows if row["grouping"] == "region"]
    points = [row for row in rows if row["grouping"] == "point"]
    found = []
    most = max((row["value"] for row in regions), default=0.0)
    for region in regions:
        middle = [(point["low"] + point["high"]) / 2 for point in points]
        mine = [
            point["value"]
            for point, at in zip(points, middle, strict=True)
            if region["low"] <= at < region["high"]
        ]
        certain = region["lower"] > 0
        where = {name: region[name] for name in ("absorber", "task", "modality")}
        where["kind"] = "points_against_region"
        share = sum(mine) / region["value"] if certain else float("nan")
        sentence = ""
        if mine and certain and region["value"] == most:
            task = TASKS[region["task"]]
            metric = "weighted F1" if task.kind == "classification" else "R²"
            sentence = (
                f"{region['absorber']} {task.title}, {TECHNIQUES[region['technique']].title}: shuffling the "
                f"{len(mine)} points of the region '{region['title']}' one by one costs {sum(mine):.2f} of "
                f"{metric} in all, shuffling them together {region['value']:.2f} ({region['lower']:.2f} to "
                f"{region['upper']:.2f}){_says(sum(mine), region)}"
            )
        found.append(stability_row(where, str(region["name"]), share, sentence=sentence))
    return found


def _says(points: float, region: dict[str, Any]) -> str:
    """Say what the difference means, where there is one beyond the region's interval."""
    if points < region["lower"]:
        return ": neighbours stand in for a point that is shuffled alone."
    if points > region["upper"]:
        return ": what points lose one by one does not add up to what they lose together."
    return "; whether neighbours stand in for each other is undecided."
