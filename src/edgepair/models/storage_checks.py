"""Whether a described estimator could be one that was fitted: its attributes, one by one."""

from __future__ import annotations

from collections.abc import Set
from functools import cache
from typing import Any

import numpy as np

from edgepair.models.storage_archive import RefusalError
from edgepair.models.storage_schema import Record
from edgepair.models.storage_trees import check_tree

TREES = {
    "ExtraTreesClassifier": "ExtraTreeClassifier",
    "ExtraTreesRegressor": "ExtraTreeRegressor",
    "RandomForestClassifier": "DecisionTreeClassifier",
    "RandomForestRegressor": "DecisionTreeRegressor",
}
"""The trees of each kind of forest."""

ESTIMATORS = (*TREES, "KernelClassifier", "KernelRegressor")
"""What can be saved."""

MOST_JOBS = 64
"""Threads that a file may ask for."""

_FOREST = frozenset({
    "estimator", "estimator_params", "estimator_", "estimators_", "n_features_in_", "n_outputs_",
    "_n_samples", "_n_samples_bootstrap", "_sample_weight", "_sklearn_version",
})  # fmt: skip
_TREE = frozenset({"n_features_in_", "n_outputs_", "max_features_", "tree_", "_sklearn_version"})
_CLASSES = frozenset({"classes_", "n_classes_"})


def check_estimator(record: Record, *, version: str, name: str) -> None:
    """Refuse an estimator that could not have been fitted.

    Parameters
    ----------
    record : Record
        As read from a file.
    version : str
        Of the scikit-learn that saved it.
    name : str
        The estimator's, for messages.

    Raises
    ------
    RefusalError
        Attributes are missing, too many, of wrong kinds, or do not fit one another.
    """
    where = f"the estimator {name!r}"
    if record.kind in TREES:
        _check_forest(record, version, where)
    elif record.kind == "KernelRegressor":
        _check_kernel_regressor(record, version, where)
    elif record.kind == "KernelClassifier":
        _attributes(record, {"width", "ridge", "classes_", "regressor_"}, set(), where)
        count = _check_classes(record.state["classes_"], where)
        _check_kernel_regressor(record.state["regressor_"], version, where)
        centre = record.state["regressor_"].state["centre_"]
        _require(np.shape(centre) == (count,), "another number of classes than targets", "one each", where)
    else:
        raise RefusalError(f"{where}, a {record.kind}", "one of " + ", ".join(ESTIMATORS))


def _check_forest(forest: Record, version: str, where: str) -> None:
    classifies = forest.kind.endswith("Classifier")
    fitted = _FOREST | (_CLASSES if classifies else frozenset())
    _attributes(forest, fitted, _parameters(forest.kind), where)
    state = forest.state
    _check_parameters(forest, version, where)
    n_features, n_outputs = _count(state, "n_features_in_", where), _count(state, "n_outputs_", where)
    n_classes = 1
    if classifies:
        n_classes = _check_classes(state["classes_"], where)
        same = n_outputs == 1 and _count(state, "n_classes_", where) == n_classes
        _require(same, "classes of several outputs, or miscounted", "the classes of one output", where)
    _require(state["_sample_weight"] is None, "weights of training samples", "none", where)
    names = state["estimator_params"]
    _require(
        isinstance(names, tuple) and all(isinstance(name, str) for name in names), "no names", "names", where
    )
    for template in (state["estimator"], state["estimator_"]):
        _check_tree_estimator(template, TREES[forest.kind], None, version, where)
    trees = state["estimators_"]
    count = _count(state, "n_estimators", where)
    full = isinstance(trees, list) and len(trees) == count
    _require(full, f"other than {count} trees", f"{count} trees", where)
    for number, tree in enumerate(trees):
        at = f"tree {number} of {where}"
        _check_tree_estimator(tree, TREES[forest.kind], (n_features, n_outputs, n_classes), version, at)


