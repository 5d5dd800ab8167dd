"""Which model answers: fitted on the bundled data or the user's own, or taken from a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.conventions import BUNDLED_ABSORBERS, TECHNIQUES, DataError, OptionError
from edgepair.measured import match_instrument
from edgepair.prediction.fitted import fitted_pdf, fitted_xanes
from edgepair.prediction.model_file import load_trained
from edgepair.prediction.own_data import common_window, fitting_instrument, is_ideal, open_data
from edgepair.prediction.sample import EnergyWindow, choose_window
from edgepair.prediction.xanes_rows import to_own_edge
from edgepair.standards import load_standards

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.measured.pdf.inspection import PdfInspection
    from edgepair.prediction.pdf_model import PdfModel
    from edgepair.prediction.sample import PreparedXanes
    from edgepair.prediction.xanes_model import XanesModel
    from edgepair.spectra import PDFInstrument
    from edgepair.standards import Standard


@dataclass(frozen=True)
class Source:
    """Where models come from."""

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
                suggestion="train it with them: edgepair train --data PATH --standards F.csv --model MODEL",
            )

    def for_spectrum(self, prepared: PreparedXanes) -> tuple[PreparedXanes, XanesModel, list[str]]:
        """Choose or fit the model for a measured spectrum."""
        metal = prepared.absorber
        data = None if self.data is None else open_data(self.data, metal)
        trained = None if self.model is None else load_trained(self.model)
        if trained is not None:
            measured = trained.has_standards
        else:
            own = any(s.absorber == metal for s in self.standards)
            measured = own or any(s.absorber == metal for s in load_standards())
        if not (measured or self.shift_given):
            # a foil puts energies on a scale that simulated ones are not on
            prepared = replace(prepared, calibrated=False)
        first, last = float(prepared.energy[0]), float(prepared.energy[-1])
        by = 0.0
        if not prepared.calibrated:
            by = to_own_edge(prepared.energy, prepared.mu, EnergyWindow())
            first, last = first + by, last + by
        if trained is not None:
            fitted = trained.for_spectrum(metal, first, last, aligned=not prepared.calibrated)
            return prepared, fitted, _few_standards(fitted)
        window = choose_window(first, last, moved=by)
        doubts: list[str] = []
        if data is not None:
            window, doubts = common_window(data, window), _no_curves(data, "xanes")
        fitted = fitted_xanes(window, metal, self.standards, data, aligned=not prepared.calibrated)
        return prepared, fitted, doubts

    def for_pdf(
        self, absorber: str, technique: str, seen: PdfInspection
    ) -> tuple[PdfModel, PDFInstrument, list[str]]:
        """Choose or fit the model for a measured PDF."""
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
