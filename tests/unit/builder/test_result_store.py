"""The result store: what is kept stays, whatever happens around it."""

from __future__ import annotations

import contextlib
import gzip
import json
import multiprocessing
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepair.builder import ResultStore
from edgepair.builder.records import digest
from edgepair.conventions import OutputError

Open = Callable[..., ResultStore]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open stores that are closed after the test."""
    stores: list[ResultStore] = []

    def call(folder: Path, **options: bool) -> ResultStore:
        stores.append(ResultStore(folder, **options))
        return stores[-1]

    yield call
    for store in stores:
        store.close()


def record(value: object = 1, *, ok: bool = True) -> dict[str, object]:
    return {"ok": ok, "value": value} if ok else {"ok": False, "reason": "r", "problem": "p"}


def test_what_is_put_is_got(opened: Open, tmp_path: Path) -> None:
    store = opened(tmp_path / "s")
    assert not (tmp_path / "s").exists()
    key = digest("a")
    assert store.get(key) is None
    assert key not in store
    store.put("kind", key, record({"x": [1.5, None], "é": "ü"}))
    for one in (store, opened(tmp_path / "s")):
        got = one.get(key)
        assert got is not None
        assert got["value"] == {"x": [1.5, None], "é": "ü"}
        assert got["kind"] == "kind"
        assert one.is_ok(key)
        assert len(one) == 1


def test_failure_is_kept_but_a_success_replaces_it(opened: Open, tmp_path: Path) -> None:
    store = opened(tmp_path)
    key = digest("a")
    store.put("kind", key, record(ok=False))
    assert key in store
    assert not store.is_ok(key)
    store.put("kind", key, record(2))
    store.put("kind", key, record(ok=False))
    for one in (store, opened(tmp_path)):
        assert one.is_ok(key)
        assert one.get(key)["value"] == 2  # type: ignore[index]


def test_two_runs_see_each_other(opened: Open, tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path)
    one.put("kind", digest(1), record(1))
    two.put("kind", digest(2), record(2))
    one.put("kind", digest(3), record(3))
    assert digest(2) not in one
    one.refresh()
    two.refresh()
    for store in (one, two):
        assert [store.get(digest(n))["value"] for n in (1, 2, 3)] == [1, 2, 3]  # type: ignore[index]
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


@pytest.mark.parametrize("cut", [1, 30, 100, -1])
def test_line_that_was_cut_off_is_passed_over(opened: Open, tmp_path: Path, cut: int) -> None:
    store = opened(tmp_path)
    for n in range(3):
        store.put("kind", digest(n), record("x" * 200))
    store.close()
    (path,) = tmp_path.glob("*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) + lines[2][:cut])
    again = opened(tmp_path)
    assert len(again) == 2
    # the run that goes on writes elsewhere, never behind half a line
    again.put("kind", digest(2), record("y"))
    assert opened(tmp_path).get(digest(2))["value"] == "y"  # type: ignore[index]


def test_damage_in_the_middle_costs_one_result(opened: Open, tmp_path: Path) -> None:
    store = opened(tmp_path)
    for n in range(3):
        store.put("kind", digest(n), record(n))
    store.close()
    (path,) = tmp_path.glob("*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\x00" * 40 + b"\n" + lines[1][:90] + b"}}\n" + lines[2])
    again = opened(tmp_path)
    assert again.damaged == 1
    assert again.get(digest(1)) is None
    assert again.damaged == 2
    assert [again.is_ok(digest(n)) for n in range(3)] == [True, False, True]


def test_packed_results_are_read(opened: Open, tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.put("feff10", digest(1), record(1))
    store.close()
    (path,) = tmp_path.glob("*.jsonl")
    (tmp_path / "Fe.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    again = opened(tmp_path)
    assert again.get(digest(1))["value"] == 1  # type: ignore[index]
    assert [item["value"] for item in again.records("feff10")] == [1]
    assert list(again.records("other")) == []
    (tmp_path / "Mn.jsonl.gz").write_bytes(gzip.compress(b"x" * 1000)[:-20])
    assert opened(tmp_path).damaged == 1


def test_memory_only(opened: Open, tmp_path: Path) -> None:
    store = opened(tmp_path / "absent", keep=False)
    store.put("kind", digest(1), record(1))
    assert store.get(digest(1))["value"] == 1  # type: ignore[index]
    assert [item["value"] for item in store.records("kind")] == [1]
    assert not (tmp_path / "absent").exists()


def test_a_file_in_its_place(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("in the way")
    with pytest.raises(OutputError, match="cannot keep results") as caught:
        opened(tmp_path / "s")
    assert "--store" in caught.value.suggestion


def test_disk_that_is_full(opened: Open, tmp_path: Path) -> None:
    """A limit on file size stands for the disk: the error is the same up to its number."""
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_fill, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    again = opened(tmp_path)
    assert len(again) == 3
    assert again.damaged == 0


def _fill(folder: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
    store = ResultStore(folder)
    for n in range(3):
        store.put("kind", digest(n), record("x" * 1000))
    with pytest.raises(OutputError, match="cannot keep a result") as caught:
        store.put("kind", digest(3), record("x" * 1000))
    assert "room" in caught.value.suggestion


def test_place_that_cannot_be_written(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = opened(tmp_path / "file" / "below")
    with pytest.raises(OutputError, match="cannot keep a result"):
        store.put("kind", digest(1), record())


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_order_of_runs_gives_the_same(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("store")
    done: dict[str, bool] = {}
    with contextlib.ExitStack() as stack:  # an example may end at any draw
        stores = [stack.enter_context(contextlib.closing(ResultStore(folder))) for _ in range(3)]
        for _ in range(data.draw(st.integers(1, 12))):
            store = stores[data.draw(st.integers(0, 2))]
            key = digest(data.draw(st.integers(0, 4)))
            ok = data.draw(st.booleans())
            store.put(data.draw(st.sampled_from(["a", "b"])), key, record(ok=ok))
            done[key] = done.get(key, False) or ok
            if data.draw(st.booleans()):
                store.refresh()
    again = ResultStore(folder)
    assert {key: again.is_ok(key) for key in done} == done
    assert len(again) == len(done)
    for path in folder.glob("*.jsonl"):
        assert all(json.loads(line)["key"] for line in path.read_text().splitlines())


def test_a_changed_digit_counts_as_absent(tmp_path: Path) -> None:
    key = "ab" * 32
    with ResultStore(tmp_path) as store:
        store.put("spectrum", key, {"ok": True, "value": {"y": [0.123, 0.456]}})
    (segment,) = tmp_path.glob("*.jsonl")
    whole = segment.read_bytes()
    segment.write_bytes(whole.replace(b"0.456", b"0.457"))
    with ResultStore(tmp_path) as store:
        assert store.get(key) is None
        assert store.damaged == 1
        assert key not in store
        store.put("spectrum", key, {"ok": True, "value": {"y": [0.123, 0.456]}})
        record = store.get(key)
        assert record is not None
        assert record["value"]["y"] == [0.123, 0.456]
    with ResultStore(tmp_path) as store:
        assert store.get(key) == record
