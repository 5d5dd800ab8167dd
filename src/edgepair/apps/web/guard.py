"""Who may talk to the page, and how long: token, names of the host, other sites, bounds on connections."""

from __future__ import annotations

import contextlib
import hmac
import html
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from edgepair.apps.web.settings import Settings, is_loopback

if TYPE_CHECKING:
    from flask import Flask, Response

MOST_CONNECTIONS = 200
_SECONDS_FOR_HEADERS = 15.0
_SECONDS_FOR_ALL = 600.0
_SECONDS_SILENT = 30.0
"""Time to send the head of a request; to send, answer and read all of it; between two pieces."""
_SLOWEST = 50_000
"""Bytes a second in which what follows the head must come."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_KEEPABLE = ("/assets/", "/_dash-component-suites/", "/_favicon.ico")
"""Where files lie that are the same for everyone; nothing else may be kept by a browser."""


@dataclass
class _Connection:
    until: float
    stage: int = 0
    """0 until all of a request has come, 2 while it is worked on, 1 from when its answer is sent."""


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

    def send_response(self, code: int, message: str | None = None) -> None:
        """Note that an answer begins, which somebody may ask for and never take."""
        if isinstance(self.server, BoundedServer):
            self.server.is_answered(self.connection)
        super().send_response(code, message)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


class BoundedServer(ThreadedWSGIServer):
    """Bounds connections: the oldest that asked nothing gives way, else the oldest with an untaken answer."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._open: dict[Any, _Connection] = {}
        self._guard = threading.Lock()
        super().__init__(*args, **options)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection, at the cost of an idle one where there are many."""
        with self._guard:
            full = len(self._open) >= MOST_CONNECTIONS
            # Dictionaries keep their order: the first is the oldest.
            kept = [one for one, state in self._open.items() if state.stage < 2]
            idle = min(kept, key=lambda one: self._open[one].stage, default=request)
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
                self._open[request] = _Connection(until, stage=0 if missing else 2)

    def is_answered(self, request: Any) -> None:
        """Note that an answer is being sent over a connection."""
        with self._guard:
            if request in self._open:
                self._open[request].stage = 1


def _cut(connection: socket.socket) -> None:
    """End a connection; the thread that serves it sees its end and leaves."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Guard:
    """Looks at every request before anything else does."""

    settings: Settings
    scripts: Sequence[str] = field(default_factory=tuple)

    def install(self, server: Flask) -> None:
        """Stand before a server."""
        server.before_request(self._check)
        server.after_request(self._add_headers)

    @property
    def cookie(self) -> str:
        """Name of the cookie: cookies of other ports of the same host are sent along."""
        return f"edgepair-{self.settings.port}"

    def _check(self) -> Response | None:
        from flask import request

        if not self._knows_host(request.host):
            # A name that somebody else may let point here: DNS rebinding.
            return _refusal(
                421,
                found=f"a request to {request.host!r}",
                needed="the address that edgepair app printed",
                suggestion="open that address; for another name of this machine give it by --host",
            )
        if request.method != "GET" and not _same_site(request.headers, request.host):
            return _refusal(
                403,
                found="a request from another site",
                needed="one from this page",
                suggestion="open the address that edgepair app printed",
            )
        return self._check_token()

    def _knows_host(self, header: str) -> bool:
        name = (urlsplit(f"//{header}").hostname or "").lower()
        if is_loopback(name):
            return True
        if self.settings.local:
            return False
        try:
            # Nobody can let a number point elsewhere.
            ipaddress.ip_address(name)
            return True
        except ValueError:
            return name in {
                self.settings.host.lower(),
                socket.gethostname().lower(),
                socket.getfqdn().lower(),
            }

    def _check_token(self) -> Response | None:
        from flask import Response, request

        wanted = self.settings.token
        if wanted is None or _same(request.cookies.get(self.cookie, ""), wanted):
            return None
        if request.method == "GET" and _same(request.args.get("token", ""), wanted):
            parts = urlsplit(request.full_path)
            kept = urlencode([pair for pair in parse_qsl(parts.query) if pair[0] != "token"])
            # One slash: two, or one of each kind, would be the address of another host.
            target = "/" + quote(parts.path.lstrip("/\\")) + (f"?{kept}" if kept else "")
            # Not a redirect: after a link from elsewhere a strict cookie is not sent along with one.
            answer = Response(
                '<!doctype html><meta charset="utf-8"><title>edgepair</title>'
                f'<meta http-equiv="refresh" content="0; url={html.escape(target)}">',
                mimetype="text/html",
            )
            answer.set_cookie(self.cookie, wanted, httponly=True, samesite="Strict", path="/")
            return answer
        return _refusal(
            401,
            found="no token, or another one",
            needed="the token that belongs to this page",
            suggestion="open the whole address that edgepair app printed, with ?token= at its end",
        )

    def _add_headers(self, answer: Response) -> Response:
        from flask import request

        for name, value in _HEADERS.items():
            answer.headers[name] = value
        scripts = " ".join(("'self'", *self.scripts))
        answer.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        if not request.path.startswith(_KEEPABLE):
            answer.headers["Cache-Control"] = "no-store"
        return answer


def _same(given: str, wanted: str) -> bool:
    """Compare in a time that says nothing of where the two differ."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def _same_site(headers: object, host: str) -> bool:
    origin = headers.get("Origin")  # type: ignore[attr-defined]
    # As text: what is no address at all cannot be taken apart, and is of another site too.
    if origin is not None and origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower()):
        return False
    return headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")  # type: ignore[attr-defined]


def _refusal(code: int, *, found: str, needed: str, suggestion: str) -> Response:
    from flask import Response

    text = f"cannot open the page\n  Found:  {found}\n  Needed: {needed}\n  Try:    {suggestion}\n"
    return Response(text, status=code, mimetype="text/plain")
