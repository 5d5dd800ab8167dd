"""A served page with visitors that need no browser, and a real browser where there is one."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

if importlib.util.find_spec("dash") is None:
    if os.environ.get("EDGEPAIR_REQUIRE_BROWSER") == "1":
        raise ImportError("EDGEPAIR_REQUIRE_BROWSER is set, but dash is not installed")
    pytest.skip("needs the extra 'web'", allow_module_level=True)

from edgepair.apps.web.server import make_app
from edgepair.apps.web.settings import Limits, Settings
from edgepair.apps.web.workers import carry_out
from edgepair.conventions.spelling import options_shown
from edgepair.spectra.alignment import foil_spectra

SIMULATORS = Path(__file__).resolve().parents[2] / "simulators"
FOUR = ("problem", "found", "needed", "suggestion")


@pytest.fixture(autouse=True)
def _options() -> Iterator[None]:
    """Show messages as in the process that serves: the command line's."""
    with options_shown():
        yield


class ThreadWorker:
    """Does the work of a process at once, in the thread that asks, so that a test can stand in for models."""

    def __init__(self, folder: Path, niceness: int) -> None:
        self.folder = folder

    def run(self, function: Any, args: Any, on_progress: Any) -> tuple[Any, ...]:
        return carry_out(function, args, on_progress)

    def kill(self) -> None: ...

    def close(self) -> None: ...


def load_simulator(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"web_{name}", SIMULATORS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def spectrum_text(*, element: str = "Fe", edge: float = 7123.0, head: str = "") -> bytes:
    """A spectrum in XDI, with an edge where it is asked for."""
    x = STEPS
    mu = 0.8 / (1 + np.exp(-x / 1.3)) + 0.3 * np.exp(-0.5 * ((x - 6) / 3) ** 2) + 0.5 - 1e-4 * x
    return _xdi(element, edge + x, mu, head)


def foil_text(*, element: str = "Fe", edge: float = 7112.0) -> bytes:
    """The metal itself."""
    x, foils = foil_spectra()
    return _xdi(element, edge + STEPS, np.interp(STEPS, x, foils[element]) + 0.5 - 1e-4 * STEPS, "")


STEPS = np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.5), np.arange(60, 400, 5.0)]
"""Points of a scan, eV from its edge."""


def _xdi(element: str, energy: Any, mu: Any, head: str) -> bytes:
    rows = "\n".join(f"{e:.3f} {m:.6f}" for e, m in zip(energy, mu, strict=True))
    names = f"# Element.symbol: {element}\n# Element.edge: K\n# Column.1: energy eV\n# Column.2: mutrans\n"
    return f"# XDI/1.0\n{names}{head}# ---\n{rows}\n".encode()


def pdf_text(mode: str = "mode = xray\n") -> bytes:
    """A PDF with a first peak at 2 Å."""
    r = np.arange(0.0, 20.0, 0.02)
    G = -1.0 * r * np.exp(-0.02 * r) + 8 * np.exp(-0.5 * ((r - 2.0) / 0.1) ** 2) + np.sin(7 * r)
    rows = "\n".join(f"{a:.2f} {b:.5f}" for a, b in zip(r, G, strict=True))
    return f"[DEFAULT]\n{mode}qmax = 25.0\ncomposition = Fe2O3\n#### start data\n{rows}\n".encode()


