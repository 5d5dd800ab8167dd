"""Mixtures: linear combinations of standards, how many, and with what errors."""

from edgepair.mixtures.fit import MixtureResult, fit_mixtures
from edgepair.mixtures.scan import SampleMixture, mix_scan

__all__ = ["MixtureResult", "SampleMixture", "fit_mixtures", "mix_scan"]
