"""FEFF10, preset reference, against the Materials Project's FEFF 9.9.1."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from edgepair.builder import ResultStore
from edgepair.simulation import Feff10

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.mark.slow
def test_reference_preset(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reference run in the project's store; an hour's work where there is none."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import build as bench  # type: ignore[import-not-found]
    import reference_runs as runs  # type: ignore[import-not-found]

    sites = runs.candidates(shared / "data")
    with ResultStore(runs.STORE, keep=True) as store:
        found = [(item, store.get(item.key(runs.REFERENCE))) for item in sites]
    curves = [(item, r["value"]["x"], r["value"]["y"]) for item, r in found if r is not None and r["ok"]]
    if not curves:
        spectrum = Feff10("reference").simulate(sites[0].structure, sites[0].index)
        curves = [(sites[0], spectrum.x.tolist(), spectrum.y.tolist())]
    values = [bench.best_r2(item.energy, item.mu, x, y) for item, x, y in curves]
    assert np.median(values) > 0.999
    assert min(values) > 0.99
    for name in ("build", "reference_runs"):
        sys.modules.pop(name, None)
