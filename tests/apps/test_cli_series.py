"""``edgepair series`` and ``edgepair watch`` as a user types them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from edgepair.standards import load_standards

Call = Callable[..., Any]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    known = {one.compound: one for one in load_standards("Fe") if np.isfinite(one.energy_shift)}
    first, last = known["siderite"], known["hematite"]
    energy = np.r_[np.arange(7010.0, 7092, 5), np.arange(7092.0, 7140, 0.5), np.arange(7140.0, 7350, 3)]
    rng, paths = np.random.default_rng(3), []
    (tmp_path / "scans").mkdir()
    for k in range(6):
        part = k / 5
        mu = (1 - part) * np.interp(energy, first.energy, first.mu) + part * np.interp(
            energy, last.energy, last.mu
        )
        path = tmp_path / "scans" / f"scan{k + 1:03d}.dat"
        rows = "\n".join(
            f"{x:.2f} {y:.6f}" for x, y in zip(energy, mu + rng.normal(0, 0.003, len(mu)), strict=True)
        )
        path.write_text(f"# energy mu\n{rows}\n", encoding="utf-8")
        paths.append(path)
    return paths


@pytest.fixture
def write_pdfs(tmp_path: Path) -> Callable[..., list[Path]]:
    """Write a PDF of the same name beside each spectrum, whose first peak moves."""

    def written(files: list[Path]) -> list[Path]:
        r = np.arange(0.02, 15.0, 0.02)
        shells = [np.exp(-0.5 * ((r - at) / 0.1) ** 2) / r for at in (2.1, 2.0, 3.3)]
        pdfs = []
        for k, path in enumerate(files):
            G = -r + (5 - k) * shells[0] + k * shells[1] + 20 * shells[2]
            rows = "\n".join(f"{x:.2f} {g:.5f}" for x, g in zip(r, G, strict=True))
            pdfs.append(tmp_path / f"{path.stem}.gr")
            pdfs[-1].write_text(f"mode = xray\nqmax = 25.0\n#### start data\n{rows}\n", encoding="utf-8")
        return pdfs

    return written


def test_a_series_of_files_with_a_table_of_its_axis(
    edgepair: Call, files: list[Path], tmp_path: Path
) -> None:
    table = tmp_path / "list.csv"
    rows = "".join(f"scans/{path.name},{20 + 15 * k}\n" for k, path in enumerate(files))
    table.write_text(f"file,charge (mAh/g)\n{rows}", encoding="utf-8")
    out, page = tmp_path / "out", tmp_path / "page.html"
    done = edgepair("series", table, "--shift", 0, "--out", out, "--report", page, "--no-predict")
    assert (done.code, done.err) == (0, "")
    assert "charge (mAh/g), 20 to 95" in done.out
    assert "siderite" in done.out
    told = json.loads((out / "series.json").read_text(encoding="utf-8"))
    assert (told["axis"], told["unit"], told["n_components"]) == ("charge", "mAh/g", 2)
    fractions = pd.read_csv(out / "fractions.csv").query("compound == 'hematite'")["fraction"]
    assert np.abs(fractions.to_numpy() - np.linspace(0, 1, 6)).max() < 0.03
    text = page.read_text(encoding="utf-8")
    assert "spectra along the axis" in text
    assert "resolved fractions" in text
    again = edgepair(
        "series", *files, "--shift", 0, "--no-predict", "--quiet", "--out", out, "--axis", "name"
    )
    assert (again.code, again.out) == (0, "")
    assert json.loads((out / "series.json").read_text(encoding="utf-8"))["axis"] == "name"


def test_names_in_a_table_move_no_cursor(edgepair: Call, files: list[Path], tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    rows = "".join(f"{path},{k}\n" for k, path in enumerate(files))
    table.write_text(f"file,dose\x1b[31m (\x1b[2J)\n{rows}no\x1b[31mwhere.dat,9\n", encoding="utf-8")
    done = edgepair("series", table, "--shift", 0, "--no-predict")
    assert done.code == 1
    assert "left out" in done.out
    assert "\x1b" not in done.out + done.err


def test_pdfs_alone_and_beside_spectra(
    edgepair: Call, files: list[Path], write_pdfs: Callable[..., list[Path]], tmp_path: Path
) -> None:
    pdfs = write_pdfs(files)
    out, page = tmp_path / "out", tmp_path / "page.html"
    done = edgepair("series", *pdfs, "--r-range", "1,12", "--no-predict", "--out", out, "--report", page)
    assert (done.code, done.err) == (0, "")
    assert "6 PDFs" in done.out
    assert "give --absorber" in done.out
    peak = pd.read_csv(out / "pdf_points.csv")["first_peak"]
    assert peak.iloc[[0, -1]].tolist() == pytest.approx([2.1, 2.0], abs=0.02)
    assert pd.read_csv(out / "pdf_curves.csv")["r"].iloc[[0, -1]].tolist() == [1, 12]
    assert "first peak of the PDFs" in page.read_text(encoding="utf-8")
    both = edgepair("series", *files, *pdfs, "--shift", 0, "--no-predict", "--out", out, "--combine",
                    "components", "--neighbours", 0.3)  # fmt: skip
    assert (both.code, both.err) == (0, "")
    assert "6 points have both" in both.out
    assert set(pd.read_csv(out / "fractions.csv")["compound"]) == {"component 1", "component 2"}
    assert json.loads((out / "series.json").read_text(encoding="utf-8"))["pairs"] == 6
    wrong = edgepair("series", *pdfs, "--r-range", "9,2", "--no-predict")
    assert wrong.code == 2
    assert "Needed:" in wrong.err


def test_what_cannot_be_analysed_is_said_in_four_parts(
    edgepair: Call, files: list[Path], tmp_path: Path
) -> None:
    for arguments, told in (
        ((*files[:2],), "cannot make a series"),
        ((*files, "--axis", "colour"), "cannot put the series on the axis 'colour'"),
        ((*files, "--out", files[0].parent), "with other files in it"),
        ((*files, "--range", "60,-20"), "cannot analyse the series"),
        ((*files, "--number", 0), "cannot resolve the series"),
        ((*files, "--e0", 7120, "--pre=-150,-30"), "--e0 and --pre"),
        ((*files, "--fixed", "siderite,hematite,FeO", "--number", 2), "cannot hold 'siderite'"),
        ((*files, "--report", tmp_path / "a.pdf"), "ends in .html"),
    ):
        done = edgepair("series", *arguments, "--no-predict")
        assert done.code == 2, arguments
        assert told in done.err
        assert "Needed:" in done.err


def test_a_folder_is_watched_answered_and_gone_on_with(files: list[Path], tmp_path: Path) -> None:
    folder, out, page = tmp_path / "live", tmp_path / "live.csv", tmp_path / "live.html"
    folder.mkdir()
    for path in files[:3]:
        shutil.copy(path, folder)
    (folder / "notes.txt").write_text("no scan", encoding="utf-8")
    command = [
        sys.executable, "-m", "edgepair", "watch", str(folder), "--out", str(out), "--report", str(page),
        "--like", "scan*.dat", "--shift", "0", "--idle", "4",
    ]  # fmt: skip
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    deadline = time.monotonic() + 120
    while not (out.exists() and len(pd.read_csv(out)) == 9) and time.monotonic() < deadline:
        time.sleep(0.2)
    # one that is still being written: half of it first
    text = files[3].read_text(encoding="utf-8")
    (folder / files[3].name).write_text(text[: len(text) // 3], encoding="utf-8")
    time.sleep(0.3)
    (folder / files[3].name).write_text(text, encoding="utf-8")
    printed, errors = run.communicate(timeout=180)
    assert run.returncode == 0, errors
    rows = pd.read_csv(out)
    assert len(rows) == 12
    assert (rows["status"] == "ok").all()
    assert printed.count("oxidation_state") == 4
    assert "spectra along the axis" in page.read_text(encoding="utf-8")
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", *(path.name for path in files[:4])]
    for path in files[4:]:
        shutil.copy(path, folder)
    again = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    assert len(pd.read_csv(out)) == 18
    assert again.stdout.count("oxidation_state") == 6
    assert pd.read_csv(out).merge(rows, how="inner").shape[0] == 12


def test_watching_never_writes_into_the_folder(edgepair: Call, files: list[Path], tmp_path: Path) -> None:
    folder = files[0].parent
    done = edgepair("watch", folder, "--out", folder / "answers.csv")
    assert done.code == 2
    assert "only read" in done.err
    done = edgepair("watch", tmp_path / "nowhere", "--out", tmp_path / "answers.csv")
    assert done.code == 2
    assert "no folder of that name" in done.err


def test_pdfs_that_are_written_beside_spectra_are_answered_with_them(
    files: list[Path], write_pdfs: Callable[..., list[Path]], tmp_path: Path
) -> None:
    folder, out, page = tmp_path / "live", tmp_path / "live.csv", tmp_path / "live.html"
    folder.mkdir()
    pdfs = write_pdfs(files)
    for path in (*files[:4], *pdfs[:4]):
        shutil.copy(path, folder)
    command = [
        sys.executable, "-m", "edgepair", "watch", str(folder), "--out", str(out), "--shift", "0",
        "--report", str(page), "--idle", "2",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    rows = pd.read_csv(out)
    assert rows["technique"].value_counts().to_dict() == {"xanes": 12, "pdf": 12, "xanes+pdf": 12}
    assert rows.duplicated(["file", "technique", "task"]).sum() == 0
    assert "first peak of the PDFs" in page.read_text(encoding="utf-8")
    # a dPDF by its name, whose spectrum comes later
    shutil.copy(pdfs[4], folder / "dscan005.gr")
    again = subprocess.run(
        [*command, "--dpdf", "d*.gr"], capture_output=True, text=True, timeout=600, check=False
    )
    assert "Needed:" not in again.stderr
    assert "dscan005.gr" in again.stdout
    told = pd.read_csv(out).set_index("file").loc[str(folder / "dscan005.gr")]
    assert set(told["technique"]) == {"dpdf"}


def test_differential_pdfs_along_a_series(
    edgepair: Call, files: list[Path], write_pdfs: Callable[..., list[Path]], tmp_path: Path
) -> None:
    pdfs, out = write_pdfs(files), tmp_path / "out"
    done = edgepair("series", *files, *pdfs, "--shift", 0, "--out", out, "--dpdf", "scan*.gr")
    assert (done.code, done.err) == (0, "")
    assert "and 6 dPDFs" in done.out
    values = pd.read_csv(out / "values.csv")
    assert set(values["modality"]) == {"xanes", "dpdf", "xanes+dpdf"}
    table = tmp_path / "points.csv"
    rows = "".join(f"{mu.name},{G.name},{k}\n" for k, (mu, G) in enumerate(zip(files, pdfs, strict=True)))
    table.write_text(f"xanes,dpdf,dose (MGy)\n{rows}", encoding="utf-8")
    # the table beside the files that it names, wherever they lie; what it does not name is left out
    extra = files[0].with_name("other.dat")
    shutil.copy(files[0], extra)
    beside = edgepair("series", table, *files, *pdfs, extra, "--shift", 0, "--no-predict")
    assert beside.code == 1
    assert "dose (MGy), 0 to 5" in beside.out
    assert "and 6 dPDFs" in beside.out
    assert "left out other.dat: the table of points does not name it" in beside.out


def test_a_measured_series_of_pdfs(shared: Path, tmp_path: Path) -> None:
    """La1-xCaxMnO3 at 10 K, x 0 to 0.28: the mean Mn-O falls from 2.02 to 1.97 Å as Mn(IV) comes."""
    files = sorted((shared / "data/experiment/pdf/Mn").glob("z__x*t010q35.gr"))
    out = tmp_path / "out"
    asked = ["--composition", "LaMnO3", "--absorber", "Mn", "--no-predict", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "edgepair", "series", *map(str, files), *asked, "--out", str(out)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    points = pd.read_csv(out / "pdf_points.csv")
    assert points["position"].tolist() == [0, 4, 12, 16, 20, 24, 28]
    first, last = points["first_peak"].iloc[[0, -1]]
    assert 2.0 < first < 2.06
    assert 1.94 < last < 1.98


def test_a_measured_series_of_spectra(shared: Path, tmp_path: Path) -> None:
    """YBa2Cu3O7-x from 10 to 305 K, one compound: next to nothing changes."""
    out = tmp_path / "out"
    path = shared / "data/experiment/xanes/Cu/larch__cuybco.prj"
    done = subprocess.run(
        [sys.executable, "-m", "edgepair", "series", str(path), "--no-predict", "--quiet", "--out", str(out)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    points = pd.read_csv(out / "points.csv")
    assert len(points) == 12
    assert np.ptp(points["edge_position"]) < 0.1
    fractions = pd.read_csv(out / "fractions.csv").query("compound == 'YBa2Cu3O7-x'")["fraction"]
    assert len(fractions) == 12
    assert fractions.min() > 0.9
    warnings = json.loads((out / "series.json").read_text())["warnings"]
    assert any("less than measurements of one compound differ by" in text for text in warnings)
