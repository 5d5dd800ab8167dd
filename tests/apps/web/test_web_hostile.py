"""What visitors drop to hurt, and many visitors at once: others are answered, and nothing stays behind."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import resource
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from edgepair.apps.web.settings import Limits
from edgepair.apps.web.workers import Worker

Make = Callable[..., Any]
ZEROS = b"0 " * 10_000_000


def _zip(method: int) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", method) as archive:
        archive.writestr("../../a.dat", ZEROS)
    return memory.getvalue()


def _tar() -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as archive:
        member = tarfile.TarInfo("a.dat")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    return memory.getvalue()


def _hdf5() -> bytes:
    memory = io.BytesIO()
    with h5py.File(memory, "w", libver="latest") as file:
        file["energy"] = np.arange(7000.0, 7300.0)
        file["mu"] = h5py.ExternalLink("/etc/passwd", "/mu")
        many = np.dtype([(f"c{n}", "f8") for n in range(2000)])
        file.create_dataset("records", (300,), dtype=many)
        for number in range(50):
            file.create_dataset(f"i{number}", (400_000,), dtype="f8", chunks=(400_000,), compression="gzip")
    return memory.getvalue()


RAN = Path(tempfile.gettempdir()) / f"edgepair-was-here-{os.getpid()}"


class _Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(RAN),)


def _hostile() -> dict[str, bytes]:
    arguments = b"'k','v'," * 300_000
    return {
        "bomb.dat.gz": gzip.compress(ZEROS),
        "bomb.zip": _zip(zipfile.ZIP_DEFLATED),
        "bzip2.zip": _zip(zipfile.ZIP_BZIP2),
        "link.tar.gz": _tar(),
        "bomb.bz2": bz2.compress(ZEROS),
        "bomb.xz": lzma.compress(ZEROS, preset=0),
        "outside.h5": _hdf5(),
        "pickle.gr": pickle.dumps(_Runs()),
        "brackets.json": b"[" * 2_000_000,
        "project.prj": b"# Athena project file -- Demeter version 0.9\n@args = (" + arguments + b");\n",
        "labels.dat": b"# " + b" ".join(b"label%d=" % n for n in range(20_000)) + b"\n" + b"1 2\n" * 100_000,
        "paper.pdf": b"%PDF-1.7\n" + b"1 0 obj\n" * 100_000,
    }


@pytest.mark.slow
def test_hostile_files_of_every_kind_cost_others_nothing(
    make_page: Make, visitor_of: Make, texts: Any
) -> None:
    app, _ = make_page(Worker)
    hostile = _hostile()
    good, bad = visitor_of(app), visitor_of(app)
    good.upload("first.xdi", texts.spectrum())
    assert "first.xdi" in good.files()[0]
    for name, content in hostile.items():
        assert bad.upload(name, content).status_code == 200
    told: list[str] = []
    reading = threading.Thread(target=lambda: told.append(bad.files()[0]))
    reading.start()
    waited = []
    number = 0
    while reading.is_alive() or number < 3:
        number += 1
        began = time.monotonic()
        good.upload(f"{number}.xdi", texts.spectrum(edge=7123.0 + 0.1 * number))
        assert f"{number}.xdi" in good.files()[0]
        waited.append(time.monotonic() - began)
        time.sleep(0.2)
        if number == 30:
            break
    reading.join(120)
    print(f"{len(waited)} good files beside the bad, at most {max(waited):.2f} s")
    assert max(waited) < 2.0
    assert all(name in told[0] for name in hostile)
    assert not RAN.exists()


@pytest.mark.slow
def test_twenty_visitors_with_forty_files_each(make_page: Make, visitor_of: Make, texts: Any) -> None:
    app, services = make_page(Worker)
    visitors = [visitor_of(app) for _ in range(20)]
    seconds: list[float] = []
    memory = []

    def drop(number: int, count: int) -> None:
        for one in range(count):
            began = time.monotonic()
            visitors[number].upload(f"{one}.xdi", texts.spectrum(edge=7120.0 + 0.01 * (40 * number + one)))
            visitors[number].files()
            seconds.append(time.monotonic() - began)

    for _ in range(4):
        threads = [threading.Thread(target=drop, args=(number, 10)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
    print(f"p95 of {len(seconds)} readings {np.quantile(seconds, 0.95):.2f} s; memory {memory} MB")
    assert memory[-1] - memory[0] < 100
    assert len(list(services.folder.iterdir())) >= 20


def test_a_day_of_visits_leaves_nothing(make_page: Make, visitor_of: Make, texts: Any) -> None:
    """In fast motion: somebody comes every ten minutes, drops a file and leaves the tab open."""
    app, services = make_page()
    idle = Limits().idle_seconds
    most = 0

    def later(seconds: float) -> None:
        for visit in services.visits._visits.values():
            visit.seen -= seconds

    for number in range(24 * 6):
        later(600.0)
        visitor_of(app).upload("a.xdi", texts.spectrum(edge=7120.0 + 0.01 * number))
        most = max(most, len(services.visits._visits))
    assert most <= idle / 600.0 + 1
    assert len(list(services.folder.iterdir())) <= most + 1
    later(idle)
    services.visits.expire()
    assert not services.visits._visits
    assert not [path for path in services.folder.rglob("*") if path.is_file()]
