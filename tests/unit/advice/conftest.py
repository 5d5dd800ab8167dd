"""Small datasets of which is known what each technique holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.advice import Advice, advise, requirements
from edgepair.dataset import from_arrays


@pytest.fixture(autouse=True)
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the user's own cache out of the tests."""
    home = tmp_path / "cache-home"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    return home


def make_dataset(*, xanes_tells: bool, pdf_tells: bool, seed: int = 0) -> xr.Dataset:
    """Make 90 iron sites of as many formulas, fourfold or sixfold coordinated at random.

    Where a technique tells, its curve holds the coordination: the white line's height differs by
    0.4 edge steps, the first peak's by a half. Where it does not, the curves are of one kind.
    """
    rng = np.random.default_rng(seed)
    number = rng.choice([4.0, 6.0], size=90)
    energy = 7112.0 + np.arange(-10.0, 50.0, 0.5)
    e0 = 7118.0 + rng.normal(0, 0.2, 90)
    line = 0.5 + 0.2 * (number - 4) * xanes_tells
    mu = 1 / (1 + np.exp(-(energy - e0[:, None])))
    mu += line[:, None] * np.exp(-0.5 * ((energy - e0[:, None] - 6) / 3) ** 2)
    r = np.arange(0.8, 12.0, 0.1)
    height = 4 + (number - 4) * pdf_tells
    G = height[:, None] * np.exp(-0.5 * ((r - 2.0) / 0.12) ** 2) / r - 0.5 * r
    return from_arrays(
        absorber="Fe",
        energy=energy,
        mu=mu + rng.normal(0, 0.002, mu.shape),
        r=r,
        G=G + rng.normal(0, 0.01, G.shape),
        coordination_number=number,
        bond_length=1.6 + 0.1 * number + rng.normal(0, 0.01, 90),
        formula=[f"Fe{k + 1}O{k + 2}" for k in range(90)],
    )


@pytest.fixture(scope="session")
def make_told() -> Callable[..., xr.Dataset]:
    """Hand out the factory."""
    return make_dataset


@pytest.fixture
def quick_advise(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Advice]:
    """Advise with few trees, in this process."""
    monkeypatch.setattr(requirements, "REQUIREMENT_TREES", 8)

    def ask(dataset: xr.Dataset, **options: Any) -> Advice:
        usual: dict[str, Any] = {
            "task": "coordination_number", "trees": 8, "repeats": 1, "n_jobs": 1, "requirements": False,
        }  # fmt: skip
        return advise(dataset, **(usual | options))

    return ask
