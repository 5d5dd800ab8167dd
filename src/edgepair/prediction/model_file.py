"""Models in a file: what they learnt from, as arrays, and what they answered; what ``edgepair train`` makes.

Nothing fitted is kept. Loading fits again, in seconds, and compares a few answers with those of the
model that was saved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from edgepair._version import __version__
from edgepair.conventions import TASKS, EdgepairError, ModelError
from edgepair.conventions.displayed import Record
from edgepair.dataset.store import read_arrays, save_arrays
from edgepair.prediction.pdf_model import PdfModel, PdfRows
from edgepair.prediction.sample import FULL, NEEDED, EnergyWindow, choose_window
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import XanesRows
from edgepair.spectra import PDFInstrument

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Floats
    from edgepair.measured.pdf.inspection import PdfInspection

Model = TypeVar("Model", XanesModel, PdfModel)

KIND = "edgepair-model-2"

ROOM = 0.5
"""eV by which a scan may be shorter than a window, as where a window is chosen by a scan."""

QDAMP_APART = 0.015
"""Å⁻¹; dampings that differ by more than this change the heights of the second shell by 2 %."""

CHECKED = 8
"""Rows whose answers are compared."""

SAME = 1e-6
"""By how much a check answer may differ: rounding, in its own unit."""

MOST_ROWS = 20_000
"""Rows of one kind that a file may hold: more than the largest library, less than a trap."""

XANES_TEXTS = ("absorber", "group", "name", "formula", "source")

_MOST_LOADED = 4


@dataclass(frozen=True)
class TrainedModels:
    """Models of one absorber.

    Attributes
    ----------
    absorber : str
        Chemical symbol.
    window : EnergyWindow or None
        Of measured spectra; None where it answers for none.
    spectra : mapping of bool to XanesRows
        What the models of spectra learn from: on their own energies (False), and moved to their own
        edges (True).
    curves : mapping of str to tuple of PdfRows and PDFInstrument
        By technique, with the instrument through which training curves were shown.
    about : mapping of str to object
        Settings, and how well the models did, in plain values.
    checks : mapping of str to numpy.ndarray
        Answers that a model must give again.
    source : str
        File, for messages; empty where there is none.
    """

    absorber: str
    window: EnergyWindow | None
    spectra: Mapping[bool, XanesRows]
    curves: Mapping[str, tuple[PdfRows, PDFInstrument]]
    about: Record = field(default_factory=dict)
    checks: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    source: str = ""

    @property
    def techniques(self) -> tuple[str, ...]:
        """What can be answered for, XANES first."""
        return (*(("xanes",) if self.window is not None else ()), *self.curves)

    @property
    def has_standards(self) -> bool:
        """Whether measured spectra of the absorber are among what was learnt from."""
        return self.window is not None and self.spectra[False].has_standards(self.absorber)

    @cached_property
    def _fitted(self) -> dict[str, Any]:
        return {}

    def xanes(self, *, aligned: bool = False) -> XanesModel:
        """Fit the model of measured spectra, once.

        Parameters
        ----------
        aligned : bool, optional
            Whether for samples without calibration.

        Returns
        -------
        XanesModel
            Not to be changed.

        Raises
        ------
        ModelError
            It does not answer as the one that was saved.
        """
        assert self.window is not None
        fit = partial(XanesModel, self.window, self.spectra[aligned], aligned=aligned)
        return self._once(f"xanes_{aligned}", fit)

    def pdf(self, technique: str) -> PdfModel:
        """Fit a model of measured PDFs, once.

        Parameters
        ----------
        technique : str
            ``pdf``, ``dpdf`` or ``npdf``.

        Returns
        -------
        PdfModel
            Not to be changed.

        Raises
        ------
        ModelError
            It does not answer as the one that was saved.
        """
        return self._once(technique, partial(PdfModel, self.curves[technique][0]))

    def for_spectrum(self, absorber: str, first: float, last: float, *, aligned: bool) -> XanesModel:
        """Give the model of XANES, if it fits a measured spectrum.

        Parameters
        ----------
        absorber : str
            The sample's.
        first, last : float
            Ends of the scan, eV from the tabulated edge.
        aligned : bool
            Whether the scan is not calibrated; its ends are then those beside its own edge.

        Returns
        -------
        XanesModel
            Its window is within what the scan covers.

        Raises
        ------
        ModelError
            It is of another absorber, or the scan is too short for it.
        """
        self._check(absorber, "xanes")
        assert self.window is not None
        window = self.window
        if first > NEEDED[0] or last < window.high - ROOM:
            held = choose_window(first, last)
            raise ModelError(
                f"cannot answer for this spectrum with {self.name}",
                found=f"energies from {first:+.1f} to {last:+.1f} eV of the tabulated edge",
                needed=f"at least {NEEDED[0]:+g} to {window.high:+g} eV, for which the model was trained",
                suggestion=self._again("xanes", f"--range={held.low:g},{held.high:g}"),
            )
        return self.xanes(aligned=aligned)

    def for_pdf(
        self, absorber: str, technique: str, seen: PdfInspection, matched: PDFInstrument
    ) -> tuple[PdfModel, PDFInstrument]:
        """Give a model of PDFs, if it fits a measured curve.

        Parameters
        ----------
        absorber : str
            Asked for.
        technique : str
            ``pdf``, ``dpdf`` or ``npdf``.
        seen : PdfInspection
            The measured curve's.
        matched : PDFInstrument
            What would have been trained for.

        Returns
        -------
        model : PdfModel
            Of that technique.
        instrument : PDFInstrument
            To which the measured curve is to be brought.

        Raises
        ------
        ModelError
            It is of another absorber or technique, or the curve cannot be brought to the instrument
            that the model was trained for: it can be cut, in r and in Q, but not prolonged.
        """
        self._check(absorber, technique)
        instrument = self.curves[technique][1]
        short = seen.r_first > instrument.r_first + 1e-6 or seen.r_last < instrument.r_last - 1e-6
        blunt = matched.qmax < instrument.qmax
        damped = seen.qdamp is not None and abs(seen.qdamp - instrument.qdamp) > QDAMP_APART
        if short or blunt or damped:
            qdamp = "" if seen.qdamp is None else f", Qdamp {seen.qdamp:.3f} 1/Å"
            raise ModelError(
                f"cannot answer for this {technique} with {self.name}",
                found=f"r from {seen.r_first:g} to {seen.r_last:g} Å, Qmax {matched.qmax:g} 1/Å{qdamp}",
                needed=f"at least r {instrument.r_first:g} to {instrument.r_last:g} Å and Qmax"
                f" {instrument.qmax:g} 1/Å, and a Qdamp near {instrument.qdamp:g} 1/Å, for which the"
                " model was trained",
                suggestion=self._again(
                    technique,
                    f"--qmax {matched.qmax:g} --qdamp {matched.qdamp:g} --r-first {matched.r_first:g}"
                    f" --r-last {matched.r_last:g}",
                ),
            )
        return self.pdf(technique), instrument

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"the model {self.source!r}" if self.source else "the model"

    def _once(self, part: str, fit: Callable[..., Model]) -> Model:
        """Fit a model where it is first asked for, and see that it answers as it did."""
        if part not in self._fitted:
            model = fit(seed=int(self.about.get("seed", 0)))
            self._compare(part, check_answers(model))
            self._fitted[part] = model
        fitted: Model = self._fitted[part]
        return fitted

    def _compare(self, part: str, answers: NDArray[np.generic]) -> None:
        """Refuse a model that answers otherwise than the one that was saved."""
        if part not in self.checks:
            return
        known = self.checks[part]
        if known.shape == answers.shape and np.allclose(known, answers, rtol=0.0, atol=SAME, equal_nan=True):
            return
        made = self.about.get("versions", {})
        by = ", by " + " and ".join(f"{name} {number}" for name, number in made.items()) if made else ""
        raise ModelError(
            f"cannot use {self.name}",
            found=f"other answers than those it was saved with{by}",
            needed=f"the same answers with edgepair {__version__} and scikit-learn {version('scikit-learn')}",
            suggestion="make the model again with `edgepair train`",
        )

    def _check(self, absorber: str, technique: str) -> None:
        if absorber != self.absorber:
            raise ModelError(
                f"cannot answer for {absorber} with {self.name}",
                found=f"a model of {self.absorber}",
                needed=f"a model of {absorber}",
                suggestion=f"edgepair train --absorber {absorber} makes one; without --model the"
                " bundled data answer",
            )
        if technique not in self.techniques:
            raise ModelError(
                f"cannot answer for a measured {technique} with {self.name}",
                found="a model of " + ", ".join(self.techniques),
                needed=f"one that was trained for {technique}",
                suggestion=self._again(",".join([*self.techniques, technique])),
            )

    def _again(self, technique: str, options: str = "") -> str:
        data = " --data PATH" if self.about.get("data") else ""
        words = f"edgepair train --absorber {self.absorber}{data} --modality {technique} {options}".rstrip()
        return f"train one for it: {words} --model MODEL; or leave out --model"


def check_answers(model: XanesModel | PdfModel) -> Floats:
    """Answer for a few of a model's own rows; returns (n_tasks, 2 · n_rows)."""
    curves = model.rows.mu if isinstance(model, XanesModel) else model.rows.G
    chosen = np.linspace(0, len(curves) - 1, CHECKED).astype(int).tolist()
    if isinstance(model, XanesModel):
        names = model.rows.absorber
        rows = np.concatenate([model.features(curves[i : i + 1], str(names[i])) for i in chosen])
    else:
        rows = model.features(curves[chosen])
    told = [model.answer(rows, task, 0.9) for task in model.fits]
    return np.array([[*answer.value, *answer.upper] for answer in told])


