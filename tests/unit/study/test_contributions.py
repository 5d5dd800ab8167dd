"""Contributions of techniques: known answers, and what a study writes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.conventions import DataError, OptionError
from edgepair.dataset import from_arrays
from edgepair.study import Progress, StudyResult, contribution_sentences, run_study
from edgepair.study.contributions import shapley_values, subsets_of
from edgepair.study.result import CONTRIBUTION_COLUMNS

SINGLES = ["xanes", "pdf", "dpdf"]
KEYS = ["absorber", "task", "learner"]


def study(dataset: Any, **changes: Any) -> StudyResult:
    settings = {"quick": True, "trees": 8, "n_jobs": 1, "cache": False, "learners": ["forest"]}
    return run_study(dataset, contributions=True, **(settings | changes))


def value(table: pd.DataFrame, kind: str, technique: str, of: str | None = None) -> float:
    chosen = (table["kind"] == kind) & (table["technique"] == technique)
    if of is not None:
        chosen &= table["of"] == of
    assert chosen.sum() == 1
    return float(table.loc[chosen, "value"].iloc[0])


@pytest.fixture(scope="module")
def make_contributions() -> Callable[..., pd.DataFrame]:
    """Hand out the maker of tables."""
    path = Path(__file__).resolve().parents[2] / "simulators" / "contributions.py"
    return run_path(str(path))["make_contributions"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def contributed(make_synthetic: Callable[..., xr.Dataset]) -> StudyResult:
    """A study of three techniques whose PDFs hold much the same."""
    return study(make_synthetic(), modalities=["xanes", "pdf", "xanes+dpdf"])


def two_bits(label: Callable[[Any, Any], Any], *, copy: bool = False) -> xr.Dataset:
    """Make sites whose XANES holds one bit, whose PDF another, and whose label is made of both."""
    rng = np.random.default_rng(3)
    n = 160
    first, second = np.arange(n) % 2, np.arange(n) // 2 % 2
    energy = 7100.0 + np.arange(0.0, 60.0, 1.0)
    step = 1 / (1 + np.exp(-(energy - 7112.0) / 1.5))
    bump = np.exp(-0.5 * ((energy - 7125.0) / 6.0) ** 2)
    mu = step + 0.8 * first[:, None] * bump + rng.normal(0, 0.002, (n, 60))
    r = np.arange(1.0, 10.0, 0.1)
    peak = np.exp(-0.5 * ((r - 4.0) / 1.5) ** 2)
    pdf = 5 * second[:, None] * peak + rng.normal(0, 0.02, (n, len(r)))
    return from_arrays(
        absorber="Fe",
        energy=energy,
        mu=mu,
        r=r,
        G=pdf,
        **({"G_M": pdf} if copy else {}),
        oxidation_state=2 + label(first, second),
        formula=[f"Fe{k + 2}O{k + 3}" for k in range(n)],
        material_id=[f"m{k}" for k in range(n)],
    )


def test_shapley_values_of_a_published_game() -> None:
    """Ibn Ezra's inheritance, four heirs: Aumann, Int. J. Game Theory 39, 3 (2010)."""
    claims = np.array([120.0, 60.0, 40.0, 30.0])
    gains = np.array(
        [max([claims[i] for i in range(4) if members >> i & 1], default=0.0) for members in range(16)]
    )
    np.testing.assert_allclose(shapley_values(gains), [80 + 5 / 6, 20 + 5 / 6, 10 + 5 / 6, 7.5], rtol=1e-12)


def test_a_bit_in_each_technique_is_unique_to_it() -> None:
    table = study(two_bits(lambda a, b: a + 2 * b), modalities=["xanes", "pdf"], trees=20).contributions
    # Four equal classes: weighted F1 is 1/4 for a guess, about 1/2 for one known bit and a guess
    # (rather less: held-out classes are those that the training set is short of), 1 for both.
    assert value(table, "score", "xanes+pdf") > 0.98
    for name in ("xanes", "pdf"):
        assert value(table, "unique", name) == pytest.approx(0.25, abs=0.08)
        assert value(table, "shapley", name) == pytest.approx(0.375, abs=0.03)
    assert value(table, "shared", "xanes&pdf") == 0
    # Weighted F1 does not add up even over independent bits: the surplus is told as such.
    assert 0.25 < value(table, "together", "xanes&pdf") < 0.40


def test_curves_of_noise_share_nothing_and_the_words_say_so() -> None:
    """Of two equal classes the commonest alone has 1/3 of weighted F1, a coin 1/2; so has a forest."""
    rng = np.random.default_rng(5)
    dataset = two_bits(lambda a, b: rng.permutation(a))
    result = study(dataset, modalities=["xanes", "pdf"], trees=40)
    table = result.contributions
    assert value(table, "score", "xanes+pdf") > 0.4
    assert value(table, "alone", "xanes+pdf") < 0.05
    assert value(table, "shapley", "xanes") + value(table, "shapley", "pdf") < 0.05
    (told,) = contribution_sentences(table)
    assert len(told.sentences) == 1
    assert "not shown to know more than the baseline" in told.sentences[0]


