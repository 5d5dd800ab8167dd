"""Reading measured PDFs: formats, units, radiation, and what is refused."""

from __future__ import annotations

import csv
import gzip
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.conventions import MeasurementError, OptionError
from edgepair.measured import PdfCurve, read_pdf

Floats = NDArray[np.float64]

RHO = 0.09
QMAX = 22.0
R = np.arange(1, 2001) * 0.01
"""Å, to 20 Å."""


def make_G(r: Floats = R, *, qmax: float = QMAX) -> Floats:
    """G(r) of a few shells as a diffraction experiment gives it: a sine transform up to Qmax."""
    q = np.arange(0.05, qmax, 0.05)
    shells = [(2.0, 6), (2.9, 12), (3.5, 8), (4.4, 20), (5.3, 24), (7.1, 40), (9.2, 60)]
    F = sum(n / at * np.sin(q * at) * np.exp(-0.005 * q**2) for at, n in shells)
    # The mean density scatters at the smallest Q only: a broad transform of its line.
    line = -4 * np.pi * RHO * r * np.exp(-((r / 1.9) ** 8))
    return np.asarray(0.05 * 2 / np.pi * np.sin(np.outer(r, q)) @ F + line)


G = make_G()


def write(path: Path, text: str, x: Floats = R, y: Floats = G, *, more: str = "", sep: str = " ") -> Path:
    rows = "".join(f"{a:.4f}{sep}{b:.8g}{more}\n" for a, b in zip(x, y, strict=True))
    path.write_text(text + rows, encoding="utf-8")
    return path


def read_one(path: Path, **options: object) -> PdfCurve:
    (curve,) = read_pdf(path, **options)  # type: ignore[arg-type]
    return curve


PDFGETX3 = """[DEFAULT]
version = pdfgetx3-1.0
dataformat = Qnm
mode = xray
composition = Ni Fe O
qmaxinst = 30
qmin = 0.5
qmax = 22.0
#### start data
#S 1
#L r($\\AA$)  G($\\AA^{-2}$)
"""
PDFGETN = """##### Run Information     runCorrection=T
prep=gsas     machine=x
##### Sample Material     numElements=2     NormLaue=0.95485
Element relAtomNum atomMass atomCoherCS atomIncoherCS atomAbsorpCS
  Mn        0.5000   54.931     -1.7500        0.4000     13.30000
   O        0.5000   15.999      4.2320        0.0008      0.00019
##### Banks=2  deltaQ=0.01
bank   angle   blendQmin   blendQmax
  1     45.0        0.85    21.00
  2     90.0        1.65    33.10
## Damp     Qmin=0.85     Qmax=22     startDampQ=35    QAveMin=0.6
##### start data
#S 1 - PDF from PDFgetN
#P0 **********    7.02817
#L r G(r) dr dG(r)
"""


def test_header_of_pdfgetx3(tmp_path: Path) -> None:
    curve = read_one(write(tmp_path / "a.gr", PDFGETX3))
    assert (curve.format, curve.radiation, curve.qmax, curve.composition) == (
        "PDFgetX3",
        "x-ray",
        22.0,
        "NiFeO",
    )
    np.testing.assert_allclose(curve.r, R, atol=1e-9)
    np.testing.assert_allclose(curve.G, G, rtol=1e-6, atol=1e-7)
    assert curve.header["dataformat"] == "Qnm"
    assert curve.warnings == ()


def test_header_of_pdfgetn(tmp_path: Path) -> None:
    curve = read_one(write(tmp_path / "a.gr", PDFGETN, more=" 0.0 0.1"))
    assert (curve.format, curve.radiation, curve.qmax, curve.composition) == (
        "PDFgetN",
        "neutron",
        22.0,
        "Mn0.5O0.5",
    )
    # Qmax of the banks (33.1) is another thing
    assert len(curve.r) == len(R)


def test_stog_line_of_words(tmp_path: Path) -> None:
    header = "#   2000\n# created: today\n# Comment: neutron, Qmax=22.5, Qdamp=0.017, Qbroad= 0.019\n#\n"
    curve = read_one(write(tmp_path / "a.gr", header))
    assert (curve.radiation, curve.qmax, curve.qdamp) == ("neutron", 22.5, 0.017)


