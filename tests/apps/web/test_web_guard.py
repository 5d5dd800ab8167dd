"""Who may talk to the page, and what its answers carry."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]
TOKEN = "a-token-that-nobody-guesses"
REBOUND = "http://edgepair.example.org/"


def ask(
    app: Any, path: str = "/", *, base: str = "http://127.0.0.1/", method: str = "GET", **more: Any
) -> Any:
    return app.server.test_client().open(path, base_url=base, method=method, buffered=True, **more)


def test_a_name_that_somebody_let_point_here_is_refused(page: Any) -> None:
    app, _ = page
    for name in ("127.0.0.1:8050", "localhost:9000", "[::1]:8050"):
        assert ask(app, base=f"http://{name}/").status_code == 200
    for path, method in (("/", "GET"), ("/_dash-layout", "GET"), ("/visit", "POST"), ("/upload", "POST")):
        answer = ask(app, path, base=REBOUND, method=method)
        assert answer.status_code == 421, path
        for part in ("cannot open", "Found:  a request to 'edgepair.example.org'", "Needed:", "Try:"):
            assert part in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Origin": "http://127.0.0.1@elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_site_cannot_send_anything(page: Any, headers: dict[str, str]) -> None:
    app, _ = page
    for path in ("/visit", "/upload", "/_dash-update-component"):
        assert ask(app, path, method="POST", headers=headers).status_code == 403
    same = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert ask(app, "/visit", method="POST", headers=same).status_code == 200


def test_without_the_token_nothing_is_answered(make_page: Make) -> None:
    app, _ = make_page(token=TOKEN, port=8050)
    paths = ["/", "/predict", "/_dash-layout", "/_dash-dependencies", "/assets/page.js", "/nothing"]
    for path in paths:
        for given in ("", "?token=", "?token=wrong", f"?token={TOKEN[:-1]}", "?token=Å"):
            answer = ask(app, path + given)
            assert answer.status_code == 401, (path, given)
            assert "Needed: the token" in answer.text
    for path in ("/visit", "/upload", "/_dash-update-component"):
        # Not in the address of what is sent either: addresses are kept in logs.
        assert ask(app, f"{path}?token={TOKEN}", method="POST").status_code == 401


def test_the_token_opens_the_page_once_and_is_then_a_cookie_that_no_script_reads(make_page: Make) -> None:
    app, _ = make_page(token=TOKEN, port=8050)
    client = app.server.test_client()
    first = client.get(f"/predict?token={TOKEN}&example=Fe", base_url="http://127.0.0.1/")
    cookie = first.headers["Set-Cookie"]
    for part in ("edgepair-8050=", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in cookie
    # On to the same page, without the token in the address, and by our own page: not by a redirect.
    assert first.status_code == 200
    assert 'url=/predict?example=Fe"' in first.text
    assert TOKEN not in first.text
    assert client.get("/predict", base_url="http://127.0.0.1/").status_code == 200
    assert client.post("/visit", base_url="http://127.0.0.1/").status_code == 200
    client.set_cookie("edgepair-8050", "another", domain="127.0.0.1")
    assert client.get("/predict", base_url="http://127.0.0.1/").status_code == 401


def test_the_page_after_the_token_is_always_one_of_ours(make_page: Make) -> None:
    app, _ = make_page(token=TOKEN)
    for path in ("//elsewhere.example/x", "/%5Celsewhere.example", '/"><script>alert(1)</script>'):
        text = ask(app, f"{path}?token={TOKEN}").text
        assert "<script>" not in text
        target = re.search(r"url=([^\"]*)", text)
        assert target is not None
        assert re.match(r"/[^/\\]", target[1] + "x"), target[1]


def test_a_page_for_others_knows_itself_by_number_and_name(make_page: Make) -> None:
    app, _ = make_page(host="0.0.0.0", token=TOKEN)
    assert ask(app, f"/?token={TOKEN}", base="http://192.0.2.7:8050/").status_code == 200
    assert ask(app, f"/?token={TOKEN}", base=REBOUND).status_code == 421


def test_every_answer_is_guarded_by_its_headers(page: Any) -> None:
    app, _ = page
    for path in ("/", "/_dash-layout", "/assets/style.css", "/no-such-page"):
        headers = ask(app, path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        scripts = re.search(r"script-src ([^;]*)", policy)
        assert scripts is not None
        assert "unsafe" not in scripts[1]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
    assert ask(app, "/_dash-layout").headers["Cache-Control"] == "no-store"


def test_nothing_on_the_page_lies_elsewhere(page: Any, visitor: Any) -> None:
    app, _ = page
    told = visitor.call(
        "page.children", "address.pathname", {"address.pathname": "/predict", "address.search": ""}
    )
    shown = [ask(app, path).text for path in ("/", "/_dash-layout")] + [json.dumps(told)]
    folder = Path(app.config.assets_folder)
    shown += [path.read_text(encoding="utf-8") for path in folder.iterdir()]
    assert len(shown) > 4
    for text in shown:
        assert re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", text) == []
    sources = re.findall(r'(?:src|href)="([^"]+)"', shown[0])
    assert sources
    for source in sources:
        assert source.startswith("/")
        assert ask(app, source).status_code == 200


def test_a_request_beyond_every_size_is_refused(make_page: Make, visitor_of: Make) -> None:
    from edgepair.apps.web.settings import Limits

    app, _ = make_page(limits=Limits(file_bytes=1000))
    visitor = visitor_of(app)
    answer = visitor.request(
        "POST", "/_dash-update-component", data=b" " * 1_100_000, content_type="application/json"
    )
    assert answer.status_code == 413
