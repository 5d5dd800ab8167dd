"""The curves of a sample as they are given, and bringing them to what a model compares."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np

from edgepair.conventions import DataError, EdgepairError, MeasurementError, OptionError, edge_energy
from edgepair.features.xanes import STEP
from edgepair.measured import PdfCurve, XanesScan
from edgepair.measured.edges import settle_absorber
from edgepair.measured.samples import read_measured
from edgepair.measured.xanes.calibration import UNKNOWN_SCALE
from edgepair.measured.xanes.energies import contradicting_unit
from edgepair.measured.xanes.inspection import NOT_SHIFTED, XanesInspection, calibrated, inspect_xanes

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike

    from edgepair.conventions.tasks import Floats
    from edgepair.spectra.alignment import FoilReading

FEWEST_POINTS = 10
"""Points of the shortest curve that is looked at."""

FARTHEST_EDGE = 40.0
"""eV from the tabulated edge beyond which an edge is taken as another element's, whose K edges lie
400 eV and more apart, not as that of a monochromator without calibration."""

FULL = (-8.0, 45.0)
"""eV from the tabulated edge: from before the pre-edge peaks to beyond the second shell's first wave."""

NEEDED = (1.0, 18.0)
"""eV from the tabulated edge that a scan must cover, for the edge and the white line to be in it."""

ROUNDING = 2.0
"""eV; so that scans of like range share one fitted model."""

Arrays: TypeAlias = "tuple[ArrayLike, ArrayLike]"
OneCurve: TypeAlias = "XanesScan | PdfCurve | Arrays"
Item: TypeAlias = "XanesScan | PdfCurve | str | Path | Arrays"
ManyCurves: TypeAlias = "str | Path | xr.DataArray | Sequence[Item]"
Read: TypeAlias = "Callable[[Path], Sequence[OneCurve | GivenSample]]"

_ITEMS = (XanesScan, PdfCurve, str, Path)
_UNITS = {"energy": ("", "ev", "kev"), "r": ("", "å", "a", "angstrom")}


@dataclass(frozen=True)
class PreparedXanes:
    """A normalised spectrum; energies in eV from the tabulated edge, ``e0`` on the file's scale."""

    absorber: str
    energy: Floats
    mu: Floats
    shift: float
    error: float
    calibrated: bool
    metallic: bool
    warnings: tuple[str, ...]
    e0: float
    edge_step: float

    def moved(self, by: float, error: float) -> PreparedXanes:
        """Add to the energies; ``by``, ``error`` in eV."""
        return replace(self, energy=self.energy + by, shift=self.shift + by, error=error)


def prepare_xanes(
    mu: XanesScan | tuple[ArrayLike, ArrayLike],
    absorber: str | None,
    *,
    shift: float | None = None,
    foil: FoilReading | None = None,
    e0: float | None = None,
    pre: tuple[float, float] | None = None,
    post: tuple[float, float] | None = None,
) -> PreparedXanes:
    """Normalise a spectrum and put it on the tabulated energy scale as far as known; all in eV."""
    scan = mu if isinstance(mu, XanesScan) else scan_of(mu)
    metal = absorber or scan.absorber
    if metal is None:
        raise MeasurementError(
            "cannot tell the absorber of a spectrum",
            found="no element in the header, and an edge that is none's or several's"
            + "".join(f"; {warning}" for warning in scan.warnings),
            needed="the element whose K edge was measured",
            suggestion="give --absorber",
        )
    tabulated = edge_energy(metal)
    warnings = []
    if scan.absorber not in (None, metal):
        warnings.append(f"the file says {scan.absorber}, {metal} was asked for")
    inspection = inspect_xanes(
        replace(scan, absorber=metal, edge="K"), e0=e0, shift=shift, foil=foil, pre=pre, post=post
    )
    spectrum = calibrated(
        inspection,
        f"cannot normalise {scan.file!r}" if scan.file else "cannot normalise the spectrum",
        _cure(inspection, pre, post),
    )
    known = inspection.calibration
    prepared = PreparedXanes(
        metal,
        spectrum.energy - tabulated,
        spectrum.mu,
        known.shift,
        known.error,
        bool(known.source),
        inspection.metallic,
        # Of the energy scale an answer has words of its own.
        (*warnings, *(one for one in inspection.warnings if one.code not in (UNKNOWN_SCALE, NOT_SHIFTED))),
        spectrum.e0 - known.shift,
        spectrum.edge_step,
    )
    at = spectrum.e0 - tabulated
    if not prepared.calibrated and abs(at) > FARTHEST_EDGE:
        raise MeasurementError(
            f"cannot take {scan.file!r} as a spectrum of {metal}"
            if scan.file
            else f"cannot take this as a spectrum of {metal}",
            found=f"an edge at {spectrum.e0:.0f} eV"
            + (f", the {scan.edge} edge" if scan.edge not in (None, "K") else ""),
            needed=f"one near {tabulated:.0f} eV, the K edge of {metal}",
            suggestion="name the element that was measured, or give --shift if the energies are far off",
        )
    return prepared


