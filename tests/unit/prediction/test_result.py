"""What is answered, as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from edgepair.prediction import Prediction, ShownCurve


def refuse(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


@pytest.fixture
def prediction() -> Prediction:
    nan = float("nan")
    return Prediction(
        absorber="Fe",
        table=pd.DataFrame(
            {
                "technique": ["xanes", "xanes"],
                "task": ["oxidation_state", "bond_length"],
                "value": [2.667, np.float32(2.0)],
                "lower": [2.4, -np.inf],
                "upper": [2.9, np.inf],
                "classes": ["2;3", ""],
                "probability": [0.6, nan],
                "trust": ["ok", "ok"],
                "message": ["", "µ, Å and \"quotes\""],
            }
        ),
        probabilities=pd.DataFrame(
            {"technique": ["xanes"], "task": ["oxidation_state"], "class": [3], "probability": [0.6]}
        ),
        explanation=pd.DataFrame(
            [["xanes", "bond_length", "", nan, 0.1]],
            columns=["technique", "task", "part", "position", "contribution"],
        ),
        nearest=pd.DataFrame({"technique": ["xanes"], "rank": [np.int64(1)], "bond_length": [nan]}),
        curves={"xanes": (ShownCurve("sample", np.arange(3.0), np.arange(3.0)),)},
        warnings=("one", "two"),
    )  # fmt: skip


def test_it_is_json_without_nan(prediction: Prediction) -> None:
    text = prediction.to_json()
    document = json.loads(text, parse_constant=refuse)
    assert list(document) == [
        "absorber", "confidence_level", "energy_shift", "energy_error", "warnings",
        "coordination_counted", "answers",
        "probabilities", "explanation", "nearest", "first_shells",
    ]  # fmt: skip
    assert document["confidence_level"] == 0.9
    assert document["energy_shift"] is None
    assert document["warnings"] == ["one", "two"]
    first, second = document["answers"]
    assert first["value"] == 2.667
    assert first["classes"] == "2;3"
    assert second["lower"] is second["upper"] is second["probability"] is None
    assert second["message"] == 'µ, Å and "quotes"'
    assert "µ" in text
    assert document["probabilities"][0]["class"] == 3
    assert document["nearest"][0]["rank"] == 1


def test_numbers_survive_exactly(prediction: Prediction) -> None:
    document = json.loads(prediction.to_json())
    assert [row["value"] for row in document["answers"]] == prediction.table["value"].tolist()


def test_an_answer_cannot_be_changed(prediction: Prediction) -> None:
    with pytest.raises(AttributeError):
        prediction.absorber = "Mn"  # type: ignore[misc]
