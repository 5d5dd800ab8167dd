"""Conditions: each changes what it says and nothing else, by its seed."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from edgepair.dataset import average_sites, load_bundled, select_sites, validate
from edgepair.spectra import PDFInstrument
from edgepair.study import StudyResult, run_study
from edgepair.study.conditions import COMMON_LAST, CONDITION_TITLES, CONDITIONS, conditions_for
from edgepair.study.config import StudyConfig

CONFIG = StudyConfig.check()
PDFS = {"G", "G_M", "G_neutron"}
CHANGES = {
    "sites": set(), "per_metal": set(), "per_total": set(), "ungated": set(),
    "coordination_bond_valence": {"coordination_number"},
    "common_range": {"mu"}, "xanes_noise": {"mu"}, "xanes_blur": {"mu"}, "xanes_scale": {"mu"},
    "pdf_noise": PDFS, "pdf_qmax": PDFS, "pdf_thermal": PDFS, "measured_like": PDFS | {"mu"},
}  # fmt: skip
SECOND = "coordination_number_bond_valence"


@pytest.fixture(scope="module")
def manganese() -> xr.Dataset:
    """Some bundled sites, one of which fails a gate, with a second coordination number."""
    rows = select_sites(load_bundled("Mn"), np.arange(60))
    gate = np.array([""] * 60, dtype=object)
    gate[7] = "edge position"
    number = np.where(np.arange(60) % 5 == 0, 5.0, rows["coordination_number"].values)
    rows = rows.assign(gate=("site", gate))
    rows[SECOND] = ("site", number, dict(rows["coordination_number"].attrs))
    validate(rows, name="what conditions start from")
    return rows


@pytest.fixture(scope="module")
def passing(manganese: xr.Dataset) -> xr.Dataset:
    """What a study of it takes."""
    return select_sites(manganese, np.arange(60) != 7)


def under(name: str, rows: xr.Dataset, **settings: object) -> xr.Dataset:
    made = CONDITIONS[name].dataset(rows, StudyConfig.check(**settings))
    assert made is not None
    return made


def names_of(dataset: xr.Dataset) -> set[str]:
    return {str(name) for name in dataset.data_vars}


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_what_comes_of_it_follows_the_schema_and_the_seed(name: str, manganese: xr.Dataset) -> None:
    before = manganese.copy(deep=True)
    made = under(name, manganese)
    validate(made, name=name)
    assert made.identical(under(name, manganese))
    xr.testing.assert_identical(manganese, before)
    drawn = {"xanes_noise", "xanes_scale", "pdf_noise", "measured_like"}
    assert made.identical(under(name, manganese, seed=1)) == (name not in drawn)


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_it_changes_what_it_says_and_nothing_else(
    name: str, manganese: xr.Dataset, passing: xr.Dataset
) -> None:
    start = manganese if name == "ungated" else passing
    made = under(name, manganese)
    assert names_of(made) == names_of(start)
    changed = {
        variable
        for variable in names_of(start)
        if start[variable].shape != made[variable].shape
        or not np.array_equal(
            start[variable].values, made[variable].values, equal_nan=start[variable].dtype.kind == "f"
        )
    }
    assert changed == CHANGES[name]
    assert {str(key): made[key].attrs for key in names_of(made) - changed} == {
        str(key): start[key].attrs for key in names_of(start) - changed
    }
    if name not in ("common_range",):
        np.testing.assert_array_equal(made["energy"], start["energy"])
    assert made.attrs == start.attrs


def test_the_view_of_materials_is_averaged_before_it_is_changed(
    manganese: xr.Dataset, passing: xr.Dataset
) -> None:
    averaged = average_sites(passing)
    assert under("materials", manganese).identical(averaged)
    noisy = under("xanes_noise", manganese, view="materials")
    noise = noisy["mu"].values - averaged["mu"].values
    assert noise.std() == pytest.approx(0.01 * np.sqrt(2 / 3), rel=0.25)  # points half a step apart


def test_curves_are_as_poor_as_is_said(manganese: xr.Dataset, passing: xr.Dataset) -> None:
    cut = under("common_range", manganese)
    kept = passing["energy"].values <= passing.attrs["edge_energy"] + COMMON_LAST + 1e-6
    np.testing.assert_array_equal(cut["mu"].values, passing["mu"].values[:, kept])
    noise = under("xanes_noise", manganese)["mu"].values - passing["mu"].values
    assert 0.007 < noise.std() < 0.0105
    for variable in ("G", "G_M"):
        size = np.sqrt((passing[variable].values ** 2).mean(axis=1))
        noise = under("pdf_noise", manganese)[variable].values - passing[variable].values
        assert np.mean(noise.std(axis=1) / size) == pytest.approx(0.1, rel=0.05)


def test_thermal_motion_is_that_of_curves_made_with_it(manganese: xr.Dataset, passing: xr.Dataset) -> None:
    """Reference: the bundle's ideal curves, shown with displacements larger by 0.01 Å²."""
    made = under("pdf_thermal", manganese)
    shown = select_sites(load_bundled("Mn"), np.arange(60))
    instrument = PDFInstrument()
    want = select_sites(
        load_bundled("Mn", instrument=PDFInstrument(u_iso=instrument.u_iso + 0.01)), np.arange(60)
    )
    assert float(abs(shown["G"] - want["G"]).max()) > 0.5
    owner = {name: row for row, name in enumerate(want["material_id"].values)}
    rows = [owner[name] for name in made["material_id"].values]
    near = (made["r"].values > 1.2) & (made["r"].values < 8)
    for variable in ("G", "G_M"):
        target, curves = want[variable].values[rows][:, near], made[variable].values[:, near]
        miss = np.sqrt(((curves - target) ** 2).mean()) / np.sqrt((target**2).mean())
        assert miss < 0.03, variable


