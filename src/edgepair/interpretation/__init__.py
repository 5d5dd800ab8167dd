"""Interpretation: why answers are what they are, and how far that can be leant on."""

from edgepair.interpretation.interpret import interpret
from edgepair.interpretation.result import Interpretation

__all__ = ["Interpretation", "interpret"]
