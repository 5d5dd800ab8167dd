"""Reading a series: its axis, its one energy scale, what is refused."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import edgepair
from edgepair.conventions import DataError, EdgepairError, OptionError
from edgepair.measured import XanesScan, read_xanes
from edgepair.series.axis import find_axis


def scan(name: str, **header: str) -> XanesScan:
    return XanesScan(name, "", "test", np.arange(3.0), np.zeros(3), "mu", header=header)


@pytest.mark.parametrize(
    ("names", "quantity", "unit", "values"),
    [
        (["x000t010q35.gr", "x004t010q35.gr", "x012t010q35.gr"], "name", "", [0, 4, 12]),
        (["run12_300K.dat", "run13_350K.dat", "run14_375K.dat"], "temperature", "K", [300, 350, 375]),
        (["cell2_-0.5V_a.xdi", "cell2_0.0V_a.xdi", "cell2_0.5V_a.xdi"], "potential", "V", [-0.5, 0, 0.5]),
        (["a-1.dat", "a-2.dat", "a-10.dat"], "name", "", [1, 2, 10]),
        (["anneal 5min", "anneal 10min", "anneal 60min"], "time", "min", [5, 10, 60]),
    ],
)
def test_numbers_in_names_are_an_axis(
    names: list[str], quantity: str, unit: str, values: list[float]
) -> None:
    found = find_axis([scan(name) for name in names], "name", {})
    assert (found.name, found.unit) == (quantity, unit)
    assert found.values.tolist() == values


def test_numbers_that_most_names_share_are_no_axis() -> None:
    names = [f"{kind}_{k}" for kind in "abcd" for k in (1, 2)]
    assert find_axis([scan(name) for name in names], None, {}).name == "number"
    assert find_axis([scan(name) for name in names], "name", {}).name == "name"
    assert find_axis([scan(f"{name}_{k % 3}00K") for k, name in enumerate(names)], None, {}).unit == "K"


def test_headers_come_before_names_and_times_are_read() -> None:
    scans = [scan(f"s{k}.dat", **{"Sample.temperature": f"{300 + 5 * k} K"}) for k in range(4)]
    found = find_axis(scans, None, {})
    assert (found.name, found.unit, found.values[-1]) == ("temperature", "K", 315)
    moments = [f"2021-05-01T10:{10 * k:02d}:00" for k in range(4)]
    scans = [scan("s.dat", **{"Scan.start_time": moment}) for moment in moments]
    found = find_axis(scans, None, {})
    assert (found.name, found.unit) == ("time", "min")
    assert found.values.tolist() == [0, 10, 20, 30]
    assert find_axis([scan("s"), scan("s")], None, {}).name == "number"
    assert find_axis(scans, None, {"dose (MGy)": ["1", "2", "3", "5"]}).unit == "MGy"
    with pytest.raises(OptionError, match="potential"):
        find_axis(scans, "potential", {})


def test_columns_of_one_unit_or_of_times_are_an_axis() -> None:
    scans = [scan(f"a_{k}") for k in range(3)]
    mixed = {"temperature": ["20 °C", "343 K", "120 °C"]}
    found = find_axis(scans, None, mixed)
    assert found.name == "name"
    assert "temperature" in found.told
    with pytest.raises(EdgepairError, match="temperature"):
        find_axis(scans, "temperature", mixed)
    assert find_axis(scans, None, {"temperature": ["20 °C", "70", "120 °C"]}).unit == "°C"
    zoned = ["2024-03-31T00:30:00+01:00", "2024-03-30T23:50:00Z", "2024-03-30T20:30:00-05:00"]
    found = find_axis(scans, None, {"when": zoned})
    assert (found.name, found.unit) == ("time", "min")
    assert found.values.tolist() == [0, 20, 120]
    # Without a zone no hour is missing, whatever the machine's.
    bare = ["2024-03-31 01:30:00", "2024-03-31 02:30:00", "2024-03-31 03:30:00"]
    assert find_axis(scans, None, {"when": bare}).values.tolist() == [0, 60, 120]
    assert find_axis(scans, None, {"when": [*zoned[:2], bare[0]]}).name == "name"


def test_a_copy_of_a_spectrum_is_no_point(series_files: list[Path], tmp_path: Path) -> None:
    again = tmp_path / "again_999C.dat"
    again.write_bytes(series_files[1].read_bytes())
    series = edgepair.read_series([*series_files, again])
    assert len(series.scans) == len(series_files)
    assert [(name, "the same numbers" in why) for name, why in series.skipped] == [(str(again), True)]


def test_tables_may_have_semicolons_and_decimal_commas(series_files: list[Path]) -> None:
    table = series_files[0].parent / "points.csv"
    rows = [f"{path.name};{20 + 50 * k},5 °C" for k, path in enumerate(series_files)]
    table.write_text("\n".join(["file;temperature", *rows, ""]), "utf-8")
    series = edgepair.read_series(table)
    assert (series.axis.name, series.axis.unit) == ("temperature", "°C")
    assert series.axis.values[:2].tolist() == [20.5, 70.5]


def test_a_series_has_one_scale_and_one_grid(series_files: list[Path]) -> None:
    found = edgepair.read_series(series_files, shift=0.0)
    assert (found.axis.name, found.axis.unit) == ("temperature", "°C")
    assert found.axis.values.tolist() == list(range(30, 530, 50))
    assert found.mu.shape == (10, len(found.energy))
    assert found.calibrated
    assert not found.drift.any()
    assert np.abs(found.mu[:, -1] - 1).max() < 0.1
    assert found.noise == pytest.approx(0.003 / 0.8, rel=0.5)


def test_foils_tell_the_drift(series_files: list[Path]) -> None:
    scans = [read_xanes(path)[0] for path in series_files]
    energy = scans[0].energy
    mu = 1 / (1 + np.exp(-(energy - 7112.0 + 1.0) / 1.0)) + 0.05 * np.sin((energy - 7112) / 4) * (
        energy > 7112
    )
    moved = [
        replace(one, energy=one.energy + 0.05 * k, reference=(energy + 0.05 * k, mu), reference_absorber="Fe")
        for k, one in enumerate(scans)
    ]
    found = edgepair.read_series(moved)
    assert found.calibrated
    assert np.ptp(found.drift) == pytest.approx(0.45, abs=0.2)
    assert np.corrcoef(found.drift, np.arange(10))[0, 1] < -0.95
    assert not edgepair.read_series(moved, references=False).calibrated


def test_a_series_is_analysed_whole(series_files: list[Path], tmp_path: Path) -> None:
    series = edgepair.read_series(series_files, shift=0.0)
    result = edgepair.analyse_series(series)
    assert result.principal.number == 2
    assert result.fractions is not None
    assert set(result.fractions.table["compound"]) == {"siderite", "hematite"}
    truth = 1 / (1 + np.exp(-(series.axis.values - 280) / 40))
    mine = result.fractions.table.query("compound == 'hematite'")["fraction"].to_numpy()
    assert np.abs(mine - truth).max() < 0.03
    assert np.abs(result.fractions.values["oxidation_state"] - 2 - truth).max() < 0.05
    answers = result.component_answers.query("task == 'oxidation_state'")["value"].to_numpy()
    assert answers == pytest.approx([2, 3], abs=0.15)
    made_of = result.component_mixtures
    assert made_of.groupby("component")["nearest"].first().tolist() == ["siderite", "hematite"]
    main = made_of.sort_values("fraction").groupby("component").last()
    assert main["compound"].tolist() == ["siderite", "hematite"]
    assert (main["fraction"] > 0.9).all()
    assert "hematite (0.0" in result._repr_html_()
    within = (result.points["oxidation_state_lower"] <= 2 + truth) & (
        2 + truth <= result.points["oxidation_state_upper"]
    )
    assert within.mean() >= 0.8
    assert result.write(tmp_path / "out").is_dir()
    assert sorted(path.stem for path in (tmp_path / "out").iterdir()) == sorted([*result.tables(), "series"])
    again = edgepair.analyse_series(series, answered=False)
    assert again.fractions is not None
    assert again.fractions.table.equals(result.fractions.table)


def test_resolved_components_can_be_combined_with_their_values_and_ambiguity(
    series_files: list[Path],
) -> None:
    series = edgepair.read_series(series_files, shift=0.0)
    result = edgepair.analyse_series(series, combine="components", neighbours=0.2)
    found = result.fractions
    assert found is not None
    assert list(dict.fromkeys(found.table["compound"])) == ["component 1", "component 2"]
    mine = found.table.query("compound == 'component 2'")
    assert mine["fraction"].to_numpy() == pytest.approx(result.resolution.fractions[:, 1], abs=0.02)
    truth = 2 + 1 / (1 + np.exp(-(series.axis.values - 280) / 40))
    assert found.values["oxidation_state"].to_numpy() == pytest.approx(truth, abs=0.15)
    gap = result.resolution.fraction_high - result.resolution.fraction_low
    assert mine["choice_error"].to_numpy() == pytest.approx(gap[:, 1] / np.sqrt(12), abs=1e-6)
    for wrong in (
        {"combine": "everything"},
        {"neighbours": -1.0},
        {"combine": "components", "resolved": False},
    ):
        with pytest.raises(OptionError, match="combine"):
            edgepair.analyse_series(series, answered=False, **wrong)


def test_what_is_no_series_is_refused(series_files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="2 spectra"):
        edgepair.read_series(series_files[:2])
    bad = tmp_path / "bad.dat"
    bad.write_text("nothing", encoding="utf-8")
    found = edgepair.read_series([*series_files, bad], shift=0.0)
    assert [name for name, _ in found.skipped] == [str(bad)]
    with pytest.raises(EdgepairError, match="components"):
        edgepair.analyse_series(found, number=30)
    with pytest.raises(EdgepairError, match="unobtainium"):
        edgepair.analyse_series(found, fixed=["unobtainium"], answered=False)


def test_a_result_shows_itself_in_a_notebook(series_files: list[Path]) -> None:
    result = edgepair.analyse_series(edgepair.read_series(series_files, shift=0.0), answered=False)
    assert "10 spectra of Fe along temperature" in repr(result)
    assert len(repr(result).splitlines()) <= 8
    assert "hematite" in result._repr_html_()
    assert result.plot("difference from the first point").data
    assert result.to_frame().equals(result.points)
    assert pickle.loads(pickle.dumps(result)) == result
