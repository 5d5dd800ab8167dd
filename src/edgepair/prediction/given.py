"""What is given to `edgepair.predict`, as the curves of samples: files, what was read of them, and arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np

from edgepair.conventions import DataError, EdgepairError, OptionError
from edgepair.measured import PdfCurve, XanesScan
from edgepair.measured.samples import read_measured
from edgepair.prediction.sample import scan_of

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike

Arrays: TypeAlias = "tuple[ArrayLike, ArrayLike]"
OneCurve: TypeAlias = "XanesScan | PdfCurve | Arrays"
Item: TypeAlias = "XanesScan | PdfCurve | str | Path | Arrays"
ManyCurves: TypeAlias = "str | Path | xr.DataArray | Sequence[Item]"
Read: TypeAlias = "Callable[[Path], Sequence[OneCurve | GivenSample]]"

_ITEMS = (XanesScan, PdfCurve, str, Path)
_UNITS = {"energy": ("", "ev", "kev"), "r": ("", "å", "a", "angstrom")}


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
