"""Rows of interrupted commands: found again by the same command alone, never half of one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edgepair.files.caching import KeptRows, fingerprint, user_folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def only_file() -> Path:
    (path,) = user_folder("rows").iterdir()
    return path


def test_the_same_command_finds_its_rows_and_another_does_not(tmp_path: Path) -> None:
    rows = KeptRows("mix", tmp_path / "a.csv", {"most": 3})
    rows.add("one", [{"value": 2.5, "text": "\n=x"}])
    rows.close()
    assert KeptRows("mix", tmp_path / "a.csv", {"most": 2}).get("one") is None
    assert KeptRows("mix", tmp_path / "b.csv", {"most": 3}).get("one") is None
    again = KeptRows("mix", tmp_path / "a.csv", {"most": 3})
    assert again.get("one") == [{"value": 2.5, "text": "\n=x"}]
    again.finish()
    assert KeptRows("mix", tmp_path / "a.csv", {"most": 3}).get("one") is None


def test_a_line_that_was_cut_or_changed_counts_as_absent(tmp_path: Path) -> None:
    rows = KeptRows("mix", tmp_path / "a.csv", {})
    for key in ("one", "two", "three"):
        rows.add(key, {"value": 1.25})
    rows.close()
    data = only_file().read_bytes()
    only_file().write_bytes(data.replace(b"1.25", b"1.75", 1)[:-9])
    again = KeptRows("mix", tmp_path / "a.csv", {})
    assert [again.get(key) for key in ("one", "two", "three")] == [None, {"value": 1.25}, None]
    again.add("three", {"value": 3})
    again.close()
    assert KeptRows("mix", tmp_path / "a.csv", {}).get("three") == {"value": 3}


def test_a_second_run_at_once_keeps_nothing(tmp_path: Path) -> None:
    first, second = KeptRows("mix", tmp_path / "a.csv", {}), KeptRows("mix", tmp_path / "a.csv", {})
    first.add("one", 1)
    second.add("two", 2)
    second.finish()
    first.close()
    again = KeptRows("mix", tmp_path / "a.csv", {})
    assert (again.get("one"), again.get("two")) == (1, None)


def test_a_cache_that_others_can_write_or_a_link_is_not_used(tmp_path: Path) -> None:
    KeptRows("mix", tmp_path / "a.csv", {}).add("one", 1)
    path = only_file()
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    KeptRows("mix", tmp_path / "a.csv", {}).add("one", 1)
    assert not (tmp_path / "elsewhere").exists()
    path.unlink()
    user_folder("rows").chmod(0o777)
    KeptRows("mix", tmp_path / "a.csv", {}).add("one", 1)
    assert list(user_folder("rows").iterdir()) == []


def test_contents_are_told_apart(tmp_path: Path) -> None:
    @dataclass
    class Scan:
        name: str
        mu: object

    x = np.arange(4.0)
    same = fingerprint([Scan("a", x), (1, 2), None])
    assert same == fingerprint([Scan("a", x.copy()), (1, 2), None])
    others = [
        [Scan("b", x), (1, 2), None],
        [Scan("a", x + 1e-12), (1, 2), None],
        [Scan("a", x), (1, 3), None],
    ]
    assert len({same, *map(fingerprint, others)}) == 4
    path = tmp_path / "f"
    path.write_text("1", encoding="utf-8")
    before = fingerprint(path)
    path.write_text("2", encoding="utf-8")
    assert fingerprint(path) != before
