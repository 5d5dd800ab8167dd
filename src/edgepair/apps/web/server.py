"""The server: Dash behind a guard, and the few requests that are not Dash's."""

from __future__ import annotations

import dataclasses
import errno
import json
import logging
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.apps.web.jobs import LANES
from edgepair.apps.web.settings import DEFAULT_PORT, Settings
from edgepair.apps.web.workers import Worker
from edgepair.conventions import STUDY_ABSORBERS, EdgepairError, OptionError

if TYPE_CHECKING:
    from dash import Dash

    from edgepair.apps.web.visits import Services

_log = logging.getLogger("edgepair.web")
_SHORTEST_TOKEN = 16
_PORTS_TRIED = 20
_LONGEST_NUMBER = 18
"""Digits of a size that a browser tells: Python refuses to read numbers of thousands."""

_AFTER = {"answer": 1.0, "look": 6.0}
"""Seconds after which the process for answers starts, and the second one for files: where there are few
cores, the browser that loads the first page, and a visitor's first file, come first."""

_EARLY = '<script async src="/_dash-component-suites/dash/dcc/async-dropdown.js"></script>'
"""What Dash would ask for only when it draws the first page."""

_ROOM_FOR_REQUESTS = 1_000_000
"""Bytes of a request beside the file in it."""


def make_app(
    settings: Settings, make_worker: Callable[[Path, int], Worker] = Worker
) -> tuple[Dash, Services]:
    """Make the page without serving it.

    Parameters
    ----------
    settings : Settings
        Address, token and limits.
    make_worker : callable, optional
        Makes a process that works in the background, of a folder and a niceness.

    Returns
    -------
    app : dash.Dash
        Its ``server`` is a WSGI application.
    services : Services
        To be closed by the caller.

    Raises
    ------
    OptionError
        Dash is not installed.
    """
    _require_dash()
    from dash import Dash

    from edgepair.apps.web.guard import Guard
    from edgepair.apps.web.pages import PAGES
    from edgepair.apps.web.shell import Shell
    from edgepair.apps.web.visits import Services

    services = Services(settings.limits, make_worker, settings.shown)
    shell = Shell(services, [page(services) for page in PAGES])
    app = Dash(
        "edgepair",
        assets_folder=str(Path(__file__).parent / "assets"),
        serve_locally=True,
        suppress_callback_exceptions=True,
        title="edgepair",
        update_title="",
        enable_mcp=False,
        add_log_handler=False,
        on_error=shell.unforeseen,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    app.index_string = app.index_string.replace("<html>", '<html lang="en">').replace(
        "{%css%}", _EARLY + "{%css%}"
    )
    # Its tracebacks are no reading for visitors at a terminal; `Shell.unforeseen` logs faults.
    app.server.logger.disabled = True
    app.server.config["MAX_CONTENT_LENGTH"] = settings.limits.file_bytes + _ROOM_FOR_REQUESTS
    shell.register(app)
    _add_routes(app, services)
    _refuse_malformed(app)
    Guard(settings, tuple(app.csp_hashes())).install(app.server)
    return app, services


def _require_dash() -> None:
    try:
        import dash  # noqa: F401
    except ImportError as error:
        raise OptionError(
            "cannot open the page",
            found=f"no Dash ({error})",
            needed="Dash, which comes with the extra 'web'",
            suggestion="pip install 'edgepair[web]'",
        ) from error


def serve(settings: Settings, on_ready: Callable[[str, Settings], None]) -> None:
    """Serve the page until interrupted.

    Parameters
    ----------
    settings : Settings
        Address, token and limits. Where others than this machine can reach the address, a token is
        made unless there is one.
    on_ready : callable
        Called with the address for the browser and the settings in use.

    Raises
    ------
    OptionError
        Dash is not installed, or the address, port or token cannot be used.
    """
    _require_dash()
    from edgepair.apps.web.guard import BoundedServer, QuietHandler

    settings = _with_token(settings)
    sock = _bind(settings)
    try:
        settings = dataclasses.replace(settings, port=sock.getsockname()[1])
        app, services = make_app(settings)
        try:
            port = sock.getsockname()[1]
            server = BoundedServer(settings.host, port, app.server, QuietHandler, fd=sock.fileno())
            try:
                _warm_up(services)
                on_ready(_address(settings), settings)
                server.serve_forever()
                # Werkzeug takes Ctrl-C for itself.
                raise KeyboardInterrupt
            finally:
                server.server_close()
        finally:
            services.close()
    finally:
        sock.close()


def _warm_up(services: Services) -> None:
    """Start the processes that a first visitor would wait for."""
    from edgepair.apps.web.work.examples import warm

    for reader in range(LANES["look"]):
        # Visitors of their own: each of the readers takes one.
        after = _AFTER["look"] if reader else 0.0
        services.jobs.submit(f"reader {reader}", warm, STUDY_ABSORBERS[0], after, lane="look")
    services.jobs.submit("", warm, None, _AFTER["answer"], lane="answer")


def _with_token(settings: Settings) -> Settings:
    if settings.token is None:
        token = None if settings.local else secrets.token_urlsafe(24)
        return dataclasses.replace(settings, token=token)
    if len(settings.token) < _SHORTEST_TOKEN or not settings.token.isascii():
        raise OptionError(
            "cannot use this token",
            found=f"{len(settings.token)} characters",
            needed=f"at least {_SHORTEST_TOKEN}, of ASCII, that nobody guesses",
            suggestion="leave --token out to have one made",
        )
    return settings


def _bind(settings: Settings) -> socket.socket:
    """Take the port, or the next that is free where none was asked for by its number."""
    if settings.port is not None:
        return _listen(settings.host, settings.port)
    for port in range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED):
        try:
            return _listen(settings.host, port)
        except _TakenError:
            continue
    return _listen(settings.host, 0)


