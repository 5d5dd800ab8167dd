"""Mixtures as one table: what ``mix --out`` writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.files.writing import write_whole

if TYPE_CHECKING:
    from edgepair.mixtures.scan import SampleMixture


def write_mixture_table(mixtures: Sequence[SampleMixture], path: str | Path) -> Path:
    """Write all combinations of some samples as CSV."""
    import pandas as pd

    table = pd.concat([mixture.to_table() for mixture in mixtures], ignore_index=True)
    text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    return write_whole(path, text, what="the table", suggestion="choose another place with --out")
