"""PDFs along a series, alone and beside spectra of the same points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import edgepair
from edgepair.conventions import DataError, OptionError
from edgepair.measured import PdfCurve, read_xanes
from edgepair.series import PdfSeries, PdfSeriesResult, Series, SeriesResult
from edgepair.series.pdf import fit_pdfs
from edgepair.series.principal import find_principal

MixPdfs = Callable[..., Any]


def read(curves: Any, **options: Any) -> PdfSeries:
    found = edgepair.read_series(curves, **options)
    assert isinstance(found, PdfSeries)
    return found


def analyse(series: PdfSeries, **options: Any) -> PdfSeriesResult:
    found = edgepair.analyse_series(series, **{"answered": False, **options})
    assert isinstance(found, PdfSeriesResult)
    return found


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("noise", [0.02, 0.05])
def test_the_number_of_components_of_pdfs_is_found(mix_pdfs: MixPdfs, number: int, noise: float) -> None:
    told = [components(mix_pdfs(number, seed=seed, noise=noise)[0]) for seed in range(5)]
    assert told == [number] * 5


def test_pdfs_that_have_nothing_in_common_are_as_many_components(mix_pdfs: MixPdfs) -> None:
    curves = [mix_pdfs(1, seed=seed, n_points=1)[0][0] for seed in range(8)]
    curves = [replace(curve, file=f"s_{k}.gr") for k, curve in enumerate(curves)]
    assert components(curves) > 4


def components(curves: Any) -> int:
    found = read(curves)
    return find_principal(found.r, found.G, None, noise=float(np.median(found.noise))).number


def moving_peak(position: float, width: float, name: str) -> PdfCurve:
    """Write one Gaussian shell on the line of a density, cut at Qmax as a measurement is."""
    r = np.arange(0.01, 30.0, 0.01)
    G = -4 * np.pi * 0.09 * r
    for at, size, broad in ((position, 3.0, width), (3.3, 8.0, 0.12)):
        G = G + size * np.exp(-0.5 * ((r - at) / broad) ** 2) / (np.sqrt(2 * np.pi) * broad * at)
    return PdfCurve(name, "", "test", r, G, "x-ray", 30.0, composition="Fe2O3")


def test_the_first_peak_is_followed_along_the_axis() -> None:
    at, width = np.linspace(1.95, 2.07, 6), np.linspace(0.06, 0.11, 6)
    curves = [moving_peak(a, w, f"s_{k}K.gr") for k, (a, w) in enumerate(zip(at, width, strict=True))]
    points = analyse(read(curves)).points
    assert points["first_peak"].to_numpy() == pytest.approx(at, abs=0.004)
    assert points["first_peak_width"].to_numpy() == pytest.approx(width, abs=0.01)
    assert (points["first_peak_error"] < 0.02).all()


def test_all_are_brought_to_the_lowest_qmax_and_that_is_said(mix_pdfs: MixPdfs) -> None:
    curves, _ = mix_pdfs(2, seed=0)
    found = read([replace(one, qmax=15.0 if k == 3 else 25.0) for k, one in enumerate(curves)])
    assert found.qmax == 15.0
    assert "15.0 to 25.0" in found.warnings[0]
    own = read(curves)
    away = np.abs(np.fft.rfft(found.G[5] * np.hanning(len(found.r))))
    before = np.abs(np.fft.rfft(own.G[5] * np.hanning(len(own.r))))
    q = 2 * np.pi * np.fft.rfftfreq(len(found.r), 0.05)
    assert away[q > 16].max() < 0.2 * before[q > 16].max()


@pytest.mark.parametrize(
    ("wrong", "what"), [({"dpdf": "q*.gr"}, r"q\*\.gr"), ({"absorber": "Xx"}, "K edge of 'Xx'")]
)
def test_dpdfs_and_metals_that_are_not_there_are_refused(
    mix_pdfs: MixPdfs, wrong: dict[str, str], what: str
) -> None:
    curves, _ = mix_pdfs(2, seed=0)
    with pytest.raises(OptionError, match=what):
        read(curves, **wrong)


def test_pdfs_of_two_radiations_or_no_range_are_refused(mix_pdfs: MixPdfs) -> None:
    curves, _ = mix_pdfs(2, seed=0)
    with pytest.raises(DataError, match="x-ray and neutron"):
        read([replace(curves[0], radiation="neutron"), *curves[1:]])
    with pytest.raises(OptionError, match="PDFs"):
        read(curves, r_range=(5.0, 2.0))
    with pytest.raises(DataError, match="one grid"):
        read(curves, r_range=(19.5, 30.0))
    unknown = analyse(read([replace(one, composition=None) for one in curves[:4]]))
    assert any("give absorber=" in text for text in unknown.warnings)


@pytest.mark.parametrize("noise", [0.02, 0.05])
def test_fractions_of_end_members_are_right_and_their_errors_honest(mix_pdfs: MixPdfs, noise: float) -> None:
    off, held = [], []
    for seed in range(6):
        curves, shares = mix_pdfs(2, seed=seed, noise=noise)
        parts = (shares - shares[-1]) / (shares[0] - shares[-1])  # of the ends, which are mixtures
        series = read(curves)
        fractions = fit_pdfs(series, (), 2)
        assert fractions is not None
        mine = fractions.table.query("end_member == 'at 300 K'")
        assert mine["position"].tolist() == series.axis.values.tolist()
        away = (mine["fraction"].to_numpy() - parts[:, 0])[1:-1]
        off.append(np.sqrt((away**2).mean()))
        held += (np.abs(away) <= 1.96 * mine["error"].to_numpy()[1:-1]).tolist()
        assert fractions.values["r_w"].median() < 2 * noise
    assert np.median(off) < 0.03
    assert np.mean(held) > 0.85


def test_end_members_are_points_or_pdfs_of_standards_at_any_scale(mix_pdfs: MixPdfs) -> None:
    curves, _ = mix_pdfs(2, seed=3, noise=0.01)
    first, last = (replace(curves[k], file=name, qmax=20.0) for k, name in ((0, "a.gr"), (-1, "b.gr")))
    series = read([replace(one, G=one.G * (1 + 0.02 * (k % 3))) for k, one in enumerate(curves)])
    result = analyse(series, ends=(1, -1))
    own, given = result.fractions, fit_pdfs(series, (first, last), 2)
    assert own is not None
    assert given is not None
    assert set(given.table["end_member"]) == {"a.gr", "b.gr"}
    assert given.table["fraction"].to_numpy() == pytest.approx(own.table["fraction"].to_numpy(), abs=0.03)
    scales = [1 + 0.02 * (k % 3) for k in range(15)]
    assert given.values["scale"].to_numpy() == pytest.approx(scales, abs=0.02)
    for wrong, told in (((1,), "1 end members"), ((1, 99), "point 99"), ((1, 1), "end members")):
        with pytest.raises(OptionError, match=told):
            analyse(series, ends=wrong)
    with pytest.raises(OptionError, match="another kind"):
        analyse(series, ends=(1, replace(last, radiation="neutron")))
    assert fit_pdfs(read(mix_pdfs(1, seed=0)[0]), (), 1) is None
    assert "Linear combination of PDFs" in result._repr_html_()
    assert len(result.plot("PDFs: fractions of end members").data) == 2


def write_pdfs(curves: list[PdfCurve], paths: list[Path]) -> None:
    for curve, path in zip(curves, paths, strict=True):
        rows = "\n".join(f"{r:.3f} {g:.5f}" for r, g in zip(curve.r, curve.G, strict=True))
        head = "mode = xray\nqmax = 25.0\ncomposition = Fe2O3\n#### start data"
        path.write_text(f"{head}\n{rows}\n", encoding="utf-8")


def test_spectra_and_pdfs_of_the_same_names_are_pairs_and_answered_together(
    series_files: list[Path], mix_pdfs: MixPdfs, tmp_path: Path
) -> None:
    curves, _ = mix_pdfs(2, seed=1, n_points=10)
    paths = [tmp_path / path.with_suffix(".gr").name for path in series_files]
    write_pdfs(curves, paths)
    # the last has no spectrum, the first two spectra no PDF
    found = edgepair.read_series([*series_files[:-1], *paths[2:]], shift=0.0)
    assert isinstance(found, Series)
    assert found.pdf is not None
    assert found.pairs == tuple((k, k - 2) for k in range(2, 9))
    known: dict[Any, Any] = {}
    result = edgepair.analyse_series(found, resolved=False, known=known)
    assert isinstance(result, SeriesResult)
    assert result.pdf is not None
    counts = result.values.query("task == 'bond_length'")["modality"].value_counts()
    assert counts.to_dict() == {"xanes": 9, "pdf": 8, "xanes+pdf": 7}
    assert len(known) == 10
    both = result.values.query("modality == 'xanes+pdf' and task == 'oxidation_state'").iloc[0]
    alone = edgepair.predict(
        found.scans[2], found.pdf.curves[0], shift=found.shift + found.drift[2], explain=False
    ).to_frame()
    mine = alone[(alone["technique"] == "xanes+pdf") & (alone["task"] == "oxidation_state")].iloc[0]
    assert both[["value", "lower", "upper"]].tolist() == pytest.approx(
        mine[["value", "lower", "upper"]].tolist()
    )
    assert result.plot("values along the series, with their intervals").data
    assert result.plot("PDFs: difference from the first point").data
    assert "first peak" in result.pdf._repr_html_()
    assert result.pdf.plot("PDFs: difference from the first point").data
    assert result.write(tmp_path / "out").is_dir()
    assert {path.stem for path in (tmp_path / "out").iterdir()} == {*result.tables(), "series"}


def test_numbers_in_names_or_a_table_pair_what_is_named_otherwise(
    series_files: list[Path], mix_pdfs: MixPdfs, tmp_path: Path
) -> None:
    curves, _ = mix_pdfs(2, seed=1, n_points=10)
    paths = [tmp_path / f"rapid_{30 + 50 * k}C_run7.gr" for k in range(10)]
    write_pdfs(curves, paths)
    found = edgepair.read_series([*series_files, *paths[::-1]], shift=0.0)
    assert isinstance(found, Series)
    assert found.pairs == tuple((k, k) for k in range(10))
    other = [tmp_path / f"b{k}.gr" for k in range(10)]
    write_pdfs(curves, other)
    table = tmp_path / "points.csv"
    rows = [
        f"{path},{curve.name},{k}" for k, (path, curve) in enumerate(zip(series_files, other, strict=True))
    ]
    table.write_text("xanes,pdf,dose (MGy)\n" + "\n".join(rows) + "\n", encoding="utf-8")
    told = edgepair.read_series(table, shift=0.0)
    assert isinstance(told, Series)
    assert (told.axis.name, told.axis.unit, len(told.pairs)) == ("dose", "MGy", 10)
    apart = edgepair.read_series([*map(read_first, series_files), *(replace(c, file=f"{k}{k}x") for k, c in
                                  enumerate(curves, 700))], shift=0.0)  # fmt: skip
    assert isinstance(apart, Series)
    assert not apart.pairs
    warned = edgepair.analyse_series(apart, answered=False, resolved=False).warnings
    assert any("xanes and pdf" in text for text in warned)


def read_first(path: Path) -> Any:
    return read_xanes(path)[0]


def test_a_point_that_is_outside_is_told(mix_pdfs: MixPdfs) -> None:
    from edgepair.report.series.words import series_facts

    curves, _ = mix_pdfs(2, seed=0, n_points=5)
    wild = replace(curves[2], G=np.cumsum(np.sin(curves[2].r ** 2)) * 3)
    result = analyse(read([*curves[:2], wild, *curves[3:]]), answered=True)
    outside = result.values[result.values["trust"] == "outside"]["position"].unique()
    assert outside.tolist() == [320.0]
    assert "pdf: 1 of 5 points, unlike the training set: 320" in dict(series_facts(result))["outside"]
    assert isinstance(result.points, pd.DataFrame)
