"""Properties of reading spectra: the way they are written changes nothing; damage is never a crash."""

from __future__ import annotations

import gzip
import importlib.util
import random
import tempfile
import time
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepair.conventions import EdgepairError
from edgepair.measured import read_xanes


@cache
def samples() -> ModuleType:
    """Load the maker of sample files."""
    path = Path(__file__).resolve().parents[1] / "simulators" / "xanes_samples.py"
    spec = importlib.util.spec_from_file_location("xanes_samples", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@settings(deadline=None, max_examples=40)
@given(
    edge=st.sampled_from((4966.0, 5465.0, 6539.0, 7112.0, 8979.0, 13474.0)),
    kilo=st.booleans(),
    down=st.booleans(),
    raw=st.booleans(),
    mark=st.sampled_from((" ", "\t", ",", "; ")),
    comment=st.sampled_from(("", "# ", "%", "! ")),
    scale=st.floats(0.01, 100),
    offset=st.floats(-5, 5),
)
def test_the_way_of_writing_changes_nothing(
    edge: float, kilo: bool, down: bool, raw: bool, mark: str, comment: str, scale: float, offset: float
) -> None:
    s = samples()
    x = s.energies(edge)
    mu = s.absorption(x, edge)
    i0, it, _ = s.intensities(mu)
    labels = ["energy", "i0", "i1"] if raw else ["energy", "mu"]
    columns = [x / 1000 if kilo else x, *((i0, it) if raw else (scale * mu + offset,))]
    text = comment + mark.join(labels) + "\n"
    text += s.rows(*(c[::-1] if down else c for c in columns), mark=mark, digits=".12g")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan"
        path.write_text(text)
        (scan,) = read_xanes(path)
    np.testing.assert_allclose(scan.energy, x, rtol=1e-9)
    # Intensities are written with a fixed number of decimals, so that mu is off by some 1e-7.
    expected = mu if raw else scale * mu + offset
    np.testing.assert_allclose(scan.mu, expected, rtol=1e-8, atol=5e-7 if raw else 1e-9)
    tabulated = {4966.0: "Ti", 5465.0: "V", 6539.0: "Mn", 7112.0: "Fe", 8979.0: "Cu", 13474.0: "Br"}
    assert scan.absorber == tabulated[edge]
    assert scan.warnings == ()


JUNK = (
    *(
        b"nan",
        b"inf",
        b"-1e400",
        b"1e308",
        b"0",
        b"-",
        b"*****",
        b"\x00",
        b"((((",
        b"'",
        b'"',
        b",",
        b"\t",
        b"#",
    ),
    *(b"\xff\xfe", b"$x = (", b"[record]\n", b"%d\n", b"#S 1 x\n", b"#L a  b\n", b"9809 K", b"{", b"1" * 400),
    *(
        b"Column.1: energy keV\n",
        b"# Element.symbol: Xx\n",
        b"# Element.symbol: Pu\n",
        b"\r",
        b"\x1a",
        b"\xc3",
    ),
)
OPTIONS: tuple[dict[str, Any], ...] = (
    *({},) * 6,
    {"mu": "ln($2/$3)"},
    {"mu": "-log(itrans/i0)"},
    {"energy_column": 2},
    {"energy_unit": "keV"},
    {"item": "row 1"},
    {"absorber": "Fe"},
)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Truncate, flip, delete, repeat, swap or insert, one to six times."""
    for _ in range(chance.randint(1, 6)):
        if len(data) < 5:
            break
        at = chance.randrange(len(data)) if chance.random() < 0.5 else chance.randrange(min(len(data), 500))
        kind = chance.choice(("cut", "flip", "delete", "insert", "repeat", "shuffle", "swap", "word"))
        lines = data.split(b"\n")
        line = chance.randrange(len(lines))
        if kind == "cut":
            data = data[: max(at, 5)]
        elif kind == "flip":
            flipped = bytearray(data)
            for _ in range(chance.randint(1, 30)):
                flipped[chance.randrange(len(data))] = chance.randrange(256)
            data = bytes(flipped)
        elif kind == "delete":
            data = data[:at] + data[at + chance.randint(1, 500) :]
        elif kind == "insert":
            data = data[:at] + chance.choice(JUNK) + data[at:]
        elif kind == "repeat":
            lines[line : line + 1] = [lines[line]] * chance.randint(0, 3)
            data = b"\n".join(lines)
        elif kind == "shuffle":
            chance.shuffle(lines)
            data = b"\n".join(lines)
        else:
            first, second = chance.random(), chance.random()
            for number in range(len(lines)) if kind == "swap" else (line,):
                words = lines[number].split()
                if len(words) > 1 and not lines[number].startswith(b"#"):
                    a, b = int(first * len(words)), int(second * len(words))
                    words[a], words[b] = (
                        (words[b], words[a]) if kind == "swap" else (chance.choice(JUNK), words[b])
                    )
                    lines[number] = b" ".join(words)
            data = b"\n".join(lines)
    return data


def read_damaged(folder: Path, count: int, seed: int) -> tuple[int, int]:
    """Read damaged files and count those that were read and those that were refused."""
    s = samples()
    thin = s.energies
    chance = random.Random(seed)
    s.energies = lambda edge=7112.0: thin(edge, step=3.0)
    try:
        sources = [make().encode() for make in s.SAMPLES.values()]
        x = s.energies()
        sources.append(s.rows(x, s.absorption(x)).encode())
        sources.append(("energy,a,b,c\n" + s.rows(x, *[s.absorption(x)] * 3, mark=",")).encode())
        sources.append(("# energy i0 itrans ifluor\n" + s.rows(x, *s.intensities(s.absorption(x)))).encode())
    finally:
        s.energies = thin
    was_read = refused = 0
    path = folder / "damaged"
    for number in range(count):
        data = damaged(chance.choice(sources), chance)
        if chance.random() < 0.1:
            data = gzip.compress(data, 1)
            data = damaged(data, chance) if chance.random() < 0.5 else data
        path.write_bytes(data)
        start = time.process_time()
        try:
            scans = read_xanes(path, **chance.choice(OPTIONS))
        except EdgepairError as refusal:
            parts = (refusal.problem, refusal.found, refusal.needed, refusal.suggestion)
            complete = all(parts) and len(str(refusal)) < 20_000
            refused += 1
        else:
            complete = True
            was_read += 1
            assert len({scan.item for scan in scans}) == len(scans)
            for scan in scans:
                assert len(scan.energy) == len(scan.mu) >= 10
                assert np.isfinite(scan.mu).all()
                assert (np.diff(scan.energy) > 0).all()
        assert complete, number
        assert time.process_time() - start < 5, number
    return was_read, refused


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    was_read, refused = read_damaged(tmp_path, 600, seed=5)
    # Both happen, or the damage would be too weak or too strong to show anything.
    assert was_read > 90
    assert refused > 90


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_many_damaged_files_are_read_or_refused(tmp_path: Path, seed: int) -> None:
    read_damaged(tmp_path, 5000, seed=100 + seed)
