"""Read oxidation state, coordination number and bond length from XANES and PDFs of oxides.

Public names are loaded when they are first used, so that importing edgepair is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepair._lazy import lazy_names
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

__getattr__, _ = lazy_names(__name__, __file__)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
