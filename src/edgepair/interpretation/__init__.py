"""Interpretation: why answers are what they are, and how far that can be leant on."""

from edgepair.interpretation.result import (
    Interpretation,
    check_interpretation_output,
    staged_interpretation,
)
from edgepair.interpretation.run import interpret
from edgepair.interpretation.sample import interpret_sample

__all__ = [
    "Interpretation",
    "check_interpretation_output",
    "interpret",
    "interpret_sample",
    "staged_interpretation",
]