def _cure(
    inspection: XanesInspection, pre: tuple[float, float] | None, post: tuple[float, float] | None
) -> str:
    """Say what may help a spectrum that could not be normalised."""
    if inspection.error is not None and (pre is not None or post is not None):
        return inspection.error.suggestion
    return "give --e0 where the edge was not found"


def technique_of(curve: PdfCurve, radiation: str | None) -> str:
    """Tell which technique a measured total PDF is."""
    if radiation and curve.radiation and radiation != curve.radiation:
        raise OptionError(
            f"cannot answer for {curve.file!r} as {radiation} data"
            if curve.file
            else "cannot answer for the PDF",
            found=f"{curve.radiation!r} in its header, {radiation!r} as radiation",
            needed="one radiation",
            suggestion="leave the radiation out, or name the right file",
        )
    said = radiation or curve.radiation
    if said not in ("x-ray", "neutron"):
        raise OptionError(
            f"cannot answer for {curve.file!r}" if curve.file else "cannot answer for the PDF",
            found=f"radiation {said!r}" if said else "a header that does not tell the radiation",
            needed="an x-ray or a neutron PDF: the two weigh atoms differently",
            suggestion="give --radiation x-ray or --radiation neutron",
        )
    return "pdf" if said == "x-ray" else "npdf"


def pdf_curve(G: PdfCurve | tuple[ArrayLike, ArrayLike], radiation: str | None) -> PdfCurve:
    """Make a curve of arrays; ``G`` in Å."""
    if isinstance(G, PdfCurve):
        curve = G
    else:
        r, values = _two_arrays(G, "a PDF", "r in Å and G", "read_pdf")
        curve = PdfCurve("", "", "arrays", r, values, radiation=radiation)
        if r.ndim == 1 and r.shape == values.shape and len(r) > 1 and r[0] > r[-1]:
            curve = replace(curve, r=r[::-1], G=values[::-1])
    found = ""
    if curve.r.ndim != 1 or curve.r.shape != curve.G.shape or len(curve.r) < FEWEST_POINTS:
        found = f"{curve.r.shape} distances and {curve.G.shape} values"
    elif not (np.isfinite(curve.r).all() and np.isfinite(curve.G).all()):
        found = "values that are missing or not finite"
    elif not (np.diff(curve.r) > 0).all():
        found = "distances that do not increase"
    elif np.ptp(curve.G) == 0:
        found = f"the same value, {curve.G[0]:g}, at every distance"
    if found:
        raise MeasurementError(
            f"cannot use the PDF {curve.file!r}" if curve.file else "cannot use the PDF",
            found=found,
            needed=f"finite values of G at {FEWEST_POINTS} or more increasing distances",
            suggestion="write G(r) again; look at it with edgepair inspect",
        )
    return curve


def _two_arrays(
    pair: tuple[ArrayLike, ArrayLike], what: str, meant: str, reader: str
) -> tuple[Floats, Floats]:
    try:
        first, second = (np.asarray(part, dtype=np.float64) for part in pair)
    except (TypeError, ValueError) as error:
        kinds = sorted({type(part).__name__ for part in pair}) if isinstance(pair, list | tuple) else []
        raise DataError(
            f"cannot take this as {what}",
            found=f"a {type(pair).__name__}" + (f" of {len(pair)}: {', '.join(kinds)}" if kinds else ""),
            needed=f"two arrays of numbers, {meant}; or one item of what edgepair.{reader} gives",
            suggestion=f"{reader}(path)[0] is the first item of a file",
        ) from error
    return first, second


