"""What is written as JSON is what JSON knows."""

from __future__ import annotations

import json

import numpy as np

from edgepair.files.writing import json_ready


def test_numbers_are_python_s_and_what_is_not_finite_is_null() -> None:
    given = {
        "a": np.float64(1.5),
        "b": [np.int64(3), np.bool_(True), np.float32("nan")],
        "c": (float("inf"), float("-inf"), None, "text"),
        "d": {"e": np.array(2.0)},
    }
    written = json.dumps(json_ready(given), allow_nan=False)
    assert written == '{"a": 1.5, "b": [3, true, null], "c": [null, null, null, "text"], "d": {"e": 2.0}}'


def test_what_was_given_stays_as_it_was() -> None:
    given = {"a": [float("nan")]}
    json_ready(given)
    assert np.isnan(given["a"][0])
