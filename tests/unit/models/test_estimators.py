"""Features and forests are scikit-learn's estimators, and what the study itself computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from edgepair import OxideForestClassifier, OxideForestRegressor, PdfFeatures, XanesFeatures
from edgepair.conventions import TASKS, DataError, OptionError
from edgepair.dataset import load_bundled
from edgepair.features import compute_features
from edgepair.models import LEARNERS


@parametrize_with_checks(
    [
        XanesFeatures(),
        PdfFeatures(),
        OxideForestClassifier(n_estimators=10),
        OxideForestRegressor("pdf", n_estimators=10),
    ]
)
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def copper() -> xr.Dataset:
    dataset = load_bundled("Cu")
    return dataset.isel(site=np.flatnonzero(np.isin(dataset["coordination_number"].values, (4, 6))))


def test_features_are_those_of_the_study(copper: xr.Dataset) -> None:
    table = compute_features(copper, "xanes")
    mine = XanesFeatures(copper["energy"].values).fit(copper["mu"].values)
    np.testing.assert_allclose(mine.transform(copper["mu"].values), table.values, rtol=1e-6)
    np.testing.assert_allclose(mine.positions_, table.position)
    names = mine.get_feature_names_out()
    assert names[0] == f"xanes0_{table.position[0]:.6g}eV"
    assert len(set(names)) == len(names)
    table = compute_features(copper, "pdf")
    rows = copper["material_index"].values
    mine = PdfFeatures(copper["r"].values).fit(copper["G"].values)
    np.testing.assert_allclose(mine.transform(copper["G"].values)[rows], table.values, rtol=1e-5, atol=1e-6)


def test_forests_are_those_of_the_study(copper: xr.Dataset) -> None:
    mu, length = copper["mu"].values, copper["bond_length"].values
    known = np.isfinite(length)
    mine = OxideForestRegressor(axis=copper["energy"].values, n_estimators=12, random_state=3)
    seed = int(np.random.RandomState(3).randint(np.iinfo(np.int32).max))
    theirs = LEARNERS["forest"].estimator(TASKS["bond_length"], trees=12, seed=seed)
    features = compute_features(copper, "xanes").values[known]
    theirs.fit(features[::2], length[known][::2])
    told = mine.fit(mu[known][::2], length[known][::2]).predict(mu[known][1::2])
    np.testing.assert_allclose(told, theirs.predict(features[1::2]), rtol=1e-6)
    assert np.corrcoef(told, length[known][1::2])[0, 1] > 0.7


def test_they_stand_in_pipelines_searches_and_importances(copper: xr.Dataset) -> None:
    mu, energy = copper["mu"].values, copper["energy"].values
    number = copper["coordination_number"].values.astype(int)
    formula = copper["formula"].values[copper["material_index"].values]
    search = GridSearchCV(
        make_pipeline(XanesFeatures(energy), DecisionTreeClassifier(random_state=0)),
        {"decisiontreeclassifier__max_depth": [1, 4]},
        cv=GroupKFold(3),
    )
    search.fit(mu, number, groups=formula)
    commonest = np.bincount(number).max() / len(number)
    assert search.best_score_ > commonest
    forest = OxideForestClassifier(axis=energy, n_estimators=20, random_state=0).fit(mu, number)
    assert forest.predict_proba(mu).sum(axis=1) == pytest.approx(1)
    worth = permutation_importance(forest, mu, number, n_repeats=1, random_state=0, max_samples=60)
    assert worth.importances_mean.shape == energy.shape
    assert worth.importances_mean.max() > 0


def test_an_axis_that_does_not_fit_is_refused() -> None:
    curves = np.random.default_rng(0).normal(size=(4, 30))
    with pytest.raises(DataError, match="cannot compute features of 30 columns") as caught:
        XanesFeatures(np.arange(31.0)).fit(curves)
    assert caught.value.found == "energy of shape (31,)"
    with pytest.raises(DataError) as caught:
        PdfFeatures(-np.arange(30.0)).fit(curves)
    assert caught.value.found == "r of shape (30,), not increasing"
    with pytest.raises(OptionError, match="'exafs'"):
        OxideForestClassifier("exafs").fit(curves, [0, 1, 0, 1])