def save_trained(trained: TrainedModels, path: str | Path) -> None:
    """Write what models learnt from into one file.

    Parameters
    ----------
    trained : TrainedModels
        Of at least one technique.
    path : str or Path
        File; an older one is replaced.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    import xarray as xr

    stored: Record = {}

    def put(part: str, rows: XanesRows | PdfRows) -> None:
        for name in [one.name for one in fields(rows)]:
            values = getattr(rows, name)
            if isinstance(values, dict):
                for task, known in values.items():
                    stored[f"{part}.{name}.{task}"] = ((f"{part}_row",), known)
            elif isinstance(values, np.ndarray):
                dims = (f"{part}_row", f"{part}_x")[: values.ndim] if name != "r" else (f"{part}_x",)
                kept = values.astype(object) if values.dtype.kind == "U" else values
                stored[f"{part}.{name}"] = (dims, kept)

    if trained.window is not None:
        put("xanes", trained.spectra[False])
        stored["xanes.aligned"] = (("xanes_row", "xanes_x"), trained.spectra[True].mu)
    for technique, (rows, _) in trained.curves.items():
        put(technique, rows)
    for part, answers in trained.checks.items():
        stored[f"check.{part}"] = ((f"check_{part}_task", f"check_{part}_row"), answers)
    settings = {
        "absorber": trained.absorber,
        "window": None if trained.window is None else [trained.window.low, trained.window.high],
        "instruments": {name: dict(shown.parameters()) for name, (_, shown) in trained.curves.items()},
        "about": {
            **trained.about,
            "versions": {"edgepair": __version__, "scikit-learn": version("scikit-learn")},
        },
    }
    attrs = {"kind": KIND, "settings": json.dumps(settings, ensure_ascii=False)}
    save_arrays(xr.Dataset(stored, attrs=attrs), path)


def load_trained(path: str | Path) -> TrainedModels:
    """Load what `save_trained` wrote, once while the file stays the same.

    Parameters
    ----------
    path : str or Path
        File.

    Returns
    -------
    TrainedModels
        Not to be changed; each model is fitted where it is asked for.

    Raises
    ------
    ModelError
        There is no such file, or it is damaged or foreign.
    """
    source = Path(path)
    try:
        state = source.stat()
    except OSError:
        return _load(source)
    return _load(source, str(source.resolve()), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=_MOST_LOADED)
def _load(path: Path, *_: object) -> TrainedModels:
    name = f"the model {str(path)!r}"
    try:
        return _build(read_arrays(path), str(path))
    except (EdgepairError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # whatever is missing or odd in a foreign file means the same
        found = (
            error.found if isinstance(error, EdgepairError) else f"{type(error).__name__}: {str(error)[:200]}"
        )
        raise ModelError(
            f"cannot use {name}",
            found=found,
            needed="a file that this version's `edgepair train` wrote",
            suggestion="make the model again with `edgepair train`",
        ) from error


def _array(stored: xr.Dataset, name: str, kinds: str, shape: tuple[int, ...]) -> NDArray[Any]:
    values = np.asarray(stored[name].values)
    if values.dtype.kind in "OT" and "U" in kinds:
        if not all(isinstance(value, str) for value in values.ravel()):
            raise ValueError(f"an array {name!r} of other things than text")
        values = np.array(values.tolist(), dtype=str)
    if values.dtype.kind not in kinds or values.shape != shape:
        raise ValueError(f"an array {name!r} of {values.dtype} and shape {values.shape}, not {shape}")
    return values


def _finite(stored: xr.Dataset, name: str, shape: tuple[int, ...]) -> Floats:
    values = _array(stored, name, "f", shape).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"an array {name!r} with values that are not finite")
    return values


def _count(stored: xr.Dataset, name: str) -> int:
    n = int(stored[name].shape[0])
    if not 0 < n <= MOST_ROWS:
        raise ValueError(f"{n} rows in {name!r}")
    return n


def _build(stored: xr.Dataset, source: str) -> TrainedModels:
    if stored.attrs.get("kind") != KIND:
        raise ValueError("a file of another kind, or of an older format")
    settings = json.loads(stored.attrs["settings"])
    absorber = str(settings["absorber"])
    window = None if settings["window"] is None else EnergyWindow(*map(float, settings["window"]))
    if window is not None and not FULL[0] <= window.low < window.high <= FULL[1]:
        raise ValueError(f"a range of {window.low:g} to {window.high:g} eV")

    array, finite, count = partial(_array, stored), partial(_finite, stored), partial(_count, stored)
    spectra: dict[bool, XanesRows] = {}
    if window is not None:
        n, grid = count("xanes.mu"), window.grid()
        texts = {key: array(f"xanes.{key}", "U", (n,)) for key in XANES_TEXTS}
        flags = {key: array(f"xanes.{key}", "b", (n,)) for key in ("simulated", "shift_known")}
        rows = XanesRows(
            mu=finite("xanes.mu", (n, len(grid))),
            edge=finite("xanes.edge", (n,)),
            targets={task: array(f"xanes.targets.{task}", "f", (n,)) for task in TASKS},
            **texts,
            **flags,
        )
        if absorber not in rows.absorber:
            raise ValueError(f"no spectrum of {absorber}")
        spectra = {False: rows, True: replace(rows, mu=finite("xanes.aligned", rows.mu.shape))}
    curves: dict[str, tuple[PdfRows, PDFInstrument]] = {}
    for technique, shown in settings["instruments"].items():
        instrument = PDFInstrument(**shown)
        n, n_r = count(f"{technique}.G"), count(f"{technique}.r")
        if abs((instrument.r_last - instrument.r_first) / instrument.r_step + 1 - n_r) > 1:
            raise ValueError(f"a {technique} that does not fit its instrument")
        r = instrument.grid()
        if np.abs(finite(f"{technique}.r", r.shape) - r).max() > 1e-6:
            raise ValueError(f"a {technique} that does not fit its instrument")
        name, formula = (array(f"{technique}.{key}", "U", (n,)) for key in ("name", "formula"))
        targets = {task: array(f"{technique}.targets.{task}", "f", (n,)) for task in TASKS}
        G = finite(f"{technique}.G", (n, len(r)))
        curves[technique] = (PdfRows(technique, absorber, r, G, name, formula, targets), instrument)
    checks = {
        str(name).removeprefix("check."): np.asarray(stored[name].values, dtype=np.float64)
        for name in stored.data_vars
        if str(name).startswith("check.")
    }
    if set(checks) != {*(f"xanes_{aligned}" for aligned in spectra), *curves}:
        raise ValueError("no answers to compare with, or others")
    return TrainedModels(absorber, window, spectra, curves, dict(settings["about"]), checks, source)
