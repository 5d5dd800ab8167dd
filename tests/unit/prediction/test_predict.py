"""From curves, and from files, to answers: with small models, and once with the real one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from edgepair.conventions import TASKS, EdgepairError, MeasurementError, OptionError
from edgepair.labels.bond_valence import bond_valence_length
from edgepair.measured import PdfCurve, XanesScan, read_pdf, read_xanes
from edgepair.models.conformal import sharpened_mean
from edgepair.models.trees import forest_shapley
from edgepair.prediction import Prediction, predict
from edgepair.prediction.answers import CLASSES, settle
from edgepair.prediction.predict import CAUTION
from edgepair.spectra.alignment import foil_spectra
from edgepair.standards import Standard, load_standards

pytestmark = pytest.mark.usefixtures("small_models")

NUMBERS = ["value", "lower", "upper", "probability"]
LITTLE = {"oxidation_state": 0.34, "coordination_number": 0.5, "bond_length": 0.06}
"""By which answers may move with the energy scale: what counts as right; for the bond length, what 3 eV
of chemical shift would mean. The full model moves by 0.2, 0.07 and 0.054 Å in nine cases of ten."""


def numbers(prediction: Prediction) -> np.ndarray:
    return prediction.table[NUMBERS].to_numpy(dtype=float)


def values(prediction: Prediction, technique: str = "xanes") -> pd.Series:
    table = prediction.table
    return table[table["technique"] == technique].set_index("task")["value"]


def same(one: Prediction, two: Prediction, within: float) -> None:
    np.testing.assert_allclose(numbers(one), numbers(two), atol=within)
    assert one.table["classes"].tolist() == two.table["classes"].tolist()
    assert one.table["trust"].tolist() == two.table["trust"].tolist()


def scan_of(standard: Standard) -> XanesScan:
    return XanesScan(
        f"{standard.name}",
        "",
        "library",
        standard.energy,
        standard.mu,
        "as it is",
        absorber=standard.absorber,
        edge="K",
    )


def pdf(*, at: float = 2.0, **options: Any) -> PdfCurve:
    r = np.arange(0.0, 20.0, 0.02)
    G = -1.0 * r * np.exp(-0.02 * r) + 8 * np.exp(-0.5 * ((r - at) / 0.1) ** 2) + np.sin(7 * r)
    options = {"radiation": "x-ray", "qmax": 20.0} | options
    return PdfCurve("made.gr", "", "made", r, G, **options)


# -- what the same measurement, written otherwise, is answered --------------------------------------


def write(path: Path, columns: dict[str, np.ndarray]) -> Path:
    head = "# XDI/1.0 made\n# Element.symbol: Fe\n# Element.edge: K\n"
    head += "".join(f"# Column.{n}: {name}\n" for n, name in enumerate(columns, 1))
    rows = "\n".join(" ".join(f"{v:.10g}" for v in row) for row in zip(*columns.values(), strict=True))
    path.write_text(head + "# ---\n# " + " ".join(name.split()[0] for name in columns) + f"\n{rows}\n")
    return path


@pytest.mark.parametrize("form", ["keV", "descending", "transmission", "fluorescence", "scaled"])
def test_however_it_is_written_the_answer_is_the_same(
    tmp_path: Path, make_spectrum: Callable[..., Any], form: str
) -> None:
    energy, mu = make_spectrum()
    i0 = 1e5 + 3e3 * np.sin(np.arange(len(mu)) / 9)
    columns = {
        "plain": {"energy eV": energy, "mutrans": mu},
        "keV": {"energy keV": energy / 1000, "mutrans": mu},
        "descending": {"energy eV": energy[::-1], "mutrans": mu[::-1]},
        "transmission": {"energy eV": energy, "i0": i0, "itrans": i0 * np.exp(-mu)},
        "fluorescence": {"energy eV": energy, "i0": i0, "ifluor": 0.02 * i0 * mu},
        "scaled": {"energy eV": energy, "mutrans": 250 * mu - 100},
    }
    first, second = (
        predict(read_xanes(write(tmp_path / f"{name}.xdi", columns[name]))[0], explain=False)
        for name in ("plain", form)
    )
    # ten digits of intensities, and of keV, leave 1e-6 of the values
    same(first, second, within=1e-5)


def test_keV_without_a_unit_in_the_file(tmp_path: Path, make_spectrum: Callable[..., Any]) -> None:
    energy, mu = make_spectrum()
    path = tmp_path / "columns.dat"
    path.write_text("\n".join(f"{e / 1000:.6f} {m:.9f}" for e, m in zip(energy, mu, strict=True)))
    first = predict(read_xanes(path)[0], absorber="Fe", explain=False)
    same(first, predict((energy, mu), absorber="Fe", explain=False), within=1e-4)


@pytest.mark.parametrize(("scale", "constant"), [(1.0, 5.0), (1.0, -0.7), (40.0, 0.0), (1e-4, 3.0)])
def test_a_constant_and_a_scale_of_mu_change_nothing(
    make_scan: Callable[..., XanesScan], scale: float, constant: float
) -> None:
    scan = make_scan()
    first = predict(scan, explain=False)
    same(first, predict(replace(scan, mu=scale * scan.mu + constant), explain=False), within=1e-6)


def test_the_scale_of_a_pdf_changes_nothing() -> None:
    curve = pdf()
    first = predict(G=curve, absorber="Fe", explain=False)
    same(first, predict(G=replace(curve, G=3.7 * curve.G), absorber="Fe", explain=False), within=1e-6)


def test_answers_do_not_depend_on_what_was_asked_before(make_scan: Callable[..., XanesScan]) -> None:
    scans = [make_scan(chemical=at, pre_edge=peak) for at, peak in ((8.0, 0.0), (11.0, 0.05), (13.0, 0.2))]
    forward = [predict(scan) for scan in scans]
    backward = [predict(scan) for scan in scans[::-1]][::-1]
    for one, two in zip(forward, backward, strict=True):
        pd.testing.assert_frame_equal(one.table, two.table)
        pd.testing.assert_frame_equal(one.explanation, two.explanation)
        assert one.to_json() == two.to_json()


# -- energies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [-3.0, -1.0, 1.0, 3.0])
def test_an_uncalibrated_spectrum_may_be_off_by_3_eV(by: float) -> None:
    """Of nine known compounds in ten the answer moves by little."""
    chosen = [s for s in load_standards("Fe") if s.quality == "A"][::3]
    moved = {task: [] for task in TASKS}  # type: ignore[var-annotated]
    for standard in chosen:
        scan = scan_of(standard)
        one = values(predict(scan, explain=False))
        two = values(predict(replace(scan, energy=scan.energy + by), explain=False))
        for task in TASKS:
            moved[task].append(abs(one[task] - two[task]))
    assert len(chosen) >= 5
    for task in TASKS:
        assert np.quantile(moved[task], 0.9) < LITTLE[task], task
        assert np.median(moved[task]) < LITTLE[task] / 2, task


def test_ranges_change_this_answer_and_no_other(make_scan: Callable[..., XanesScan]) -> None:
    """Models are kept by what is compared: another normalisation of the sample must not get into them."""
    scan = make_scan()
    before = predict(scan, shift=0.0, explain=False)
    other = predict(scan, shift=0.0, pre=(-45.0, -25.0), post=(15.0, 40.0), explain=False)
    again = predict(scan, shift=0.0, explain=False)
    pd.testing.assert_frame_equal(before.table, again.table)
    (mine, *_), (theirs, *_) = before.curves["xanes"], other.curves["xanes"]
    assert np.abs(mine.y - theirs.y).max() > 1e-3
    for one, two in zip(before.curves["xanes"][1:], again.curves["xanes"][1:], strict=True):
        np.testing.assert_array_equal(one.y, two.y)


def test_what_was_done_to_the_energies_is_told(make_scan: Callable[..., XanesScan]) -> None:
    plain = predict(make_scan(), explain=False)
    (told,) = [text for text in plain.warnings if "energy calibration" in text]
    assert f"{plain.energy_shift:+.1f} ± {plain.energy_error:.1f} eV" in told
    assert "foil=" in told
    assert set(plain.table["trust"]) <= {"caution", "outside"}
    given = predict(make_scan(), shift=0.4, explain=False)
    assert given.energy_shift == 0.4
    assert given.energy_error < plain.energy_error
    assert not any("no energy calibration" in text for text in given.warnings)


def test_a_calibrated_spectrum_is_not_moved_by_its_shape() -> None:
    standard = next(s for s in load_standards("Fe") if s.quality == "A")
    prediction = predict(scan_of(standard), shift=0.0, explain=False)
    assert prediction.energy_shift == 0
    curve = prediction.curves["xanes"][0]
    np.testing.assert_allclose(curve.x, standard.energy)


@pytest.mark.parametrize(("before", "after"), [(10.0, 40.0), (20.0, 25.0), (200.0, 60.0)])
def test_a_short_scan_is_still_answered(
    make_scan: Callable[..., XanesScan], before: float, after: float
) -> None:
    whole = values(predict(make_scan(), shift=0.0, explain=False))
    short = values(predict(make_scan(before=before, after=after), shift=0.0, explain=False))
    # another normalisation and another model, but the same sample
    assert abs(whole["oxidation_state"] - short["oxidation_state"]) < 1.0
    assert abs(whole["coordination_number"] - short["coordination_number"]) < 1.0
    assert abs(whole["bond_length"] - short["bond_length"]) < 0.15


# -- form ------------------------------------------------------------------------------------------


def test_every_task_is_answered_and_explained(make_scan: Callable[..., XanesScan]) -> None:
    prediction = predict(make_scan())
    table = prediction.table
    assert list(table.columns) == [
        "technique", "task", "value", "lower", "upper", "classes", "probability", "trust", "message"
    ]  # fmt: skip
    assert set(table["task"]) == set(TASKS)
    assert (table["lower"] <= table["value"]).all()
    assert (table["value"] <= table["upper"]).all()
    for _, row in table.iterrows():
        if row["task"] in CLASSES:
            held = [int(name) for name in row["classes"].split(";")]
            assert held == sorted(held)
            assert set(held) <= set(CLASSES[row["task"]].tolist())
            assert 0 < row["probability"] <= 1
        else:
            assert row["classes"] == ""
            assert np.isnan(row["probability"])
    chances = prediction.probabilities.groupby("task")["probability"].sum()
    assert set(chances.index) == set(CLASSES)
    np.testing.assert_allclose(chances, 1.0)
    assert prediction.confidence_level == 0.9
    assert prediction.curves["xanes"][0].name == "sample"
    assert len(prediction.curves["xanes"]) == 1 + len(prediction.nearest)
    assert (prediction.nearest["kind"] == "standard").sum() == 3


def test_contributions_add_up_to_what_the_curve_adds_to_the_absorber(
    make_scan: Callable[..., XanesScan], small_xanes: Any
) -> None:
    prediction = predict(make_scan(), shift=0.0)
    iron = small_xanes.features(small_xanes.rows.mu[:1], "Fe")[0].astype(np.float32)
    known = np.arange(len(iron)) < len(small_xanes.absorbers)
    starts: dict[str, float] = {}
    for task in TASKS:
        forest = small_xanes.fits[task].forest
        start = forest_shapley(forest.trees, iron, known)[0]
        if task in CLASSES:
            shares = np.zeros((1, len(CLASSES[task])))
            shares[0, forest.classes] = start
            starts[task] = float(settle(shares, task, np.array(["Fe"]))[0][0])
        else:
            starts[task] = float(start[0] + bond_valence_length("Fe", *starts.values()))
        parts = prediction.explanation[prediction.explanation["task"] == task]
        whole = values(prediction)[task] - starts[task]
        assert parts["contribution"].sum() == pytest.approx(whole, abs=1e-9)
        assert parts["contribution"].abs().max() > 0
        assert parts["position"].is_monotonic_increasing
        assert parts["position"].between(7112 - 8, 7112 + 45).all()
        assert len(parts) == 26


def test_contributions_to_a_pdf_add_up_too(small_pdf: Any) -> None:
    row = small_pdf.features(small_pdf.rows.G[:1])
    for task in small_pdf.fits:
        forest = small_pdf.fits[task].forest
        start = forest_shapley(forest.trees, row[0].astype(np.float32))[0]
        if task in CLASSES:
            shares = np.zeros((1, len(CLASSES[task])))
            shares[0, forest.classes] = start
            start = sharpened_mean(shares, CLASSES[task])
        added = small_pdf.contributions(row[0])[task]
        assert added.sum() == pytest.approx(small_pdf.value(row, task)[0] - start[0], abs=1e-9)


def test_json_holds_all_but_the_curves(make_scan: Callable[..., XanesScan]) -> None:
    def refuse(name: str) -> Any:
        raise AssertionError(name)

    prediction = predict(make_scan(), G=pdf())
    document = json.loads(prediction.to_json(), parse_constant=refuse)
    assert len(document["answers"]) == len(prediction.table) == 9
    assert len(document["explanation"]) == len(prediction.explanation)
    assert set(document["nearest"][0]) == {
        "technique", "rank", "kind", "name", "formula", "distance", *TASKS
    }  # fmt: skip
    shares = [row for row in document["explanation"] if row["technique"] == "xanes+pdf"]
    assert all(row["position"] is None for row in shares)


@pytest.mark.parametrize(
    ("composition", "metal"),
    [("Fe2O3", "Fe"), ("LiFePO4", "Fe"), ("FeMnO3", None), ("ZnO", None), ("?", None)],
)
def test_a_header_that_names_one_known_metal_tells_the_absorber(composition: str, metal: str | None) -> None:
    curve = replace(pdf(), composition=composition)
    if metal is None:
        with pytest.raises(OptionError, match="absorber="):
            predict(G=curve)
        return
    assert predict(G=curve, explain=False).absorber == metal


def test_techniques_are_answered_side_by_side_and_together(make_scan: Callable[..., XanesScan]) -> None:
    prediction = predict(make_scan(), G=pdf(radiation="neutron"), G_M=pdf())
    techniques = list(dict.fromkeys(prediction.table["technique"]))
    # in the order of the design, whatever was given first
    assert techniques == ["xanes", "dpdf", "npdf", "xanes+dpdf+npdf"]
    alone = predict(make_scan())
    same(replace(prediction, table=prediction.table[:3]), alone, within=1e-12)
    shares = prediction.explanation.query("technique == 'xanes+dpdf+npdf'")
    for task in TASKS:
        mine = shares[shares["task"] == task]
        assert mine["part"].tolist() == ["xanes", "dpdf", "npdf"]
        assert mine["contribution"].sum() == pytest.approx(1)
    lengths = prediction.table.query("task == 'bond_length'").set_index("technique")["value"]
    assert lengths[:3].min() <= lengths["xanes+dpdf+npdf"] <= lengths[:3].max()


def test_disagreement_is_reported_where_it_is_more_than_both_intervals_allow(
    make_scan: Callable[..., XanesScan],
) -> None:
    reported = []
    for chemical, at in ((9.0, 1.5), (9.0, 1.62), (11.0, 2.1), (18.0, 2.25)):
        prediction = predict(
            make_scan(chemical=chemical), G=pdf(at=at), shift=0.0, confidence_level=0.5, explain=False
        )
        lengths = prediction.table[prediction.table["task"] == "bond_length"].set_index("technique")
        half = (lengths["upper"] - lengths["lower"]) / 2
        apart = abs(lengths["value"]["xanes"] - lengths["value"]["pdf"])
        told = any("xanes and pdf disagree on the mean bond length" in text for text in prediction.warnings)
        assert told == (apart > np.hypot(half["xanes"], half["pdf"]))
        if told:
            # the joint interval is then as wide as what they are apart by
            assert 2 * half["xanes+pdf"] > min(apart, 2 * half["xanes"])
        reported.append(told)
    assert any(reported)


def test_neutron_pdfs_are_answered_by_models_of_neutron_pdfs() -> None:
    by_header = predict(G=pdf(radiation="neutron"), absorber="Fe", explain=False)
    assert set(by_header.table["technique"]) == {"npdf"}
    by_option = predict(G=pdf(radiation=None), absorber="Fe", radiation="neutron", explain=False)
    same(by_header, by_option, within=0)
    xrays = predict(G=pdf(), absorber="Fe", explain=False)
    assert set(xrays.table["technique"]) == {"pdf"}
    assert np.abs(numbers(xrays)[:, 0] - numbers(by_header)[:, 0]).max() > 0


def test_nothing_like_an_oxide_is_flagged() -> None:
    energy = np.arange(7032.0, 7350.0, 0.5)
    x = energy - 7120
    steps = 1 / (1 + np.exp(-x / 0.3)) + 1.5 * np.sin(x / 1.5) * np.exp(-(x**2) / 800) * (x > 0)
    prediction = predict((energy, steps), absorber="Fe", explain=False)
    assert set(prediction.table["trust"]) == {"outside"}
    assert any("unlike anything" in text for text in prediction.warnings)
    assert np.isfinite(prediction.table["value"]).all()


def test_a_standard_of_the_library_is_trusted_and_known() -> None:
    standard = next(s for s in load_standards("Fe") if s.quality == "A" and s.formula == "Fe2O3")
    prediction = predict(scan_of(standard), shift=0.0, explain=False)
    assert set(prediction.table["trust"]) == {"ok"}
    assert values(prediction)["oxidation_state"] == pytest.approx(3, abs=0.34)
    assert prediction.nearest.iloc[0]["distance"] < CAUTION / 2


def test_a_standard_of_the_users_own_takes_part(make_scan: Callable[..., XanesScan]) -> None:
    scan = make_scan()
    normalised = predict(scan, shift=0.0, explain=False).curves["xanes"][0]
    own = Standard("own.xdi", "mine", "Fe", normalised.x, normalised.y, 5.0, 4.0, 1.7, 0.0)
    prediction = predict(scan, shift=0.0, standards=[own], explain=False)
    assert prediction.nearest.iloc[0]["name"] == "mine"
    without = predict(scan, shift=0.0, explain=False)
    assert values(prediction)["oxidation_state"] > values(without)["oxidation_state"] + 0.5


# -- what is refused -------------------------------------------------------------------------------


def refused() -> dict[str, tuple[dict[str, Any], str]]:
    """What is given (a scan's options under ``scan``), and a word that the error must hold."""
    long = pdf()
    cut = replace(long, r=long.r[:150], G=long.G[:150])
    late = replace(long, r=long.r[120:], G=long.G[120:])
    return {
        "nothing": ({}, "neither a spectrum nor a PDF"),
        "too short": ({"scan": {"before": 10.0, "after": 12.0}}, "-10 to +12 eV"),
        "another element": ({"scan": {}, "absorber": "Mn"}, "6539"),
        "an element without data": ({"scan": {"absorber": "Zn"}}, "Zn"),
        "no element": ({"scan": {}, "absorber": "Xx"}, "Xx"),
        "level 0.2": ({"scan": {}, "confidence_level": 0.2}, "0.2"),
        "level 1": ({"scan": {}, "confidence_level": 1.0}, "1.0"),
        "level nan": ({"scan": {}, "confidence_level": float("nan")}, "nan"),
        "level text": ({"scan": {}, "confidence_level": "high"}, "high"),
        "unknown radiation": ({"G": pdf(radiation=None), "absorber": "Fe"}, "radiation="),
        "electrons": ({"G": pdf(radiation="electron"), "absorber": "Fe"}, "electron"),
        "a wrong word": ({"G": pdf(radiation=None), "absorber": "Fe", "radiation": "xray"}, "xray"),
        "a neutron dPDF": ({"G_M": pdf(radiation="neutron"), "absorber": "Fe"}, "neutrons"),
        "a short PDF": ({"G": cut, "absorber": "Fe"}, "2.98"),
        "a late PDF": ({"G": late, "absorber": "Fe"}, "2.4"),
        "a PDF alone": ({"G": pdf()}, "absorber="),
        "a PDF of no data": ({"G": pdf(), "absorber": "Zn"}, "Zn"),
    }


@pytest.mark.parametrize("name", refused())
def test_what_cannot_be_answered_is_refused(
    make_scan: Callable[..., XanesScan], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    given, word = refused()[name]
    if "scan" in given:
        given["mu"] = make_scan(**given.pop("scan"))
    with pytest.raises(EdgepairError) as caught:
        predict(**given)
    error = caught.value
    assert all((error.problem, error.found, error.needed, error.suggestion))
    assert word in str(error)


def test_the_file_is_named_where_there_is_one(make_scan: Callable[..., XanesScan]) -> None:
    with pytest.raises(MeasurementError, match=r"sample7\.xdi"):
        predict(replace(make_scan(), file="sample7.xdi", mu=np.ones(len(make_scan().mu))))
    with pytest.raises(OptionError, match=r"made\.gr"):
        predict(G=pdf(radiation=None), absorber="Fe")


# -- measured files --------------------------------------------------------------------------------


def test_measured_pdfs_of_both_kinds_are_answered(shared: Path) -> None:
    index = pd.read_csv(shared / "data" / "experiment" / "pdf_index.csv")
    rows = index[(index["element"].isin(["Mn", "Fe"])) & (index["quality"] != "C")]
    kinds = {"x-ray": "pdf", "neutron": "npdf"}
    seen = set()
    for _, row in rows.iterrows():
        if row["radiation"] in seen or not str(row["file"]).endswith((".gr", ".fgr")):
            continue
        curve = read_pdf(shared / "data" / "experiment" / row["file"])[0]
        said = {} if curve.radiation else {"radiation": row["radiation"]}
        prediction = predict(G=curve, absorber=row["element"], explain=False, **said)
        assert set(prediction.table["technique"]) == {kinds[row["radiation"]]}
        length = values(prediction, kinds[row["radiation"]])["bond_length"]
        assert abs(length - row["mean_bond_length_A"]) < 0.25
        seen.add(row["radiation"])
    if not seen:
        pytest.skip("no PDF of Mn or Fe at hand")


@pytest.mark.slow
def test_the_real_model_answers_a_measured_spectrum(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fitted to the whole library."""
    monkeypatch.undo()
    index = pd.read_csv(shared / "data" / "experiment" / "xanes_index.csv")
    row = index[(index["element"] == "Fe") & (index["quality"] == "A") & (index["oxidation_state"] == "3")]
    row = row if len(row) else index[(index["element"] == "Fe") & (index["quality"] == "A")]
    row = row.iloc[0]
    item = None if pd.isna(row["item"]) else str(row["item"])
    scan = read_xanes(shared / "data" / "experiment" / row["file"], item=item, absorber="Fe")[0]
    prediction = predict(scan)
    again = predict(replace(scan, energy=scan.energy[:], mu=10 * scan.mu + 1))
    same(prediction, again, within=1e-6)
    found = values(prediction)
    assert abs(found["oxidation_state"] - float(row["oxidation_state"])) < 0.34
    # by shape alone: stretches of 2 eV that the own edge is looked at about
    assert len(prediction.explanation) == 3 * prediction.explanation["position"].nunique() > 3 * 20
    json.loads(prediction.to_json())


def test_a_metal_is_not_trusted(make_spectrum: Callable[..., Any]) -> None:
    energy, mu = make_spectrum()
    x, foils = foil_spectra()
    metal = np.interp(energy - 7112.0, x, foils["Fe"])
    answered = predict(XanesScan("foil.xdi", "", "made", energy, metal, "xmu", absorber="Fe", edge="K"))
    assert set(answered.table["trust"]) == {"outside"}
    assert any("Fe metal" in text for text in answered.warnings)
    oxide = predict(XanesScan("oxide.xdi", "", "made", energy, mu, "xmu", absorber="Fe", edge="K"))
    assert not any("metal" in text for text in oxide.warnings)
