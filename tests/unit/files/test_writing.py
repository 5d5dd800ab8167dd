"""Files are complete or absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgepair.conventions import OutputError
from edgepair.files.writing import write_whole


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    for text in ("a\n", "µ, b\r\n"):
        assert write_whole(path, text, what="the table", suggestion="") == path
        assert path.read_bytes().decode() == text
    assert [item.name for item in tmp_path.iterdir()] == ["table.csv"]


def test_what_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.csv"
    path.write_text("before", encoding="utf-8")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "after", what="the table", suggestion="")
    assert path.read_text(encoding="utf-8") == "before"
    assert [item.name for item in tmp_path.iterdir()] == ["table.csv"]


def test_bytes_of_names_that_are_no_text_are_written_escaped(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "table.csv", "sample\udcff.xdi", what="the table", suggestion="")
    assert path.read_text(encoding="utf-8") == r"sample\udcff.xdi"


@pytest.mark.parametrize("name", ["nowhere/table.csv", "folder"])
def test_a_place_that_cannot_be_is_refused_in_four_parts(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="cannot write the table") as caught:
        write_whole(tmp_path / name, "a", what="the table", suggestion="choose another place with --out")
    assert caught.value.suggestion == "choose another place with --out"
    assert caught.value.needed
    assert [item.name for item in tmp_path.rglob("*")] == ["folder"]
