"""Files of absorption spectra that tests of readers write."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from edgepair.engine import Sandbox
from edgepair.measured import guarded


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    """Load the maker of sample files."""
    path = Path(__file__).resolve().parents[2] / "simulators" / "xanes_samples.py"
    spec = importlib.util.spec_from_file_location("xanes_samples", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files read in this process, where a test can change what the readers go by."""
    monkeypatch.setattr(guarded, "reader_process", Sandbox)
    monkeypatch.setattr(guarded, "_is_short_text", lambda path: True)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write a file, text or bytes, and say where."""

    def write(content: str | bytes, name: str = "scan.dat") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
