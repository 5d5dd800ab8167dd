"""Finished fits, kept by a hash of everything that went into them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.files.caching import user_folder
from edgepair.files.kept_arrays import KeptArrays
from edgepair.models import FitOutcome, FitTask

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_BYTES = 1_000_000_000
"""Oldest entries are dropped when the folder grows beyond this."""


def cache_folder() -> Path:
    """Return the user's cache folder for fits."""
    return user_folder("fits")


def array_digest(values: NDArray[Any]) -> str:
    """Hash an array."""
    data = np.ascontiguousarray(values)
    digest = hashlib.sha256(f"{data.dtype}{data.shape}".encode())
    digest.update(data.tobytes())
    return digest.hexdigest()


def fit_key(features_digest: str, task: FitTask, source_digest: str) -> str:
    """Hash everything that a fit depends on."""
    parts = [features_digest, source_digest, version("scikit-learn"), version("numpy")]
    for item in fields(task):
        value = getattr(task, item.name)
        parts.append(array_digest(value) if isinstance(value, np.ndarray) else repr(value))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def models_digest() -> str:
    """Hash the code of ``edgepair.models``, so that a changed learner is fitted anew."""
    import edgepair.models

    digest = hashlib.sha256()
    for file in sorted(Path(edgepair.models.__path__[0]).glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class FitCache:
    """A folder of finished fits."""

    folder: Path | None

    @property
    def _kept(self) -> KeptArrays:
        return KeptArrays(self.folder, LARGEST_BYTES)

    def load(self, key: str) -> FitOutcome | None:
        """Load a fit."""
        return self._kept.load_as(FitOutcome, key)

    def save(self, key: str, outcome: FitOutcome) -> None:
        """Keep a fit, written beside its place first."""
        self._kept.save_of(outcome, key)

    def prune(self) -> None:
        """Drop the oldest entries beyond `LARGEST_BYTES`, and what interrupted runs left."""
        self._kept.prune()