class Visitor:
    """Talks to the page as a browser does, by the same requests."""

    def __init__(self, app: Any, *, base_url: str = "http://127.0.0.1/") -> None:
        self.client = app.server.test_client()
        self.base_url = base_url
        self._callbacks = self.get("/_dash-dependencies").get_json()
        self.key = self.request("POST", "/visit").get_json()["visit"]

    def request(self, method: str, path: str, **more: Any) -> Any:
        return self.client.open(path, method=method, base_url=self.base_url, buffered=True, **more)

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def upload(self, name: str, content: bytes, page: str = "predict", **headers: str) -> Any:
        about = {"X-Edgepair-Visit": self.key, "X-Edgepair-Name": name, "X-Edgepair-Page": page}
        return self.request("POST", "/upload", data=content, headers=about | headers)

    def call(self, output: str, changed: str, values: Mapping[str, Any], n_outputs: int = 0) -> Any:
        """Call the callback that sets an output because something changed.

        ``values``: by ``id.property``; for a family of ids, ``family.property`` with pairs of id and
        value. Returns what changes, by id and property, or the answer where that is no success.
        """
        (found,) = [
            one
            for one in self._callbacks
            if output in _names(one["output"])
            and (changed in [_name(part) for part in one["inputs"]] or not one["inputs"])
        ]
        body = {
            "output": found["output"],
            "outputs": [_given(_parse(name), values) for name in _split(found["output"])],
            "inputs": [_given(part, values) for part in found["inputs"]],
            "state": [_given(part, values | {"visit.data": self.key}) for part in found["state"]],
            "changedPropIds": [values.get("changed", changed)],
        }
        for part in body["inputs"]:
            if isinstance(part, dict) and part["id"] == "visit":
                part["value"] = self.key
        if len(body["outputs"]) == 1:
            body["outputs"] = body["outputs"][0]
        answer = self.request("POST", "/_dash-update-component", json=body)
        if answer.status_code == 204:
            return {}
        if answer.status_code != 200:
            return answer
        told = answer.get_json()
        return told.get("response", {}) | {"side": told.get("sideUpdate", {})}

    def files(self, refused: Any = (), *, names: Any = None, page: str = "predict") -> tuple[str, str | None]:
        """Have the files taken that were uploaded; return the list as text, and which is shown."""
        come = {"tick": 1, "refused": list(refused), "names": names}
        told = self.call(
            f"{page}-files.children",
            f"{page}-uploads.data",
            {f"{page}-uploads.data": come, f"{page}-example.value": "Fe"},
        )
        shown = told.get(f"{page}-shown", {}).get("data")
        return json.dumps(told[f"{page}-files"], ensure_ascii=False), shown

    def redraw(self, key: str, *, page: str = "predict", **fields: Any) -> Any:
        """Give values to the fields of a file."""
        names = fields or {"e0": None}
        ids = {name: {"type": f"{page}-control", "key": key, "name": name} for name in names}
        slots = [{"type": f"{page}-slot", "key": key, "name": name} for name in names]
        return self.call(
            f"{page}-curve.children",
            f"{page}-control.value",
            {
                f"{page}-control.value": [(ids[name], value) for name, value in names.items()],
                f"{page}-slot.children": [(slot, None) for slot in slots],
                "changed": json.dumps(next(iter(ids.values())), sort_keys=True, separators=(",", ":"))
                + ".value",
            },
        )

    def answer(self, confidence: Any = 90) -> Any:
        """Press Answer and wait; return what the page then shows as text."""
        begun = self.call(
            "predict-answers-job.data",
            "predict-answer.n_clicks",
            {"predict-answer.n_clicks": 1, "predict-confidence.value": confidence},
        )
        job = begun.get("predict-answers-job", {}).get("data")
        if job is None:
            return json.dumps(begun, ensure_ascii=False)
        for _ in range(6000):
            seen = self.call(
                "predict-answers-done.data",
                "predict-answers-clock.n_intervals",
                {"predict-answers-job.data": job, "predict-answers-clock.n_intervals": 1},
            )
            if seen["predict-answers-clock"]["disabled"]:
                break
            threading.Event().wait(0.02)
        told = self.call(
            "predict-results.children", "predict-answers-done.data", {"predict-answers-done.data": job}
        )
        return json.dumps(told, ensure_ascii=False)


def _split(output: str) -> list[str]:
    return output[2:-2].split("...") if output.startswith("..") else [output]


def _parse(name: str) -> dict[str, Any]:
    ident, _, prop = name.rpartition(".")
    return {"id": ident, "property": prop.split("@")[0]}


def _name(part: Mapping[str, Any]) -> str:
    ident = part["id"]
    if ident.startswith("{"):
        ident = json.loads(ident)["type"]
    return f"{ident}.{part['property'].split('@')[0]}"


def _names(output: str) -> list[str]:
    return [_name(_parse(name)) for name in _split(output)]


