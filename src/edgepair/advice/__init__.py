"""Advice: whether a second technique is worth measuring, and to what quality."""

from edgepair.advice.result import Advice
from edgepair.advice.run import advise
from edgepair.dataset.qualities import QUALITIES, Quality

__all__ = ["QUALITIES", "Advice", "Quality", "advise"]