@pytest.mark.parametrize("name", ["pdf_qmax", "measured_like"])
def test_a_lower_qmax_leaves_nothing_beyond_it(name: str, manganese: xr.Dataset, passing: xr.Dataset) -> None:
    """By the sine transform of G back to Q, between the new Qmax and that of the bundle; noise too."""

    def beyond(dataset: xr.Dataset) -> float:
        q = np.arange(16.5, 24.0, 0.5)
        waves = np.sin(q[None, :] * dataset["r"].values[:, None])
        return float(np.sqrt(((dataset["G"].values @ waves) ** 2).mean()))

    assert beyond(under(name, manganese)) < 0.2 * beyond(passing)


def test_what_data_do_not_allow_is_none(manganese: xr.Dataset, passing: xr.Dataset) -> None:
    plain = passing.drop_vars([SECOND, "gate"])
    without_pdfs = plain.drop_dims("r")
    without_xanes = plain.drop_vars("mu").drop_dims("energy")
    cases = {
        "ungated": (plain, passing),
        "coordination_bond_valence": (plain, passing.drop_vars("coordination_number")),
        "pdf_noise": (without_pdfs,), "pdf_qmax": (without_pdfs,),
        "measured_like": (without_pdfs, without_xanes),
        "pdf_thermal": (without_pdfs, plain.drop_vars("G_baseline")),
        "common_range": (without_xanes,), "xanes_noise": (without_xanes,), "xanes_blur": (without_xanes,),
        "xanes_scale": (without_xanes,),
    }  # fmt: skip
    for name, datasets in cases.items():
        for dataset in datasets:
            assert CONDITIONS[name].dataset(dataset, CONFIG) is None, name


def test_conditions_follow_the_settings() -> None:
    def names(**settings: object) -> list[str]:
        return [item.name for item in conditions_for(StudyConfig.check(**settings))]

    assert names() == ["materials", "per_total"]
    assert names(view="materials", per="total") == ["sites", "per_metal"]
    assert names(quick=True) == names(split="random") == names(split="material", robustness=True) == []
    every = names(robustness=True)
    assert every == [name for name in CONDITIONS if name not in ("sites", "per_metal")]
    assert names(quick=True, robustness=True) == every
    assert set(CONDITION_TITLES) == {"as_studied", *CONDITIONS}
    assert all(item.title and item.words for item in CONDITIONS.values())


@pytest.fixture(scope="module")
def robust(manganese: xr.Dataset) -> StudyResult:
    """A quick study under all conditions."""
    return run_study(
        manganese, tasks=["coordination_number", "bond_length"], modalities=["xanes", "pdf", "xanes+pdf"],
        learners=["forest"], folds=3, trees=3, quick=True, robustness=True, n_jobs=1, cache=False,
    )  # fmt: skip


def test_the_first_rows_are_those_of_the_study_itself(robust: StudyResult) -> None:
    first = robust.robustness[robust.robustness["condition"] == "as_studied"]
    told = [
        (i.finding, i.absorber, i.task, i.estimate, i.lower, i.upper, i.verdict)
        for i in robust.findings
        if i.view == "sites"
    ]
    assert [tuple(row)[1:] for row in first.itertuples(index=False)] == told
    scores = robust.in_view("sites").scores
    mine = scores[scores["metric"].isin(["f1_weighted", "r2"]) & (scores["learner"] == "forest")]
    rows = robust.conditions[robust.conditions["condition"] == "as_studied"].set_index(["task", "modality"])
    for row in mine.itertuples():
        at = rows.loc[(row.task, row.modality)]
        assert (at["value"], at["lower"], at["upper"], at["n_sites"]) == (
            row.value, row.lower, row.upper, row.n_sites,
        )  # fmt: skip
    assert set(robust.conditions["modality"]) == {"xanes", "pdf", "xanes+pdf", "baseline"}
    assert (robust.conditions.groupby(["condition", "task", "modality"]).size() == 1).all()


def test_every_condition_has_rows_on_the_tasks_it_can_change(robust: StudyResult) -> None:
    every = ["as_studied", *(name for name in CONDITIONS if name not in ("sites", "per_metal"))]
    for table in (robust.robustness, robust.conditions):
        assert list(dict.fromkeys(table["condition"])) == every
    tasks = robust.conditions.groupby("condition")["task"].agg(set)
    assert tasks["coordination_bond_valence"] == {"coordination_number"}
    assert tasks["pdf_noise"] == {"coordination_number", "bond_length"}
    assert robust.config["conditions"] == every[1:]
    rows = robust.conditions.query("modality == 'xanes' and task == 'bond_length'").set_index("condition")
    for name, same in (("per_total", True), ("pdf_noise", True), ("xanes_noise", False), ("ungated", False)):
        assert (rows.loc[name, "value"] == rows.loc["as_studied", "value"]) == same, name
    assert rows.loc["ungated", "n_sites"] == rows.loc["as_studied", "n_sites"] + 1


def test_what_a_condition_cannot_do_is_named(passing: xr.Dataset) -> None:
    result = run_study(
        passing.drop_vars([SECOND, "gate"]).drop_dims("r"), tasks=["bond_length"], modalities=["xanes"],
        learners=["forest"], folds=3, trees=2, quick=True, robustness=True, n_jobs=1, cache=False,
    )  # fmt: skip
    named = [item["reason"] for item in result.skipped if "do not allow it" in item["reason"]]
    assert {reason.split("“")[1].split("”")[0] for reason in named} >= {
        "no gates",
        "PDF noise 0.1",
        "all of it",
    }
    assert result.complete
    assert "pdf_noise" not in set(result.conditions["condition"])