def _given(part: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    prop = part["property"].split("@")[0]
    value = values.get(_name(part))
    if part["id"].startswith("{"):
        return [{"id": ident, "property": prop, "value": one} for ident, one in value or []]
    return {"id": part["id"], "property": part["property"], "value": value}


@pytest.fixture
def make_page() -> Iterator[Callable[..., Any]]:
    """Make pages without a server; close them afterwards."""
    made = []

    def make(make_worker: Any = ThreadWorker, limits: Limits | None = None, **settings: Any) -> Any:
        app, services = make_app(Settings(limits=limits or Limits(), **settings), make_worker)
        made.append(services)
        return app, services

    yield make
    for services in made:
        services.close()


@pytest.fixture
def page(make_page: Callable[..., Any]) -> Any:
    """One page for this machine: the app and its services."""
    return make_page()


@pytest.fixture
def visitor(page: Any) -> Visitor:
    """One visitor of the page."""
    return Visitor(page[0])


@pytest.fixture
def visitor_of() -> Callable[..., Visitor]:
    """Make visitors."""
    return Visitor


@pytest.fixture
def texts() -> Any:
    """What can be uploaded: ``texts.spectrum(...)``, ``texts.foil(...)``, ``texts.pdf(...)``."""

    class Texts:
        spectrum = staticmethod(spectrum_text)
        foil = staticmethod(foil_text)
        pdf = staticmethod(pdf_text)

    return Texts


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a stand-in, which answers at once, in place of the models."""
    made = load_simulator("predictions")

    class Fake:
        calls: list[dict[str, Any]] = []  # noqa: RUF012

        def __call__(self, mu: Any = None, G: Any = None, G_M: Any = None, **options: Any) -> Any:
            self.calls.append({"mu": mu, "G": G, "G_M": G_M, **options})
            pdf = "npdf" if G is not None and G.radiation == "neutron" else "pdf"
            given = (("xanes", mu), (pdf, G), ("dpdf", G_M))
            techniques = tuple(name for name, curve in given if curve is not None)
            return made.make_prediction(techniques, absorber=options.get("absorber") or "Fe")

    stand_in = Fake()
    Fake.calls = []
    monkeypatch.setattr("edgepair.prediction.predict", stand_in)
    return stand_in


@pytest.fixture
def served(page: Any) -> Iterator[str]:
    """The page served over HTTP on a port of its own: its address."""
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, page[0].server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def _driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and chromedriver):
        if os.environ.get("EDGEPAIR_REQUIRE_BROWSER") == "1":
            pytest.fail("EDGEPAIR_REQUIRE_BROWSER is set, but chromium or chromedriver is not in PATH")
        pytest.skip("needs chromium and chromedriver (Debian: apt install chromium chromium-driver)")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Chromium keeps reports of crashes in its user's folder, whatever its profile.
    own = os.environ | {"XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("config"))}
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver, env=own))
    yield driver
    driver.quit()


class Browser:
    """A person at a browser: finds what can be seen, waits for what is to come."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def see(self, selector: str, *, text: str = "", seconds: float = 40.0) -> Any:
        """Wait for something to be seen, with a text in it."""
        from selenium.webdriver.common.by import By
        from selenium.webdriver.support.ui import WebDriverWait

        def seen(driver: Any) -> Any:
            for one in driver.find_elements(By.CSS_SELECTOR, selector):
                if one.is_displayed() and text in one.text:
                    return one
            return False

        from selenium.common.exceptions import StaleElementReferenceException, TimeoutException

        wait = WebDriverWait(self.driver, seconds, ignored_exceptions=[StaleElementReferenceException])
        try:
            return wait.until(seen)
        except TimeoutException:
            pytest.fail(f"no {selector!r} with {text!r} on {self.text()[:2000]}; {self.complaints()}")

    def text(self) -> str:
        return str(self.driver.execute_script("return document.body.innerText"))

    def choose_files(self, *paths: Path) -> None:
        """Give files to the page as its button does."""
        from selenium.webdriver.common.by import By

        self.see(".choose")
        self.driver.find_element(By.CSS_SELECTOR, "#predict-file").send_keys("\n".join(map(str, paths)))

    def drop_file(self, name: str, content: str) -> None:
        """Drop a file as a mouse does."""
        self.see(".choose")
        self.driver.execute_script(
            """
            const data = new DataTransfer();
            data.items.add(new File([arguments[1]], arguments[0]));
            const zone = document.querySelector(".drop");
            for (const name of ["dragover", "drop"]) {
                const how = {dataTransfer: data, bubbles: true, cancelable: true};
                zone.dispatchEvent(new DragEvent(name, how));
            }
            """,
            name,
            content,
        )

    def fits(self) -> None:
        """Wait for the page to be no wider than the window: figures follow a little later."""
        from selenium.webdriver.support.ui import WebDriverWait

        script = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        WebDriverWait(self.driver, 10).until(lambda driver: driver.execute_script(script))

    def complaints(self) -> list[str]:
        """What the browser itself found wrong."""
        told = [entry for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [re.sub(r"\s+", " ", entry["message"])[:300] for entry in told]


@pytest.fixture
def browser(_driver: Any) -> Iterator[Browser]:
    """A browser in which nothing was done before."""
    _driver.set_window_size(1366, 900)
    _driver.get_log("browser")
    yield Browser(_driver)
    _driver.execute_script("window.sessionStorage.clear(); window.localStorage.clear()")
    _driver.get("about:blank")
