"""Files made to hurt: none reaches outside itself, and none takes more than its share."""

from __future__ import annotations

import contextlib
import gzip
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edgepair.conventions import EdgepairError, MeasurementError
from edgepair.engine import GuardedResult
from edgepair.measured import guarded, read_pdf, read_xanes
from edgepair.measured.samples import read_measured
from edgepair.measured.xanes import reading as xanes_reading

h5py = pytest.importorskip("h5py")

ENERGY = np.arange(7000.0, 7300.0)
MU = 0.2 + np.arctan((ENERGY - 7120.0) / 2.0) / np.pi + 0.5
SECRET = b"a file that the measurement has no business with\n" * 60


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    place = tmp_path / "elsewhere" / "secret"
    place.parent.mkdir()
    place.write_bytes(SECRET)
    return place


def _virtual(file: h5py.File, name: str, other: str, dataset: str) -> None:
    layout = h5py.VirtualLayout(shape=(300,), dtype="f8")
    layout[:] = h5py.VirtualSource(other, dataset, shape=(300,))
    file.create_virtual_dataset(name, layout)


def _raw_storage(file: h5py.File, secret: Path) -> None:
    file.create_dataset("mu", (300,), dtype="u1", external=[(str(secret), 0, 300)])


def _relative_raw_storage(file: h5py.File, secret: Path) -> None:
    name = os.path.relpath(secret, Path(file.filename).parent)
    file.create_dataset("mu", (300,), dtype="u1", external=[(name, 0, 300)])


def _pipe_as_raw_storage(file: h5py.File, secret: Path) -> None:
    os.mkfifo(secret.with_name("pipe"))
    file.create_dataset("mu", (300,), dtype="u1", external=[(str(secret.with_name("pipe")), 0, 300)])


def _other_file(secret: Path) -> Path:
    with h5py.File(secret.with_suffix(".h5"), "w") as other:
        other["mu"] = MU
        other["energy"] = ENERGY
    return secret.with_suffix(".h5")


def _external_link(file: h5py.File, secret: Path) -> None:
    file["mu"] = h5py.ExternalLink(str(_other_file(secret)), "/mu")


def _soft_link_over_an_external_one(file: h5py.File, secret: Path) -> None:
    file["group"] = h5py.ExternalLink(str(_other_file(secret)), "/")
    file["mu"] = h5py.SoftLink("/group/mu")


def _circle_of_links(file: h5py.File, secret: Path) -> None:
    file["mu"] = h5py.SoftLink("/mu2")
    file["mu2"] = h5py.SoftLink("/mu")


def _virtual_of_another(file: h5py.File, secret: Path) -> None:
    _virtual(file, "mu", str(_other_file(secret)), "mu")


def _virtual_over_raw_storage(file: h5py.File, secret: Path) -> None:
    file.create_group("inner").create_dataset("x", (300,), dtype="f8", external=[(str(secret), 0, 2400)])
    _virtual(file, "mu", ".", "/inner/x")


def _virtual_over_a_link(file: h5py.File, secret: Path) -> None:
    file.create_group("inner")["x"] = h5py.ExternalLink(str(_other_file(secret)), "/mu")
    _virtual(file, "mu", ".", "/inner/x")


OUTSIDE = [
    _raw_storage,
    _relative_raw_storage,
    _pipe_as_raw_storage,
    _external_link,
    _soft_link_over_an_external_one,
    _circle_of_links,
    _virtual_of_another,
    _virtual_over_raw_storage,
    _virtual_over_a_link,
]


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """What Python opens while a file is read in this process."""
    names: list[str] = []
    watching = [True]

    def hook(event: str, args: tuple[object, ...]) -> None:
        if watching[0] and event == "open" and isinstance(args[0], str | bytes | os.PathLike):
            names.append(os.path.realpath(os.fsdecode(args[0])))

    sys.addaudithook(hook)
    yield names
    watching[0] = False


@pytest.mark.parametrize("attack", OUTSIDE)
def test_numbers_of_other_files_are_not_read(
    attack: Callable[[h5py.File, Path], None], tmp_path: Path, secret: Path, opened: list[str]
) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["energy"] = ENERGY
        attack(file, secret)
    opened.clear()
    before = secret.stat().st_atime_ns
    with pytest.raises(MeasurementError):
        xanes_reading.read_here(path)
    assert not [name for name in opened if name.startswith(str(secret.parent))]
    assert secret.stat().st_atime_ns == before
    with pytest.raises(MeasurementError):
        read_xanes(path)


