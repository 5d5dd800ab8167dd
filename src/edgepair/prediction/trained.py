"""Models fitted once and kept in a file: what ``edgepair train`` makes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair.conventions import ModelError
from edgepair.models import load_bundle, save_bundle
from edgepair.prediction.energy_window import choose_window
from edgepair.prediction.saving import pack_pdf, pack_xanes, restore_pdf, restore_xanes
from edgepair.spectra import PDFInstrument

if TYPE_CHECKING:
    from edgepair.measured.pdf_inspection import PdfInspection
    from edgepair.prediction.pdf_model import PdfModel
    from edgepair.prediction.xanes_model import XanesModel

KIND = "edgepair-train"

ROOM = 0.5
"""eV by which a scan may be shorter than a window, as where a window is chosen by a scan."""

QDAMP_APART = 0.015
"""Å⁻¹; dampings that differ by more than this change the heights of the second shell by 2 %."""

_loaded: OrderedDict[tuple[str, int, int], TrainedModels] = OrderedDict()
_MOST_LOADED = 4


@dataclass(frozen=True)
class TrainedModels:
    """Fitted models of one absorber.

    Attributes
    ----------
    absorber : str
        Chemical symbol.
    xanes : XanesModel or None
        Of measured spectra.
    pdf : mapping of str to tuple of PdfModel and PDFInstrument
        By technique, with the instrument through which training curves were shown.
    about : mapping of str to object
        What they were fitted on and how well they did, in plain values.
    source : str
        File, for messages; empty where there is none.
    """

    absorber: str
    xanes: XanesModel | None
    pdf: Mapping[str, tuple[PdfModel, PDFInstrument]]
    about: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    @property
    def techniques(self) -> tuple[str, ...]:
        """What can be answered for.

        Returns
        -------
        tuple of str
            Names, XANES first.
        """
        return (*(("xanes",) if self.xanes is not None else ()), *self.pdf)

    def for_spectrum(self, absorber: str, first: float, last: float) -> XanesModel:
        """Give the model of XANES, if it fits a measured spectrum.

        Parameters
        ----------
        absorber : str
            The sample's.
        first, last : float
            Ends of the scan, eV from the tabulated edge.

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
        assert self.xanes is not None
        window = self.xanes.window
        if first > window.low + ROOM or last < window.high - ROOM:
            held = choose_window(first, last)
            raise ModelError(
                f"cannot answer for this spectrum with {self.name}",
                found=f"energies from {first:+.1f} to {last:+.1f} eV of the tabulated edge",
                needed=f"{window.low:+g} to {window.high:+g} eV, for which the model was trained",
                suggestion=self._again("xanes", f"--range={held.low:g},{held.high:g}"),
            )
        return self.xanes

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
        model, instrument = self.pdf[technique]
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
        return model, instrument

    @property
    def name(self) -> str:
        """How messages call it.

        Returns
        -------
        str
            With its file, where there is one.
        """
        return f"the model {self.source!r}" if self.source else "the model"

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
        words = f"edgepair train --absorber {self.absorber}{data} --technique {technique} {options}".rstrip()
        return f"train one for it: {words} --out MODEL; or leave out --model"


def save_trained(trained: TrainedModels, path: str | Path) -> None:
    """Write models into one file.

    Parameters
    ----------
    trained : TrainedModels
        At least one model.
    path : str or Path
        File; an older one is replaced.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    packed = [pack_xanes(trained.xanes)] if trained.xanes is not None else []
    packed += [pack_pdf(model, name) for name, (model, _) in trained.pdf.items()]
    metadata: dict[str, Any] = {
        "kind": KIND,
        "absorber": trained.absorber,
        "techniques": list(trained.techniques),
        "instruments": {name: dict(shown.parameters()) for name, (_, shown) in trained.pdf.items()},
        "about": dict(trained.about),
    }
    for part in packed:
        metadata |= part.metadata
    save_bundle(
        path,
        {name: forest for part in packed for name, forest in part.estimators.items()},
        {name: values for part in packed for name, values in part.arrays.items()},
        metadata,
        {name: rows for part in packed for name, rows in part.checks.items()},
    )


def load_trained(path: str | Path) -> TrainedModels:
    """Load what `save_trained` wrote, once while the file stays the same.

    Parameters
    ----------
    path : str or Path
        File.

    Returns
    -------
    TrainedModels
        Not to be changed.

    Raises
    ------
    ModelError
        There is no such file, or it is damaged, foreign or tampered with.
    """
    source = Path(path)
    try:
        state = source.stat()
        key = (str(source.resolve()), state.st_mtime_ns, state.st_size)
    except OSError:
        key = (str(source), 0, 0)
    if key not in _loaded:
        _loaded[key] = _load(source)
        while len(_loaded) > _MOST_LOADED:
            _loaded.popitem(last=False)
    return _loaded[key]


def _load(path: Path) -> TrainedModels:
    bundle = load_bundle(path)
    name = f"the model {str(path)!r}"
    try:
        about = bundle.metadata
        if about["kind"] != KIND:
            raise ValueError(f"models of the kind {about['kind']!r}")
        absorber, techniques = str(about["absorber"]), list(about["techniques"])
        instruments = {key: PDFInstrument(**shown) for key, shown in about["instruments"].items()}
        xanes = restore_xanes(bundle, source=name) if "xanes" in techniques else None
        models = {key: restore_pdf(bundle, key, source=name) for key in techniques if key != "xanes"}
        if xanes is not None and absorber not in xanes.rows.absorber:
            raise ValueError(f"no spectrum of {absorber}")
        for key, model in models.items():
            grid = instruments[key].grid()
            same = len(grid) == len(model.r) and abs(grid - model.r).max() < 1e-6
            if not same or model.technique != key or model.absorber != absorber:
                raise ValueError(f"a {key} that does not fit its instrument")
        known = dict(about["about"])
    except ModelError:
        raise
    except Exception as error:
        # whatever is missing or odd in a foreign file means the same
        raise ModelError(
            f"cannot use {name}",
            found=f"{type(error).__name__}: {str(error)[:200]}",
            needed="a file that `edgepair train` wrote",
            suggestion="make the model again with `edgepair train`",
        ) from error
    pairs = {key: (model, instruments[key]) for key, model in models.items()}
    return TrainedModels(absorber, xanes, pairs, known, str(path))