def test_measured_curve_of_a_fit_is_calculated_plus_difference(tmp_path: Path) -> None:
    header = (
        "##### PDFgui fit\nstype=N  neutron scattering\nqmax=22.0\nqdamp=0.014\n#L r(A) G(r) d_r d_Gr Gdiff\n"
    )
    calculated = 0.9 * G
    text = header + "".join(
        f"{r:.2f} {c:.9g} 0.0 7.0 {g - c:.9g}\n" for r, c, g in zip(R, calculated, G, strict=True)
    )
    for name, words in (("a.fgr", text), ("b.gr", text)):
        path = tmp_path / name
        path.write_text(words)
        curve = read_one(path)
        np.testing.assert_allclose(curve.G, G, atol=1e-6)
        assert (curve.radiation, curve.format) == ("neutron", "PDFgui fit")


def test_fit_without_its_difference_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="measured curve") as caught:
        read_pdf(write(tmp_path / "a.fgr", "#L r G(r)\n"))
    assert "2 columns" in caught.value.found


@pytest.mark.parametrize("separator", [" ", "\t", ",", ", ", ";"])
def test_separators(tmp_path: Path, separator: str) -> None:
    curve = read_one(write(tmp_path / "a.csv", f"r{separator}G\n", sep=separator))
    np.testing.assert_allclose(curve.G, G, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("separator", [" ", ";", "\t"])
def test_decimal_commas(tmp_path: Path, separator: str) -> None:
    text = "".join(f"{a:.2f}{separator}{b:.8f}\n" for a, b in zip(R, G, strict=True)).replace(".", ",")
    (tmp_path / "a.txt").write_text(text)
    np.testing.assert_allclose(read_one(tmp_path / "a.txt").G, G, atol=1e-7)


def test_gzip_latin1_bom_and_line_ends(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.gr", PDFGETX3).read_text()
    (tmp_path / "a.gr.gz").write_bytes(gzip.compress(plain.encode()))
    (tmp_path / "b.gr").write_bytes(plain.replace("$\\AA$", "Å").encode("latin-1"))
    (tmp_path / "c.gr").write_bytes(plain.replace("\n", "\r\n").encode("utf-8-sig"))
    for name in ("a.gr.gz", "b.gr", "c.gr"):
        curve = read_one(tmp_path / name)
        assert curve.radiation == "x-ray"
        np.testing.assert_allclose(curve.G, G, rtol=1e-6, atol=1e-7)


def test_descending_r_is_turned(tmp_path: Path) -> None:
    curve = read_one(write(tmp_path / "a.gr", "", R[::-1], G[::-1]))
    np.testing.assert_allclose(curve.r, R, atol=1e-9)
    np.testing.assert_allclose(curve.G, G, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("header", ["", "r (nm)  G(r)\n"])
def test_nanometres_become_angstrom(tmp_path: Path, header: str) -> None:
    curve = read_one(write(tmp_path / "a.gr", header, R / 10, G * 100))
    np.testing.assert_allclose(curve.r, R, atol=1e-9)
    np.testing.assert_allclose(curve.G, G, rtol=1e-6, atol=1e-7)
    assert bool(curve.warnings) == (not header), "what no word told is said"


def test_picometres_become_angstrom_where_the_header_says_so(tmp_path: Path) -> None:
    curve = read_one(write(tmp_path / "a.gr", "#L r(pm) G(pm^-2)\n", R * 100, G / 1e4))
    np.testing.assert_allclose(curve.r, R, atol=1e-9)
    np.testing.assert_allclose(curve.G, G, rtol=1e-3, atol=1e-3)
    with pytest.raises(MeasurementError, match="the unit of r") as error:
        read_pdf(write(tmp_path / "b.gr", "", R * 100, G / 1e4))
    assert "a step of" in error.value.found


def test_distances_below_zero_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError) as error:
        read_pdf(write(tmp_path / "a.gr", "", R - 5, G))
    assert "r from -" in error.value.found


def test_angstrom_called_nm_stays(tmp_path: Path) -> None:
    curve = read_one(write(tmp_path / "a.gr", "r (nm)  G(r)\n", R[:1500], G[:1500]))
    assert curve.r[-1] == pytest.approx(15.0)
    assert "nm" in curve.warnings[0]


def test_columns_of_a_csv(tmp_path: Path) -> None:
    text = "r,heated,cooled,sigma\n" + "".join(
        f"{a:.2f},{b:.8g},{2 * b:.8g},0.1\n" for a, b in zip(R, G, strict=True)
    )
    (tmp_path / "a.csv").write_text(text)
    curves = read_pdf(tmp_path / "a.csv")
    assert [curve.item for curve in curves] == ["heated", "cooled"]
    only = read_one(tmp_path / "a.csv", item="cooled")
    np.testing.assert_allclose(only.G, 2 * G, rtol=1e-6, atol=1e-6)
    with pytest.raises(MeasurementError, match="'frozen'"):
        read_pdf(tmp_path / "a.csv", item="frozen")


def test_blocks_of_one_file(tmp_path: Path) -> None:
    one = write(tmp_path / "one.gr", "#S 1\n#L r G(r)\n").read_text()
    two = write(tmp_path / "two.gr", "#S 2\n#L r G(r)\n", R, 3 * G).read_text()
    (tmp_path / "a.gr").write_text("mode = xray\n" + one + two)
    curves = read_pdf(tmp_path / "a.gr")
    assert [curve.item for curve in curves] == ["1", "2"]
    assert [curve.radiation for curve in curves] == ["x-ray", "x-ray"]
    np.testing.assert_allclose(curves[1].G, 3 * curves[0].G, rtol=1e-6, atol=1e-6)


def keen(r: Floats = R) -> Floats:
    """Keen's G(r) in barn, level below 1.5 Å, of SrTiO3's mean scattering length (0.1762 barn)."""
    level = -0.1762
    return np.where(r < 1.5, level, -level * make_G(r) / (4 * np.pi * RHO * r))


def test_keens_function_is_converted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gr", "   2000\n rmc G(r) of something\n", R, keen())
    curve = read_one(path)
    assert curve.format == "RMCProfile"
    assert curve.radiation is None
    assert "scale" in curve.warnings[0]
    exact = read_one(path, number_density=RHO)
    assert len(exact.warnings) == 1
    assert "scale" not in exact.warnings[0]
    beyond = R > 1.6
    # the level is rounded to four digits
    np.testing.assert_allclose(exact.G[beyond], G[beyond], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(exact.G[R < 1.4], -4 * np.pi * RHO * R[R < 1.4], rtol=1e-3)
    assert np.corrcoef(curve.G, exact.G)[0, 1] == pytest.approx(1.0)


OTHERS = {
    "g(r)": lambda: np.where(R < 1.5, 0, 1 + G / (4 * np.pi * RHO * R)),
    "g(r), other scale": lambda: 7 * np.where(R < 1.5, 0, 1 + G / (4 * np.pi * RHO * R)),
    "I(Q)": lambda: 5 * np.exp(-R / 5) + np.exp(-((R - 2) ** 2) / 0.01),
    "zeros": lambda: 0 * R,
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_functions_of_r_are_refused_by_their_shape(tmp_path: Path, name: str) -> None:
    with pytest.raises(MeasurementError) as caught:
        read_pdf(write(tmp_path / "a.gr", "", R, OTHERS[name]()))
    assert "G(r)" in caught.value.needed


@pytest.mark.parametrize(
    ("file", "header"),
    [
        ("a.gr", "#L Q(A^-1) S(Q)\n"),
        ("a.gr", "2theta intensity\n"),
        ("a.gr", "outputtype = sq\n"),
        ("a.fq", ""),
        ("a.sq.gz", ""),
    ],
)
def test_other_functions_are_refused_by_their_name(tmp_path: Path, file: str, header: str) -> None:
    path = write(tmp_path / file, header)
    if file.endswith(".gz"):
        path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(MeasurementError):
        read_pdf(path)


@pytest.mark.parametrize(
    ("header", "radiation"),
    [
        ("stype = X\n", "x-ray"),
        ("stype=N  neutron scattering\n", "neutron"),
        ("mode = neutron\n", "neutron"),
        ("mode = xray\n# not the neutron data\n", "x-ray"),
        ("mode = electron\n", "electron"),
        ("####### Get_XPDF #######\n", "x-ray"),
        ("version = pdfgetn3-1.0\n", "neutron"),
        ("# pdfgetxn3 2.0\n", None),
        ("# Synchrotron X-ray data\n", "x-ray"),
        ("# a neutron and an x-ray curve\n", None),
        ("wavelength = 0.1\n", None),
        ("", None),
    ],
)
def test_radiation(tmp_path: Path, header: str, radiation: str | None) -> None:
    assert read_one(write(tmp_path / "a.gr", header)).radiation == radiation


def test_radiation_that_contradicts_the_header_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gr", PDFGETX3)
    with pytest.raises(MeasurementError, match="as neutron data") as caught:
        read_pdf(path, radiation="neutron")
    assert "mode = xray" in caught.value.found
    assert read_one(path, radiation="x-ray").radiation == "x-ray"


def test_options_that_differ_from_the_header_are_said(tmp_path: Path) -> None:
    curve = read_one(write(tmp_path / "a.gr", PDFGETX3), qmax=18, composition="CoO2")
    assert (curve.qmax, curve.composition) == (18, "CoO2")
    assert any("Qmax" in note for note in curve.warnings)
    assert any("NiFeO" in note for note in curve.warnings)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"radiation": "gamma"}, "gamma"),
        ({"qmax": -3.0}, "-3"),
        ({"qmax": float("nan")}, "nan"),
        ({"composition": "sand"}, "sand"),
        ({"number_density": 5.0}, "5"),
    ],
)
def test_impossible_options(tmp_path: Path, options: dict[str, object], found: str) -> None:
    path = write(tmp_path / "a.gr", "")
    with pytest.raises(OptionError) as caught:
        read_pdf(path, **options)  # type: ignore[arg-type]
    assert found in caught.value.found


