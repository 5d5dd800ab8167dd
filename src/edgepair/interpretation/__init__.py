"""Interpretation: why answers are what they are, and how stable that is."""

from edgepair.interpretation.result import INTERPRETATION_FOLDER, Interpretation
from edgepair.interpretation.run import interpret
from edgepair.interpretation.sample import interpret_sample

__all__ = ["INTERPRETATION_FOLDER", "Interpretation", "interpret", "interpret_sample"]
