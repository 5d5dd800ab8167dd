"""Layouts of HDF5 and NeXus: one spectrum is one item, and what is refused says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edgepair.conventions import MeasurementError
from edgepair.measured import read_xanes

h5py = pytest.importorskip("h5py")

Columns = tuple[Any, Any, Any, Any]


def bliss(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """A scan of ESRF's BLISS: counters under `instrument`, links to them in two more groups."""
    for name, values in (
        ("energy_enc", energy / 1000),
        ("I0", i0),
        ("I1", it),
        ("epoch", np.arange(len(mu))),
    ):
        file[f"1.1/instrument/{name}/data"] = values
        file[f"1.1/measurement/{name}"] = h5py.SoftLink(f"/1.1/instrument/{name}/data")
    file["1.1/plotselect/energy_enc"] = h5py.SoftLink("/1.1/measurement/energy_enc")
    file["1.1/plotselect/I1"] = h5py.SoftLink("/1.1/measurement/I1")
    file["1.1/title"], file["1.1/instrument/positioners/sy"] = "fscan energy", 1.5


def nxxas(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """NXxas with its NXdata of hard links."""
    file["entry/instrument/monochromator/energy"] = energy
    file["entry/instrument/incoming_beam/data"], file["entry/instrument/absorbed_beam/data"] = i0, it
    file["entry/data/energy"] = file["entry/instrument/monochromator/energy"]
    file["entry/data/absorbed_beam"] = file["entry/instrument/absorbed_beam/data"]
    file["entry/data/mode"] = "Transmission"


def nxxas_of_converters(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """NXxas as converters of 2024 write it: energy and intensity in the entry, a copy to plot."""
    file["scan/energy"], file["scan/intensity"] = energy, mu
    file["scan/plot/energy"], file["scan/plot/intensity"] = energy, mu
    file["scan/element"], file["scan/absorption_edge"] = "Fe", "K"


def soleil(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """A flyscan of SOLEIL: numbered datasets, names in `long_name`."""
    names = {"actuator_1_1": "ex/mono/energy/energy", "data_01": "ca/cpt.1/i0", "data_02": "ca/cpt.1/i1"}
    for (name, told), values in zip(names.items(), (energy, i0, it), strict=True):
        file[f"flyscan_0001/scan_data/{name}"] = values
        file[f"flyscan_0001/scan_data/{name}"].attrs["long_name"] = told


def bluesky(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """An export of Bluesky: streams of values and times, and `data` with links to the values."""
    for name, values in (("dcm_energy", energy), ("I0", i0), ("It", it)):
        stream = f"entry/instrument/bluesky/streams/primary/{name}"
        file[f"{stream}/value"], file[f"{stream}/time"] = values, 1.6e9 + np.arange(len(values))
        file[f"entry/data/{name}"] = file[f"{stream}/value"]
    file["entry/data/EPOCH"] = 1.6e9 + np.arange(len(energy))


def one_column(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """Arrays of shape (n, 1), and numbers that are the same for all points."""
    file["a/energy"], file["a/mu"], file["a/temperature"] = energy[:, None], mu[:, None], np.array([300.0])


def own_virtual(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """A virtual dataset whose parts lie in the same file."""
    file["raw/first"], file["raw/second"] = mu[:100], mu[100:]
    layout = h5py.VirtualLayout(shape=mu.shape, dtype=mu.dtype)
    layout[:100] = h5py.VirtualSource(file["raw/first"])
    layout[100:] = h5py.VirtualSource(file["raw/second"])
    file["a/energy"] = energy
    file["a"].create_virtual_dataset("mu", layout)


def own_virtual_by_name(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """Columns of one array of the same file, which the virtual datasets name as it was called."""
    file["raw"] = np.column_stack([energy, mu])
    for number, name in enumerate(("energy", "mu")):
        layout = h5py.VirtualLayout(shape=mu.shape, dtype=mu.dtype)
        layout[:] = h5py.VirtualSource("scan.h5", "raw", shape=(len(mu), 2))[:, number]
        file.create_virtual_dataset(f"a/{name}", layout)


def records(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """One dataset whose records have energy and mu."""
    file["a"] = np.rec.fromarrays([energy, mu], names="energy,mu")  # type: ignore[call-overload]


def apart(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """Energies in another group than the counters, as instruments of GDA have them."""
    file["entry1/instrument/qexafs_energy/qexafs_energy"] = energy
    for name, values in (("I0", i0), ("It", it), ("lnI0It", np.log(i0 / it))):
        file[f"entry1/instrument/qexafs_counterTimer01/{name}"] = values


def named_by_their_axes(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """Energies whose name does not say so: their course does."""
    file["entry/plot/mono"], file["entry/plot/absorption"] = energy, mu


def of_one_array(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """Columns of one array."""
    file["scan/values"] = np.column_stack([energy, i0, it])


def monitored(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """Counts in the group of data, the beam in a group of its own."""
    file["entry/data/energy"], file["entry/data/absorbed_beam"] = energy, i0 * mu
    file["entry/monitor/data"] = i0


def detectors_apart(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """Energies and beam in one group, the elements of a detector in another."""
    file["raw/scan/energy"], file["raw/scan/I0"] = energy, i0
    file["raw/scan/xspress3/dtc"] = np.column_stack([i0 * mu] * 4)


def beam_beside_a_scan(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """A scan that was broken off beside a whole one: neither lends the other its columns."""
    file["a/energy"], file["a/I0"] = energy, i0
    file["b/energy"], file["b/mu"] = energy, mu


def currents(file: Any, energy: Any, mu: Any, i0: Any, it: Any) -> None:
    """Detectors whose numbers have one name."""
    file["entry/mono/energy"] = energy
    file["entry/chamber_a/current"], file["entry/chamber_b/current"] = i0, it


LAYOUTS: dict[Callable[..., None], str] = {
    bliss: "1.1/measurement",
    nxxas: "entry",
    nxxas_of_converters: "scan",
    soleil: "flyscan_0001/scan_data",
    bluesky: "entry/data",
    one_column: "a",
    own_virtual: "a",
    own_virtual_by_name: "a",
    records: "a",
    apart: "/",
    named_by_their_axes: "/",
    of_one_array: "scan/values",
    currents: "/",
    beam_beside_a_scan: "b",
    detectors_apart: "raw/scan",
    monitored: "entry/data",
}


@pytest.fixture
def columns(samples: ModuleType) -> Columns:
    energy = samples.energies()
    mu = samples.absorption(energy)
    i0, it, _ = samples.intensities(mu)
    return energy, mu, i0, it


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_one_spectrum_is_one_item(layout: Callable[..., None], columns: Columns, tmp_path: Path) -> None:
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        layout(file, *columns)
    (scan,) = read_xanes(path)
    assert scan.item == LAYOUTS[layout]
    np.testing.assert_allclose(scan.energy, columns[0], rtol=1e-9)
    slope, level = np.polyfit(columns[1], scan.mu, 1)
    assert slope == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(scan.mu, slope * columns[1] + level, atol=1e-6)
    assert scan.absorber == "Fe"


def test_repeated_scans_stay_apart(columns: Columns, tmp_path: Path) -> None:
    """Of one grid, with other numbers: two spectra."""
    path = tmp_path / "scans.h5"
    with h5py.File(path, "w") as file:
        for name, factor in (("1", 1.0), ("2", 1.01)):
            file[f"{name}/energy"], file[f"{name}/mu"] = columns[0], factor * columns[1]
    assert [scan.item for scan in read_xanes(path)] == ["1", "2"]


def test_what_a_refused_file_holds_is_said(tmp_path: Path) -> None:
    path = tmp_path / "frames.h5"
    with h5py.File(path, "w") as file:
        file["entry/data/frames"], file["entry/data/counts"] = np.zeros((4, 5, 6)), np.arange(50.0)
    with pytest.raises(MeasurementError, match="cannot read") as caught:
        read_xanes(path)
    assert "entry/data/counts (50,)" in caught.value.found
    assert "item=" in caught.value.suggestion


def test_soleil_case(shared: Path) -> None:
    (scan,) = read_xanes(shared / "data" / "cases" / "soleil.nxs")
    assert (scan.item, scan.mu_from) == ("flyscan_0001/scan_data", "-ln(i1/i0)")


def test_rows_of_an_array_are_items(columns: Columns, tmp_path: Path) -> None:
    path = tmp_path / "map.h5"
    with h5py.File(path, "w") as file:
        file["energy"], file["mu"] = columns[0], np.stack([columns[1], 0.8 * columns[1], 1.1 * columns[1]])
    scans = read_xanes(path)
    assert [scan.item for scan in scans] == ["mu 1", "mu 2", "mu 3"]
    np.testing.assert_allclose(scans[1].mu, 0.8 * columns[1])


@pytest.mark.usefixtures("read_here")
def test_groups_in_groups_without_end_and_beside_each_other(
    columns: Columns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgepair.measured.formats import hdf5

    deep, wide = tmp_path / "deep.h5", tmp_path / "wide.h5"
    with h5py.File(deep, "w") as file:
        inner = file
        for _ in range(1500):
            inner = inner.create_group("g")
        inner["energy"], inner["mu"] = columns[:2]
    with pytest.raises(MeasurementError, match="cannot read"):
        read_xanes(deep)
    monkeypatch.setattr(hdf5, "_MOST_OBJECTS", 200)
    with h5py.File(wide, "w") as file:
        file["a/energy"], file["a/mu"] = columns[:2]
        for number in range(150):
            file.create_group(f"b{number}")
        file["z/energy"], file["z/mu"] = columns[0], 2 * columns[1]
    scans = read_xanes(wide)
    assert [scan.item for scan in scans] == ["a"]
    assert "only 200 groups and datasets" in scans[0].warnings[0]
