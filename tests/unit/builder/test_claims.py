"""Claims: one result is made by one run, and a run that died has none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from edgepair.builder.records import digest
from edgepair.builder.result_store import Claims

KEY = digest(1)


def test_one_run_at_a_time(tmp_path: Path) -> None:
    one, two = Claims(tmp_path / "r"), Claims(tmp_path / "r")
    assert one.take(KEY)
    assert one.take(KEY)
    assert not two.take(KEY)
    assert two.take(digest(2))
    one.release(KEY)
    assert two.take(KEY)
    one.close()
    two.close()
    assert not (tmp_path / "r").exists()


def test_a_run_that_was_killed_has_no_claims(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from edgepair.builder.result_store import Claims\n"
        f"claims = Claims(Path({str(tmp_path / 'r')!r}))\n"
        f"claims.take({KEY!r})\n"
        "print('taken', flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "taken\n"
        mine = Claims(tmp_path / "r")
        assert not mine.take(KEY)
        os.kill(other.pid, signal.SIGKILL)
    assert mine.take(KEY)
    mine.close()
    assert list(tmp_path.iterdir()) == []


def test_where_no_claim_can_be_made_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    claims = Claims(tmp_path / "file" / "r")
    assert claims.take(KEY)
    claims.close()
