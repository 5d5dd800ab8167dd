"""What a killed process left is swept by the next; what lives, or is another's, stays."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from edgepair.files.caching import own_scratch, prefix_beside, sweep
from edgepair.files.writing import write_whole


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_leftovers_of_the_dead_are_swept(place: Path) -> None:
    code = (
        "import os; from edgepair.files.caching import own_scratch\n"
        "with own_scratch('trial') as folder:\n"
        "    (folder / 'half').write_text('x' * 1000); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"TMPDIR": str(place)}, check=False)
    assert len(list(place.iterdir())) == 1
    with own_scratch("other") as _:
        assert len(list(place.iterdir())) == 2
    with own_scratch("trial") as folder:
        assert list(place.iterdir()) == [folder]
    assert not list(place.iterdir())


def test_what_lives_or_is_anothers_stays(place: Path) -> None:
    with own_scratch("trial") as folder:
        elsewhere = place / f"edgepair-trial-anotherhost-{2**22 + 1}-abc"
        elsewhere.mkdir()
        (place / "edgepair-trial-mine").mkdir()
        (place / folder.name.replace(str(os.getpid()), str(2**22 + 1))).symlink_to(
            place / "edgepair-trial-mine"
        )
        sweep("trial")
        assert folder.is_dir()
        assert elsewhere.is_dir()
        assert (place / "edgepair-trial-mine").is_dir()
        os.utime(elsewhere, (0, 0))
        sweep("trial")
        assert not elsewhere.exists()


def test_what_a_killed_process_left_beside_its_output_is_swept(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from edgepair.files import writing\n"
        "Path.replace = lambda *_: os.kill(os.getpid(), 9)\n"
        "writing.write_whole(Path(sys.argv[1]) / 'a', 'x', what='it', suggestion='none')\n"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=os.environ.copy(), check=False)
        # the second run swept what the first had left
        (left,) = tmp_path.iterdir()
    whole = tmp_path / left.name.replace(".part", "_")
    (whole / "old").mkdir(parents=True)
    prefix_beside.cache_clear()
    write_whole(tmp_path / "b", "y", what="it", suggestion="none")
    # What was to be replaced is nowhere else.
    assert {path.name for path in tmp_path.iterdir()} == {"b", whole.name}