def _check_tree_estimator(
    tree: Any, kind: str, size: tuple[int, int, int] | None, version: str, where: str
) -> None:
    """Check one tree; without a size, the pattern from which trees are made."""
    _require(isinstance(tree, Record) and tree.kind == kind, "another kind of tree", kind, where)
    if size is None:
        _attributes(tree, {"_sklearn_version"}, _parameters(kind), where)
        _check_parameters(tree, version, where)
        return
    n_features, n_outputs, n_classes = size
    fitted = _TREE | (_CLASSES if kind.endswith("Classifier") else frozenset())
    _attributes(tree, fitted, _parameters(kind), where)
    _check_parameters(tree, version, where)
    state = tree.state
    told = [_count(state, name, where) for name in ("n_features_in_", "n_outputs_")]
    _require(told == [n_features, n_outputs], f"a tree of {told[0]} features", f"{n_features}", where)
    _count(state, "max_features_", where)
    if kind.endswith("Classifier"):
        own = _check_classes(state["classes_"], where) == n_classes == _count(state, "n_classes_", where)
        _require(own, "a tree of other classes than its forest", f"{n_classes} classes", where)
    check_tree(state["tree_"], n_features=n_features, n_outputs=n_outputs, n_classes=n_classes, where=where)


def _check_kernel_regressor(record: Any, version: str, where: str) -> None:
    _attributes(record, {"width", "ridge", "centre_", "model_"}, set(), where, kind="KernelRegressor")
    state = record.state
    _require(_positive(state["width"]) and _positive(state["ridge"]), "settings below 0", "above 0", where)
    steps = {"steps", "transform_input", "memory", "verbose", "_sklearn_version"}
    pipeline = state["model_"]
    _attributes(pipeline, steps, set(), where, kind="Pipeline")
    parts = pipeline.state["steps"]
    shaped = (
        isinstance(parts, list)
        and len(parts) == 2
        and all(isinstance(part, tuple) and len(part) == 2 and isinstance(part[0], str) for part in parts)
        and pipeline.state["memory"] is None
        and pipeline.state["transform_input"] is None
        and pipeline.state["verbose"] is False
        and pipeline.state["_sklearn_version"] == version
        and parts[0][0] != parts[1][0]
        and "passthrough" not in (parts[0][0], parts[1][0])
    )
    _require(shaped, "another pipeline", "a scaler and a Gaussian process", where)
    n_features = _check_scaler(parts[0][1], version, where)
    _check_process(parts[1][1], n_features, np.shape(state["centre_"]), version, where)
    _require(_finite(state["centre_"]), "a centre that is not finite", "finite numbers", where)


def _check_scaler(scaler: Any, version: str, where: str) -> int:
    names = {"n_features_in_", "n_samples_seen_", "mean_", "var_", "scale_", "_sklearn_version"}
    _attributes(scaler, names, {"with_mean", "with_std", "copy"}, where, kind="StandardScaler")
    _check_parameters(scaler, version, where, names={"with_mean", "with_std", "copy"})
    n_features = _count(scaler.state, "n_features_in_", where)
    for name in ("mean_", "var_", "scale_"):
        values = scaler.state[name]
        _require(_finite(values) and values.shape == (n_features,), "a damaged scaler", "its scales", where)
    return n_features


