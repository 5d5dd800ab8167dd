"""The command line on a small dataset, in this process (quick) or as a real command."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from edgepair.apps.cli import main
from edgepair.dataset import save_dataset


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def quiet_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder, with cache and scratch folders of its own."""
    work = tmp_path / "work"
    for folder in (work, tmp_path / "scratch"):
        folder.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setattr("tempfile.tempdir", None)
    # a busy machine makes a quick command a slow one, which says how far it is
    monkeypatch.setattr("edgepair.apps.cli.console.EVERY", 1e6)
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return work


@pytest.fixture(scope="session")
def saved(make_synthetic: Callable[..., xr.Dataset], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic iron dataset as a file."""
    path = tmp_path_factory.mktemp("data") / "fe.zarr.zip"
    save_dataset(make_synthetic(), path)
    return path


@pytest.fixture
def edgepair(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Call the command line's entry point in this process."""

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["edgepair", *map(str, arguments)])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        printed = capfd.readouterr()
        return Outcome(code, printed.out, printed.err)

    return call


@pytest.fixture
def command() -> Callable[..., Outcome]:
    """Run ``python -m edgepair`` as a command of its own, with warnings as errors."""

    def call(*arguments: object, **environment: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "edgepair", *map(str, arguments)],
            capture_output=True, text=True, timeout=120, env=os.environ | environment, check=False,
        )  # fmt: skip
        # how far it is, which a busy machine makes a quick command say
        err = re.sub(r"(?m)^edgepair \w+: .*\n", "", done.stderr)
        return Outcome(done.returncode, done.stdout, err)

    return call


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a stand-in, which answers at once, in place of the models."""
    path = Path(__file__).resolve().parents[1] / "simulators" / "predictions.py"
    spec = importlib.util.spec_from_file_location("predictions_made_by_hand", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    module = types.ModuleType("edgepair.prediction.predict")
    module.predict = made.FakePredict()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "edgepair.prediction.predict", module)
    return module.predict
