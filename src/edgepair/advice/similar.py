"""A sample in hand: what is said of it, and which of a dataset's sites are like it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from edgepair.conventions import BUNDLED_ABSORBERS, TECHNIQUES, MeasurementError, OptionError, edge_energy
from edgepair.conventions.displayed import Record
from edgepair.conventions.tasks import Floats, Labels
from edgepair.dataset import average_sites
from edgepair.features.xanes import STEP
from edgepair.measured import PdfCurve, XanesScan
from edgepair.prediction import Prediction, predict
from edgepair.prediction.fitted import common_window, fitted_xanes
from edgepair.prediction.pdf_model import PdfModel, PdfRows
from edgepair.prediction.sample import EnergyWindow, choose_window
from edgepair.prediction.xanes_rows import BROADENING, to_own_edge
from edgepair.study.plan import Cell

MOST_LIKE = 60
"""Sites that are taken as like a sample at most."""

LIKE_SHARE = 0.5
"""Part of the sites told the same that is taken as like a sample at most: of few, sixty are not alike."""

FEWEST_TOLD_THE_SAME = 20
"""Sites told the same as a sample below which all sites are looked among."""

SAME_LENGTH = 0.05
"""Å; bond lengths that count as the same answer."""


@dataclass(frozen=True)
class SampleInHand:
    """A sample and what is like it; ``apart`` (n,)."""

    prediction: Prediction
    techniques: tuple[str, ...]
    by: str
    apart: Floats

    def answers(self, task: str) -> list[Record]:
        """List what is said of one task."""
        table = self.prediction.table
        rows: list[Record] = table[table["task"] == task].to_dict("records")
        return rows


def answer_sample(sample: Any, dataset: xr.Dataset) -> Prediction:
    """Ask for a sample's values, where they are not known yet."""
    absorber = str(dataset.attrs["absorber"])
    if not isinstance(sample, Prediction | XanesScan | PdfCurve):
        raise OptionError(
            "cannot advise on this sample",
            found=f"a {type(sample).__name__}",
            needed="a Prediction, a XanesScan or a PdfCurve",
            suggestion="pass edgepair.read_xanes(path)[0], or what edgepair.predict gives",
        )
    own = None if isinstance(sample, PdfCurve) else sample.absorber
    if own not in (None, absorber):
        name = getattr(sample, "file", "")
        raise MeasurementError(
            f"cannot advise on {name!r} as a sample of {absorber}" if name else "cannot advise on the sample",
            found=f"a measurement of {own}",
            needed=f"one of {absorber}, as the dataset",
            suggestion=f"ask with --absorber {own}, or a dataset of {own}",
        )
    if isinstance(sample, Prediction):
        return sample
    given: Record = {"mu" if isinstance(sample, XanesScan) else "G": sample}
    data = None if absorber in BUNDLED_ABSORBERS else dataset
    return predict(**given, absorber=absorber, data=data, explain=False)


def sample_in_hand(prediction: Prediction, cell: Cell) -> SampleInHand:
    """Measure how far each site is from a sample."""
    techniques = tuple(name for name in TECHNIQUES if name in prediction.curves)
    held = [name for name in techniques if TECHNIQUES[name].variable in cell.dataset]
    if not held:
        raise MeasurementError(
            "cannot find sites like the sample",
            found="a sample measured by " + ", ".join(techniques),
            needed="one of the techniques that the dataset holds",
            suggestion="choose a dataset with such curves",
        )
    measure = _xanes_distances if held[0] == "xanes" else _pdf_distances
    apart = measure(prediction, held[0], cell.dataset)[cell.sites]
    return SampleInHand(prediction, techniques, held[0], apart)


def sites_like(
    sample: SampleInHand, cell: Cell, have: str, predicted: Iterable[Labels]
) -> tuple[NDArray[np.bool_], bool]:
    """Choose the sites predicted as a sample is, and nearest to it; ``predicted`` (n_repeats, n)."""
    same_answer = _same_answer(sample, cell, have, predicted)
    same = bool(same_answer.sum() >= FEWEST_TOLD_THE_SAME)
    among = np.flatnonzero(same_answer) if same else np.arange(len(sample.apart))
    n_like = max(min(MOST_LIKE, round(LIKE_SHARE * len(among))), min(FEWEST_TOLD_THE_SAME, len(among)))
    like = np.zeros(len(sample.apart), dtype=bool)
    like[among[np.argsort(sample.apart[among], kind="stable")[:n_like]]] = True
    return like, same