class _TakenError(OptionError):
    """Another program uses the port."""


def _listen(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise _TakenError(
                f"cannot use the port {port}",
                found="another program that uses it",
                needed="a port that is free",
                suggestion="choose another with --port, or leave --port out for the next that is free",
            ) from error
        raise OptionError(
            f"cannot use the address {host!r}, port {port}",
            found=error.strerror or str(error),
            needed="an address of this machine, and a port above 1023",
            suggestion="leave --host out for this machine alone; 0.0.0.0 is all of its addresses",
        ) from error
    return sock


def _address(settings: Settings) -> str:
    host = socket.gethostname() if settings.host in ("0.0.0.0", "::") else settings.host
    shown = f"[{host}]" if ":" in host else host
    token = f"?token={settings.token}" if settings.token else ""
    return f"http://{shown}:{settings.port}/{token}"


def _refuse_malformed(app: Dash) -> None:
    """Answer 400 to what Dash cannot take apart; faults of ours come back as notices."""
    from dash.exceptions import PreventUpdate
    from flask import Response, request
    from werkzeug.exceptions import HTTPException

    for name, view in list(app.server.view_functions.items()):
        callback = "_dash-update-component" in name
        if not callback and "_dash-component-suites" not in name:
            continue

        def guarded(
            *args: object, view: Callable[..., object] = view, callback: bool = callback, **kwargs: object
        ) -> object:
            try:
                body = request.get_json(silent=True) if callback else {"output": ""}
                if not isinstance(body, dict) or not isinstance(body.get("output"), str):
                    raise ValueError("no output")
                return view(*args, **kwargs)
            except (HTTPException, PreventUpdate):
                raise
            except Exception as error:
                _log.info("malformed request: %s", type(error).__name__)
                return Response("cannot answer this request\n", status=400, mimetype="text/plain")

        app.server.view_functions[name] = guarded


def _add_routes(app: Dash, services: Services) -> None:
    """Begin visits and take files: what a browser asks for outside Dash's own requests."""
    from flask import Response, jsonify, request
    from plotly.io.json import to_json_plotly

    from edgepair.apps.web.components import notice

    def visit() -> tuple[Response, int]:
        try:
            return jsonify(visit=services.visits.find(request.headers.get("X-Edgepair-Visit")).key), 200
        except EdgepairError:
            pass
        try:
            return jsonify(visit=services.visits.begin().key), 200
        except EdgepairError as error:
            # As the page shows it: there is no visit that could ask for more.
            return jsonify(notice=json.loads(to_json_plotly(notice(error)))), 503

    def upload() -> tuple[Response, int]:
        headers = request.headers
        name, told = headers.get("X-Edgepair-Name", ""), headers.get("X-Edgepair-Size", "")
        page = headers.get("X-Edgepair-Page", "")
        try:
            found = services.visits.find(headers.get("X-Edgepair-Visit"))
            if "check" in request.args:
                # What is too large is refused before it is sent.
                size = int(told) if told.isdecimal() and len(told) <= _LONGEST_NUMBER else 0
                services.visits.check(found, name, size, page=page)
            else:
                content = request.get_data(cache=False)
                services.visits.take(found, name, content, page=page)
        except EdgepairError as error:
            parts = ("problem", "found", "needed", "suggestion")
            return jsonify({name: getattr(error, name) for name in parts}), 422
        return jsonify({}), 200

    app.server.add_url_rule("/visit", "visit", visit, methods=["POST"])
    app.server.add_url_rule("/upload", "upload", upload, methods=["POST"])
