"""Series: spectra, PDFs or both of one sample while something changes."""

from edgepair.series.axis import Axis
from edgepair.series.pdf import PdfSeries, PdfSeriesResult
from edgepair.series.run import SeriesResult, analyse_series
from edgepair.series.series import Series, read_series

__all__ = [
    "Axis", "PdfSeries", "PdfSeriesResult", "Series", "SeriesResult", "analyse_series", "read_series",
]  # fmt: skip