def scan_of(pair: tuple[ArrayLike, ArrayLike]) -> XanesScan:
    """Make a spectrum of arrays, of the element whose edge it shows."""
    energy, mu = _two_arrays(pair, "a spectrum", "energies in eV and absorption", "read_xanes")
    if energy.ndim == 1 and len(energy) > 1 and energy[0] > energy[-1]:
        energy, mu = energy[::-1], mu[::-1]
    # What can only be in keV is taken as such, as the reader of files does.
    energy = 1000 * energy if contradicting_unit(energy, "eV") == "keV" else energy
    usable = energy.ndim == 1 and energy.shape == mu.shape and len(energy) >= FEWEST_POINTS
    seen = None
    if usable and np.isfinite([energy, mu]).all() and (np.diff(energy) > 0).all():
        seen = settle_absorber(energy, mu, header_symbol=None, header_edge=None, given=None)[0]
    return XanesScan("", "", "arrays", energy, mu, "as given", absorber=seen)


@dataclass(frozen=True)
class EnergyWindow:
    """A stretch of energies, eV from the tabulated edge."""

    low: float = FULL[0]
    high: float = FULL[1]

    def grid(self) -> Floats:
        """Return the energies at which spectra are compared; returns (n_grid,) in eV."""
        return np.arange(self.low, self.high + STEP / 2, STEP)

    def show(self, energy: Floats, mu: Floats) -> Floats:
        """Bring a spectrum, (n_energy,) over eV, onto the grid; returns (n_grid,)."""
        return np.interp(self.grid(), energy, mu, left=min(float(mu[0]), 0.05), right=float(mu[-1]))


def choose_window(first: float, last: float, *, moved: float = 0.0) -> EnergyWindow:
    """Choose the window of a measured range; ``moved`` in eV."""
    if first > NEEDED[0] or last < NEEDED[1]:
        raise MeasurementError(
            "cannot compare the spectrum with standards",
            found=f"energies from {first - moved:+.0f} to {last - moved:+.0f} eV of the tabulated edge",
            needed=f"at least {NEEDED[0] - moved:+.0f} to {NEEDED[1] - moved:+.0f} eV",
            suggestion="give --shift if the energy scale is off, or name the right absorber",
        )
    low = max(FULL[0], math.ceil((first - 0.5) / ROUNDING) * ROUNDING)
    high = min(FULL[1], math.floor((last + 0.5) / ROUNDING) * ROUNDING)
    return EnergyWindow(low, high)


@dataclass(frozen=True)
class GivenSample:
    """The curves of one sample, or why there are none."""

    mu: XanesScan | Arrays | None = None
    G: PdfCurve | Arrays | None = None
    G_M: PdfCurve | Arrays | None = None
    file: str = ""
    error: EdgepairError | None = None

    def name(self, number: int) -> str:
        """Name it by its files, else by its number."""
        curves = [one for one in (self.mu, self.G, self.G_M) if isinstance(one, XanesScan | PdfCurve)]
        return " + ".join(filter(None, (one.title for one in curves))) or self.file or f"sample {number}"


def gather_given(
    mu: OneCurve | ManyCurves | None,
    G: OneCurve | ManyCurves | None,
    G_M: OneCurve | ManyCurves | None,
    *,
    absorber: str | None,
    radiation: str | None,
) -> list[GivenSample]:
    """Make samples of what is given: one of one curve of each kind, or one of each curve of a kind."""
    read = partial(_read, absorber=absorber, radiation=radiation)
    every = {name: _curves(given, read) for name, given in (("mu", mu), ("G", G), ("G_M", G_M))}
    found = {name: curves for name, curves in every.items() if curves}
    if not found:
        raise OptionError(
            "cannot answer for nothing",
            found="neither a spectrum nor a PDF",
            needed="mu, G or G_M",
            suggestion="pass a file, or what edgepair.read_xanes or edgepair.read_pdf gives",
        )
    for name, curves in found.items():
        if len(found) > 1 and len(curves) > 1:
            raise OptionError(
                "cannot tell which curves are of one sample",
                found=f"{len(curves)} curves as {name}, beside {' and '.join(set(found) - {name})}",
                needed="one curve of each kind, or curves of one kind only",
                suggestion="predict pair by pair; of a file of many, read one: read_xanes(path, item=NAME)",
            )
    if len(found) == 1:
        ((name, curves),) = found.items()
        return [_sample({name: curve}) for curve in curves]
    return [_sample({name: curves[0] for name, curves in found.items()})]


