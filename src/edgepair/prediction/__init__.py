"""Prediction: values, intervals and reasons for measured spectra."""
