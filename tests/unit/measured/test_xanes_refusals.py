"""What is no spectrum is refused with a reason."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from edgepair.conventions import MeasurementError
from edgepair.measured import content, read_xanes

Written = Callable[..., Path]


def _zip() -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("a.txt", "text")
    return memory.getvalue()


FILES: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.xdi", b"", "an empty file"),
    "blank": ("a.xdi", b" \n\n\t\n", "nothing but blanks"),
    "words": ("a.dat", b"no numbers here\n" * 20, "no rows of numbers"),
    "short": ("a.dat", b"7000 1\n7001 2\n", "2 rows of 2 numbers"),
    "one column": ("a.dat", b"7000\n" * 40, "no rows of numbers"),
    "zip": ("a.larix", _zip(), "a zip archive"),
    "pdf": ("a.pdf", b"%PDF-1.4\n", "a document in PDF format"),
    "pickle": ("a.dat", pickle.dumps({"a": 1}), "pickles"),
    "pdfgui": ("a.ddp3", gzip.compress(b"anything"), "pickles"),
    "junk": ("a.dat", bytes(np.random.default_rng(0).integers(0, 256, 4000, dtype=np.uint8)), "no text"),
    "torn gzip": ("a.gz", gzip.compress(b"7000 1\n" * 1000)[:-20], "a damaged gzip file"),
    "cif": ("a.cif", b"data_Fe2O3\n_cell_length_a 5.0\nloop_\n" + b"1.0 2.0 3.0\n" * 30, "(CIF)"),
    "html": ("a.dat", b"<!DOCTYPE html>\n<html></html>", "a web page"),
    "json": ("a.json", b'{"energy": [1, 2, 3]}', "JSON that is no Athena project"),
    "lfs": ("a.xdi", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
    "torn json project": ("a.prj", b'{"_____header1": "# Athena project file -- x", "a": {', "damaged JSON"),
    "empty project": ("a.prj", b"# Athena project file -- Demeter version 0.9\n", "without groups"),
    "flat": ("a.dat", b"".join(b"%d 0.5\n" % e for e in range(7000, 7300)), ""),
}


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "flat"])
def test_refused_in_four_parts(written: Written, kind: str) -> None:
    name, data, reason = FILES[kind]
    with pytest.raises(MeasurementError) as error:
        read_xanes(written(data, name))
    assert reason in error.value.found
    assert name in error.value.problem
    assert error.value.needed
    assert error.value.suggestion


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.xdi", tmp_path, tmp_path / ("x" * 400), "a\x00b"):
        with pytest.raises(MeasurementError, match="cannot read"):
            read_xanes(path)


@pytest.mark.usefixtures("read_here")
def test_large_files_and_gzip_bombs(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "LARGEST", 100_000)
    with pytest.raises(MeasurementError) as error:
        read_xanes(written(b"7000 1.0\n" * 20_000))
    assert error.value.found == "more than 0 MB"
    for bomb in (gzip.compress(bytes(200_000)), gzip.compress(gzip.compress(bytes(10_000_000)))):
        with pytest.raises(MeasurementError) as error:
            read_xanes(written(bomb))
        assert error.value.found.endswith("when unpacked")


def test_curve_without_an_edge_is_refused(written: Written) -> None:
    with pytest.raises(MeasurementError) as error:
        read_xanes(written(FILES["flat"][1]))
    assert "$2 (0.5, 0.5" in error.value.found
    assert "mu=" in error.value.suggestion


def test_intensities_that_are_not_positive(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    it[::7] = 0
    few = read_xanes(written("# energy i0 itrans\n" + samples.rows(x, i0, it)))[0]
    assert "have no usable value" in few.warnings[0]
    with pytest.raises(MeasurementError) as error:
        read_xanes(written("# energy i0 itrans\n" + samples.rows(x, i0, -it)))
    assert "-ln(itrans/i0) has 0 usable values of 400" in error.value.found


def test_angles_of_plain_columns(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    angle = np.degrees(np.arcsin(12398.419843320026 / (2 * 3.1356 * x)))
    text = "angle mu\n" + samples.rows(angle, samples.absorption(x), digits=".9g")
    # One common crystal alone puts the edge where an element has one: taken, and told.
    likely = read_xanes(written("# " + text))[0]
    assert "Si(111), the only common crystal" in likely.warnings[0]
    np.testing.assert_allclose(likely.energy, x, atol=30)
    with pytest.raises(MeasurementError) as error:
        read_xanes(written("# " + text), absorber="Pt")
    assert "Mono.d_spacing" in error.value.suggestion
    scan = read_xanes(written("# Mono.d_spacing: 3.1356\n# " + text))[0]
    np.testing.assert_allclose(scan.energy, x, atol=1e-3)
    np.testing.assert_allclose(scan.mu, samples.absorption(x), atol=1e-5)