class Bomb:
    """What a malicious project would hold."""

    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("a pickle was opened",))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("packed", ["plain", "gzip", "zip"])
def test_pickles_are_refused_by_their_content(tmp_path: Path, packed: str, protocol: int) -> None:
    data = pickle.dumps({"a": Bomb()}, protocol=protocol)
    path = tmp_path / "a.gr"
    if packed == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("project/contents", data)
    else:
        path.write_bytes(gzip.compress(data) if packed == "gzip" else data)
    with pytest.raises(MeasurementError) as caught:
        read_pdf(path)
    assert "zip archive" in caught.value.found if packed == "zip" else "pickle" in caught.value.found


def test_a_project_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="cannot read") as caught:
        read_pdf(write(tmp_path / "a.ddp3", ""))
    assert "never opened" in caught.value.found
    assert ".gr" in caught.value.suggestion


BAD = {
    "missing": None,
    "empty": b"",
    "blank": b" \n\n",
    "binary": bytes(range(256)) * 20,
    "words": b"nothing to see here\n" * 50,
    "one column": b"".join(b"%d\n" % i for i in range(100)),
    "half a gzip": gzip.compress(b"1 2\n" * 1000)[:-10],
    "few rows": b"0.1 1\n0.2 2\n",
    "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "short range": b"".join(b"%.3f %.3f\n" % (i / 100, i % 7 - 3) for i in range(100)),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_curve_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.gr"
    content = BAD[name]
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MeasurementError) as caught:
        read_pdf(path)
    for part in (caught.value.found, caught.value.needed, caught.value.suggestion):
        assert part


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError):
        read_pdf(tmp_path)


