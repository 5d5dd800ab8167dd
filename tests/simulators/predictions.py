"""Answers made by hand, in the form in which `edgepair.prediction.predict` gives them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from edgepair.prediction import Prediction, ShownCurve
from edgepair.prediction.predict import COUNTED

VALUES = {
    "oxidation_state": (2.98, 2.6, 3.2, "3", 0.94),
    "coordination_number": (5.7, 4.8, 6.2, "5;6", 0.71),
    "bond_length": (2.013, 1.98, 2.05, "", float("nan")),
}
CLASSES = {"oxidation_state": (2, 3, 4), "coordination_number": (4, 5, 6)}


def make_prediction(
    techniques: tuple[str, ...] = ("xanes",),
    *,
    absorber: str = "Fe",
    moved: float = 0.0,
    trust: str = "ok",
    explain: bool = True,
    name: str = "Fe2O3",
    warnings: tuple[str, ...] = (),
) -> Prediction:
    """Make an answer; several techniques are joined by one combination."""
    names = [*techniques, "+".join(techniques)] if len(techniques) > 1 else list(techniques)
    rows, chances, drove, near = [], [], [], []
    curves: dict[str, tuple[ShownCurve, ...]] = {}
    for technique in names:
        for task, (value, lower, upper, classes, chance) in VALUES.items():
            ends = {"value": value + moved, "lower": lower + moved, "upper": upper + moved}
            rows.append(
                {"technique": technique, "task": task, **ends, "classes": classes, "probability": chance,
                 "trust": trust, "message": ""}
            )  # fmt: skip
            for k, one in enumerate(CLASSES.get(task, ())):
                chances.append(
                    {"technique": technique, "task": task, "class": one, "probability": (0.05, 0.9, 0.05)[k]}
                )
        if "+" in technique:
            shares = (0.7, 0.3, 0.0)
            drove += [
                {
                    "technique": technique,
                    "task": task,
                    "position": np.nan,
                    "contribution": share,
                    "part": part,
                }
                for task in VALUES
                for part, share in zip(techniques, shares, strict=False)
            ]
            continue
        x = np.arange(7100.0, 7160.0, 0.5) if technique == "xanes" else np.arange(1.0, 8.0, 0.05)
        middle, width = (7120.0, 4.0) if technique == "xanes" else (2.0, 0.2)
        peak = np.exp(-0.5 * ((x - middle) / width) ** 2)
        dip = np.exp(-0.5 * ((x - middle - 6 * width) / width) ** 2)
        drove += [
            {"technique": technique, "task": task, "position": at, "contribution": added, "part": ""}
            for task in VALUES
            for at, added in zip(x.tolist(), (0.02 * peak - 0.01 * dip).tolist(), strict=True)
        ]
        curves[technique] = (
            ShownCurve("this", x, np.tanh((x - middle) / width)),
            ShownCurve(f"{name} standard", x, np.tanh((x - middle - 0.5) / width)),
            ShownCurve("FeO <b>simulated</b>", x, np.tanh((x - middle + 2) / width)),
        )
        near += [
            {"technique": technique, "rank": rank, "kind": kind, "name": what, "formula": formula,
             "distance": 0.3 * rank, "oxidation_state": 3.0, "coordination_number": 6.0,
             "bond_length": np.nan}
            for rank, (kind, what, formula) in enumerate(
                [("standard", f"{name} standard", name), ("simulated", "mp-1", "FeO")], 1
            )
        ]  # fmt: skip
    columns = ["technique", "task", "position", "contribution", "part"]
    return Prediction(
        absorber=absorber,
        table=pd.DataFrame(rows),
        probabilities=pd.DataFrame(chances),
        explanation=pd.DataFrame(drove if explain else [], columns=columns),
        nearest=pd.DataFrame(near),
        curves=curves,
        energy_shift=0.25 if "xanes" in techniques else float("nan"),
        energy_error=2.0 if "xanes" in techniques else float("nan"),
        warnings=warnings,
        counted={name: COUNTED["standards" if name == "xanes" else "simulations"] for name in techniques},
    )


class FakePredict:
    """Stands in for the real one: answers by the names of the files, and keeps what it was given."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __call__(self, mu: Any = None, G: Any = None, G_M: Any = None, **options: Any) -> Prediction:
        from edgepair.conventions import MeasurementError

        self.calls.append({"mu": mu, "G": G, "G_M": G_M, **options})
        given = [curve for curve in (mu, G, G_M) if curve is not None]
        names = " ".join(curve.file for curve in given)
        if "unknown" in names:
            raise MeasurementError(
                "cannot answer 'unknown'", found="no radiation", needed="one", suggestion="give --radiation"
            )
        if "broken" in names:
            raise ZeroDivisionError("a fault of ours")
        if "interrupted" in names:
            raise KeyboardInterrupt
        techniques = ["xanes"] if mu is not None else []
        if G is not None and (G.radiation or options.get("radiation")) != "neutron":
            techniques.append("pdf")
        techniques += ["dpdf"] if G_M is not None else []
        if G is not None and (G.radiation or options.get("radiation")) == "neutron":
            techniques.append("npdf")
        level = "outside" if "strange" in names else "ok"
        return make_prediction(
            tuple(techniques),
            absorber=options.get("absorber") or "Fe",
            moved=0.01 * len(self.calls),
            trust=level,
            explain=options["explain"],
            warnings=("no energy calibration",) if mu is not None else (),
        )
