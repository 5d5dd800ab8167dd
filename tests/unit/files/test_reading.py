"""Tables that name files, written by others."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgepair.conventions import DataError
from edgepair.files.reading import read_table
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
