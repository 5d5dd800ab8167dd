"""Prediction: values, intervals and reasons for measured spectra."""

from edgepair.prediction.mixture import MixtureResult, fit_mixtures
from edgepair.prediction.mixture_scan import SampleMixture, mix_scan
from edgepair.prediction.predict import predict
from edgepair.prediction.result import Prediction, ShownCurve

__all__ = [
    "MixtureResult",
    "Prediction",
    "SampleMixture",
    "ShownCurve",
    "fit_mixtures",
    "mix_scan",
    "predict",
]