def _sample(curves: dict[str, OneCurve | GivenSample]) -> GivenSample:
    """Put curves in their places; a PDF given first, alone, is one."""
    total = curves.get("G")
    if isinstance(total, PdfCurve) and total.differential and "G_M" not in curves:
        curves["G_M"] = curves.pop("G")
    for name, curve in list(curves.items()):
        if isinstance(curve, GivenSample):
            return curve
        if isinstance(curve, PdfCurve) and name == "mu" and len(curves) == 1:
            return _sample({"G": curve})
        if isinstance(curve, PdfCurve if name == "mu" else XanesScan):
            return GivenSample(
                error=OptionError(
                    f"cannot use {curve.title!r} as {name}",
                    found="a PDF" if name == "mu" else "an absorption spectrum",
                    needed="an absorption spectrum" if name == "mu" else "a PDF",
                    suggestion="give spectra as mu, PDFs as G, the absorber's dPDF as G_M",
                )
            )
    return GivenSample(**curves)  # type: ignore[arg-type]  # each is of its kind by now


def _curves(given: OneCurve | ManyCurves | None, read: Read) -> Sequence[OneCurve | GivenSample]:
    """List the curves of one argument."""
    if given is None:
        return []
    if isinstance(given, str | Path):
        return read(Path(given))
    if type(given).__name__ == "DataArray":
        return list(_of_array(cast("xr.DataArray", given)))
    if isinstance(given, list | tuple) and all(map(_is_item, given)):
        items = cast("Sequence[Item]", given)
        listed = (_try(Path(one), read) if isinstance(one, str | Path) else [one] for one in items)
        return _without_foils([curve for curves in listed for curve in curves])
    return [cast("OneCurve", given)]


def _is_item(one: object) -> bool:
    """Tell a curve or file of several from the axis or the values of a single one."""
    pair = isinstance(one, list | tuple) and len(one) == 2 and not any(map(np.isscalar, one))
    return pair or isinstance(one, _ITEMS)


def _try(path: Path, read: Read) -> Sequence[OneCurve | GivenSample]:
    """Read one file of many: what is wrong with it does not stop the others."""
    try:
        return read(path)
    except EdgepairError as error:
        return [GivenSample(file=path.name, error=error)]


def _read(path: Path, *, absorber: str | None, radiation: str | None) -> Sequence[OneCurve | GivenSample]:
    found = read_measured(path, None, {"absorber": absorber}, {"radiation": radiation})
    return _without_foils(found.curves)


def _without_foils(curves: Sequence[OneCurve | GivenSample]) -> Sequence[OneCurve | GivenSample]:
    """Leave out metal foils beside samples: they calibrate and are none."""
    return [one for one in curves if not (isinstance(one, XanesScan) and one.foil)] or curves


def _of_array(array: xr.DataArray) -> Iterator[XanesScan | PdfCurve]:
    """Make curves of an array over ``energy`` or ``r``, one for each entry of its other dimensions."""
    axis = next((name for name in ("energy", "r") if name in array.coords and name in array.dims), "")
    unit = str(array[axis].attrs.get("units", "")) if axis else ""
    if not axis or unit.lower() not in _UNITS[axis]:
        raise DataError(
            "cannot use this array as a measured curve",
            found=f"dimensions {', '.join(map(str, array.dims))}" + (f", {axis} in {unit!r}" if unit else ""),
            needed="a coordinate energy in eV or keV along a dimension of that name, or r in Å",
            suggestion='xarray.DataArray(mu, {"energy": energy}, attrs={"absorber": "Fe"})',
        )
    array = array.sortby(axis)
    x = array[axis].to_numpy().astype(float)
    others = [name for name in array.dims if name != axis]
    rows = array.stack(item_=others) if others else array.expand_dims("item_")
    known = {str(key): value for key, value in array.attrs.items()}
    for number, row in enumerate(rows.transpose("item_", axis)):
        item = ", ".join(f"{name} {row[name].item()}" for name in others if name in row.coords) or (
            str(number) if others else str(known.get("item", ""))
        )
        names, values = (str(known.get("file", "")), item, "xarray"), row.to_numpy().astype(float)
        if axis == "r":
            told = {key: known[key] for key in ("radiation", "composition", "qmax", "qdamp") if key in known}
            yield PdfCurve(*names, x, values, **told)
        else:
            element = {key: known[key] for key in ("absorber", "edge") if key in known}
            file, item, kind = names
            scan = replace(scan_of((x, values)), file=file, item=item, format=kind)
            yield replace(scan, mu_from=str(known.get("mu_from", "as given")), **element)
