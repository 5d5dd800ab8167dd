"""What `predict` understands: files, what was read, arrays, arrays with coordinates, one or many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair import Prediction, Predictions, predict, read_xanes
from edgepair.conventions import TASKS, DataError, EdgepairError, OptionError
from edgepair.measured import PdfCurve, XanesScan
from edgepair.report.prediction.page import render_prediction
from edgepair.report.prediction.rows import PredictedSample

pytestmark = pytest.mark.usefixtures("small_models")


@pytest.fixture
def scan(make_scan: Callable[..., XanesScan]) -> XanesScan:
    return make_scan()


@pytest.fixture
def file(tmp_path: Path, make_spectrum: Callable[..., Any]) -> Path:
    path = tmp_path / "sample.dat"
    np.savetxt(path, np.column_stack(make_spectrum()), header="energy mu", fmt="%.8f")
    return path


@pytest.fixture
def curve() -> PdfCurve:
    r = np.arange(0.5, 20, 0.02)
    peaks = np.exp(-(((r - 2.0) / 0.12) ** 2)) + 2 * np.exp(-(((r - 3.0) / 0.15) ** 2))
    return PdfCurve(
        "made.gr", "", "gr", r, 4 * peaks - 0.9 * r * np.exp(-r / 3), "x-ray", 22.0, composition="Fe2O3"
    )


def test_a_file_is_what_was_read_of_it(file: Path) -> None:
    scans = read_xanes(file)
    told = predict(scans[0], explain=False)
    assert isinstance(told, Prediction)
    for given in (str(file), file, scans, list(scans), [file]):
        assert predict(given, explain=False) == told


def test_arrays_with_coordinates_say_their_unit_and_element(scan: XanesScan) -> None:
    told = predict(scan, explain=False)
    assert predict(scan.to_xarray(), explain=False) == told
    kev = scan.to_xarray().assign_coords(energy=("energy", scan.energy / 1000, {"units": "keV"}))
    found = predict(kev, explain=False)
    assert isinstance(found, Prediction)
    np.testing.assert_allclose(found.table["value"], told.table["value"], rtol=1e-6)
    assert found.e0 == pytest.approx(told.e0, abs=1e-4)


def test_energies_in_keV_are_understood(make_spectrum: Callable[..., Any]) -> None:
    energy, mu = make_spectrum()
    told = predict((energy, mu), absorber="Fe", explain=False)
    found = predict((energy / 1000, mu), absorber="Fe", explain=False)
    assert found.e0 == pytest.approx(told.e0, abs=1e-4)
    np.testing.assert_allclose(found.table["value"], told.table["value"], rtol=1e-6)


def test_several_are_a_sequence_with_one_table(scan: XanesScan, make_scan: Callable[..., XanesScan]) -> None:
    scans = (scan, make_scan(chemical=8.0, file="b.xdi"), replace(scan, foil=True, file="foil.xdi"))
    found = predict(scans, explain=False)
    assert isinstance(found, Predictions)
    assert found.names == ("made.xdi", "b.xdi")
    assert len(found) == 2
    assert found[0] == predict(scan, explain=False)
    assert list(found) == list(found[:])
    table = found.table
    assert table["sample"].tolist() == ["made.xdi"] * 3 + ["b.xdi"] * 3
    np.testing.assert_array_equal(table["value"][3:], found[1].table["value"])
    stacked = xr.concat([one.to_xarray() for one in scans[:2]], "scan", combine_attrs="drop_conflicts")
    again = predict(stacked, absorber="Fe", explain=False)
    assert isinstance(again, Predictions)
    np.testing.assert_allclose(again.table["value"], table["value"])


def test_pairs_of_arrays_are_several_and_one_pair_is_one(scan: XanesScan) -> None:
    pair = (scan.energy, scan.mu)
    several = predict([pair, list(pair), scan], absorber="Fe", explain=False)
    assert isinstance(several, Predictions)
    assert several.names[:2] == ("sample 1", "sample 2")
    alone = predict(list(pair), absorber="Fe", explain=False)
    assert isinstance(alone, Prediction)
    for one in several:
        assert one.table.equals(alone.table)
    two = predict((list(scan.energy), list(scan.mu)), absorber="Fe", explain=False)
    assert isinstance(two, Prediction)


def test_one_bad_sample_of_many_is_a_row_with_its_reason(file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.dat"
    bad.write_text("not a measurement\n", encoding="utf-8")
    found = predict([file, bad, tmp_path / "missing.dat"], absorber="Fe", explain=False)
    assert isinstance(found, Predictions)
    assert len(found) == 1
    refused = found.table.query("status == 'refused'")
    assert refused["sample"].tolist() == ["bad.dat"] * 3 + ["missing.dat"] * 3
    assert refused["task"].tolist() == [*TASKS, *TASKS]
    assert "; needed " in refused["message"].iloc[0]
    assert refused["value"].isna().all()
    assert len(repr(found).splitlines()) == 4
    sample = PredictedSample({"": (file.name, "")}, "Fe", prediction=found[0])
    row = render_prediction([sample, sample]).split('<th scope="row">sample.dat</th>')[1].split("</tr>")[0]
    assert row in found._repr_html_()
    assert len(found.plot("series").data) > 0
    with pytest.raises(EdgepairError, match=r"bad\.dat"):
        predict([bad, tmp_path / "missing.dat"])


def test_a_pdf_given_first_is_one_and_a_pair_is_a_pair(file: Path, curve: PdfCurve, tmp_path: Path) -> None:
    path = tmp_path / "made.gr"
    head = "composition = Fe2O3\nmode = xray\nqmax = 22\n#### start data\n#L r G\n"
    points = "\n".join(f"{r:.4f} {G:.8f}" for r, G in zip(curve.r, curve.G, strict=True))
    path.write_text(head + points + "\n", encoding="utf-8")
    alone = predict(str(path), explain=False)
    assert isinstance(alone, Prediction)
    assert set(alone.table["technique"]) == {"pdf"}
    assert alone == predict(G=path, explain=False) == predict(G=[path], explain=False)
    pair = predict(file, path, explain=False)
    assert isinstance(pair, Prediction)
    assert pair.table["technique"].iloc[-1] == "xanes+pdf"
    of_array = predict(curve.to_xarray(), explain=False)
    np.testing.assert_allclose(of_array.table["value"], alone.table["value"], rtol=1e-4)


def test_an_array_without_an_element_is_of_that_whose_edge_it_shows(scan: XanesScan) -> None:
    bare = xr.DataArray(scan.mu, {"energy": scan.energy})
    found, pair = predict(bare, explain=False), predict((scan.energy, scan.mu), explain=False)
    assert isinstance(found, Prediction)
    assert isinstance(pair, Prediction)
    assert found.absorber == scan.absorber
    np.testing.assert_array_equal(found.table["value"], pair.table["value"])


def test_what_cannot_be_meant_is_refused(scan: XanesScan, curve: PdfCurve) -> None:
    with pytest.raises(OptionError, match="which curves are of one sample") as caught:
        predict([scan, scan], curve)
    assert caught.value.found == "2 curves as mu, beside G"
    with pytest.raises(OptionError, match=r"cannot use 'made\.gr' as mu"):
        predict(curve, curve)  # type: ignore[call-overload]
    with pytest.raises(OptionError, match=r"cannot use 'made\.xdi' as G"):
        predict(G=scan)  # type: ignore[call-overload]
    for nothing in (None, [], ()):
        with pytest.raises(OptionError, match="cannot answer for nothing"):
            predict(nothing)
    with pytest.raises(DataError, match="cannot use this array") as refused:
        predict(xr.DataArray(scan.mu, {"time": scan.energy}))
    assert refused.value.found == "dimensions time"
    far = curve.to_xarray().assign_coords(r=("r", curve.r / 10, {"units": "nm"}))
    with pytest.raises(DataError, match="cannot use this array") as refused:
        predict(far)
    assert "r in 'nm'" in refused.value.found


def test_real_files_are_answered_by_their_path(shared: Path) -> None:
    found = predict(sorted((shared / "data/experiment/xanes/Fe").glob("*.xdi"))[:2], explain=False)
    assert isinstance(found, Predictions)
    assert len(found) == 2
    assert found.table["value"].notna().all()
