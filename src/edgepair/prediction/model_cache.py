"""Fitted models on disk, by a hash of everything that they were fitted on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from edgepair.conventions import EdgepairError
from edgepair.conventions.caching import drop_oldest, user_folder

if TYPE_CHECKING:
    from edgepair.models import ModelBundle
    from edgepair.prediction.saving import PackedModel

LARGEST_BYTES = 500_000_000
"""Oldest entries are dropped when the folder grows beyond this."""

Model = TypeVar("Model")


def cache_folder() -> Path:
    """Return the user's cache folder for fitted models.

    Returns
    -------
    pathlib.Path
        Below ``XDG_CACHE_HOME``, or ``~/.cache``.
    """
    return user_folder("models")


@dataclass(frozen=True)
class ModelCache:
    """A folder of fitted models.

    Attributes
    ----------
    folder : pathlib.Path
        Made where it is missing; whatever is wrong with it costs time, not answers.
    """

    folder: Path

    def load(self, key: str, restore: Callable[[ModelBundle], Model]) -> Model | None:
        """Load a model.

        Parameters
        ----------
        key : str
            Hash of what it was fitted on.
        restore : callable
            Makes the model of what was stored.

        Returns
        -------
        object or None
            None where there is none, or it is damaged or foreign.
        """
        from edgepair.models import load_bundle

        path = self.folder / f"{key}.zip"
        try:
            if not path.is_file():
                return None
            bundle = load_bundle(path)
            if bundle.metadata.get("key") != key:
                raise ValueError("an entry under another's name")
            model = restore(bundle)
            os.utime(path)
        except (EdgepairError, OSError, ValueError):
            # A damaged entry is as good as none: the model is fitted and written again.
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return model

    def save(self, key: str, packed: PackedModel) -> None:
        """Keep a model, written beside its place first.

        Parameters
        ----------
        key : str
            Hash of what it was fitted on.
        packed : PackedModel
            What to keep.
        """
        from edgepair.models import save_bundle

        # A full or read-only disk costs the cache, not the answer.
        with contextlib.suppress(EdgepairError, OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            metadata = packed.metadata | {"key": key}
            save_bundle(self.folder / f"{key}.zip", packed.estimators, packed.arrays, metadata, packed.checks)
            self.prune()

    def prune(self) -> None:
        """Drop the oldest entries beyond `LARGEST_BYTES`, and what interrupted runs left."""
        drop_oldest(self.folder, ".zip", LARGEST_BYTES)