def _same_answer(
    sample: SampleInHand, cell: Cell, have: str, predicted: Iterable[Labels]
) -> NDArray[np.bool_]:
    nothing = np.zeros(len(sample.apart), dtype=bool)
    task = cell.task.name
    if cell.classes:
        chances = sample.prediction.probabilities
        selected = chances[(chances["technique"] == have) & (chances["task"] == task)]
        if not len(selected):
            return nothing
        likeliest = int(selected["class"].iloc[int(selected["probability"].to_numpy().argmax())])
        votes = np.mean([np.array(cell.classes)[one] == likeliest for one in predicted], axis=0)
        found: NDArray[np.bool_] = votes > 0.5
        return found
    rows = [row for row in sample.answers(task) if row["technique"] == have]
    if not rows:
        return nothing
    mean = np.mean(list(predicted), axis=0)
    close: NDArray[np.bool_] = np.abs(mean - rows[0]["value"]) <= SAME_LENGTH
    return close


def _xanes_distances(prediction: Prediction, technique: str, dataset: xr.Dataset) -> Floats:
    """Measure how far each site's spectrum is from a sample's, as trust in answers is measured."""
    absorber = prediction.absorber
    edge = edge_energy(absorber)
    seen = prediction.curves[technique][0]
    data = None if absorber in BUNDLED_ABSORBERS else dataset
    by = to_own_edge(seen.x - edge, seen.y, EnergyWindow())
    window = choose_window(float(seen.x[0]) - edge + by, float(seen.x[-1]) - edge + by)
    if data is not None:
        window = common_window(data, window)
    # simulated energies are on no beamline's scale: shapes alone are compared
    fitted = fitted_xanes(window, absorber, data=data, aligned=True)
    energy = dataset["energy"].values - edge
    even = np.arange(energy[0], energy[-1] + 1e-6, STEP)
    shown = np.array([np.interp(even, energy, row) for row in as_measured(dataset)])
    simulated = dataset["origin"].values != "measured"
    shown[simulated] = gaussian_filter1d(shown[simulated], np.mean(BROADENING) / STEP, axis=1, mode="nearest")

    def features(at: Floats, curves: Floats) -> Floats:
        own = fitted.window
        grid = [own.show(at + to_own_edge(at, row, own), row) for row in curves]
        return fitted.features(np.array(grid), absorber)

    selected = features(seen.x - edge, seen.y[None])
    found: Floats = fitted.apart(selected, features(even, shown))[0]
    return found


def _pdf_distances(prediction: Prediction, technique: str, dataset: xr.Dataset) -> Floats:
    """Measure how far each site's PDF is from a sample's, by the features that answers rest on."""
    seen = prediction.curves[technique][0]
    r = dataset["r"].values
    common = seen.x[(seen.x >= r[0] - 1e-9) & (seen.x <= r[-1] + 1e-9)]
    curves = dataset[TECHNIQUES[technique].variable].values.astype(np.float64)
    rows = PdfRows(
        technique,
        prediction.absorber,
        common,
        np.array([np.interp(common, r, row) for row in curves]),
        dataset["material_id"].values.astype(str),
        dataset["formula"].values.astype(str),
        {},
    )
    model = PdfModel(rows)
    apart = model.distances(model.features(np.interp(common, seen.x, seen.y)[None]))[0]
    found: Floats = apart[dataset["material_index"].values]
    return found


def as_measured(dataset: xr.Dataset) -> Floats:
    """Give each site what a measurement of its material would show; returns (n_sites, n_energy)."""
    mu = dataset["mu"].values.astype(np.float64)
    complete = dataset["complete"].values
    if not complete.any():
        return mu
    owner = dataset["material_index"].values
    mean = average_sites(dataset)["mu"].values.astype(np.float64)
    row = np.cumsum(complete)[owner] - 1
    return np.where(complete[owner][:, None], mean[row], mu)