@pytest.mark.parametrize("number", [5, 19, 701, 1990])
def test_a_damaged_line_is_named(tmp_path: Path, number: int) -> None:
    path = write(tmp_path / "a.gr", "")
    lines = path.read_text().splitlines()
    lines[number - 1] = "7.01 1.2x"
    path.write_text("\n".join(lines))
    with pytest.raises(MeasurementError) as caught:
        read_pdf(path)
    assert f"line {number}" in caught.value.found


def test_remarks_amid_the_numbers_are_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gr", "")
    lines = path.read_text().splitlines()
    lines[5:5] = ["# early"]
    lines[700:700] = ["# late", ""]
    path.write_text("\n".join(lines))
    assert len(read_one(path).r) == len(R)


@pytest.mark.parametrize(
    ("place", "value", "found"), [(-1, 1e300, "1e+300"), (1000, None, "from 10 to 10.5")]
)
def test_holes_in_r_are_refused(tmp_path: Path, place: int, value: float | None, found: str) -> None:
    axis, curve = R.copy(), G
    if value is None:
        kept = np.r_[:place, place + 49 : len(R)]
        axis, curve = R[kept], G[kept]
    else:
        axis[place] = value
    with pytest.raises(MeasurementError) as caught:
        read_pdf(write(tmp_path / "a.gr", "", axis, curve))
    assert found in caught.value.found


