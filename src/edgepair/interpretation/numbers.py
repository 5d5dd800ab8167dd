"""The few interpretable numbers of every site of a dataset, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TECHNIQUES, Technique, points_down
from edgepair.features import NUMBERS, describe_pdf, describe_xanes, normalised_curves

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

LEAST_KNOWN = 0.5
"""A number that fewer than this share of the sites have is left out: most of what a forest saw of
it would be made up."""


@dataclass(frozen=True)
class NumberTable:
    """Interpretable numbers of all sites of a dataset.

    ``values`` (n_sites, n_numbers); ``known`` (n_sites, n_numbers).
    """

    values: NDArray[np.float32]
    known: NDArray[np.bool_]
    names: tuple[str, ...]
    technique: tuple[str, ...]
    titles: tuple[str, ...]
    units: tuple[str, ...]
    remarks: tuple[str, ...]


def number_table(dataset: xr.Dataset, techniques: Sequence[str]) -> NumberTable:
    """Read the interpretable numbers off every curve of a dataset."""
    absorber = str(dataset.attrs["absorber"])
    columns: list[NDArray[np.float64]] = []
    labels: list[tuple[str, str, str, str]] = []
    left_out: list[str] = []
    filled: list[str] = []
    for name in techniques:
        technique = TECHNIQUES[name]
        described = _describe(dataset, technique)
        for number in described.columns:
            column = described[number].to_numpy(dtype=np.float64)
            title = _title(str(number), technique)
            missing = int((~np.isfinite(column)).sum())
            if missing > (1 - LEAST_KNOWN) * len(column):
                left_out.append(f"{title} (missing for {missing} of {len(column)} sites)")
            elif np.ptp(column[np.isfinite(column)]) == 0:
                left_out.append(f"{title} (the same for all sites)")
            else:
                if missing:
                    filled.append(f"{title} ({missing} of {len(column)})")
                columns.append(column)
                labels.append((f"{name}_{number}", name, title, NUMBERS[str(number)].unit))
    remarks = []
    if left_out:
        remarks.append(f"{absorber}: numbers left out: {'; '.join(left_out)}.")
    if filled:
        remarks.append(
            f"{absorber}: sites without a number are shown to the forest on the numbers with its median: "
            f"{'; '.join(filled)}."
        )
    values = np.stack(columns, axis=1) if columns else np.zeros((dataset.sizes["site"], 0))
    known = np.isfinite(values)
    values = np.where(known, values, np.nanmedian(values, axis=0)) if columns else values
    names, of_technique, titles, units = zip(*labels, strict=True) if labels else ((), (), (), ())
    return NumberTable(values.astype(np.float32), known, names, of_technique, titles, units, tuple(remarks))


def _describe(dataset: xr.Dataset, technique: Technique) -> pd.DataFrame:
    """Describe each curve once and give each site the row of its own curve."""
    axis = dataset[technique.axis].values.astype(np.float64)
    # A dPDF per metal, as forests see it: its areas then count neighbours of one atom.
    curves = normalised_curves(dataset, technique)
    if technique.axis == "energy":
        described = describe_xanes(axis, curves)
    else:
        dip = points_down(technique.name, str(dataset.attrs["absorber"]))
        described = describe_pdf(axis, curves, dip=dip)
    if technique.owner == "material":
        described = described.iloc[dataset["material_index"].values]
    return described


def _title(number: str, technique: Technique) -> str:
    """Name a number for people; what a PDF shows can be read off several kinds of it."""
    title = NUMBERS[number].title
    return title if technique.axis == "energy" else f"{title} in the {technique.title}"
