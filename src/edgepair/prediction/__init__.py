"""Prediction: values, intervals and reasons for measured spectra."""

from edgepair.prediction.mixture import MixtureResult, fit_mixtures
from edgepair.prediction.predict import predict
from edgepair.prediction.result import Prediction, ShownCurve

__all__ = ["MixtureResult", "Prediction", "ShownCurve", "fit_mixtures", "predict"]
