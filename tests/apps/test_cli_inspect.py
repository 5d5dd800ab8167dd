"""``edgepair inspect``: what it prints, draws, writes and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepair.measured import read_xanes
from edgepair.spectra.alignment import foil_spectra

Call = Callable[..., Any]
ENERGY = 7112 + np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.3), np.arange(60, 600, 3.0)]


@pytest.fixture
def spectrum() -> Path:
    x = ENERGY - 7124
    mu = 0.8 / (1 + np.exp(-x / 1.3)) + 0.3 * np.exp(-0.5 * ((x - 6) / 3) ** 2) + 0.5
    rows = "\n".join(f"{e:.3f} 1000.0 {1000 * np.exp(-m):.6f}" for e, m in zip(ENERGY, mu, strict=True))
    path = Path("sample.xdi")
    header = (
        "# XDI/1.0 test\n# Column.1: energy eV\n# Column.2: i0\n# Column.3: itrans\n# Element.symbol: Fe\n"
    )
    path.write_text(header + "# Element.edge: K\n# ---\n# energy i0 itrans\n" + rows + "\n", encoding="utf-8")
    return path


@pytest.fixture
def foil() -> Path:
    x, foils = foil_spectra()
    mu = np.interp(ENERGY - 7112 + 1.5, x, foils["Fe"])
    path = Path("foil.dat")
    rows = "\n".join(f"{e:.3f} {m:.6f}" for e, m in zip(ENERGY, mu, strict=True))
    path.write_text("# energy mu\n" + rows + "\n", encoding="utf-8")
    return path


@pytest.fixture
def curve() -> Path:
    r = np.arange(0.0, 30.0, 0.01)
    bonded = 1 - np.exp(-((r / 2) ** 4))  # nothing but -4 pi rho0 r below the first shell
    waves = 2 * np.sin(7 * r) * np.exp(-0.05 * r)
    G = -r * np.exp(-((r / 1.9) ** 4)) + 8 * np.exp(-0.5 * ((r - 2.0) / 0.1) ** 2) + waves * bonded
    path = Path("sample.gr")
    rows = "\n".join(f"{a:.2f} {b:.5f}" for a, b in zip(r, G, strict=True))
    header = (
        "[DEFAULT]\nmode = xray\nqmax = 25.0\ncomposition = Fe2O3\n#### start data\n#S 1\n#L r(A) G(A^-2)\n"
    )
    path.write_text(header + rows + "\n", encoding="utf-8")
    return path


def test_a_table_says_what_was_understood(edgepair: Call, spectrum: Path) -> None:
    done = edgepair("inspect", spectrum)
    assert done.code == 0
    assert done.err == ""
    for part in ("sample.xdi", "Fe K", "-ln(itrans/i0)", "edge step", "no energy calibration", "E0"):
        assert part in done.out
    assert "⠀" not in done.out  # no plot where the output is no terminal
    assert "┤" not in done.out
    assert "┤" in edgepair("inspect", spectrum, "--plot").out
    assert edgepair("inspect", spectrum, "--quiet").out == ""


def test_json_has_the_documented_keys(edgepair: Call, spectrum: Path, curve: Path) -> None:
    document = json.loads(edgepair("inspect", spectrum, "--json").out)
    assert list(document) == ["file", "kind", "format", "items"]
    assert (document["kind"], document["file"]) == ("xanes", "sample.xdi")
    assert document["items"][0]["e0"] == pytest.approx(7124, abs=3)
    both = json.loads(edgepair("inspect", spectrum, curve, "--json").out)
    assert [entry["kind"] for entry in both] == ["xanes", "pdf"]
    assert list(both[1]["items"][0]) == [
        "item", "n_points", "r_first", "r_last", "radiation", "qmax", "composition", "number_density",
        "peaks", "first_shell", "warnings",
    ]  # fmt: skip
    assert both[1]["items"][0]["radiation"] == "x-ray"


def test_a_pdf_shows_its_first_shell(edgepair: Call, curve: Path) -> None:
    plain = edgepair("inspect", curve, "--no-plot")
    assert plain.code == 0
    assert "first Fe-O shell at 2.0" in plain.out
    assert "oxygens" not in plain.out  # no density, no number
    assert "first Mn-O shell" in edgepair("inspect", curve, "--no-plot", "--absorber", "Mn").out
    shell = json.loads(edgepair("inspect", curve, "--json", "--number-density", "0.098").out)["items"][0]
    assert shell["number_density"] == 0.098
    assert shell["first_shell"]["position"] == pytest.approx(2.0, abs=0.03)
    assert any(peak["position"] == pytest.approx(2.0, abs=0.03) for peak in shell["peaks"])


def test_a_foil_or_a_shift_moves_the_energies(edgepair: Call, spectrum: Path, foil: Path) -> None:
    plain = json.loads(edgepair("inspect", spectrum, "--json").out)["items"][0]["e0"]
    by_foil = json.loads(edgepair("inspect", spectrum, "--json", "--reference", foil).out)["items"][0]["e0"]
    assert by_foil == pytest.approx(plain + 1.5, abs=0.1)
    by_hand = json.loads(edgepair("inspect", spectrum, "--json", "--shift", "-0.5").out)["items"][0]["e0"]
    assert by_hand == pytest.approx(plain - 0.5, abs=0.002)


def test_ranges_are_those_of_the_options(edgepair: Call, spectrum: Path) -> None:
    done = edgepair("inspect", spectrum, "--pre", "-120,-40", "--post=80,300", "--save", "out.xdi")
    assert (done.code, done.err) == (0, "")
    assert "-120 to -40 eV" in done.out
    assert "+80 to +300 eV" in done.out
    assert "-120.000 to -40.000 eV from e0" in Path("out.xdi").read_text(encoding="utf-8")
    beyond = edgepair("inspect", spectrum, "--post", "2000,3000", "--deglitch")
    assert beyond.code == 1
    assert "cannot fit the post-edge of a spectrum: 0 points" in beyond.out


def test_what_is_saved_reads_back(edgepair: Call, spectrum: Path) -> None:
    done = edgepair("inspect", spectrum, "--shift", 0.5, "--save", "out.xdi", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    (back,) = read_xanes("out.xdi")
    assert back.energy[0] == pytest.approx(ENERGY[0] + 0.5)
    assert back.mu[-50:].mean() == pytest.approx(1, abs=0.01)
    assert "+0.50 eV, as given" in Path("out.xdi").read_text(encoding="utf-8")


def test_glitches_are_replaced_on_request(edgepair: Call, spectrum: Path) -> None:
    lines = spectrum.read_text(encoding="utf-8").splitlines()
    energy, i0, itrans = lines[-60].split()
    lines[-60] = f"{energy} {i0} {float(itrans) * 2}"
    spectrum.write_text("\n".join(lines), encoding="utf-8")
    assert "1 glitch at" in edgepair("inspect", spectrum).out
    cleaned = edgepair("inspect", spectrum, "--deglitch").out
    assert "1 glitch at" not in cleaned
    assert "1 glitch points were replaced" in cleaned


def test_a_page_is_drawn_that_needs_no_network(edgepair: Call, spectrum: Path, curve: Path) -> None:
    hostile = Path("a<script>alert(1)<!--.xdi")
    hostile.write_bytes(spectrum.read_bytes())
    done = edgepair("inspect", hostile, curve, "--report", "page.html", "--quiet")
    assert (done.code, done.err) == (0, "")
    page = Path("page.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert page.count('class="canvas"') == 3
    assert "<script src" not in page
    assert '<link rel="stylesheet' not in page
    assert sorted(path.name for path in Path().iterdir() if path.suffix == ".html") == ["page.html"]


def test_some_failed_is_1_and_all_failed_is_2(edgepair: Call, spectrum: Path) -> None:
    some = edgepair("inspect", spectrum, "missing.xdi", "--json")
    assert some.code == 1
    assert "missing.xdi" in some.err
    assert json.loads(some.out)[1]["items"] == []
    Path("words.txt").write_text("nothing\nof use\n", encoding="utf-8")
    none = edgepair("inspect", "missing.xdi", "words.txt")
    assert (none.code, none.out) == (2, "")
    assert none.err.count("Try:") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--save", "x.xdi"), "cannot write 2 curves"),
        (("--report", "x.png"), "ends in .html"),
        (("--report", "nowhere/x.html"), "no folder 'nowhere'"),
        (("--shift", "1e9"), "--shift"),
        (("--shift", "nan"), "--shift"),
        (("--pre", "-30,-150"), "--pre -150,-30"),
        (("--pre", "wide"), "cannot read the pre-edge range 'wide'"),
        (("--post", "50"), "--post=50,500"),
        (("--post", "50,inf"), "two numbers"),
        (("--post", "-10,200"), "starts below the edge"),
        (("--mu", "itrans", "--qmax", "20"), "as a spectrum and as a PDF"),
        (("--absorber", "Zz"), "Zz"),
        (("--reference", "sample.gr"), "sample.gr"),
    ],
)
def test_refusals_have_four_parts(
    edgepair: Call, spectrum: Path, curve: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = set(Path().iterdir())
    done = edgepair("inspect", spectrum, spectrum, *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    for part in ("Found:", "Needed:", "Try:"):
        assert part in done.err
    assert set(Path().iterdir()) == before


def test_projects_with_pickles_are_refused(edgepair: Call, shared: Path) -> None:
    done = edgepair("inspect", shared / "data/experiment/pdf/Ti/pdfttp_data__conventional_films.ddp3")
    assert done.code == 2
    assert "pickle" in done.err


def test_items_of_a_project(edgepair: Call, shared: Path) -> None:
    path = shared / "data/experiment/xanes/Ti/larch__tipb.prj"
    every = json.loads(edgepair("inspect", path, "--json").out)["items"]
    assert len(every) == 3
    one = json.loads(edgepair("inspect", path, "--json", "--item", every[1]["item"]).out)["items"]
    assert one == [every[1]]