def test_what_takes_both_bits_is_there_only_together() -> None:
    table = study(two_bits(lambda a, b: a ^ b), modalities=["xanes", "pdf"], trees=40).contributions
    assert value(table, "score", "xanes+pdf") > 0.95
    assert value(table, "together", "xanes&pdf") > 0.3
    assert value(table, "shared", "xanes&pdf") == 0
    rows = table[(table["kind"] == "interaction")]
    assert rows["lower"].iloc[0] > 0


def test_a_copy_of_a_technique_adds_nothing() -> None:
    table = study(two_bits(lambda a, b: b, copy=True), modalities=["pdf", "dpdf"]).contributions
    gain = value(table, "alone", "pdf")
    assert gain == pytest.approx(0.5, abs=0.02)  # 1 in place of the 0.5 of a coin
    assert value(table, "alone", "dpdf") == gain
    assert value(table, "shared", "pdf&dpdf") == pytest.approx(gain, abs=0.02)
    for name in ("pdf", "dpdf"):
        assert value(table, "unique", name) == pytest.approx(0, abs=0.02)
        assert value(table, "shapley", name) == pytest.approx(gain / 2, abs=0.02)


def test_a_table_holds_every_subset_and_split(contributed: StudyResult) -> None:
    table = contributed.contributions
    assert tuple(table.columns) == CONTRIBUTION_COLUMNS
    assert table[["lower", "value", "upper"]].notna().all(axis=None)
    cell = table[table["task"] == "oxidation_state"]
    assert set(table["learner"]) == {"forest"}
    assert cell[cell["kind"] == "score"]["technique"].tolist() == list(subsets_of(SINGLES))
    assert cell[cell["kind"] == "shapley"]["technique"].tolist() == SINGLES
    assert len(cell[cell["kind"] == "commonality"]) == 7
    assert cell[cell["kind"] == "interaction"]["of"].tolist() == [
        "xanes+pdf", "xanes+dpdf", "pdf+dpdf", "xanes|pdf+dpdf", "pdf|xanes+dpdf", "dpdf|xanes+pdf",
    ]  # fmt: skip


def test_its_numbers_add_up(contributed: StudyResult) -> None:
    for _, cell in contributed.contributions.groupby(KEYS):
        gain = value(cell, "alone", "xanes+pdf+dpdf")
        for kind in ("shapley", "commonality"):
            assert cell.loc[cell["kind"] == kind, "value"].sum() == pytest.approx(gain, abs=1e-12)
        for of, rows in cell[cell["kind"].isin(["unique", "shared", "together"])].groupby("of"):
            joined = "+".join(name for name in SINGLES if name in str(of).replace("|", "+").split("+"))
            assert rows["value"].sum() == pytest.approx(value(cell, "alone", joined), abs=1e-12)


def test_its_scores_are_those_of_the_study(contributed: StudyResult) -> None:
    scores = contributed.scores[contributed.scores["metric"].isin(["f1_weighted", "r2"])]
    for task, cell in contributed.contributions.groupby("task"):
        mine = scores[scores["task"] == task].set_index(["modality", "learner"])
        for modality in ("xanes", "pdf", "xanes+dpdf"):
            row = cell[(cell["kind"] == "score") & (cell["technique"] == modality)].iloc[0]
            told = mine.loc[(modality, "forest")]
            assert (row["value"], row["lower"], row["upper"]) == (told["value"], told["lower"], told["upper"])
            guess = told["value"] - value(cell, "alone", modality)
            assert guess == pytest.approx(mine.loc[(modality, "dummy"), "value"], abs=1e-12)


def test_subsets_that_were_not_asked_for_stay_out_of_the_other_tables(contributed: StudyResult) -> None:
    for table in (contributed.scores, contributed.predictions, contributed.importances):
        assert set(table["modality"]) == {"xanes", "pdf", "xanes+dpdf"}
    assert contributed.complete


