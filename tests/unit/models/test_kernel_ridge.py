"""Kernel ridge regression: left-out errors in closed form are those of fits without the group."""

from __future__ import annotations

import numpy as np
import pytest

from edgepair.models.conformal import group_weights
from edgepair.models.kernel_ridge import NOISE, WIDTH, fit_kernel_ridge


def made(n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(n, 4))
    target = 3.0 * np.sin(features[:, 0]) + features[:, 1] + 7000.0
    return features, target, rng.integers(0, 12, size=n).astype(str)


def test_what_was_learnt_is_told_back_and_new_rows_are_near() -> None:
    features, target, group = made(400)
    model = fit_kernel_ridge(features[:300], target[:300], group[:300])
    miss = model.predict(features[300:]) - target[300:]
    assert np.sqrt((miss**2).mean()) < 0.3 * target.std()
    assert 0 < model.error < 0.5 * target.std()


def test_the_error_is_that_of_fits_without_each_group() -> None:
    features, target, group = made()
    model = fit_kernel_ridge(features, target, group)
    weight = group_weights(group)
    scaled = (features - model.centre) / model.spread
    apart = ((scaled[:, None] - scaled[None]) ** 2).mean(axis=2)
    kernel = np.exp(-apart / (2 * WIDTH**2))
    squares = 0.0
    for name in np.unique(group):
        out = group == name
        dual = np.linalg.solve(
            kernel[np.ix_(~out, ~out)] + NOISE * np.diag(1 / weight[~out]), target[~out] - model.mean
        )
        miss = model.mean + kernel[np.ix_(out, ~out)] @ dual - target[out]
        squares += float((weight[out] * miss**2).sum())
    assert model.error == pytest.approx(np.sqrt(squares / len(np.unique(group))), rel=1e-6)


def test_a_feature_that_never_changes_does_no_harm() -> None:
    features, target, group = made()
    model = fit_kernel_ridge(np.c_[features, np.ones(len(features))], target, group)
    assert np.isfinite(model.predict(np.c_[features, np.ones(len(features))])).all()
