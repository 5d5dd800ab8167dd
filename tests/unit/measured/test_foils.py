"""Metal foils among the items of a file calibrate the others, and only those they can be of use to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.conventions import MeasurementError
from edgepair.measured import XanesScan, read_xanes
from edgepair.measured.xanes.calibration import calibrate_scan, read_foil_scan
from edgepair.measured.xanes.foils import with_foils
from edgepair.spectra.alignment import foil_spectra

Floats = NDArray[np.float64]
ENERGY = 7112 + np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.3), np.arange(60, 400, 3.0)]


def scan(item: str, mu: Floats, **changes: object) -> XanesScan:
    made = XanesScan("project.prj", item, "Athena project", ENERGY, mu, "mu(E)", absorber="Fe", edge="K")
    return replace(made, **changes)


def metal(off: float = 0.0) -> Floats:
    x, foils = foil_spectra()
    mu: Floats = np.interp(ENERGY - 7112 - off, x, foils["Fe"])
    return mu


def oxide(off: float = 0.0) -> Floats:
    x = ENERGY - 7124 - off
    mu: Floats = 1 / (1 + np.exp(-x / 1.3)) + 0.4 * np.exp(-0.5 * ((x - 6) / 3) ** 2)
    return mu


def test_the_metal_of_a_file_calibrates_the_others_whatever_it_is_called() -> None:
    sample, foil, second = with_foils([scan("a", oxide()), scan("b", metal(1.4)), scan("c", oxide())])
    for found in (sample, second):
        assert found.reference_item == "b"
        calibration = calibrate_scan(found)
        assert calibration.source == "foil in the file"
        assert calibration.shift == pytest.approx(-1.4, abs=0.1)
        assert "Fe foil 'b' of the file" in calibration.text
    assert (foil.foil, sample.foil, foil.reference) == (True, False, None)
    # what the user says counts first
    assert calibrate_scan(sample, shift=0.3).shift == 0.3


@pytest.mark.parametrize(
    "other",
    [
        {"energy_shift": 0.7},
        {"header": {"Beamline.name": "another"}},
        {"absorber": "Mn"},
        {"format": "CSV table"},
        {"edge": "L3"},
    ],
)
def test_a_metal_on_another_scale_calibrates_nothing(other: dict[str, object]) -> None:
    here = scan("sample", oxide(), header={"beamline.name": "one"}, format=str(other.get("format", "SPEC")))
    found, *_ = with_foils([here, scan("foil", metal(1.4), **other)])
    assert (found.reference, found.reference_item) == (None, "")


def test_metals_that_disagree_calibrate_nothing_and_it_is_said() -> None:
    found, *foils = with_foils([scan("s", oxide()), scan("foil 1", metal(0.2)), scan("foil 2", metal(1.9))])
    assert found.reference is None
    assert "different shifts: 'foil 1' -0.2" in found.warnings[-1]
    assert all(foil.foil for foil in foils)


def test_an_item_far_off_is_not_followed_unasked() -> None:
    found, _ = with_foils([scan("s", oxide(8.0)), scan("foil", metal(8.0))])
    calibration = calibrate_scan(found)
    assert calibration.shift == 0.0
    assert "-8.0" in calibration.warnings[0]


def test_of_two_groups_that_are_tied_the_metal_is_the_foil() -> None:
    sample = scan("Ref of the beamline", oxide(), header={"Athena.group": "a", "Athena.referencegroup": "b"})
    foil = scan("scan 7", metal(0.9), header={"Athena.group": "b", "Athena.reference": "0"})
    found, beside = with_foils([sample, foil])
    assert (found.reference_item, found.foil, beside.foil) == ("scan 7", False, True)
    assert calibrate_scan(found).shift == pytest.approx(-0.9, abs=0.1)


def test_one_asked_for_by_name_has_the_foil_and_is_no_foil_itself() -> None:
    (found,) = with_foils([scan("s", oxide())], [scan("foil", metal(1.4))])
    assert found.reference_item == "foil"
    (asked,) = with_foils([scan("foil", metal(1.4))], [scan("s", oxide())])
    assert not asked.foil
    assert not any(one.foil for one in with_foils([scan("foil 1", metal()), scan("foil 2", metal(0.1))]))


@pytest.mark.parametrize(
    ("file", "foils", "shift"),
    [
        ("Cu/larch__athena4.prj", {"cufoil.001", "CuXAFS_cufoil.001"}, -1.3),
        ("Mn/demeter__Mn.prj", {"Mn foil"}, -0.1),
        ("Ti/demeter__TiK.prj", {"Ref LaTiO2N red", "Ref NdTiO2N", "Ref PrTiO2N"}, 0.1),
    ],
)
def test_projects_are_calibrated_by_their_foils(
    shared: Path, file: str, foils: set[str], shift: float
) -> None:
    """The index of these files gives -1.5 for Cu, from the same foil read by eye; the others are on scale."""
    scans = read_xanes(shared / "data" / "experiment" / "xanes" / file)
    assert foils <= {one.item for one in scans if one.foil}
    moved = [found for one in scans if (found := calibrate_scan(one)).source == "foil in the file"]
    assert len(moved) > 3
    assert np.abs([found.shift - shift for found in moved]).max() < 0.3
    # one of them read alone is calibrated as it is among the others
    item = next(one for one in scans if one.reference_item)
    (alone,) = read_xanes(shared / "data" / "experiment" / "xanes" / file, item=item.item)
    assert calibrate_scan(alone).shift == pytest.approx(calibrate_scan(item).shift)


def test_copper_oxide_is_no_foil_though_it_lies_near_the_metal(shared: Path) -> None:
    """Its edge is 1.0 eV from the metal's; its own reference channel is what calibrates."""
    path = (
        shared / "data" / "experiment" / "xanes" / "Cu" / "CERIC-Reference-Spectra-Repository__Cu2O_111.xdi"
    )
    scans = read_xanes(path)
    assert read_foil_scan(scans, "Cu", "cu2o.xdi").shift == pytest.approx(0.29, abs=0.05)
    alone = replace(scans[0], reference=None)
    with pytest.raises(MeasurementError, match="cannot calibrate energies"):
        read_foil_scan((alone,), "Cu", "cu2o.xdi")
