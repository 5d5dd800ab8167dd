"""Read oxidation state, coordination number and bond length from XANES and PDFs of oxides.

Public names are loaded when they are first used, so that importing edgepair is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from edgepair._version import __version__

if TYPE_CHECKING:
    from edgepair import features, figures
    from edgepair.advice import Advice, advise
    from edgepair.builder import build_dataset, estimate_build
    from edgepair.conventions import EdgepairError
    from edgepair.dataset import from_arrays, load_bundled, open_dataset, save_dataset
    from edgepair.interpretation import Interpretation, interpret_sample
    from edgepair.interpretation.run import interpret
    from edgepair.measured import read_pdf, read_xanes
    from edgepair.models import OxideForestClassifier, OxideForestRegressor, PdfFeatures, XanesFeatures
    from edgepair.prediction import Prediction, Predictions, predict
    from edgepair.report import write_study
    from edgepair.series import Series, SeriesResult, analyse_series, read_series
    from edgepair.spectra import PDFInstrument
    from edgepair.study import StudyResult, run_study

_HOMES = {
    "Advice": "edgepair.advice",
    "EdgepairError": "edgepair.conventions",
    "Interpretation": "edgepair.interpretation",
    "OxideForestClassifier": "edgepair.models",
    "OxideForestRegressor": "edgepair.models",
    "PDFInstrument": "edgepair.spectra",
    "PdfFeatures": "edgepair.models",
    "Prediction": "edgepair.prediction",
    "Predictions": "edgepair.prediction",
    "Series": "edgepair.series",
    "SeriesResult": "edgepair.series",
    "StudyResult": "edgepair.study",
    "XanesFeatures": "edgepair.models",
    "advise": "edgepair.advice",
    "analyse_series": "edgepair.series",
    "build_dataset": "edgepair.builder",
    "estimate_build": "edgepair.builder",
    "from_arrays": "edgepair.dataset",
    "interpret": "edgepair.interpretation",
    "interpret_sample": "edgepair.interpretation",
    "load_bundled": "edgepair.dataset",
    "open_dataset": "edgepair.dataset",
    "predict": "edgepair.prediction",
    "read_pdf": "edgepair.measured",
    "read_series": "edgepair.series",
    "read_xanes": "edgepair.measured",
    "run_study": "edgepair.study",
    "save_dataset": "edgepair.dataset",
    "write_study": "edgepair.report",
}

_PARTS = ("features", "figures")
"""Packages whose functions are called by the package's name: ``edgepair.features.describe_pdf``."""

__all__ = [
    "Advice",
    "EdgepairError",
    "Interpretation",
    "OxideForestClassifier",
    "OxideForestRegressor",
    "PDFInstrument",
    "PdfFeatures",
    "Prediction",
    "Predictions",
    "Series",
    "SeriesResult",
    "StudyResult",
    "XanesFeatures",
    "__version__",
    "advise",
    "analyse_series",
    "build_dataset",
    "estimate_build",
    "features",
    "figures",
    "from_arrays",
    "interpret",
    "interpret_sample",
    "load_bundled",
    "open_dataset",
    "predict",
    "read_pdf",
    "read_series",
    "read_xanes",
    "run_study",
    "save_dataset",
    "write_study",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _PARTS:
        return import_module(f"edgepair.{name}")
    raise AttributeError(f"module 'edgepair' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