def test_where_the_numbers_lie_is_said(tmp_path: Path, secret: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["energy"] = ENERGY
        _raw_storage(file, secret)
    with pytest.raises(MeasurementError, match="other files") as error:
        read_xanes(path)
    assert "mu" in error.value.found


def test_virtual_datasets_and_links_within_the_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["raw/x"], file["raw/y"] = MU, 2 * MU
        file["scan/energy"] = ENERGY
        _virtual(file, "scan/mu", ".", "/raw/x")
        file["other/energy"] = h5py.SoftLink("/scan/energy")
        file["other/mu"] = h5py.SoftLink("/raw/y")
    found = {scan.item: scan.mu for scan in read_xanes(path)}
    np.testing.assert_allclose(found["scan"], MU)
    np.testing.assert_allclose(found["other"], 2 * MU)


def _of_neighbour(folder: Path, name: str) -> Path:
    """An intensity that a virtual dataset takes from a file of this name."""
    with h5py.File(folder / "a.h5", "w") as file:
        file["scan/energy"], file["scan/i0"] = ENERGY, np.full(len(ENERGY), 1e5)
        _virtual(file, "scan/i1", name, "it")
    return folder / "a.h5"


def test_a_file_beside_it_is_read_by_its_plain_name(tmp_path: Path) -> None:
    path = _of_neighbour(tmp_path, "b.h5")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["it"] = 1e5 * np.exp(-MU)
    (scan,) = read_xanes(path)
    np.testing.assert_allclose(scan.mu, MU)
    # A visitor's file has none beside it.
    with guarded.alone(), pytest.raises(EdgepairError) as error:
        read_xanes(path)
    assert "scan/i1 in 'b.h5'" in str(error.value)


def _link(path: Path, secret: Path) -> None:
    path.symlink_to(_other_file(secret))


def _pipe(path: Path, secret: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path, secret: Path) -> None:
    path.mkdir()


def _points_on(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        _virtual(file, "it", "c.h5", "it")
    with h5py.File(path.with_name("c.h5"), "w") as file:
        file["it"] = np.exp(-MU)


def _points_back(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        _virtual(file, "it", "a.h5", "scan/i0")


def _points_out(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        file["it"] = h5py.ExternalLink(str(_other_file(secret)), "/mu")


def _raw_behind(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("it", (300,), dtype="f8", external=[(str(secret), 0, 2400)])


def _text(path: Path, secret: Path) -> None:
    path.write_bytes(SECRET)


def _too_large(path: Path, secret: Path) -> None:
    with path.open("wb") as file:
        file.truncate(200_000_000)


NEIGHBOURS = [_link, _pipe, _folder, _points_on, _points_back, _points_out, _raw_behind, _text, _too_large]


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_a_neighbour_that_is_more_than_a_file_is_not_read(
    neighbour: Callable[[Path, Path], None], tmp_path: Path, secret: Path
) -> None:
    path = _of_neighbour(tmp_path, "b.h5")
    neighbour(tmp_path / "b.h5", secret)
    before = secret.stat().st_atime_ns
    with pytest.raises(EdgepairError):
        read_xanes(path)
    assert secret.stat().st_atime_ns == before


@pytest.mark.parametrize("name", ["../c.h5", "sub/c.h5", "/c.h5", "./c.h5", "..", "", "C:c.h5"])
def test_only_plain_names_are_neighbours(name: str, tmp_path: Path) -> None:
    (tmp_path / "here" / "sub").mkdir(parents=True)
    for place in (tmp_path, tmp_path / "here", tmp_path / "here" / "sub"):
        with h5py.File(place / "c.h5", "w") as file:
            file["it"] = 1e5 * np.exp(-MU)
    with pytest.raises(EdgepairError):
        read_xanes(_of_neighbour(tmp_path / "here", name or "."))


def _one_line_of_gzip(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=9) as file:
        for _ in range(49):
            file.write(b"7" * 1_000_000)


def _many_members_of_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(b"7112 1\n") * 150_000)


def _many_numbers(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for n in range(200):
            file.create_dataset(f"i{n}", (1_000_000,), dtype="f8", chunks=(100_000,), compression="gzip")
        file.create_dataset("energy", (1_000_000,), dtype="f8", chunks=(100_000,), compression="gzip")


def _project_of_one_string(path: Path) -> None:
    start = b"# Athena project file -- Demeter version 0.9\n$old_group = 'a';\n@args = ('label', '"
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(start)
        for _ in range(90):
            file.write(b"\\x" * 500_000)


def _project_of_brackets(path: Path) -> None:
    path.write_bytes(gzip.compress(b'{"_____header1": "# Athena project file", "x": ' + b"[" * 10_000_000))


def _blank_letters(path: Path) -> None:
    path.write_text("# " + "a " * 15_500 + "\n" + "".join(f"{n / 50} {n % 7}\n" for n in range(300)))


def _labels(path: Path) -> None:
    path.write_text(
        "# "
        + " ".join(f"label{n}=" for n in range(20_000))
        + "\n"
        + "".join(f"{n / 50} 1\n" for n in range(300))
    )


def _label_lines(path: Path) -> None:
    lines = "".join(f"label{n} = 1\n" for n in range(20_000))
    path.write_text(lines + "".join(f"{n / 50} {n % 7}\n" for n in range(300)))


def _digits(path: Path) -> None:
    path.write_text("".join(f"{'1' * 3000}x {n}\n" for n in range(300)))


def _brackets(path: Path) -> None:
    path.write_text("# r" + " (" * 1900 + "\n" + "".join(f"{n / 50} {n % 7}\n" for n in range(300)))


def _formula(path: Path) -> None:
    lines = f"composition = {'H' + '1' * 3800}!\n" * 100
    path.write_text(lines + "".join(f"{n / 50} {n % 7}\n" for n in range(300)))


def _small_blocks(path: Path) -> None:
    block = "".join(f"{n} 1\n" for n in range(20))
    path.write_text("".join(f"h{n}\n" for n in range(50_000)) + f"text\n{block}" * 4_000)


def _scans_apart(path: Path) -> None:
    """Texts between scans, under 1 MB: what was left out was once counted for each scan anew."""
    path.write_text(("a\nb\nc\nd\n" + "".join(f"{10 + n} 1\n" for n in range(10))) * 8_000)


def _many_lines(path: Path) -> None:
    path.write_bytes(b"7112 1\n" * 1_900_000)


def _lines_of_one_number(path: Path) -> None:
    path.write_bytes(b"1\n" * 10_000_000)


GREEDY = [
    _one_line_of_gzip,
    _many_members_of_gzip,
    _many_numbers,
    _project_of_one_string,
    _project_of_brackets,
    _blank_letters,
    _labels,
    _label_lines,
    _digits,
    _brackets,
    _formula,
    _small_blocks,
    _scans_apart,
    _many_lines,
    _lines_of_one_number,
]


@pytest.fixture(scope="module")
def warm() -> None:
    guarded.reader_process().start()
    assert guarded.reader_process().call(os.getpid, cpu_seconds=10).value


@pytest.mark.parametrize("attack", GREEDY)
def test_no_file_takes_more_than_its_share(
    attack: Callable[[Path], None], tmp_path: Path, warm: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is read or refused in four parts, within the limits of one file, which a crash would not be."""
    path = tmp_path / "a.dat"
    attack(path)
    seconds: list[float] = []
    call = guarded.Sandbox.call

    def watched(*args: object, **kwargs: object) -> object:
        result = call(*args, **kwargs)  # type: ignore[arg-type]
        seconds.append(result.cpu_seconds)
        assert "crashed" not in result.problem
        return result

    monkeypatch.setattr(guarded.Sandbox, "call", watched)
    for read in (read_xanes, read_pdf):
        with contextlib.suppress(EdgepairError):
            read(path)
    assert len(seconds) == 2
    assert max(seconds) < guarded.CPU_SECONDS / 2


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_never_ends_is_not_read(kind: str, tmp_path: Path) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / "pipe.xdi"
    if kind == "pipe":
        os.mkfifo(path)
    began = time.monotonic()
    for read in (read_xanes, read_pdf):
        with pytest.raises(MeasurementError, match="a pipe or a device"):
            read(path)
    assert time.monotonic() - began < 30


def test_short_texts_are_read_in_this_process_until_the_other_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.dat"
    path.write_text("".join(f"{e} {m}\n" for e, m in zip(ENERGY, MU, strict=True)))
    box = guarded.Sandbox()
    monkeypatch.setattr(guarded, "reader_process", lambda: box)
    assert len(read_xanes(path)) == 1
    assert not box.running


@pytest.mark.parametrize(
    ("problem", "words"), [("crashed (SIGSEGV)", "crashed"), ("MemoryError: 9 GB", "GB of memory")]
)
def test_a_crash_costs_its_own_file(
    problem: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n\x00")
    monkeypatch.setattr(guarded.Sandbox, "call", lambda *_, **__: GuardedResult(None, problem, 1.0))
    with pytest.raises(MeasurementError, match="cannot read") as error:
        read_xanes(tmp_path / "a.h5")
    assert words in error.value.found


def test_a_table_of_many_spectra_may_take_longer(tmp_path: Path) -> None:
    small, large = tmp_path / "a.dat", tmp_path / "b.dat"
    small.write_bytes(b"1 2\n")
    large.write_bytes(b"1 2\n" * 1_000_000)
    assert guarded._cpu_seconds(small) == pytest.approx(guarded.CPU_SECONDS, abs=0.1)
    assert guarded._cpu_seconds(large) == pytest.approx(guarded.CPU_SECONDS + 4 * guarded.SECONDS_PER_MB)
    assert guarded._cpu_seconds(tmp_path / "none") == guarded.CPU_SECONDS


def test_what_ended_the_reader_is_not_read_again_as_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.dat"
    path.write_text("7000 1\n" * 20)
    calls: list[str] = []

    def call(*args: object, **options: object) -> GuardedResult:
        calls.append(str(args[1]))
        return GuardedResult(None, "over 8 s of CPU time", 8.0)

    monkeypatch.setattr(guarded, "_is_short_text", lambda path: False)
    monkeypatch.setattr(guarded.Sandbox, "call", call)
    with pytest.raises(MeasurementError, match="cannot read"):
        read_measured(path, None, {}, {})
    assert len(calls) == 1
    with pytest.raises(MeasurementError, match="cannot read"):
        read_measured(path.rename(tmp_path / "a.gr"), None, {}, {})
    assert len(calls) == 3


def test_a_file_of_very_many_scans_asks_for_one(tmp_path: Path) -> None:
    rows = "".join(f"{e:.0f} {m:.3f}\n" for e, m in zip(ENERGY[90:150:4], MU[90:150:4], strict=True))
    scans = "".join(f"#S {n} s\n#L Energy  mu\n{rows}\n" for n in range(2600))
    (tmp_path / "a.spec").write_text("#F a\n" + scans)
    with pytest.raises(MeasurementError, match="2600 scans"):
        xanes_reading.read_here(tmp_path / "a.spec")
    assert xanes_reading.read_here(tmp_path / "a.spec", item="7")[0].item == "7"
    groups = "@x = ('1','2');\n@y = ('1','2');\n[record]\n" * 3000
    (tmp_path / "a.prj").write_text("# Athena project file\n" + groups)
    with pytest.raises(MeasurementError, match="3000 scans or groups"):
        xanes_reading.read_here(tmp_path / "a.prj")


def test_arrays_of_two_dimensions_are_looked_at_within_one_budget(tmp_path: Path) -> None:
    """3,000 declared arrays of 12 million numbers each, of which the file stores none."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for number in range(3000):
            file.create_dataset(f"g{number}/v", (30_000, 400), "f8", chunks=(100, 400))
    began = time.process_time()
    with pytest.raises(MeasurementError, match="cannot read"):
        xanes_reading.read_here(tmp_path / "a.h5")
    assert time.process_time() - began < 5


def test_points_that_are_far_denser_than_any_edge_are_averaged(tmp_path: Path) -> None:
    """So near that each lies within the next one's reach, they are no repeats of one point."""
    energy = np.linspace(7000.0, 7300.0, 700_000)
    mu = 0.2 + np.arctan((energy - 7120.0) / 2.0) / np.pi + 0.5
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["energy"], file["mu"] = energy, mu
    (scan,) = read_xanes(tmp_path / "a.h5")
    assert 15_000 < len(scan.energy) <= 20_001
    np.testing.assert_allclose(scan.mu, np.interp(scan.energy, energy, mu), atol=1e-4)
    assert any("points within 0.015 eV were averaged" in words for words in scan.warnings)
