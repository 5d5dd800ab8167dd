"""Model files: what was saved comes back, and what is not a model is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from edgepair.conventions import ModelError, OutputError
from edgepair.models import storage
from edgepair.models.kernel import KernelClassifier, KernelRegressor
from edgepair.models.storage import load_bundle, save_bundle

RNG = np.random.default_rng(3)
ROWS: NDArray[np.float32] = RNG.normal(size=(60, 7)).astype(np.float32)
CLASSES = 2 + (ROWS[:, 0] > 0) + (ROWS[:, 1] > 1)
VALUES = 2.0 + 0.1 * ROWS[:, 2] + 0.02 * ROWS[:, 3]
UNSEEN: NDArray[np.float32] = RNG.normal(size=(40, 7)).astype(np.float32)

ESTIMATORS = {
    "extra classes": (ExtraTreesClassifier(8, random_state=0, max_features="sqrt"), CLASSES),
    "extra values": (ExtraTreesRegressor(8, random_state=0, min_samples_leaf=2), VALUES),
    "random classes": (
        RandomForestClassifier(8, random_state=0, class_weight="balanced", oob_score=True, bootstrap=True),
        CLASSES.astype(float),
    ),
    "random values": (RandomForestRegressor(8, random_state=0, max_leaf_nodes=9), VALUES),
    "two targets": (ExtraTreesRegressor(4, random_state=0), np.c_[VALUES, -VALUES]),
    "text classes": (ExtraTreesClassifier(4, random_state=0), np.array(["a", "bb"])[CLASSES % 2]),
    "one class": (ExtraTreesClassifier(4, random_state=0), np.full(60, 3)),
    "kernel classes": (KernelClassifier(width=0.5), CLASSES),
    "kernel values": (KernelRegressor(ridge=0.1), VALUES),
    "kernel targets": (KernelRegressor(), np.c_[VALUES, -VALUES]),
}


def fitted(name: str) -> Any:
    estimator, target = ESTIMATORS[name]
    # 8 trees leave some rows without an out-of-bag answer; of no concern here
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return estimator.fit(ROWS, target)


def answers(estimator: Any) -> NDArray[np.float64]:
    told = estimator.predict_proba(UNSEEN) if hasattr(estimator, "classes_") else estimator.predict(UNSEEN)
    return np.asarray(told)


def save(path: Path, estimators: dict[str, Any], **more: Any) -> None:
    checks = dict.fromkeys(estimators, ROWS[:3])
    save_bundle(path, estimators, **({"arrays": {}, "metadata": {}, "checks": checks} | more))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_answers_as_before(tmp_path: Path, name: str) -> None:
    original = fitted(name)
    save(tmp_path / "model", {name: original})
    loaded = load_bundle(tmp_path / "model").estimators[name]

    assert type(loaded) is type(original)
    np.testing.assert_array_equal(answers(loaded), answers(original))
    assert loaded.get_params() == original.get_params()
    if hasattr(original, "classes_"):
        np.testing.assert_array_equal(loaded.classes_, original.classes_)
        assert loaded.classes_.dtype == original.classes_.dtype
        np.testing.assert_array_equal(loaded.predict(UNSEEN), original.predict(UNSEEN))


def test_what_stands_beside_the_estimators_comes_back(tmp_path: Path) -> None:
    arrays = {
        "left out": RNG.normal(size=(5, 3)),
        "by column": np.asfortranarray(RNG.normal(size=(4, 6))),
        "names": np.array(["Fe2O3", "Å", ""]),
        "flags": np.array([True, False]),
        "none": np.zeros((0, 4), np.float32),
        "one": np.float64(1.5),
        "zeros": np.zeros(2_000_000),
    }
    metadata = {
        "task": "bond_length",
        "µ": [1, 2.5, None, True],
        "nested": {"a": {"b": []}},
        "n": np.int64(3),
    }
    save(tmp_path / "model", {"b": fitted("extra values"), "a": fitted("extra classes")},
         arrays=arrays, metadata=metadata)  # fmt: skip
    bundle = load_bundle(tmp_path / "model")

    assert list(bundle.estimators) == ["b", "a"]
    assert bundle.metadata == {**metadata, "n": 3}
    assert list(bundle.arrays) == list(arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(bundle.arrays[name], values)
        assert bundle.arrays[name].dtype == np.asarray(values).dtype
    # 16 MB of zeros must neither fill the disk with bytes nor pass for a bomb
    assert (tmp_path / "model").stat().st_size < 17_000_000


def test_a_bundle_may_hold_no_estimator(tmp_path: Path) -> None:
    save(tmp_path / "model", {}, arrays={"x": np.arange(3)})
    np.testing.assert_array_equal(load_bundle(tmp_path / "model").arrays["x"], [0, 1, 2])


def test_the_same_models_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(tmp_path / name, {"f": fitted("extra classes"), "k": fitted("kernel values")})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_saving_changes_no_estimator(tmp_path: Path) -> None:
    forest, kernel = fitted("random classes"), fitted("kernel values")
    weights = forest._sample_weight
    save(tmp_path / "model", {"f": forest, "k": kernel})
    assert forest._sample_weight is weights is not None
    assert hasattr(forest, "oob_score_")
    assert kernel.model_.steps[-1][1].L_.shape == (60, 60)


@pytest.mark.parametrize(
    ("estimator", "found"),
    [
        (GradientBoostingRegressor(n_estimators=2).fit(ROWS, VALUES), "GradientBoostingRegressor"),
        (ExtraTreesRegressor(2), "not fitted"),
        (ExtraTreesClassifier(2).fit(ROWS, np.c_[CLASSES, CLASSES]), "classes that are no increasing list"),
        (ExtraTreesClassifier(2, class_weight={2: 1.0, 3: 2.0, 4: 1.0}).fit(ROWS, CLASSES), "keys"),
        (ExtraTreesRegressor(2, random_state=np.random.RandomState(0)).fit(ROWS, VALUES), "RandomState"),
        (print, "builtin_function_or_method"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path, estimator: Any, found: str) -> None:
    with pytest.raises(ModelError) as caught:
        save(tmp_path / "model", {"x": estimator})
    assert found in caught.value.found
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"arrays": {"x": np.array([{}], dtype=object)}}, "object"),
        ({"arrays": {"": np.zeros(1)}}, "''"),
        ({"metadata": {"x": float("nan")}}, "nan"),
        ({"metadata": {"x": {2: "two"}}}, "no text"),
        ({"metadata": {"x": Path()}}, "Path"),
        ({"checks": {}}, "missing: x"),
        ({"checks": {"x": ROWS[:2], "y": ROWS[:2]}}, "missing: y"),
        ({"checks": {"x": ROWS[:0]}}, "(0, 7)"),
        ({"checks": {"x": ROWS[:2, :6]}}, "(2, 6)"),
        ({"checks": {"x": np.full((1, 7), np.nan)}}, "(1, 7)"),
    ],
)
def test_what_stands_beside_must_be_plain(tmp_path: Path, more: dict[str, Any], found: str) -> None:
    with pytest.raises(ModelError) as caught:
        save(tmp_path / "model", {"x": fitted("extra values")}, **more)
    assert found in caught.value.found
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named_and_what_was_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutputError, match="nowhere"):
        save(tmp_path / "nowhere" / "model", {})
    save(tmp_path / "model", {}, metadata={"first": 1})

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "write_archive", full)
    with pytest.raises(OutputError) as caught:
        save(tmp_path / "model", {}, metadata={"second": 1})
    assert "No space left" in caught.value.found
    assert load_bundle(tmp_path / "model").metadata == {"first": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("saved", "accepted"), [("1.8.2", False), ("2.9.1", False), ("", False), ("{here}.99", True)]
)
def test_only_the_same_minor_version_of_scikit_learn_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: str, accepted: bool
) -> None:
    import sklearn
    import sklearn.base

    here = ".".join(sklearn.__version__.split(".")[:2])
    saved = saved.format(here=here)
    real = storage.version
    with monkeypatch.context() as patch:
        patch.setattr(storage, "version", lambda name: saved if name == "scikit-learn" else real(name))
        patch.setattr(sklearn.base, "__version__", saved)
        save(tmp_path / "model", {"f": fitted("extra values")})
    if accepted:
        assert answers(load_bundle(tmp_path / "model").estimators["f"]).shape == (40,)
        return
    with pytest.raises(ModelError) as caught:
        load_bundle(tmp_path / "model")
    assert (saved or "unknown") in caught.value.found
    assert f"scikit-learn {here}" in caught.value.needed
    assert "edgepair train" in caught.value.suggestion


def test_the_manifest_tells_versions_and_checksums(tmp_path: Path) -> None:
    import zipfile

    save(tmp_path / "model", {"f": fitted("extra values")})
    with zipfile.ZipFile(tmp_path / "model") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert set(manifest["sha256"]) == set(archive.namelist()) - {"manifest.json"}
    assert set(manifest["versions"]) == {"edgepair", "scikit-learn", "numpy", "skops"}
    assert manifest["estimators"] == {"f": "ExtraTreesRegressor"}
