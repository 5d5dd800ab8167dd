"""PDF files of every program, and curves that are other functions than G(r)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.conventions import MeasurementError
from edgepair.measured import PdfCurve, read_pdf
from edgepair.measured.pdf.function import OtherFunctionError, judge_function, named_function

Floats = NDArray[np.float64]

RHO = 0.09
QMAX = 24.0
R = np.arange(1, 2501) * 0.01
SHELLS = (
    (1.98, 6, 0.006),
    (2.9, 12, 0.008),
    (3.5, 8, 0.01),
    (4.4, 20, 0.012),
    (5.3, 24, 0.012),
    (7.1, 40, 0.013),
)
"""Distance, Å; neighbours; mean square displacement, Å²."""


def scattering(q: Floats) -> Floats:
    """F(Q) = Q[S(Q) − 1] of the shells and of the mean density around them."""
    shells = sum(n / at * np.sin(q * at) * np.exp(-u * q**2 / 2) for at, n, u in SHELLS)
    sphere = (
        -4 * np.pi * RHO * np.trapezoid(np.sin(np.outer(q, R)) * (R * np.exp(-((R / 8) ** 4))), R, axis=1)
    )
    return np.asarray(shells + sphere)


def make_G(r: Floats = R, *, qmax: float = QMAX) -> Floats:
    """G(r) as a diffraction experiment gives it: a sine transform up to Qmax."""
    q = np.arange(0.02, qmax, 0.04)
    return np.asarray(0.04 * 2 / np.pi * np.sin(np.outer(r, q)) @ scattering(q))


G = make_G()
LINE = 4 * np.pi * RHO * R
g = np.where(R < 1.5, 0.0, 1 + G / LINE)
"""g(r), nothing below the first shell, as after a Fourier filter."""


def write(path: Path, header: str, *columns: Floats, sep: str = " ", end: str = "\n") -> Path:
    rows = (sep.join(f"{value:.6f}" for value in row) for row in zip(*columns, strict=True))
    path.write_text(header + end.join(rows) + end, encoding="utf-8")
    return path


def read_one(path: Path, **options: object) -> PdfCurve:
    (curve,) = read_pdf(path, **options)  # type: ignore[arg-type]
    return curve


ERROR = np.full_like(R, 0.01)
PROGRAMS: dict[str, tuple[str, str, tuple[Floats, ...], str]] = {
    "xPDFsuite": (
        "a.gr",
        "[PDF]\nversion = xPDFsuite\nmode = xray\n#### start data\n#L r($\\AA$)  G($\\AA^{-2}$)\n",
        (R, G),
        " ",
    ),
    "PDFgetX3": (
        "a.gr",
        "[DEFAULT]\nversion = pdfgetx3-2.2\nmode = xray\ninputfile = a.chi\noutputtypes = iq, sq, fq, gr\n"
        "#### start data\n#L r(Å)  G(Å$^{-2}$)\n",
        (R, G),
        " ",
    ),
    "PDFgetN": (
        "a.gr",
        "## Damp Qmin=0.85 Qmax=24\n##### start data\n#S 1 - PDF from PDFgetN\n#L r G(r) dr dG(r)\n",
        (R, G, 0 * R, ERROR),
        " ",
    ),
    "Mantid's SaveAscii": ("a.gr", "# X , Y , E\n1\n", (R, G, ERROR), ","),
    "Mantid's SavePDFGui": (
        "a.gr",
        "#Comment: neutron, Qmin=0.5, Qmax=24\n##### start data\n#O0 rg 1\n#S 1 - PDF\n#L r G(r) dr dG\n",
        (R, G, 0 * R, ERROR),
        " ",
    ),
    "pystog": ("a.gr", "2500\n# r g(r) G(r) GK(r)\n", (R, g, G, 0.45 * (g - 1)), " "),
    "Gudrun's D(r)": (
        "a.mdor01",
        "# a.mdor01\n# \n# Number density = 0.09\n# r D(r) error\n",
        (R, G, ERROR),
        "  ",
    ),
    "Gudrun's d(r) in barn": ("a.mdor01", "# r d(r) err\n", (R, 0.3 * G, ERROR), "  "),
    "topas": ("a.xye", "", (R, G, ERROR), "\t"),
    "RMCProfile's csv": ("a_PDF1.csv", "r (A),RMC,Expt\n", (R, 0.7 * G, G), ","),
    "SrFit": ("a.fgr", "# x ycalc y dy\n", (R, 0.7 * G, G, ERROR), " "),
    "PDFgui's fit": (
        "a.fgr",
        "##### PDFgui\n#L r(A) G(r) d_r d_Gr Gdiff\n",
        (R, 0.7 * G, 0 * R, ERROR, 0.3 * G),
        " ",
    ),
    "DISCUS": ("a.grobs", "# PDF of KUPLOT\n# \n", (R, G, 0 * R, ERROR), "   "),
    "GSAS-II": ("a.gr", "#GSAS-II PDF G(R)\n#L r($\\AA$)  G($\\AA^{-2}$)\n", (R, G), "\t"),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_files_of_every_program(tmp_path: Path, program: str) -> None:
    name, header, columns, sep = PROGRAMS[program]
    curve = read_one(write(tmp_path / name, header, *columns, sep=sep))
    scale = float(curve.G @ G / (G @ G))
    np.testing.assert_allclose(curve.G, scale * G, atol=2e-6)
    assert scale == pytest.approx(0.3 if "barn" in program else 1.0, rel=1e-4)


@pytest.mark.parametrize("qmax", [8.0, 11.0])
def test_a_file_that_names_G_is_believed_where_its_shape_is_only_unusual(tmp_path: Path, qmax: float) -> None:
    low = make_G(qmax=qmax)
    assert judge_function(R, low) == "smooth"
    curve = read_one(write(tmp_path / "a.gr", "#L r G(r)\n", R, low))
    np.testing.assert_allclose(curve.G, low, atol=2e-6)
    assert any("unlike other PDFs" in warning for warning in curve.warnings)
    with pytest.raises(OtherFunctionError):
        read_pdf(write(tmp_path / "b.dat", "", R, low))


def test_fit_without_the_measured_curve_says_what_it_holds(tmp_path: Path) -> None:
    path = write(tmp_path / "a.fgr", "##### PDFgui\n#L r(A) G(r) d_r d_Gr\n", R, G, 0 * R, ERROR)
    with pytest.raises(MeasurementError, match="measured curve") as caught:
        read_pdf(path)
    assert "the calculated G(r), its uncertainty in r, its uncertainty in G" in caught.value.found


def test_item_is_the_column_of_that_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gr", "2500\n# r g(r) G(r) GK(r)\n", R, g, G, 0.45 * (g - 1))
    whole, named, converted = (read_one(path), read_one(path, item="G(r)"), read_one(path, item="g(r)"))
    np.testing.assert_array_equal(whole.G, named.G)
    np.testing.assert_allclose(np.corrcoef(whole.G[R > 1.6], converted.G[R > 1.6])[0, 1], 1, atol=1e-6)
    with pytest.raises(MeasurementError, match="'foo'") as caught:
        read_pdf(path, item="foo")
    assert "G(r)" in caught.value.found


CONVERTED: dict[str, tuple[str, Floats]] = {
    "T(r)": ("# r T(r)\n", G + LINE),
    "T(r), unnamed": ("", np.where(R < 1.5, 0, G + LINE)),
    "R(r)": ("# r RDF\n", R * (G + LINE)),
    "R(r), unnamed": ("", np.where(R < 1.5, 0, R * (G + LINE))),
    "g(r)": ("# number density = 0.09\n# r g(r)\n", g),
    "g(r) - 1": ("# rho0 = 0.09\n# r g(r)-1\n", g - 1),
    "Keen's G(r)": ("# rho0 = 0.09\n# r GK(r)\n", 0.176 * (g - 1)),
}


@pytest.mark.parametrize("kind", CONVERTED)
def test_relatives_become_G(tmp_path: Path, kind: str) -> None:
    header, curve = CONVERTED[kind]
    found = read_one(write(tmp_path / "a.dat", header, R, curve))
    beyond = R > 1.6
    np.testing.assert_allclose(found.G[beyond], G[beyond], atol=0.05 * np.abs(G).max())
    assert np.corrcoef(found.G[beyond], G[beyond])[0, 1] > 0.999
    assert any("converted" in note for note in found.warnings)


def test_density_of_a_relative_is_found_or_given(tmp_path: Path) -> None:
    """In barn, T(r) says nothing of the density; a given one sets the scale."""
    path = write(tmp_path / "a.dat", "# r T(r)\n", R, 40 * (G + LINE))
    assert any("scaled" in note for note in read_one(path).warnings)
    scaled = read_one(path, number_density=RHO)
    np.testing.assert_allclose(scaled.G[R > 1.6], G[R > 1.6], atol=0.05 * np.abs(G).max())


def chi(k: Floats) -> Floats:
    """χ(k) of the first shells, k in Å⁻¹."""
    return np.asarray(
        sum(n / at**2 * np.sin(2 * k * at - 1.5) * np.exp(-2 * u * k**2) for at, n, u in SHELLS[:3])
        * np.exp(-k / 9)
    )


K = np.arange(0, 16, 0.05)
Q = np.arange(0.02, 24, 0.02)
NOISE = np.random.default_rng(1).normal(size=len(Q))
F = scattering(Q) + 0.01 * scattering(Q).std() * NOISE
WINDOW = np.clip((K - 2) / 1, 0, 1) * np.clip((14 - K) / 2, 0, 1)
CHI_R = np.exp(2j * np.outer(np.arange(326) * 0.0307, K)) @ (K**2 * chi(K) * WINDOW)
OTHERS: dict[str, tuple[Floats, Floats]] = {
    "chi(k)": (K, chi(K)),
    "k2 chi(k)": (K, K**2 * chi(K)),
    "k2 chi(k) from 3": (K[60:], (K**2 * chi(K))[60:]),
    "S(Q)": (Q, 1 + F / Q),
    "S(Q) - 1": (Q, F / Q + 5 * np.exp(-Q / 0.1)),
    "F(Q)": (Q, F),
    "i(Q)": (Q, 40 * np.exp(-Q / 6) * (1.5 + F / Q)),
    "real part of chi(R)": (np.arange(326) * 0.0307, CHI_R.real),
    "imaginary part of chi(R)": (np.arange(326) * 0.0307, CHI_R.imag),
    "magnitude of chi(R)": (np.arange(326) * 0.0307, np.abs(CHI_R)),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_functions_are_refused_without_a_name(tmp_path: Path, kind: str) -> None:
    with pytest.raises(MeasurementError) as caught:
        read_pdf(write(tmp_path / "a.dat", "", *OTHERS[kind]))
    for part in (caught.value.problem, caught.value.found, caught.value.needed, caught.value.suggestion):
        assert part


@pytest.mark.parametrize(
    ("file", "header", "said"),
    [
        ("a.dat", "# k chi\n", "χ(k)"), ("a.dat", "# r chir_mag\n", "χ(R)"), ("a.dat", "# Q S(Q)\n", "S(Q)"),
        ("a.dat", "# x F(Q)\n", "F(Q)"), ("a.mint01", "", "S(Q)"), ("a.mdcs01", "", "intensity"),
        ("a.chik", "", "χ(k)"), ("a.chir_mag", "", "χ(R)"), ("a.soq", "", "S(Q)"), ("a.fq", "", "F(Q)"),
        ("a.csv", "r,Ti-Ti,Ti-O,O-O\n", "pairs"),
    ],
)  # fmt: skip
def test_names_of_other_functions_are_told(tmp_path: Path, file: str, header: str, said: str) -> None:
    columns = (R, G, G, G) if "," in header else (R, G)
    with pytest.raises(OtherFunctionError) as caught:
        read_pdf(write(tmp_path / file, header, *columns, sep="," if "," in header else " "))
    assert said in caught.value.found


def test_words_of_a_header_name_what_the_shape_refuses(tmp_path: Path) -> None:
    """They alone refuse nothing: the header of a G(r) names the S(Q) it was made of."""
    header = "# file: SofQ/SAMPLE_SQ.dat\n# neutron, Qmax=24\n"
    assert read_one(write(tmp_path / "a.gr", header, R, G)).radiation == "neutron"
    with pytest.raises(OtherFunctionError) as caught:
        read_pdf(write(tmp_path / "b.dat", header, *OTHERS["S(Q) - 1"]))
    assert "S(Q)" in caught.value.found


@pytest.mark.parametrize(
    ("words", "function"),
    [
        ("G(r)", "G"), ("G($\\AA^{-2}$)", "G"), ("Gobs", "G"), ("PDF(Expt)", "G"), ("g(r)", "g(r)"),
        ("GK(r)", "keen"), ("G(r)-1", "keen"), ("D(r)", "D"), ("RDF", "R"), ("T(r)", "T"), ("S(Q)", "S(Q)"),
        ("k^2*chi(k)", "χ(k)"), ("chir_re", "χ(R)"), ("heated", ""), ("chi2", ""), ("Y", ""),
    ],
)  # fmt: skip
def test_words_name_a_function(words: str, function: str) -> None:
    assert named_function(words) == function


@pytest.mark.parametrize("qmax", [14, 18, 24, 35])
@pytest.mark.parametrize("step", [0.01, 0.02, 0.05])
def test_G_is_told_at_any_range(qmax: float, step: float) -> None:
    r = np.arange(0, 20, step)
    assert judge_function(r, make_G(r, qmax=qmax)) == "G"
    rounded: Callable[[Floats], Floats] = lambda y: np.round(y, 2)  # noqa: E731
    assert judge_function(r, rounded(make_G(r, qmax=qmax))) == "G"


def test_cases(shared: Path) -> None:
    cases = shared / "data" / "cases"
    for name in ("chi_k.dat", "sofq_nomad.dat"):
        with pytest.raises(OtherFunctionError):
            read_pdf(cases / name)
    for name in ("mantid_saveascii.gr", "pystog_4col.gr"):
        assert len(read_one(cases / name).r) == 3001
