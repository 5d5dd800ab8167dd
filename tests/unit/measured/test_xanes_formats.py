"""Every format gives the spectrum that was written into it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from edgepair.conventions import MeasurementError, OptionError
from edgepair.measured import XanesScan, read_xanes

Written = Callable[..., Path]


def check(scan: XanesScan, samples: ModuleType, *, edge: float = 7112.0, rtol: float = 1e-5) -> None:
    """Compare with what was written: files hold seven digits and more."""
    x = samples.energies(edge)
    np.testing.assert_allclose(scan.energy, x, atol=2e-3)
    np.testing.assert_allclose(scan.mu, samples.absorption(x, edge), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("name", "items", "made"),
    [
        ("xdi", [""], "-ln(itrans/i0)"),
        ("spec", ["1", "2.2"], "-ln(I1/I0)"),
        ("9809", [""], "-ln(itrans/i0)"),
        ("ssrl", [""], "-ln(I1/I0)"),
        ("fio", [""], "signal"),
        ("athena", ["iron's oxide", "Ref iron's oxide", "norm"], "mu(E) of Athena"),
        ("athena json", ["iron's oxide", "Ref iron's oxide", "norm"], "mu(E) of Athena"),
        ("rows", ["row 0", "row 1"], "spectrum"),
    ],
)
def test_format_is_told_by_content(
    samples: ModuleType, written: Written, name: str, items: list[str], made: str, packed: bool
) -> None:
    text = samples.SAMPLES[name]().encode()
    scans = read_xanes(written(gzip.compress(text) if packed else text, "no_ending"))
    assert [scan.item for scan in scans] == items
    assert scans[0].mu_from == made
    edge = 8979.0 if name == "fio" else 7112.0
    check(scans[0], samples, edge=edge, rtol=3e-5 if name == "9809" else 1e-5)
    assert (scans[0].absorber, scans[0].edge) == ("Cu" if name == "fio" else "Fe", "K")


def test_xdi_has_its_foil_and_header(samples: ModuleType, written: Written) -> None:
    scan = read_xanes(written(samples.xdi()))[0]
    assert scan.format == "XDI"
    assert scan.header["Mono.d_spacing"] == "3.13553"
    assert scan.reference_absorber == "Fe"
    assert scan.reference is not None
    energy, foil = scan.reference
    np.testing.assert_array_equal(energy, scan.energy)
    # The foil was written 11 points of 0.8 eV below the sample.
    np.testing.assert_allclose(foil[:-11], scan.mu[11:], atol=1e-4)
    assert scan.warnings == ()


def test_spec_scan_by_number_and_unit(samples: ModuleType, written: Written) -> None:
    path = written(samples.spec())
    both = read_xanes(path)
    assert "1 items of the file were left out: 2 " in both[0].warnings[-1]
    assert both[0].energy_unit == "keV"
    assert [scan.item for scan in read_xanes(path, item="2.2")] == ["2.2"]
    with pytest.raises(MeasurementError) as error:
        read_xanes(path, item="2")
    assert "samx" in error.value.found
    with pytest.raises(MeasurementError) as error:
        read_xanes(path, item="7")
    assert error.value.found == "the items 1, 2, 2.2"


def test_angles_need_the_spacing(samples: ModuleType, written: Written) -> None:
    text = samples.photon_factory()
    assert read_xanes(written(text))[0].energy_unit == "degree"
    # Half a thousandth more spacing is half a thousandth less energy (Bragg's law).
    scan = read_xanes(written(text.replace("3.13551 A", "3.13708 A")))[0]
    assert scan.energy[0] == pytest.approx(7032.0 * 3.13551 / 3.13708, abs=0.01)
    # Without it, the one crystal that puts an edge where an element has one is taken, and told.
    scan = read_xanes(written(text.replace("D=", "E=")))[0]
    assert scan.absorber == "Fe"
    assert any("angles without a lattice spacing" in warning for warning in scan.warnings)
    with pytest.raises(MeasurementError) as error:
        read_xanes(written(text.replace("D=", "E=")), absorber="Pt")
    assert "spacing" in error.value.needed


def test_9809_fluorescence(samples: ModuleType, written: Written) -> None:
    text = samples.photon_factory().replace(
        "Mode         0         0         1         2", "Mode         0         0         1         3"
    )
    # The channel falls at the edge: whatever its mode says, it stands behind the sample.
    scan = read_xanes(written(text))[0]
    assert scan.mu_from == "ln(i0/ifluor)"
    assert "not what their labels say" in scan.warnings[0]


@pytest.mark.parametrize("flavour", ["perl", "json"])
def test_athena_applies_its_shift(samples: ModuleType, written: Written, flavour: str) -> None:
    scans = read_xanes(written(samples.athena(flavour), "project.prj"))
    assert scans[0].energy_shift == -2.0
    assert scans[0].energy[0] == pytest.approx(7032.0)
    assert scans[0].reference is not None
    np.testing.assert_allclose(
        scans[0].reference[1], samples.absorption(scans[0].energy, chemical=0), atol=1e-6
    )
    assert scans[1].reference is None
    assert scans[2].mu_from == "normalised mu(E) of Athena"
    assert "chi (chi(k), not mu(E))" in scans[0].warnings[-1]
    # Larch writes names without blanks and apostrophes.
    assert read_xanes(written(samples.athena(flavour)), item="iron_s_oxide")[0].item == "iron's oxide"


def test_fio_has_its_reference(samples: ModuleType, written: Written) -> None:
    scan = read_xanes(written(samples.fio(), "scan.fio"))[0]
    assert scan.format == "FIO"
    assert scan.reference is not None
    np.testing.assert_allclose(scan.reference[1][:-11], scan.mu[11:], atol=1e-4)
    taken = read_xanes(written(samples.fio()), mu="ln(C1/C2)")[0]
    np.testing.assert_allclose(taken.mu, scan.mu, atol=1e-6)
    assert taken.mu_from == "ln(C1/C2)"


def test_rows_of_a_table(samples: ModuleType, written: Written) -> None:
    scans = read_xanes(written(samples.table_of_rows(), "many.csv"))
    check(scans[1], samples, edge=6539.0)
    assert scans[1].absorber == "Mn"
    assert scans[0].header["formula"] == "X2O3"
    assert len(read_xanes(written(samples.table_of_rows()), item="row 1")) == 1


def test_energies_as_header_of_a_table(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    text = "name," + ",".join(map(str, x)) + "\n"
    for name in "abc":
        text += name + "," + ",".join(format(v, ".8g") for v in samples.absorption(x)) + "\n"
    scans = read_xanes(written(text))
    assert [scan.item for scan in scans] == ["row 0", "row 1", "row 2"]
    check(scans[2], samples)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_spectrum_in_each_column(samples: ModuleType, written: Written, mark: str) -> None:
    x = samples.energies()
    y = [samples.absorption(x, height=h) for h in (1.3, 1.0, 0.7)]
    scans = read_xanes(
        written(
            mark.join(["energy", "goethite", "hematite", "goethite"]) + "\n" + samples.rows(x, *y, mark=mark)
        )
    )
    assert [scan.item for scan in scans] == ["goethite", "hematite", "goethite (2)"]
    check(scans[0], samples)
    np.testing.assert_allclose(scans[1].mu, y[1], rtol=1e-6)
    assert (
        read_xanes(
            written(mark.join(["energy", "a", "b", "c"]) + "\n" + samples.rows(x, *y, mark=mark)), item="B"
        )[0].item
        == "b"
    )


def test_counters_are_not_taken_for_spectra(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, ir = samples.intensities(samples.absorption(x))
    scans = read_xanes(written("energy a b c\n" + samples.rows(x, i0, it, ir)))
    assert [scan.mu_from for scan in scans] == ["ln(a/b)"]
    assert scans[0].reference is not None


def test_hdf5(samples: ModuleType, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, _ = samples.intensities(mu)
    path = tmp_path / "many.h5"
    with h5py.File(path, "w") as file:
        file["one/energy"], file["one/mu"], file["one/name"] = x, mu, np.bytes_("first")
        file["scan/measurement/energy_enc"], file["scan/measurement/I0"] = x / 1000, i0
        file["scan/measurement/It"], file["scan/measurement/image"] = it, np.zeros((3, 4))
        # The application definition NXxas of NeXus, as its public page has it.
        file["entry/instrument/monochromator/energy"] = x
        file["entry/instrument/incoming_beam/data"], file["entry/instrument/absorbed_beam/data"] = i0, it
        file["entry/data/mode"] = "Transmission"
        file["elsewhere"] = h5py.ExternalLink("/nowhere.h5", "/energy")
    scans = {scan.item: scan for scan in read_xanes(path)}
    assert set(scans) == {"one", "scan/measurement", "entry"}
    for scan in scans.values():
        check(scan, samples)
    assert scans["one"].header == {"name": "first"}
    assert read_xanes(path, item="/one/mu")[0].mu_from == "mu"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(MeasurementError, match="cannot read"):
        read_xanes(path)


@pytest.mark.usefixtures("read_here")
def test_hdf5_without_its_library_says_so(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MeasurementError) as error:
        read_xanes(written(b"\x89HDF\r\n\x1a\n" + bytes(100)))
    assert error.value.suggestion == "pip install h5py"


def test_user_names_the_absorber(samples: ModuleType, written: Written) -> None:
    path = written(samples.xdi())
    with pytest.raises(OptionError) as refused:
        read_xanes(path, absorber="Mn")
    assert "where that of Fe lies" in refused.value.found
    with pytest.raises(OptionError):
        read_xanes(path, absorber="Xx")
    with pytest.raises(OptionError, match="energy unit"):
        read_xanes(path, energy_unit="nm")
