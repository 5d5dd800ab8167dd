"""Visits: uploads, limits, names, and that nobody sees another's."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from edgepair.apps.web.settings import Limits

Make = Callable[..., Any]
SMALL = Limits(file_bytes=1000, visit_bytes=2500, all_bytes=4000, files=4, visits=3)


def test_a_visit_goes_on_and_an_unknown_one_is_a_new_one(page: Any, visitor: Any) -> None:
    known = {"X-Edgepair-Visit": visitor.key}
    assert visitor.request("POST", "/visit", headers=known).get_json()["visit"] == visitor.key
    for wrong in ("", "x" * 43, visitor.key[:-1]):
        key = visitor.request("POST", "/visit", headers={"X-Edgepair-Visit": wrong}).get_json()["visit"]
        assert key not in (wrong, visitor.key)
        assert len(key) > 40


@pytest.mark.parametrize(
    ("name", "shown", "ending"),
    [
        ("../../etc/passwd", "passwd", ""),
        ("C:\\data\\a.xdi", "a.xdi", ".xdi"),
        ("/abs/olute.GR", "olute.GR", ".gr"),
        ("Fe₂O₃ (300 K).xdi.gz", "Fe₂O₃ (300 K).xdi.gz", ".xdi.gz"),
        ("a\x00b\n.txt", "a b .txt", ".txt"),
        ("..", "file without a name", ""),
        ("", "file without a name", ""),
        ("x.so/../../y.p\u202egnp", "y.p gnp", ""),
        ("<img src=x onerror=alert(1)>.gr", "<img src=x onerror=alert(1)>.gr", ".gr"),
        ("long" * 100 + ".xdi", "long" * 28 + "lo…"[:3] + ".xdi", ".xdi"),
    ],
)
def test_a_name_is_shown_and_never_used(page: Any, visitor: Any, name: str, shown: str, ending: str) -> None:
    _, services = page
    assert visitor.upload(quote(name), b"1 2\n").status_code == 200
    visit = services.visits.find(visitor.key)
    (upload,) = visit.files.values()
    assert upload.path.name == f"f1{ending}"
    assert upload.path.parent == visit.folder
    assert upload.name == shown or (len(upload.name) <= 120 and upload.name.endswith(ending))


def test_files_lie_in_a_private_folder_that_goes(make_page: Make, visitor_of: Make) -> None:
    app, services = make_page()
    visitor = visitor_of(app)
    visitor.upload("a.xdi", b"1 2\n")
    folder: Path = services.folder
    visit = services.visits.find(visitor.key)
    for place in (folder, visit.folder):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert visitor.key not in str(visit.folder)
    services.visits.end(visitor.key)
    assert not visit.folder.exists()
    services.close()
    assert not folder.exists()


def refused(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422
    parts: dict[str, str] = answer.get_json()
    assert sorted(parts) == ["found", "needed", "problem", "suggestion"]
    assert all(parts.values())
    return parts


def test_limits_of_a_file_of_a_visitor_and_of_all(make_page: Make, visitor_of: Make) -> None:
    app, services = make_page(limits=SMALL)
    first, second = visitor_of(app), visitor_of(app)
    assert "at most 0 MB a file" in refused(first.upload("a.gr", b"x" * 1001))["needed"]
    assert "empty" in refused(first.upload("a.gr", b""))["found"]
    for name in ("a", "b"):
        assert first.upload(name, b"x" * 1000).status_code == 200
    assert "in all" in refused(first.upload("c", b"x" * 600))["needed"]
    assert first.upload("d", b"x" * 300).status_code == 200
    assert second.upload("a", b"x" * 1000).status_code == 200
    assert "all visitors" in refused(second.upload("b", b"x" * 900))["found"]
    assert first.upload("e", b"x").status_code == 200
    assert "at most 4 files" in refused(first.upload("f", b"x"))["needed"]
    assert len(services.visits.find(first.key).files) == 4


def test_what_is_too_large_is_refused_before_it_is_sent(make_page: Make, visitor_of: Make) -> None:
    app, services = make_page(limits=SMALL)
    visitor = visitor_of(app)
    about = {"X-Edgepair-Visit": visitor.key, "X-Edgepair-Name": "big.h5"}
    for size, code in (("1001", 422), ("0", 422), ("-5", 422), ("what", 422), ("900", 200)):
        answer = visitor.request("POST", "/upload?check", headers=about | {"X-Edgepair-Size": size})
        assert answer.status_code == code, size
    assert services.visits.find(visitor.key).files == {}


def test_an_upload_without_a_visit_is_refused(page: Any, visitor: Any) -> None:
    visitor.key = "nobody"
    assert "visit that ended" in refused(visitor.upload("a.gr", b"1 2"))["found"]


def test_old_visits_end_and_the_idlest_gives_way(
    make_page: Make, visitor_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgepair.apps.web import visits
    from edgepair.conventions import DataError

    app, services = make_page(limits=SMALL)
    now = [1000.0]
    monkeypatch.setattr(visits.time, "monotonic", lambda: now[0])
    four = []
    for _ in range(4):
        now[0] += 1
        four.append(visitor_of(app))
    with pytest.raises(DataError, match="visit"):
        services.visits.find(four[0].key)
    now[0] += SMALL.idle_seconds - 1
    services.visits.find(four[3].key)
    now[0] += 2
    services.visits.expire()
    services.visits.find(four[3].key)
    with pytest.raises(DataError):
        services.visits.find(four[2].key)


def test_a_flood_throws_out_nobody_who_has_something_to_lose(
    make_page: Make, visitor_of: Make, texts: Any, fake: Any
) -> None:
    app, services = make_page(limits=replace(SMALL, file_bytes=10**6, visit_bytes=10**6, all_bytes=10**7))
    night = visitor_of(app)
    night.upload("night.xdi", texts.spectrum())
    for _ in range(20):
        last = visitor_of(app)
    assert len(services.visits.find(night.key).files) == 1
    services.visits.find(last.key)
    # Nor who waits for a calculation without a file, as on the page Study.
    working = services.visits.find(last.key)
    working.holds = True
    newcomer = visitor_of(app)
    newcomer.upload("a.xdi", texts.spectrum())
    answer = newcomer.request("POST", "/visit")
    assert answer.status_code == 503
    told = str(answer.get_json())
    for part in ("cannot let another visitor in", "3 visitors with files or answers", "try again later"):
        assert part in told
    assert services.visits.find(working.key) is working
    services.visits.end(night.key)
    assert newcomer.request("POST", "/visit").status_code == 200


def test_a_visit_that_ended_is_told_on_the_page(page: Any, visitor: Any) -> None:
    _, services = page
    services.visits.end(visitor.key)
    told = visitor.call("page.children", "address.pathname", {"address.pathname": "/", "address.search": ""})
    assert "load the page again" in str(told)
    told = visitor.call(
        "predict-files.children", "predict-uploads.data", {"predict-uploads.data": {"tick": 1}}
    )
    assert "load the page again" in str(told["side"])


def test_who_waits_for_a_file_keeps_nobody_else_waiting(page: Any, visitor: Any, visitor_of: Make) -> None:
    app, services = page
    busy = services.visits.find(visitor.key)
    outcomes: list[int] = []
    with busy.lock:
        # As when a page reads a file of this visitor, and another comes meanwhile.
        sending = threading.Thread(target=lambda: outcomes.append(visitor.upload("a.gr", b"1").status_code))
        sending.start()
        sending.join(0.2)
        assert sending.is_alive()
        others: list[int] = []

        def come() -> None:
            others.append(visitor_of(app).upload("b.gr", b"2").status_code)
            # What the example button does while it holds the lock of its visit.
            services.visits.check(busy, "example", 5)

        coming = threading.Thread(target=come, daemon=True)
        coming.start()
        coming.join(5)
        assert others == [200]
        assert not coming.is_alive()
    sending.join(5)
    assert outcomes == [200]


def test_a_file_that_comes_when_the_visit_has_ended_is_refused(page: Any, visitor: Any) -> None:
    from edgepair.conventions import DataError

    _, services = page
    visit = services.visits.find(visitor.key)
    services.visits.end(visitor.key)
    with pytest.raises(DataError, match="this visit"):
        services.visits.take(visit, "a.gr", b"1 2", page="predict")
    assert not visit.folder.exists()


def test_a_size_that_is_no_size_is_refused(visitor: Any) -> None:
    for size in ("9" * 5000, "²", "1e9"):
        about = {"X-Edgepair-Visit": visitor.key, "X-Edgepair-Name": "a", "X-Edgepair-Size": size}
        assert visitor.request("POST", "/upload?check", headers=about).status_code == 422, size[:9]