def test_what_serves_contributions_alone_is_fitted_once_and_not_permuted(
    synthetic_dataset: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgepair.study.fits import Outcomes, Runner, Work

    made = []

    def look(runner: Runner, work: Sequence[Work], **rest: Any) -> Outcomes:
        made.extend(
            (item.modality, item.learner, item.task.fraction, item.purpose, len(item.task.windows) > 0)
            for item in work
            if item.cell.view == "sites"
        )
        return original(runner, work, **rest)

    original = Runner.run
    monkeypatch.setattr(Runner, "run", look)
    study(
        synthetic_dataset, modalities=["xanes", "pdf"], tasks=["bond_length"], quick=False, trees=3,
        repeats=1, learners=["forest", "blend"],
    )  # fmt: skip
    assert [item for item in made if item[0] == "xanes+pdf"] == [("xanes+pdf", "forest", 1.0, "score", False)]
    assert ("xanes", "forest", 1.0, "score", True) in made


def test_a_second_run_takes_all_from_the_cache(synthetic_dataset: xr.Dataset) -> None:
    seen: list[Progress] = []
    settings = {"modalities": ["xanes", "pdf"], "tasks": ["bond_length"], "cache": True}
    one = study(synthetic_dataset, **settings)
    two = study(synthetic_dataset, **settings, on_progress=seen.append)
    assert all(item.cached for item in seen[1:])
    pd.testing.assert_frame_equal(one.contributions, two.contributions)
    # The study itself is no other one with them than without.
    plain = run_study(
        synthetic_dataset, quick=True, trees=8, n_jobs=1, learners=["forest"], on_progress=seen.append,
        modalities=["xanes", "pdf"], tasks=["bond_length"],
    )  # fmt: skip
    assert all(item.cached for item in seen if item.text)
    pd.testing.assert_frame_equal(plain.scores, two.scores)
    assert len(plain.contributions) == 0


def test_it_is_kept_and_read_again(contributed: StudyResult, tmp_path: Path) -> None:
    contributed.save(tmp_path / "study")
    assert (tmp_path / "study" / "contributions.csv").is_file()
    again = StudyResult.load(tmp_path / "study")
    pd.testing.assert_frame_equal(again.contributions, contributed.contributions, rtol=1e-5)
    contributed.save(tmp_path / "study")
    (tmp_path / "study" / "contributions.csv").unlink()
    with pytest.raises(DataError, match=r"contributions\.csv"):
        StudyResult.load(tmp_path / "study")


def test_a_study_saved_without_them_still_loads(contributed: StudyResult, tmp_path: Path) -> None:
    settings = {k: v for k, v in contributed.config["config"].items() if k != "contributions"}
    replace(contributed, config=contributed.config | {"config": settings}).save(tmp_path / "study")
    assert not (tmp_path / "study" / "contributions.csv").exists()
    assert len(StudyResult.load(tmp_path / "study").contributions) == 0


def test_one_technique_contributes_to_nothing(synthetic_dataset: xr.Dataset) -> None:
    with pytest.raises(OptionError, match="only xanes among the modalities"):
        study(synthetic_dataset, modalities=["xanes"])
    with pytest.raises(OptionError, match="dummy"):
        study(synthetic_dataset, learners=["dummy"])


def test_an_absorber_with_one_technique_is_named(synthetic_dataset: xr.Dataset) -> None:
    poor = synthetic_dataset.drop_vars("G")
    result = study(poor, modalities=["xanes", "pdf"], tasks=["bond_length"])
    assert len(result.contributions) == 0
    reasons = [item["reason"] for item in result.skipped if item["whole"]]
    assert any("only xanes" in reason for reason in reasons)
    assert not result.complete


def test_sentences_follow_from_the_numbers(make_contributions: Callable[..., pd.DataFrame]) -> None:
    table = make_contributions({"xanes": 0.4, "pdf": 0.2, "xanes+pdf": 0.5}, half=0.05)
    (told,) = contribution_sentences(table)
    assert (told.absorber, told.task, told.learner) == ("Fe", "oxidation_state", "forest")
    assert told.sentences == (
        "Fe, oxidation state: XANES and PDF together gain 0.500 in weighted F1 over the baseline "
        "(95 % interval 0.450 to 0.550).",
        "Of this, 0.300 (0.250 to 0.350) is only in XANES; 0.100 (0.050 to 0.150) is only in PDF; "
        "0.100 (0.050 to 0.150) in both (up to 0.200 by other definitions); nothing only together.",
        "Shapley values: XANES 0.350, PDF 0.150.",
    )


def test_sentences_of_three_say_what_each_adds(make_contributions: Callable[..., pd.DataFrame]) -> None:
    gains = {"xanes": 0.4, "pdf": 0.2, "dpdf": 0.3, "xanes+pdf": 0.5, "xanes+dpdf": 0.6, "pdf+dpdf": 0.3}
    (told,) = contribution_sentences(make_contributions(gains | {"xanes+pdf+dpdf": 0.58}, half=0.01))
    assert told.sentences[2] == (
        "Beyond all the others, dPDF adds 0.080 (0.070 to 0.090) and PDF costs 0.020 (0.010 to 0.030)."
    )
    (told,) = contribution_sentences(make_contributions(gains | {"xanes+pdf+dpdf": 0.6}, half=0.01))
    assert "PDF adds nothing that can be told from zero (+0.000, -0.010 to +0.010)" in told.sentences[2]
