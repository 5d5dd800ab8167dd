"""Prediction: values, intervals and reasons for measured spectra."""

from edgepair.prediction.model_file import TrainedModels, load_trained, save_trained
from edgepair.prediction.own_standards import OwnStandardsReport, own_standards_report
from edgepair.prediction.predict import predict
from edgepair.prediction.result import Prediction, Predictions, ShownCurve
from edgepair.prediction.training import train_models

__all__ = [
    "OwnStandardsReport",
    "Prediction",
    "Predictions",
    "ShownCurve",
    "TrainedModels",
    "load_trained",
    "own_standards_report",
    "predict",
    "save_trained",
    "train_models",
]
