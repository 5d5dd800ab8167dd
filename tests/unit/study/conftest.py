"""A cache folder of its own for every test, and one finished study for all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import xarray as xr

from edgepair.study import StudyResult, run_study


@pytest.fixture(autouse=True)
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the user's own cache out of the tests."""
    home = tmp_path / "cache-home"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def finished_study(make_synthetic: Callable[..., xr.Dataset]) -> StudyResult:
    """A study with everything: repeats, permutations, learning curves, random split."""
    return run_study(
        make_synthetic(),
        modalities=["xanes", "pdf", "dpdf", "xanes+pdf", "xanes+dpdf"],
        repeats=2,
        trees=8,
        n_jobs=1,
        cache=False,
    )
