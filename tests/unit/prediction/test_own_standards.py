"""Scores of what was left out."""

from __future__ import annotations

import numpy as np
import pytest

from edgepair.models.conformal import class_shares
from edgepair.prediction.answers import CLASSES
from edgepair.prediction.own_standards import _scores, model_scores, own_standards_report
from edgepair.prediction.pdf_model import PdfModel
from edgepair.prediction.xanes_model import XanesModel
from edgepair.standards import load_standards


def test_one_vote_a_group_and_intervals_of_the_others() -> None:
    truth = np.array([2.0, 2.0, 3.0, 4.0])
    value = np.array([2.0, 2.4, 3.1, 4.0])
    group = np.array(["a", "a", "b", "c"])
    everyone = np.ones(4, dtype=bool)
    shares = class_shares(truth, CLASSES["oxidation_state"])
    (row,) = _scores("oxidation_state", [value, np.ones(4), shares, truth, group, everyone], 0.5)
    assert (row["n_rows"], row["n_groups"]) == (4, 3)
    # a: half of its vote right; b and c right
    assert row["right"] == pytest.approx(2.5 / 3)
    assert row["mae"] == pytest.approx((0.2 + 0.1 + 0.0) / 3)
    # the others' misses: of b and c 0.1; of a and c 0.4 with its weight of a half, 0 and 0; of a and b
    assert 0.0 < row["coverage"] < 1.0
    assert row["set_coverage"] == 1.0
    assert row["set_size"] == 1.0


def test_another_absorber_has_no_scores() -> None:
    nothing = [
        np.ones(3),
        np.ones(3),
        np.ones((3, 0)),
        np.ones(3),
        np.array(["a", "b", "c"]),
        np.zeros(3, bool),
    ]
    assert _scores("bond_length", nothing, 0.9) == []


def test_scores_of_fitted_models(small_xanes: XanesModel, small_pdf: PdfModel) -> None:
    for rows in (model_scores(small_xanes, "Fe"), model_scores(small_pdf, "Fe")):
        assert [row["task"] for row in rows] == ["oxidation_state", "coordination_number", "bond_length"]
        for row in rows:
            assert row["n_groups"] <= row["n_rows"]
            assert 0.75 <= row["coverage"] <= 1.0
            assert (row["right"] is None) == (row["task"] == "bond_length")
    compounds = np.unique(
        small_xanes.rows.group[~small_xanes.rows.simulated & (small_xanes.rows.absorber == "Fe")]
    )
    assert model_scores(small_xanes, "Fe")[0]["n_groups"] <= len(compounds)


def test_own_standards_alone_need_neither_library_nor_data(few_trees: None) -> None:
    chosen = [one for one in load_standards("Fe") if np.isfinite([one.energy_shift, one.bond_length]).all()]
    report = own_standards_report(chosen[::4], "Fe", library=False)
    assert report.table["before"].isna().all()
    assert report.table["after"].notna().any()
    assert any("not told →" in line for line in report.lines())
