"""Who may talk to the page: token, names of the host, requests from other sites; headers of answers."""

from __future__ import annotations

import hmac
import html
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from edgepair.apps.web.settings import Settings, is_loopback

if TYPE_CHECKING:
    from flask import Flask, Response

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
