"""Advice: whether a second technique is worth measuring, and to what quality."""

from edgepair.advice.qualities import QUALITIES, Quality
from edgepair.advice.result import Advice
from edgepair.advice.run import advise

__all__ = ["QUALITIES", "Advice", "Quality", "advise"]