def test_too_coarse_a_curve_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError) as caught:
        read_pdf(write(tmp_path / "a.gr", "", R[::40], G[::40]))
    assert "0.4 Å" in caught.value.found


def test_gaps_and_repeats_are_refused(tmp_path: Path) -> None:
    values = G.copy()
    values[500] = np.nan
    with pytest.raises(MeasurementError, match="PDF"):
        read_pdf(write(tmp_path / "a.gr", "", R, values))
    axis = R.copy()
    axis[500] = axis[499]
    with pytest.raises(MeasurementError) as caught:
        read_pdf(write(tmp_path / "b.gr", "", axis, G))
    assert "5 after 5" in caught.value.found


def index(shared: Path) -> list[dict[str, str]]:
    with (shared / "data" / "experiment" / "pdf_index.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_measured_file_is_read_or_rightly_refused(shared: Path) -> None:
    """Against data/experiment/pdf_index.csv, which was made by hand."""
    refused = []
    rows = index(shared)
    for row in rows:
        path = shared / "data" / "experiment" / row["file"]
        if path.suffix in (".ddp", ".ddp3"):
            with pytest.raises(MeasurementError, match="cannot read"):
                read_pdf(path)
            refused.append(path.name)
            continue
        curve = read_one(path)
        # RMCProfile's header does not tell
        assert curve.radiation == (None if row["format"] == "rmc_gr" else row["radiation"]), row["file"]
        assert len(curve.r) == int(row["n_points"]), row["file"]
        assert curve.r[0] == pytest.approx(float(row["r_min"]))
        assert curve.r[-1] == pytest.approx(float(row["r_max"]))
        if curve.qmax is not None:
            assert curve.qmax == pytest.approx(float(row["qmax"]), abs=0.01)
    assert len(refused) == 3
    assert len(rows) == 34


def test_columns_agree_with_diffpy(shared: Path) -> None:
    """diffpy.utils reads the same numbers."""
    from diffpy.utils.parsers import load_data

    for name in ("Mn/pdfttp_data__npdf_07334.gr", "Ti/PDFgetX3_cheatsheet__BaTiO3_nor-pdfgetx2.gr"):
        path = shared / "data" / "experiment" / "pdf" / name
        curve = read_one(path)
        other = np.asarray(load_data(path, usecols=(0, 1)))
        np.testing.assert_allclose(np.column_stack([curve.r, curve.G]), other)


def test_a_coarse_grid_from_0_on(tmp_path: Path) -> None:
    """Found by benchmarks/fuzz.py: no point above 0 within the first 0.1 Å, which was a traceback."""
    r = np.arange(0, 100) * 0.2
    curve = read_one(write(tmp_path / "a.gr", PDFGETX3, r, make_G(r, qmax=14.0)))
    assert curve.r[-1] == pytest.approx(19.8)
