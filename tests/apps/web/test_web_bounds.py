"""Nobody keeps others out: by files that take long, by connections that say nothing, by odd requests."""

from __future__ import annotations

import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dash")

from edgepair.apps.web import guard
from edgepair.apps.web.jobs import LANES, Jobs
from edgepair.apps.web.server import make_app
from edgepair.apps.web.settings import Settings


class _Threads:
    """Carries calls out in the thread that asks: what the queue does needs no process."""

    def __init__(self, folder: Path, niceness: int) -> None:
        pass

    def run(self, function: object, args: tuple[object, ...], on_progress: object) -> tuple[object, ...]:
        return ("done", function(*args))  # type: ignore[operator]

    def kill(self) -> None:
        pass

    close = kill


def test_one_visitor_leaves_a_reader_to_the_others(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, lanes={"look": LANES["look"]}, make_worker=_Threads)  # type: ignore[arg-type]
    going = threading.Event()
    slow = [jobs.submit("one", going.wait, lane="look") for _ in range(10)]
    began = time.monotonic()
    assert jobs.call("another", int, "7", lane="look", seconds=20) == 7
    assert time.monotonic() - began < 10
    assert sum(job.state == "running" for job in slow) == 1
    going.set()
    assert all(job.ended.wait(20) for job in slow)
    jobs.close()


def test_a_newcomer_is_next_before_those_who_took_long(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, lanes={"look": 2}, make_worker=_Threads)  # type: ignore[arg-type]
    first = [jobs.submit(f"bad {n}", time.sleep, 0.3, lane="look") for n in range(6)]
    assert all(job.ended.wait(20) for job in first)
    slow = [jobs.submit(f"bad {n}", time.sleep, 0.5, lane="look") for n in range(6) for _ in range(3)]
    time.sleep(0.1)
    assert jobs.call("newcomer", int, "7", lane="look", seconds=20) == 7
    assert sum(job.state in ("done", "running") for job in slow) <= 4
    jobs.close()


def test_waiting_behind_others_is_not_counted(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, lanes={"look": 1}, make_worker=_Threads)  # type: ignore[arg-type]
    jobs.submit("one", time.sleep, 1.5, lane="look")
    assert jobs.call("another", int, "7", lane="look", seconds=0.5) == 7
    jobs.close()


def _answer(environ: Any, start: Any) -> list[bytes]:
    sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"x" * 50_000_000] if environ["PATH_INFO"] == "/large" else [sent or b"here"]


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(guard, "MOST_CONNECTIONS", 20)
    monkeypatch.setattr(guard, "_SECONDS_FOR_HEADERS", 3.0)
    server = guard.BoundedServer("127.0.0.1", 0, _answer, guard.QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HT",
        b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
    ],
)
def test_idle_and_trickling_connections_give_way(head: bytes, port: int) -> None:
    others = threading.active_count()
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(60)]
        for connection in held[-15:]:
            connection.sendall(head)
        began = time.monotonic()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
            assert answer.read() == b"here"
        assert time.monotonic() - began < 10
        time.sleep(1.0)
        # Less than one for each that holds a connection.
        assert threading.active_count() - others < 40
        deadline = time.monotonic() + 20
        for connection in held:
            connection.settimeout(max(deadline - time.monotonic(), 0.1))
            assert connection.recv(1) == b""


def test_answers_that_nobody_takes_give_way(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(b"GET /large HTTP/1.1\r\n\r\n")
        time.sleep(1.0)
        for _ in range(5):
            began = time.monotonic()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
                assert answer.read() == b"here"
            assert time.monotonic() - began < 5


def test_what_is_sent_whole_is_answered(port: int) -> None:
    content = b"x" * 3_000_000
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", data=content, timeout=20) as answer:
        assert answer.read() == content


def test_a_body_that_does_not_say_how_long_it_is(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFF\r\nabc")
        assert connection.recv(12) == b"HTTP/1.1 411"


@pytest.mark.parametrize("path", ["os/x.js", "dash/%00.js", "dash/../../x", "dash/a.js?v=%ff"])
def test_parts_of_the_page_that_do_not_exist(path: str) -> None:
    app, services = make_app(Settings(port=8050), make_worker=_Threads)  # type: ignore[arg-type]
    try:
        answer = app.server.test_client().get(
            f"/_dash-component-suites/{path}", headers={"Host": "127.0.0.1:8050"}
        )
        assert 400 <= answer.status_code < 500
    finally:
        services.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'"text"',
        b'{"output": 1}',
        b'{"output": "nothing.here", "inputs": 3}',
        b'{"output": "nothing.here", "outputs": {}, "inputs": [], "changedPropIds": []}',
        b'{"output": "..a..", "outputs": [1], "inputs": [1], "changedPropIds": [1]}',
        b"\xff\xfe" * 50,
        b"[" * 100_000,
    ],
)
def test_odd_requests_are_refused_not_failed(body: bytes) -> None:
    app, services = make_app(Settings(port=8050), make_worker=_Threads)  # type: ignore[arg-type]
    try:
        client = app.server.test_client()
        answer = client.post(
            "/_dash-update-component",
            data=body,
            headers={"Host": "127.0.0.1:8050", "Content-Type": "application/json"},
        )
        assert 400 <= answer.status_code < 500
    finally:
        services.close()
