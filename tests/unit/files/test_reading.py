"""Tables that name files, written by others."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

import pytest

from edgepair.conventions import DataError
from edgepair.files.reading import read_regular, read_table, unpack_gzip
from edgepair.measured.samples import Reading, gather_samples
from edgepair.standards.standards import read_standards


def test_a_table_of_very_many_rows_is_not_read(tmp_path: Path) -> None:
    """Each row becomes an answer or an error: 300,000 of them took 3.6 GB."""
    path = tmp_path / "pairs.csv"
    path.write_text("xanes,pdf\n" + "a.dat,a.gr\n" * 20_000)
    assert len(read_table(path)) == 20_000
    path.write_text("xanes,pdf\n" + "a.dat,a.gr\n" * 20_001)
    with pytest.raises(ValueError, match="more than 20000 rows"):
        read_table(path)
    path.write_text("file,compound\n" + "a.dat,Fe2O3\n" * 2_001)
    with pytest.raises(DataError, match="cannot read the standards") as error:
        read_standards(path)
    assert "2000 rows" in error.value.found
    path.write_text("xanes,pdf\n" + "a.dat,a.gr\n" * 20_001)
    with pytest.raises(DataError, match="cannot read the pairs"):
        gather_samples([], pairs=path, dpdf=None, reading=Reading(None, {}, {}))


def test_what_would_wait_is_no_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As /proc/kmsg, which says that it is a plain file."""
    os.mkfifo(tmp_path / "a")
    both_ends = os.open(tmp_path / "a", os.O_RDWR)
    monkeypatch.setattr("edgepair.files.reading.check_regular", lambda path: None)
    try:
        with pytest.raises(OSError, match="wait"):
            read_regular(tmp_path / "a", 100)
    finally:
        os.close(both_ends)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 100_000])
def test_members_of_gzip_one_after_another(size: int) -> None:
    parts = [os.urandom(size) + b"a" * size for _ in range(3)]
    packed = b"".join(map(gzip.compress, parts))
    assert unpack_gzip(packed, 6 * size + 1) == b"".join(parts)
    assert unpack_gzip(packed + b"\0\0", 6 * size + 1) == b"".join(parts)
    with pytest.raises(zlib.error):
        unpack_gzip(packed[:-1], 6 * size + 1)
