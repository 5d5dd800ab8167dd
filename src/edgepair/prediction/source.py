"""Which model answers: fitted on the bundled data or the user's own, or taken from a file."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.conventions import BUNDLED_ABSORBERS, TECHNIQUES, DataError, OptionError
from edgepair.measured import match_instrument
from edgepair.prediction.beamline_offset import apply_offset, find_offset
from edgepair.prediction.model_store import fitted_pdf, fitted_xanes
from edgepair.prediction.own_data import common_window, fitting_instrument, is_ideal, open_data
from edgepair.prediction.trained import load_trained

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.dataset import Standard
    from edgepair.measured.pdf_inspection import PdfInspection
    from edgepair.prediction.pdf_model import PdfModel
    from edgepair.prediction.sample import PreparedXanes
    from edgepair.prediction.xanes_model import XanesModel
    from edgepair.spectra import PDFInstrument


@dataclass(frozen=True)
class Source:
    """Where models come from.

    Attributes
    ----------
    standards : tuple of Standard
        The user's own.
    data : xarray.Dataset, path or None
        The user's own dataset, in place of the bundled one of its absorber.
    model : path or None
        File of ``edgepair train``, in place of fitting.
    shift_given : bool
        Whether the user has said what to add to the energies.
    """

    standards: tuple[Standard, ...] = ()
    data: xr.Dataset | str | Path | None = None
    model: str | Path | None = None
    shift_given: bool = False

    def __post_init__(self) -> None:
        """Refuse to fit and not to fit at once."""
        beside = [
            *(["data"] if self.data is not None else []),
            *(["standards"] if self.standards else []),
        ]
        if self.model is not None and beside:
            raise OptionError(
                f"cannot use the model {str(self.model)!r}",
                found=f"{' and '.join(beside)} beside a fitted model",
                needed="a model alone: it was fitted on data and standards of its own",
                suggestion="train it with them: edgepair train --data PATH --standards F.csv --out MODEL",
            )

    def for_spectrum(self, prepared: PreparedXanes) -> tuple[PreparedXanes, XanesModel, list[str]]:
        """Choose or fit the model for a measured spectrum.

        Parameters
        ----------
        prepared : PreparedXanes
            The sample.

        Returns
        -------
        prepared : PreparedXanes
            As given; not calibrated any more where its scale says nothing to the model.
        model : XanesModel
            Of a window that the scan covers.
        doubts : list of str
            What the user should know of it.
        """
        metal = prepared.absorber
        if self.model is not None:
            trained = load_trained(self.model)
            fitted = trained.for_spectrum(metal, float(prepared.energy[0]), float(prepared.energy[-1]))
            doubts = _few_standards(fitted)
        else:
            data, doubts, window = None, [], prepared.window()
            if self.data is not None:
                data = open_data(self.data, metal)
                window = common_window(data, window)
                doubts = _no_curves(data, "xanes")
            standards = self.standards
            if not prepared.calibrated and _any_uncalibrated(standards, metal):
                others = fitted_xanes(window, (), data)
                offset = find_offset(standards, metal, others.scale, window)
                assert offset is not None
                standards = apply_offset(standards, offset)
                # whatever a scan that is far off has been moved by before, this is the whole of it
                prepared = prepared.moved(offset.offset - prepared.shift, offset.error)
                prepared = replace(prepared, calibrated=True)
                window = prepared.window() if data is None else common_window(data, prepared.window())
                doubts.append(offset.text())
            fitted = fitted_xanes(window, standards, data)
        if not (fitted.rows.has_standards(metal) or self.shift_given):
            # a foil puts energies on a scale that simulated ones are not on
            prepared = replace(prepared, calibrated=False)
        return prepared, fitted, doubts

    def for_pdf(
        self, absorber: str, technique: str, seen: PdfInspection
    ) -> tuple[PdfModel, PDFInstrument, list[str]]:
        """Choose or fit the model for a measured PDF.

        Parameters
        ----------
        absorber : str
            Chemical symbol.
        technique : str
            ``pdf``, ``dpdf`` or ``npdf``.
        seen : PdfInspection
            Of the measured curve.

        Returns
        -------
        model : PdfModel
            Of that technique.
        instrument : PDFInstrument
            To which the measured curve is to be brought.
        doubts : list of str
            What the user should know of it.
        """
        instrument = match_instrument(seen)
        if self.model is not None:
            return *load_trained(self.model).for_pdf(absorber, technique, seen, instrument), []
        if self.data is None:
            _check_bundled(absorber)
            return fitted_pdf(absorber, technique, instrument), instrument, []
        data = open_data(self.data, absorber)
        doubts = _no_curves(data, technique)
        if doubts:
            _check_bundled(absorber)
            return fitted_pdf(absorber, technique, instrument), instrument, doubts
        instrument = fitting_instrument(data, instrument, technique)
        if not is_ideal(data, technique):
            doubts.append(
                f"{technique}: the dataset's curves keep the damping of their own instrument,"
                " which is not matched to the sample's"
            )
        return fitted_pdf(absorber, technique, instrument, data), instrument, doubts


def _any_uncalibrated(standards: tuple[Standard, ...], absorber: str) -> bool:
    return any(s.absorber == absorber and math.isnan(s.energy_shift) for s in standards)


def _few_standards(fitted: XanesModel) -> list[str]:
    if not fitted.rows.few_measured:
        return []
    return [
        "xanes: the model has next to no measured standards; its intervals are what simulated spectra"
        " left out were missed by, and a measured one may be missed by more"
    ]


def _no_curves(data: xr.Dataset, technique: str) -> list[str]:
    if TECHNIQUES[technique].variable in data:
        return []
    return [f"{technique}: the dataset given holds none; the bundled one answers"]


def _check_bundled(absorber: str) -> None:
    if absorber not in BUNDLED_ABSORBERS:
        raise DataError(
            f"cannot answer for the PDF of an oxide of {absorber}",
            found=f"no simulated PDFs of {absorber}",
            needed="one of " + ", ".join(BUNDLED_ABSORBERS),
            suggestion="simulate some with edgepair build and give them by --data",
        )
