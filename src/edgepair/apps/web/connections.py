"""A server with bounds on connections: idle and trickling ones cannot keep others out."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

MOST_CONNECTIONS = 200
_SECONDS_FOR_HEADERS = 15.0
_SECONDS_FOR_ALL = 600.0
_SECONDS_SILENT = 30.0
"""Time to send the head of a request; to send, answer and read all of it; between two pieces."""


@dataclass
class _Connection:
    began: float
    asked: bool = False
    """Whether the head of a request has come."""


class QuietHandler(WSGIRequestHandler):
    """Answers one request, says nothing of it, and does not wait for ever for its next piece."""

    timeout = _SECONDS_SILENT

    def parse_request(self) -> bool:
        """Note that somebody asks, who is not to be cut off for one who only holds the line."""
        understood = super().parse_request()
        if understood and isinstance(self.server, BoundedServer):
            self.server.has_asked(self.connection)
        return understood

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
            self._open[request] = _Connection(time.monotonic())
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
            over = [
                one
                for one, state in self._open.items()
                if now - state.began > (_SECONDS_FOR_ALL if state.asked else _SECONDS_FOR_HEADERS)
            ]
        for one in over:
            _cut(one)

    def has_asked(self, request: Any) -> None:
        """Note that the head of a request has come over a connection."""
        with self._guard:
            if request in self._open:
                self._open[request].asked = True


def _cut(connection: socket.socket) -> None:
    """End a connection; the thread that serves it sees its end and leaves."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
