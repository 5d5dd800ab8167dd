"""``edgepair study --contributions``: one more table, a section and sentences."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

SMALL = ("--quick", "--trees", "4", "--jobs", "1", "--task", "bond_length", "--learner", "forest")


def test_contributions_as_a_command(edgepair: Callable[..., Any], saved: Path) -> None:
    done = edgepair(
        "study", "--data", saved, *SMALL, "--modality", "xanes,pdf", "--contributions", "--out", "out"
    )
    assert (done.code, done.err) == (0, "")
    assert "XANES and PDF together gain" in done.out
    assert "Shapley values: XANES" in done.out
    table = pd.read_csv("out/contributions.csv")
    gain = table[(table["kind"] == "alone") & (table["technique"] == "xanes+pdf")]["value"].iloc[0]
    assert table[table["kind"] == "shapley"]["value"].sum() == pytest.approx(gain, abs=1e-5)
    # What was not asked for is in no other table.
    assert set(pd.read_csv("out/scores.csv")["modality"]) == {"xanes", "pdf"}
    assert '<section id="contributions">' in Path("out/report.html").read_text(encoding="utf-8")
    # Without the option they are gone, from the folder too.
    again = edgepair("study", "--data", saved, *SMALL, "--modality", "xanes,pdf", "--out", "out", "--json")
    assert again.code == 0
    assert "contributions" not in json.loads(again.out)
    assert not Path("out/contributions.csv").exists()


def test_contributions_in_json(edgepair: Callable[..., Any], saved: Path) -> None:
    done = edgepair("study", "--data", saved, *SMALL, "--modality", "xanes,pdf", "--contributions", "--json")
    assert (done.code, done.err) == (0, "")
    rows = json.loads(done.out)["contributions"]
    assert {row["kind"] for row in rows} == {
        "score", "alone", "shapley", "commonality", "unique", "shared", "together", "interaction",
        "shared_most",
    }  # fmt: skip


def test_one_technique_is_refused(edgepair: Callable[..., Any], saved: Path) -> None:
    done = edgepair(
        "study", "--data", saved, *SMALL, "--modality", "xanes", "--contributions", "--out", "out"
    )
    assert (done.code, done.out) == (2, "")
    assert "only xanes among the modalities" in done.err
    assert not Path("out").exists()