def _check_process(process: Any, n_features: int, targets: tuple[int, ...], version: str, where: str) -> None:
    plain = {"alpha", "optimizer", "n_restarts_optimizer", "normalize_y", "copy_X_train", "n_targets",
             "random_state"}  # fmt: skip
    fitted = {"kernel", "kernel_", "n_features_in_", "_y_train_mean", "_y_train_std", "X_train_", "y_train_",
              "log_marginal_likelihood_value_", "alpha_", "_sklearn_version"}  # fmt: skip
    _attributes(process, fitted, plain, where, kind="GaussianProcessRegressor")
    _check_parameters(process, version, where, names=plain)
    state = process.state
    for kernel in (state["kernel"], state["kernel_"]):
        _attributes(kernel, {"length_scale", "length_scale_bounds", "nu"}, set(), where, kind="Matern")
        usual = kernel.state["length_scale_bounds"] == "fixed" and kernel.state["nu"] == 1.5
        _require(usual and _positive(kernel.state["length_scale"]), "another kernel", "Matérn 3/2", where)
    rows = state["X_train_"]
    _require(
        _finite(rows) and rows.ndim == 2 and rows.shape[1] == n_features == state["n_features_in_"],
        "training rows of another width",
        f"rows of {n_features} features",
        where,
    )
    for name, shape in (
        ("alpha_", (len(rows), *targets)),
        ("y_train_", (0,)),
        ("_y_train_mean", targets or (1,)),
        ("_y_train_std", targets or (1,)),
    ):
        found = state[name]
        _require(
            _finite(found) and found.shape in (shape, targets), f"{name} of another shape", f"{shape}", where
        )


def _attributes(record: Any, fitted: Set[str], parameters: Set[str], where: str, kind: str = "") -> None:
    _require(isinstance(record, Record) and kind in ("", record.kind), "another object", kind or "one", where)
    strange = set(record.state) ^ (fitted | parameters)
    _require(
        not strange,
        f"a {record.kind} with attributes missing or too many ({', '.join(sorted(strange))[:200]})",
        "those of this scikit-learn, fitted on plain arrays",
        where,
    )


@cache
def _parameters(kind: str) -> frozenset[str]:
    import sklearn.ensemble
    import sklearn.tree

    home = sklearn.ensemble if kind in TREES else sklearn.tree
    # Regressors have it too, from the base class of all forests.
    return frozenset(getattr(home, kind)().get_params()) | {"class_weight"}


def _check_parameters(record: Record, version: str, where: str, names: Set[str] | None = None) -> None:
    """Allow plain values only: an object as a parameter would be called one day."""
    state = record.state
    for name in names or _parameters(record.kind):
        plain = state[name] is None or isinstance(state[name], bool | int | float | str)
        _require(plain, f"the setting {name} as {type(state[name]).__name__}", "a plain value", where)
    jobs, loud = state.get("n_jobs"), state.get("verbose", 0)
    modest = jobs is None or (type(jobs) is int and 0 < abs(jobs) <= MOST_JOBS)
    _require(modest, f"{jobs!r} jobs", f"at most {MOST_JOBS}", where)
    _require(type(loud) in (bool, int) and not loud, f"verbose {loud!r}", "a silent estimator", where)
    told = state["_sklearn_version"]
    _require(told == version, f"a part saved by scikit-learn {told!r}", f"{version!r} throughout", where)


def _check_classes(classes: Any, where: str) -> int:
    fits = (
        isinstance(classes, np.ndarray)
        and classes.ndim == 1
        and len(classes) >= 1
        and (classes.dtype.kind != "f" or bool(np.isfinite(classes).all()))
        and bool((classes[1:] > classes[:-1]).all())
    )
    _require(fits, "classes that are no increasing list", "each class once, in order", where)
    return len(classes)


def _count(state: dict[str, Any], name: str, where: str) -> int:
    value = state[name]
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool) and 0 < value < 2**31
    _require(bool(whole), f"{value!r} as {name}", "a whole number above 0", where)
    return int(value)


def _positive(value: Any) -> bool:
    return bool(isinstance(value, int | float | np.number) and np.isfinite(value) and value > 0)


def _finite(values: Any) -> bool:
    numeric = isinstance(values, np.ndarray | np.number) and values.dtype.kind in "fiu"
    return bool(numeric and np.isfinite(values).all())


def _require(holds: bool, found: str, needed: str, where: str) -> None:
    if not holds:
        raise RefusalError(f"{found}, in {where}", needed)
