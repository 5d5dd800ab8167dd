"""The Materials Project, played by a server on the loopback interface."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from pymatgen.core import Structure

from edgepair.conventions import DataError, StructureError
from edgepair.structures import SourceMaterial, read_structure_source
from edgepair.structures.materials_project import (
    ProjectSpectrum,
    read_materials_project,
    read_project_spectra,
)

needs_mp_api = pytest.mark.skipif(find_spec("mp_api") is None, reason="needs mp-api (the extra 'mp')")

KEY = "abcdefgh" * 4
"""As long as a key of the service is; it opens nothing."""

HEARTBEAT = {"version": "0.86.3", "db_version": "2025.09.25", "access_controlled_batch_ids": []}


@dataclass
class Service:
    """What the server answers, and what it was asked."""

    documents: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    status: int = 200
    body: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    keys: set[str | None] = field(default_factory=set)

    def query(self) -> tuple[str, dict[str, str]]:
        """Return the path and query of the one question beside the heartbeat."""
        (question,) = (item for item in self.asked if item[0] != "/heartbeat")
        return question

    def answer(self, path: str, key: str | None) -> tuple[int, str]:
        """Answer as the service does; errors repeat the key, as a careless server might."""
        if path == "/heartbeat":
            return 200, json.dumps(HEARTBEAT)
        if self.status != 200 or self.body:
            return self.status, self.body.format(key=key)
        found = self.documents.get(path, [])
        return 200, json.dumps({"data": found, "meta": {"total_doc": len(found)}})


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Run a server that mp-api takes for the Materials Project."""
    played = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            played.asked.append((address.path, dict(parse_qsl(address.query))))
            if address.path != "/heartbeat":
                played.keys.add(self.headers.get("x-api-key"))
            status, text = played.answer(address.path, self.headers.get("x-api-key"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            use_endpoint(monkeypatch, f"http://127.0.0.1:{server.server_port}/")
            yield played
        finally:
            server.shutdown()
            thread.join()


def use_endpoint(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Point mp-api at an address; it reads MP_API_ENDPOINT once, when it is first imported."""
    with warnings.catch_warnings():
        # What mp-api and its dependencies find obsolete in each other.
        warnings.simplefilter("ignore")
        from mp_api.client import MPRester
        from mp_api.client.core.settings import MAPI_CLIENT_SETTINGS

    monkeypatch.setattr(MAPI_CLIENT_SETTINGS, "ENDPOINT", url)
    monkeypatch.setenv("MP_API_KEY", KEY)
    # no proxy between us and ourselves
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # Heartbeats are kept by address, and ports come back.
    MPRester.get_emmet_version.cache_clear()
    MPRester._get_heartbeat_info.cache_clear()


def summaries(**structures: Structure) -> list[dict[str, Any]]:
    return [
        {"material_id": name.replace("_", "-"), "structure": structure.as_dict()}
        for name, structure in structures.items()
    ]


def spectrum(name: str, structure: Structure, absorber: str) -> dict[str, Any]:
    """Write a spectrum as the service does (XASDoc of emmet-core)."""
    return {
        "task_id": name,
        "spectrum_name": "XAS",
        "last_updated": "2025-01-01T00:00:00",
        "absorbing_element": absorber,
        "spectrum_type": "XANES",
        "edge": "K",
        "spectrum": {
            "@module": "pymatgen.analysis.xas.spectrum",
            "@class": "XAS",
            "x": [7100.0, 7110.0, 7120.0],
            "y": [0.1, 0.5, float(len(structure))],
            "structure": structure.as_dict(),
            "absorbing_element": absorber,
            "edge": "K",
            "spectrum_type": "XANES",
            "absorbing_index": None,
        },
    }


def read_xanes(text: str, absorber: str) -> list[ProjectSpectrum]:
    return list(read_project_spectra(text, absorber))


def assert_four_parts(error: StructureError) -> None:
    for part in (error.problem, error.found, error.needed, error.suggestion):
        assert part.strip()


@needs_mp_api
def test_structures_come_by_identifier(service: Service, nio: Structure, rutile: Structure) -> None:
    service.documents["/materials/summary/"] = summaries(mp_19009=nio, mp_2657=rutile, mp_25=nio)
    materials = list(read_materials_project("elements=O"))
    assert [material.material_id for material in materials] == ["mp-25", "mp-2657", "mp-19009"]
    assert all(isinstance(material, SourceMaterial) for material in materials)
    assert [material.structure() for material in materials] == [nio, rutile, nio]
    assert service.keys == {KEY}


@needs_mp_api
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("elements=Fe+O", {"elements": "Fe,O"}),
        ("elements=Fe-O", {"elements": "Fe,O"}),
        ("exclude=F+Cl", {"exclude_elements": "F,Cl"}),
        ("chemsys=Fe-O", {"chemsys": "Fe-O"}),
        ("formula=Fe2O3", {"formula": "Fe2O3"}),
        ("ids=mp-19770+mp-715572", {"material_ids": "mp-19770,mp-715572"}),
        ("ehull=0.05", {"energy_above_hull_min": "0.0", "energy_above_hull_max": "0.05"}),
        ("sites=40", {"nsites_min": "0", "nsites_max": "40"}),
        (
            "elements=Fe, exclude=H, sites=8",
            {"elements": "Fe", "exclude_elements": "H", "nsites_min": "0", "nsites_max": "8"},
        ),
    ],
)
def test_filters_reach_the_service(
    service: Service, nio: Structure, text: str, wanted: dict[str, str]
) -> None:
    service.documents["/materials/summary/"] = summaries(mp_25=nio)
    assert len(list(read_structure_source(f"mp:{text}"))) == 1
    path, query = service.query()
    assert path == "/materials/summary/"
    assert query.pop("_fields") == "material_id,structure"
    assert {name: value for name, value in query.items() if not name.startswith("_")} == wanted


@needs_mp_api
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("elements=Fe+O", {"elements": "Fe,O"}),
        ("chemsys=Fe-O", {"chemsys": "Fe-O"}),
        ("formula=Fe2O3", {"formula": "Fe2O3"}),
        ("ids=mp-19770+mp-25", {"task_ids": "mp-19770,mp-25"}),
        ("", {}),
    ],
)
def test_filters_of_spectra_reach_the_service(service: Service, text: str, wanted: dict[str, str]) -> None:
    with pytest.raises(StructureError, match="no material matches"):
        read_xanes(text, "Fe")
    path, query = service.query()
    assert path == "/materials/xas/"
    asked = {name: value for name, value in query.items() if not name.startswith("_")}
    assert asked == wanted | {"absorbing_element": "Fe", "edge": "K", "spectrum_type": "XANES"}


@needs_mp_api
def test_spectra_of_materials_with_one_site_only(
    service: Service, hematite: Structure, magnetite: Structure, franklinite: Structure, rutile: Structure
) -> None:
    disordered = hematite.copy()
    disordered.replace(0, {"Fe": 0.5, "Al": 0.5})
    service.documents["/materials/xas/"] = [
        spectrum("mp-19770", hematite, "Fe"),
        # tetrahedral and octahedral iron
        spectrum("mp-19306", magnetite, "Fe"),
        spectrum("mp-19313", franklinite, "Fe"),
        spectrum("mp-99", disordered, "Fe"),
        spectrum("mp-2657", rutile, "Fe"),
    ]
    found = {item.material.structure().reduced_formula: item for item in read_xanes("elements=O", "Fe")}
    assert sorted(found) == ["Fe2O3", "Zn(FeO2)2"]
    one = found["Fe2O3"]
    assert one.material.structure() == hematite
    assert one.site == 0
    np.testing.assert_array_equal(one.energy, [7100, 7110, 7120])
    np.testing.assert_array_equal(one.mu, [0.1, 0.5, 30])
    site = found["Zn(FeO2)2"].site
    assert franklinite[site].specie.symbol == "Fe"
    assert len({item.material.material_id for item in found.values()}) == 2


@needs_mp_api
def test_no_filter_does_not_download_the_database(
    service: Service, nio: Structure, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mp_api.client.core.client import BaseRester

    def download(self: object, **options: object) -> dict[str, Any]:
        raise AssertionError(f"a download of {options}")

    monkeypatch.setattr(BaseRester, "_query_delta_backed", download)
    service.documents["/materials/summary/"] = summaries(mp_25=nio)
    # asking for a filter would do as well
    with contextlib.suppress(StructureError):
        list(read_materials_project(""))


@needs_mp_api
def test_no_match(service: Service) -> None:
    with pytest.raises(StructureError, match="'formula=Xe7'") as caught:
        list(read_materials_project("formula=Xe7"))
    assert caught.value.found == "no material matches"
    assert_four_parts(caught.value)


@needs_mp_api
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, "Internal error of a request by {key}"),
        (403, '{{"detail": "the key {key} is not known"}}'),
        (200, "<html>We are down, {key}</html>"),
    ],
)
def test_error_of_the_service_does_not_tell_the_key(service: Service, status: int, body: str) -> None:
    service.status, service.body = status, body
    for read in (read_materials_project, lambda text: read_project_spectra(text, "Fe")):
        with pytest.raises(StructureError, match="cannot read from the Materials Project") as caught:
            list(read("elements=Fe"))
        assert KEY not in str(caught.value)
        assert str(status) in caught.value.found or status == 200
        assert_four_parts(caught.value)
    # the server knew it, so that it could have been told
    assert service.keys == {KEY}


@needs_mp_api
def test_service_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        # bound but not listening: a connection is refused at once
        free.bind(("127.0.0.1", 0))
        use_endpoint(monkeypatch, f"http://127.0.0.1:{free.getsockname()[1]}/")
        with pytest.raises(StructureError, match="cannot read from the Materials Project") as caught:
            list(read_materials_project("elements=Fe"))
    assert "ConnectionError" in caught.value.found
    assert KEY not in str(caught.value)
    assert_four_parts(caught.value)


@needs_mp_api
@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_nothing_is_asked(
    service: Service, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    if key is None:
        monkeypatch.delenv("MP_API_KEY")
    else:
        monkeypatch.setenv("MP_API_KEY", key)
    for materials in (read_materials_project("elements=Fe"), read_project_spectra("", "Fe")):
        with pytest.raises(StructureError, match="MP_API_KEY") as caught:
            next(iter(materials))
        assert caught.value.found == "no MP_API_KEY in the environment"
        assert_four_parts(caught.value)
    assert service.asked == []


@needs_mp_api
def test_key_of_the_wrong_length_is_not_told(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MP_API_KEY", "too-short-but-secret")
    with pytest.raises(StructureError, match="32 characters") as caught:
        list(read_materials_project("elements=Fe"))
    assert "secret" not in str(caught.value)
    assert service.keys == set()


@needs_mp_api
def test_identifier_that_is_none(service: Service) -> None:
    with pytest.raises(StructureError, match="nonsense!") as caught:
        list(read_materials_project("ids=nonsense!"))
    assert "filters" in caught.value.suggestion
    assert service.keys == set()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("element=Fe", "cannot read the filter 'element=Fe' of mp"),
        ("elements=Fx", "cannot filter by the element 'Fx'"),
        ("ehull=low", "cannot read the filter ehull='low' of mp"),
        ("sites=4.5", "cannot read the filter sites='4.5' of mp"),
    ],
)
def test_wrong_filter(monkeypatch: pytest.MonkeyPatch, text: str, problem: str) -> None:
    # told before anything is asked, so that no key is needed for it
    monkeypatch.delenv("MP_API_KEY", raising=False)
    with pytest.raises(StructureError) as caught:
        next(read_materials_project(text))
    assert caught.value.problem == problem
    assert_four_parts(caught.value)


def test_without_mp_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mp_api.client", None)
    monkeypatch.setenv("MP_API_KEY", KEY)
    with pytest.raises(StructureError, match="cannot read from the Materials Project") as caught:
        next(read_materials_project("elements=Fe"))
    assert "edgepair[mp]" in caught.value.suggestion
    assert_four_parts(caught.value)


@needs_mp_api
def test_dataset_of_the_projects_own_spectra(
    service: Service, hematite: Structure, magnetite: Structure, tmp_path: Path
) -> None:
    from edgepair.builder import build_dataset, join_project_spectra

    service.documents["/materials/xas/"] = [
        spectrum("mp-19770", hematite, "Fe"),
        spectrum("mp-19306", magnetite, "Fe"),
    ]
    materials, table = join_project_spectra("elements=O", "Fe")
    result = build_dataset(
        materials, absorber="Fe", out=tmp_path / "fe.zarr", spectra=table, workers=1, pdf=False
    )
    assert result.dataset["formula"].values.tolist() == ["Fe2O3"]
    assert result.dataset["origin"].values.tolist() == ["feff9"]
    # The made-up spectrum rises to 30 edge steps: it is there, and marked.
    assert [(item.status, item.reason) for item in result.items] == [("gated", "absorption")]
    assert result.dataset["gate"].values.tolist() == ["absorption"]
    service.documents["/materials/xas/"] = [spectrum("mp-19306", magnetite, "Fe")]
    with pytest.raises(DataError, match="cannot use") as caught:
        join_project_spectra("elements=O", "Fe")
    assert "--spectra" in caught.value.suggestion
