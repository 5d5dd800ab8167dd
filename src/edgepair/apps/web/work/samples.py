"""Samples: files of one material, read and handed to `edgepair.predict` together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from edgepair.apps.web.work.reading import DPDF, FileRequest, read
from edgepair.conventions import TECHNIQUES, OptionError

if TYPE_CHECKING:
    from edgepair.measured import PdfCurve, XanesScan
    from edgepair.prediction import Prediction


@dataclass(frozen=True)
class SampleRequest:
    """Curves of one sample."""

    curves: tuple[tuple[FileRequest, str], ...]


@dataclass(frozen=True)
class SampleRead:
    """A sample whose files were read."""

    curves: dict[str, XanesScan | PdfCurve]
    sources: dict[str, tuple[str, str]]
    absorber: str | None
    normalizing: dict[str, Any]

    def predict(self, **options: Any) -> Prediction:
        """Ask what the sample is."""
        from edgepair.prediction import predict

        total = self.curves.get("pdf", self.curves.get("npdf"))
        given = {"absorber": self.absorber, **self.normalizing, **options}
        found = predict(self.curves.get("xanes"), total, self.curves.get("dpdf"), **given)
        return cast("Prediction", found)


def read_sample(request: SampleRequest) -> SampleRead:
    """Read the files of a sample."""
    from edgepair.measured import PdfCurve
    from edgepair.measured.samples import pdf_technique

    found: dict[str, tuple[FileRequest, XanesScan | PdfCurve]] = {}
    for file, item in request.curves:
        curve, name = _curve(file, item), "xanes"
        if isinstance(curve, PdfCurve):
            name = "dpdf" if file.option("role") == DPDF else pdf_technique(curve)
        taken = found.get(name) or found.get({"pdf": "npdf", "npdf": "pdf"}.get(name, ""))
        if taken is not None:
            raise OptionError(
                f"cannot take {taken[0].name!r} and {file.name!r} as one sample",
                found="two curves of one technique",
                needed="at most one spectrum, one PDF and one dPDF of a sample",
                suggestion="give each its own sample number on the page Predict, or remove one",
            )
        found[name] = (file, curve)
    ordered = {name: found[name] for name in TECHNIQUES if name in found}
    metals = [file.option("absorber") or getattr(curve, "absorber", None) for file, curve in ordered.values()]
    return SampleRead(
        {name: curve for name, (_, curve) in ordered.items()},
        {name: (file.name, curve.item) for name, (file, curve) in ordered.items()},
        next((str(metal) for metal in metals if metal), None),
        ordered["xanes"][0].normalizing() if "xanes" in ordered else {},
    )


def _curve(file: FileRequest, item: str) -> XanesScan | PdfCurve:
    read_file = read(file)
    for curve in read_file.curves:
        if curve.item == item:
            return curve
    raise OptionError(
        f"cannot find {item!r} in {file.name!r}",
        found="items of other names, as it is read now",
        needed="one of " + ", ".join(curve.item for curve in read_file.curves[:8]),
        suggestion="choose the part of the file again",
    )
