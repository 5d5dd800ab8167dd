"""A server with bounds on connections: idle and trickling ones cannot keep others out."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

MOST_CONNECTIONS = 200
_SECONDS_FOR_HEADERS = 15.0
_SECONDS_FOR_ALL = 600.0
_SECONDS_SILENT = 30.0
"""Time to send the head of a request; to send, answer and read all of it; between two pieces."""
_SLOWEST = 50_000
"""Bytes a second in which what follows the head must come."""


@dataclass
class _Connection:
    until: float
    asked: bool = False
    """Whether all of a request has come."""


class _Body:
    """What follows the head of a request; notes when all of it has come."""

    def __init__(self, stream: Any, length: int, done: Callable[[], None]) -> None:
        self._stream, self._left, self._done = stream, length, done

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes."""
        part: bytes = self._stream.read(size)
        self._left -= len(part)
        if self._left <= 0:
            self._done()
        return part


class QuietHandler(WSGIRequestHandler):
    """Answers one request, says nothing of it, and does not wait for ever for its next piece."""

    timeout = _SECONDS_SILENT

    def parse_request(self) -> bool:
        """Note that somebody asks, who is not to be cut off for one who only holds the line."""
        if not super().parse_request():
            return False
        if "Transfer-Encoding" in self.headers:
            # No browser sends a file so, and how long it would be is not said.
            self.send_error(411)
            return False
        length = self.headers.get("Content-Length", "0")
        self._length = int(length) if length.isdecimal() and length.isascii() and len(length) < 15 else 0
        self._note(self._length)
        return True

    def make_environ(self) -> Any:
        """Watch what follows the head."""
        environ = super().make_environ()
        environ["wsgi.input"] = _Body(self.rfile, self._length, self._note)
        return environ

    def _note(self, missing: int = 0) -> None:
        if isinstance(self.server, BoundedServer):
            self.server.has_asked(self.connection, missing)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


class BoundedServer(ThreadedWSGIServer):
    """Keeps a bounded number of connections; the oldest that asked for nothing yet gives way."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._open: dict[Any, _Connection] = {}
        self._guard = threading.Lock()
        super().__init__(*args, **options)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection, at the cost of an idle one where there are many."""
        with self._guard:
            full = len(self._open) >= MOST_CONNECTIONS
            # Dictionaries keep their order: the first is the oldest.
            idle = next((one for one, state in self._open.items() if not state.asked), request)
            self._open[request] = _Connection(time.monotonic() + _SECONDS_FOR_HEADERS)
            if full:
                del self._open[idle]
        if full:
            _cut(idle)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that ends."""
        with self._guard:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Cut connections whose time is over; called twice a second."""
        super().service_actions()
        now = time.monotonic()
        with self._guard:
            over = [one for one, state in self._open.items() if now > state.until]
        for one in over:
            _cut(one)

    def has_asked(self, request: Any, missing: int) -> None:
        """Note that a request has come over a connection, but for so many bytes."""
        seconds = _SECONDS_FOR_HEADERS + missing / _SLOWEST if missing else _SECONDS_FOR_ALL
        with self._guard:
            if request in self._open:
                until = time.monotonic() + min(seconds, _SECONDS_FOR_ALL)
                self._open[request] = _Connection(until, asked=not missing)


def _cut(connection: socket.socket) -> None:
    """End a connection; the thread that serves it sees its end and leaves."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
