"""A sample in hand: what is said of it, and which of a dataset's sites are like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from edgepair.conventions import BUNDLED_ABSORBERS, TECHNIQUES, MeasurementError, OptionError, edge_energy
from edgepair.measured import PdfCurve, XanesScan
from edgepair.models.edge_features import STEP
from edgepair.models.source_kernel import squared_distances
from edgepair.prediction import Prediction, predict
from edgepair.prediction.energy_window import choose_window
from edgepair.prediction.model_store import fitted_xanes
from edgepair.prediction.own_data import common_window
from edgepair.prediction.pdf_model import PdfModel, PdfRows
from edgepair.prediction.xanes_rows import BROADENING

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.study.cells import Cell

MOST_LIKE = 60
"""Sites that are taken as like a sample at most."""

LIKE_SHARE = 0.2
"""Part of all sites that is taken as like a sample at most: of few sites, sixty are not alike."""


@dataclass(frozen=True)
class SampleInHand:
    """A sample and what is like it.

    Attributes
    ----------
    prediction : Prediction
        What is said of it now.
    techniques : tuple of str
        What has been measured of it.
    by : str
        Technique by which sites are compared with it.
    like : numpy.ndarray
        Shape (n,), bool: which of a cell's sites are like it.
    distance : float
        Of the last of them, in units of the nearest one's.
    """

    prediction: Prediction
    techniques: tuple[str, ...]
    by: str
    like: NDArray[np.bool_]
    distance: float

    def answers(self, task: str) -> list[dict[str, Any]]:
        """List what is said of one task.

        Parameters
        ----------
        task : str
            Name.

        Returns
        -------
        list of dict
            Rows of `Prediction.table`, the combined technique last.
        """
        table = self.prediction.table
        rows: list[dict[str, Any]] = table[table["task"] == task].to_dict("records")
        return rows


def answer_sample(sample: Any, dataset: xr.Dataset) -> Prediction:
    """Ask for a sample's values, where they are not known yet.

    Parameters
    ----------
    sample : Prediction, XanesScan or PdfCurve
        As `edgepair.advise` takes it.
    dataset : xarray.Dataset
        Answers where nothing is bundled of its absorber.

    Returns
    -------
    Prediction
        Of the dataset's absorber.

    Raises
    ------
    OptionError
        It is none of these.
    MeasurementError
        It is of another element, or cannot be understood.
    """
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
    given: dict[str, Any] = {"mu" if isinstance(sample, XanesScan) else "G": sample}
    data = None if absorber in BUNDLED_ABSORBERS else dataset
    return predict(**given, absorber=absorber, data=data, explain=False)


def sample_in_hand(sample: Any, cell: Cell) -> SampleInHand:
    """Find the sites that are like a sample.

    Parameters
    ----------
    sample : Prediction, XanesScan or PdfCurve
        As `edgepair.advise` takes it.
    cell : Cell
        Whose sites are compared.

    Returns
    -------
    SampleInHand
        At most `MOST_LIKE` sites, and `LIKE_SHARE` of all.

    Raises
    ------
    EdgepairError
        The sample cannot be understood.
    """
    prediction = answer_sample(sample, cell.dataset)
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
    n_like = max(1, min(MOST_LIKE, round(LIKE_SHARE * len(apart))))
    order = np.argsort(apart, kind="stable")[:n_like]
    like = np.zeros(len(apart), dtype=bool)
    like[order] = True
    return SampleInHand(prediction, techniques, held[0], like, float(apart[order[-1]] / apart[order[0]]))


def _xanes_distances(prediction: Prediction, technique: str, dataset: xr.Dataset) -> NDArray[np.float64]:
    """Measure how far each site's spectrum is from a sample's, as trust in answers is measured."""
    absorber = prediction.absorber
    edge = edge_energy(absorber)
    seen = prediction.curves[technique][0]
    data = None if absorber in BUNDLED_ABSORBERS else dataset
    window = choose_window(float(seen.x[0]) - edge, float(seen.x[-1]) - edge)
    if data is not None:
        window = common_window(data, window)
    fitted = fitted_xanes(window, data=data)
    energy = dataset["energy"].values - edge
    curves = as_measured(dataset)
    even = np.arange(energy[0], energy[-1] + 1e-6, STEP)
    shown = np.array([np.interp(even, energy, row) for row in curves])
    simulated = dataset["origin"].values != "measured"
    # Simulated spectra are brought to what measured ones are: broader, and on another energy scale.
    shown[simulated] = gaussian_filter1d(shown[simulated], np.mean(BROADENING) / STEP, axis=1, mode="nearest")
    shift = 0.0
    if simulated.any():
        first = np.array([window.show(even, row) for row in shown[simulated]])
        shift = float(np.median(fitted.scale.asked_shift(first, absorber)))
    moved = np.where(simulated, shift, 0.0)
    grid = np.array([window.show(even + by, row) for by, row in zip(moved, shown, strict=True)])
    mine = fitted.features(window.show(seen.x - edge, seen.y)[None])
    found: NDArray[np.float64] = np.sqrt(squared_distances(mine, fitted.features(grid)))[0]
    return found / fitted.distance_scale


def _pdf_distances(prediction: Prediction, technique: str, dataset: xr.Dataset) -> NDArray[np.float64]:
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
    model = PdfModel.restore(rows, {}, distance_scale=1.0)
    apart = model.distances(model.features(np.interp(common, seen.x, seen.y)[None]))[0]
    found: NDArray[np.float64] = apart[dataset["material_index"].values]
    return found


def as_measured(dataset: xr.Dataset) -> NDArray[np.float64]:
    """Give each site what a measurement of its material would show.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.

    Returns
    -------
    numpy.ndarray
        Shape (n_sites, n_energy): the average over the sites of its material, weighted by
        multiplicity; its own spectrum where the material is not complete.
    """
    mu = dataset["mu"].values.astype(np.float64)
    owner = dataset["material_index"].values
    weight = dataset["multiplicity"].values.astype(np.float64)
    total = np.zeros((dataset.sizes["material"], mu.shape[1]))
    np.add.at(total, owner, weight[:, None] * mu)
    mean = total / np.bincount(owner, weights=weight, minlength=len(total))[:, None]
    return np.where(dataset["complete"].values[owner][:, None], mean[owner], mu)
