"""Interpretation: why answers are what they are, and how far that can be leant on."""

from edgepair.interpretation.result import INTERPRETATION_FOLDER, Interpretation
from edgepair.interpretation.run import interpret
from edgepair.interpretation.sample import interpret_sample

__all__ = [
    "INTERPRETATION_FOLDER",
    "Interpretation",
    "interpret",
    "interpret_sample",
]
