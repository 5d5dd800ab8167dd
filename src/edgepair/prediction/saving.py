"""Fitted models as estimators, arrays and plain values, and back without fitting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import TASKS, TECHNIQUES, EdgepairError, ModelError, edge_energy
from edgepair.models import ModelBundle
from edgepair.models.edge_features import STEP
from edgepair.prediction.answers import CLASSES
from edgepair.prediction.energy_scale import EnergyScale
from edgepair.prediction.energy_window import EnergyWindow
from edgepair.prediction.pdf_model import PdfModel, PdfRows, PdfTaskFit
from edgepair.prediction.xanes_fit import SavedTask, with_absorber
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import XanesRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHECK_ROWS = 20
"""Training rows by which each forest is tried after loading."""

MOST_POINTS = 5000
"""Points of a curve; a file that asks for more is none of ours."""


@dataclass(frozen=True)
class PackedModel:
    """A fitted model as `edgepair.models.save_bundle` takes it.

    Attributes
    ----------
    estimators : dict of str to object
        Forests.
    arrays : dict of str to numpy.ndarray
        Rows, weights and left-out answers.
    metadata : dict of str to object
        Plain values.
    checks : dict of str to numpy.ndarray
        Rows for each forest.
    """

    estimators: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    metadata: dict[str, Any]
    checks: dict[str, NDArray[Any]]


def pack_xanes(model: XanesModel, at: str = "xanes") -> PackedModel:
    """Take a model of XANES apart.

    Parameters
    ----------
    model : XanesModel
        Fitted.
    at : str, optional
        What names begin with.

    Returns
    -------
    PackedModel
        Enough for `restore_xanes`: kernel machines are rebuilt of their rows and weights.
    """
    rows = model.rows
    arrays: dict[str, NDArray[Any]] = {
        f"{at}/{name}": getattr(rows, name)
        for name in ("mu", "absorber", "group", "name", "formula", "simulated", "shift_known")
    }
    arrays |= {f"{at}/moved": model.scale.moved, f"{at}/scale": model.scale.machine.weights}
    estimators, checks = {}, {}
    seen = with_absorber(model.features(rows.mu), rows.absorber).astype(np.float32)
    for task, known in rows.targets.items():
        arrays[f"{at}/{task}/target"] = known
    for task, fit in model.fits.items():
        arrays[f"{at}/{task}/weights"] = fit.machine.weights
        arrays[f"{at}/{task}/left_out"] = np.column_stack([fit.value, fit.error, fit.probability])
        if fit.forest is not None:
            estimators[f"{at}/{task}"] = fit.forest
            checks[f"{at}/{task}"] = _few(seen)
    metadata = {
        "kind": "xanes",
        "window": [model.window.low, model.window.high],
        "tasks": list(model.fits),
        "seed": model.seed,
        "scale_error": model.scale.error,
        "distance_scale": model.distance_scale,
    }
    return PackedModel(estimators, arrays, {at: metadata}, checks)


def restore_xanes(bundle: ModelBundle, at: str = "xanes", *, source: str = "the model") -> XanesModel:
    """Put a model of XANES together again.

    Parameters
    ----------
    bundle : ModelBundle
        As loaded.
    at : str, optional
        What names begin with.
    source : str, optional
        Where it comes from, for errors.

    Returns
    -------
    XanesModel
        With the same answers.

    Raises
    ------
    ModelError
        Its parts do not fit one another.
    """
    with _Fitting(source):
        about = _section(bundle, at, "xanes")
        low, high = (float(end) for end in about["window"])
        _require(0 < (high - low) / STEP < MOST_POINTS, "a window that no scan has")
        window = EnergyWindow(low, high)
        n = len(bundle.arrays[f"{at}/mu"])
        _require(n > 1, "no rows")
        text = {
            name: _array(bundle, f"{at}/{name}", "U", (n,))
            for name in ("absorber", "group", "name", "formula")
        }
        flag = {name: _array(bundle, f"{at}/{name}", "b", (n,)) for name in ("simulated", "shift_known")}
        targets = {
            task: _array(bundle, f"{at}/{task}/target", "f", (n,), missing=True)
            for task in TASKS
            if f"{at}/{task}/target" in bundle.arrays
        }
        rows = XanesRows(
            _array(bundle, f"{at}/mu", "f", (n, len(window.grid()))), **text, **flag, targets=targets
        )
        for symbol in np.unique(rows.absorber):
            edge_energy(str(symbol))
        scale = EnergyScale.restore(
            window.grid(),
            rows,
            moved=_array(bundle, f"{at}/moved", "f", (n,)),
            error=_positive(about["scale_error"]),
            weights=_array(bundle, f"{at}/scale", "f", (int(rows.shift_known.sum()), 1)),
        )
        parts = {}
        for task in about["tasks"]:
            kept = ~np.isnan(targets[task])
            n_classes = len(CLASSES[task]) if task in CLASSES else 0
            told = _array(bundle, f"{at}/{task}/left_out", "f", (n, 2 + n_classes), missing=True)
            weights = _array(bundle, f"{at}/{task}/weights", "f", (int(kept.sum()), max(n_classes, 1)))
            forest = bundle.estimators[f"{at}/{task}"] if n_classes else None
            parts[task] = SavedTask(weights, forest, told[:, 0], told[:, 1], told[:, 2:])
        model = XanesModel.restore(
            window,
            scale,
            parts,
            distance_scale=_positive(about["distance_scale"]),
            seed=int(about["seed"]),
        )
        n_features = model.features(rows.mu[:1]).shape[1] + 1
        for task, part in parts.items():
            _check_forest(part.forest, task, n_features)
    return model


def pack_pdf(model: PdfModel, at: str) -> PackedModel:
    """Take a model of PDFs apart.

    Parameters
    ----------
    model : PdfModel
        Fitted.
    at : str
        What names begin with.

    Returns
    -------
    PackedModel
        Enough for `restore_pdf`.
    """
    rows = model.rows
    arrays: dict[str, NDArray[Any]] = {
        f"{at}/{name}": getattr(rows, name) for name in ("r", "G", "name", "formula")
    }
    for task, known in rows.targets.items():
        arrays[f"{at}/{task}/target"] = known
    for task, fit in model.fits.items():
        arrays[f"{at}/{task}/left_out"] = np.column_stack([fit.value, fit.error, fit.probability])
    seen = _few(model.features(rows.G).astype(np.float32))
    metadata = {
        "kind": rows.technique,
        "absorber": rows.absorber,
        "tasks": list(model.fits),
        "seed": model.seed,
        "distance_scale": model.distance_scale,
    }
    return PackedModel(
        {f"{at}/{task}": fit.forest for task, fit in model.fits.items()},
        arrays,
        {at: metadata},
        {f"{at}/{task}": seen for task in model.fits},
    )


def restore_pdf(bundle: ModelBundle, at: str, *, source: str = "the model") -> PdfModel:
    """Put a model of PDFs together again.

    Parameters
    ----------
    bundle : ModelBundle
        As loaded.
    at : str
        What names begin with.
    source : str, optional
        Where it comes from, for errors.

    Returns
    -------
    PdfModel
        With the same answers.

    Raises
    ------
    ModelError
        Its parts do not fit one another.
    """
    with _Fitting(source):
        about = _section(bundle, at, *(name for name, item in TECHNIQUES.items() if item.axis == "r"))
        n, n_r = bundle.arrays[f"{at}/G"].shape
        _require(n > 1 and n_r <= MOST_POINTS, "no curves, or endless ones")
        r = _array(bundle, f"{at}/r", "f", (n_r,))
        _require(bool((np.diff(r) > 0).all()), "distances that do not increase")
        edge_energy(str(about["absorber"]))
        targets = {task: _array(bundle, f"{at}/{task}/target", "f", (n,), missing=True) for task in TASKS}
        rows = PdfRows(
            str(about["kind"]),
            str(about["absorber"]),
            r,
            _array(bundle, f"{at}/G", "f", (n, n_r)),
            _array(bundle, f"{at}/name", "U", (n,)),
            _array(bundle, f"{at}/formula", "U", (n,)),
            targets,
        )
        fits = {}
        for task in about["tasks"]:
            n_classes = len(CLASSES[task]) if task in CLASSES else 0
            told = _array(bundle, f"{at}/{task}/left_out", "f", (n, 2 + n_classes), missing=True)
            kept = ~np.isnan(targets[task])
            forest = bundle.estimators[f"{at}/{task}"]
            fits[task] = PdfTaskFit(forest, kept, told[:, 0], told[:, 1], told[:, 2:])
        model = PdfModel.restore(
            rows, fits, distance_scale=_positive(about["distance_scale"]), seed=int(about["seed"])
        )
        n_features = model.features(rows.G[:1]).shape[1]
        for task, fit in fits.items():
            _check_forest(fit.forest, task, n_features)
    return model


def _few(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    chosen: NDArray[np.float32] = rows[np.linspace(0, len(rows) - 1, min(CHECK_ROWS, len(rows))).astype(int)]
    return chosen


class _Fitting:
    """Turns whatever goes wrong while parts are put together into one refusal of the file."""

    def __init__(self, source: str) -> None:
        self.source = source

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or not isinstance(error, Exception):
            return
        found = error.found if isinstance(error, EdgepairError) else f"{type(error).__name__}: {error}"
        raise ModelError(
            f"cannot use {self.source}",
            found=found[:200],
            needed="models of XANES or PDFs as `edgepair train` saves them",
            suggestion="make the model again with `edgepair train`",
        ) from error


def _section(bundle: ModelBundle, at: str, *kinds: str) -> Mapping[str, Any]:
    about = bundle.metadata[at]
    _require(isinstance(about, dict) and about.get("kind") in kinds, f"no model under {at!r}")
    known = isinstance(about["tasks"], list) and all(task in TASKS for task in about["tasks"])
    _require(known, "a task that is not known")
    section: Mapping[str, Any] = about
    return section


def _array(
    bundle: ModelBundle, name: str, kind: str, shape: tuple[int, ...], *, missing: bool = False
) -> NDArray[Any]:
    values = bundle.arrays[name]
    _require(
        values.dtype.kind == kind and values.shape == shape,
        f"the array {name!r} of {values.dtype} and shape {values.shape}, not {shape}",
    )
    if kind == "f":
        usual = np.isfinite(values) | np.isnan(values) if missing else np.isfinite(values)
        _require(bool(usual.all()), f"the array {name!r} with values that are not finite")
    return values


def _positive(value: Any) -> float:
    _require(isinstance(value, int | float) and 0 < value < 1e6, f"{value!r} in place of a scale")
    return float(value)


def _check_forest(forest: Any, task: str, n_features: int) -> None:
    if task in CLASSES:
        # columns of the probabilities are addressed by these
        names = np.asarray(forest.classes_)
        usual = names.dtype.kind in "iu" and names.min() >= 0 and names.max() < len(CLASSES[task])
        _require(bool(usual), "a forest of other classes")
    elif forest is not None:
        _require(hasattr(forest, "estimators_") and not hasattr(forest, "classes_"), "a forest of classes")
    if forest is not None:
        _require(int(forest.n_features_in_) == n_features, "a forest of other features")


def _require(holds: bool, found: str) -> None:
    if not holds:
        raise ModelError(
            "cannot use the model",
            found=found,
            needed="models of XANES or PDFs as `edgepair train` saves them",
            suggestion="make the model again with `edgepair train`",
        )
