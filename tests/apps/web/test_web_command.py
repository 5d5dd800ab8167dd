"""``edgepair app``: what it refuses, prints and leaves behind."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest


@contextmanager
def running(*arguments: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command until it has said where it is."""
    command = [sys.executable, "-W", "error", "-m", "edgepair", "app", "--no-browser", *arguments]
    environment = os.environ | {"TMPDIR": str(folder)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        # A shell ignores Ctrl-C for what it runs in the background, this test perhaps: children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    ) as server:  # fmt: skip
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            address = re.search(r"http://\S+", line)
            assert address is not None, line
            yield server, address[0]
        finally:
            if server.poll() is None:
                server.kill()


def ask(address: str, path: str = "/", **headers: str) -> tuple[int, str]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_serves_and_leaves_nothing_behind(tmp_path: Path, number: int, code: int) -> None:
    with running("--port", "0", folder=tmp_path) as (server, address):
        assert "token" not in address
        assert ask(address)[0] == 200
        (folder,) = tmp_path.glob("edgepair-web-*")
        assert folder.stat().st_mode & 0o077 == 0
        server.send_signal(number)
        assert server.wait(60) == code
        assert server.stderr is not None
        assert server.stderr.read() == ""
    assert list(tmp_path.glob("edgepair-web-*")) == []


def test_others_need_the_token_that_is_printed(tmp_path: Path) -> None:
    with running("--host", "0.0.0.0", "--port", "0", folder=tmp_path) as (_, address):
        assert re.search(r"\?token=[\w-]{32}$", address)
        assert ask(address)[0] == 401
        status, text = ask(address, "/?" + urlsplit(address).query)
        assert status == 200
        assert "refresh" in text


def refused(edgepair: Callable[..., Any], *arguments: object) -> str:
    done = edgepair("app", "--no-browser", *arguments)
    assert done.code == 2
    assert done.out == ""
    for part in ("cannot", "Found:", "Needed:", "Try:"):
        assert part in done.err
    assert "Traceback" not in done.err
    return str(done.err)


def test_a_port_in_use_and_a_wrong_address_are_refused(edgepair: Callable[..., Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"the port {port}" in refused(edgepair, "--port", port)
    assert "192.0.2.1" in refused(edgepair, "--host", "192.0.2.1", "--port", 0)
    assert "no-such-host.invalid" in refused(edgepair, "--host", "no-such-host.invalid")


def test_a_short_token_is_refused(edgepair: Callable[..., Any]) -> None:
    assert "6 characters" in refused(edgepair, "--token", "secret")


def test_without_dash_the_extra_is_named(
    edgepair: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dash", None)
    assert "edgepair[web]" in refused(edgepair, "--port", 0)


def test_the_next_free_port_is_taken_where_none_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from edgepair.apps.web import server
    from edgepair.apps.web.settings import Settings

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(server, "DEFAULT_PORT", taken.getsockname()[1])
        with server._bind(Settings()) as sock:
            assert sock.getsockname()[1] != taken.getsockname()[1]


def test_the_server_loads_neither_numpy_nor_pandas(tmp_path: Path) -> None:
    """Plotly asks of every value whether pandas knows it: half loaded, it breaks the answer."""
    code = """
import sys
from edgepair.apps.web import Settings, make_app
app, services = make_app(Settings())
client = app.server.test_client()
key = client.post("/visit").get_json()["visit"]
headers = {"X-Edgepair-Visit": key, "X-Edgepair-Name": "a.gr", "X-Edgepair-Page": "predict"}
from math import exp, sin
def G(r):
    waves = 2 * sin(7 * r) * exp(-0.05 * r) * (1 - exp(-(r / 2) ** 4))
    return waves - r * exp(-(r / 1.9) ** 4) + 8 * exp(-0.5 * ((r - 2.0) / 0.1) ** 2)
rows = "\\n".join(f"{k / 50} {G(k / 50)}" for k in range(1000))
client.post("/upload", data=rows.encode(), headers=headers)
from edgepair.apps.web.work import reading as work
visit = services.visits.find(key)
request = work.FileRequest(visit.files["f1"].path, "a.gr", (("radiation", "x-ray"),))
assert services.jobs.call(key, work.look, request, None, True).kind == "pdf"
services.close()
print([name for name in ("numpy", "pandas", "xarray") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.strip() == "[]", done.stderr
