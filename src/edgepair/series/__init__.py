"""Series: spectra of one sample while something changes."""

from edgepair.series.axis import Axis
from edgepair.series.run import SeriesResult, analyse_series
from edgepair.series.series import Series, read_series

__all__ = ["Axis", "Series", "SeriesResult", "analyse_series", "read_series"]
