"""Saving and loading fitted models, so that no file can run code or crash the program.

A model file is a zip: ``manifest.json`` with versions, metadata and the checksum of every other
member; the estimators as skops files; arrays, and rows by which each estimator is tried after
loading, as ``.npy`` files. Checksums find damage, not malice: whoever changes a file can change them
too. Against malice stand the checks in `storage_schema`, `storage_checks` and `storage_trees`, all
of which are made before the first object exists.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import ModelError, OutputError
from edgepair.models.storage_archive import RefusalError, read_archive, read_array, write_archive, write_array
from edgepair.models.storage_checks import ESTIMATORS, check_estimator
from edgepair.models.storage_schema import TRUSTED, dump_plain, parse_json, read_schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = "edgepair-model"
FORMAT_VERSION = 1

TOLERANCE = 1e-9
"""By how much an answer to a check row may differ, relative to the answer or to 1: more than
threads that add up in another order make, less than any other tree would."""

MOST_ROWS = 1000
"""Check rows of one estimator: they show that it answers as before, and cost time at every loading."""

_KEYS = {"format", "format_version", "versions", "metadata", "estimators", "arrays", "sha256"}
_PROGRAMS = ("edgepair", "scikit-learn", "numpy", "skops")
_AGAIN = "make the model again with `edgepair train`"


@dataclass(frozen=True)
class ModelBundle:
    """What a model file holds.

    Attributes
    ----------
    estimators : mapping of str to object
        Fitted estimators by name, in the order in which they were saved.
    arrays : mapping of str to numpy.ndarray
        Arrays by name, read-only.
    metadata : mapping of str to object
        Plain values, as JSON has them.
    """

    estimators: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    metadata: Mapping[str, Any]


def save_bundle(
    path: str | Path,
    estimators: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, Any],
    checks: Mapping[str, NDArray[Any]],
) -> None:
    """Save fitted models in one file, written beside its place and then moved there.

    Parameters
    ----------
    path : str or Path
        File; one that exists is replaced.
    estimators : mapping of str to object
        Forests of scikit-learn (`ExtraTreesClassifier`, `ExtraTreesRegressor`,
        `RandomForestClassifier`, `RandomForestRegressor`) or edgepair's kernel machines, fitted on
        plain arrays; classifiers of one output.
    arrays : mapping of str to numpy.ndarray
        Numbers, truth values or text.
    metadata : mapping of str to object
        What JSON can hold, with text as keys and finite numbers; tuples come back as lists.
    checks : mapping of str to numpy.ndarray
        For each estimator rows of features, shape (n_rows, n_features), whose answers must be the
        same after loading.

    Raises
    ------
    ModelError
        Something cannot be saved so that it could be loaded again.
    OutputError
        The file cannot be written.

    Notes
    -----
    The same models give the same bytes. What only training used (sample weights, the kernel
    machine's covariance) is not saved.
    """
    path = Path(path)
    try:
        members = _pack(estimators, arrays, metadata, checks)
    except RefusalError as refusal:
        raise ModelError(
            f"cannot save the model {str(path)!r}",
            found=refusal.found,
            needed=refusal.needed,
            suggestion=refusal.suggestion or "save what `edgepair train` fits",
        ) from refusal
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".edgepair-", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                write_archive(file, members, packed=True)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot save the model {str(path)!r}",
            found=f"{type(error).__name__}: {error.strerror or error}",
            needed="a folder that can be written, with room for the file",
            suggestion="choose another place",
        ) from error


def load_bundle(path: str | Path) -> ModelBundle:
    """Load fitted models, if the file is exactly what `save_bundle` writes.

    Parameters
    ----------
    path : str or Path
        File.

    Returns
    -------
    ModelBundle
        Estimators that answer the check rows as they did when they were saved.

    Raises
    ------
    ModelError
        There is no such file, it is damaged, foreign or tampered with, or another version of
        scikit-learn saved it.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise RefusalError("no such file" if not path.exists() else "no regular file", "a model file")
        return _unpack(read_archive(path, "a file"))
    except RefusalError as refusal:
        found, needed, suggestion = refusal.found, refusal.needed, refusal.suggestion
        cause: Exception = refusal
    except Exception as error:
        # Whatever a crafted file still brings about in a library means the same: it is no model.
        found, needed = f"{type(error).__name__}: {str(error)[:200]}", "a complete model file"
        suggestion, cause = "", error
    raise ModelError(
        f"cannot load the model {str(path)!r}",
        found=found,
        needed=needed,
        suggestion=suggestion or f"copy the file again from where it came, or {_AGAIN}",
    ) from cause


def _pack(
    estimators: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, Any],
    checks: Mapping[str, NDArray[Any]],
) -> dict[str, bytes]:
    """Make every member, with the manifest last to know the checksums but first in the file."""
    for name in (*estimators, *arrays):
        if not isinstance(name, str) or not name:
            raise RefusalError(f"the name {name!r}", "names that are text")
    if set(checks) != set(estimators):
        odd = sorted(map(str, set(checks) ^ set(estimators)))
        raise RefusalError(f"check rows or an estimator missing: {', '.join(odd)}", "rows for each estimator")
    contents: dict[str, bytes] = {}
    named = {}
    for number, (name, estimator) in enumerate(estimators.items()):
        member, rows_member, told_member = _estimator_members(number)
        kind = type(estimator).__name__
        if kind not in ESTIMATORS:
            raise RefusalError(f"the estimator {name!r}, a {kind}", "one of " + ", ".join(ESTIMATORS))
        contents[member] = dump_plain(_slim(estimator, name))
        check_estimator(read_schema(contents[member], repr(name)), version=version("scikit-learn"), name=name)
        rows = _check_rows(checks[name], estimator, name)
        contents[rows_member] = write_array(rows)
        contents[told_member] = write_array(_answer(estimator, rows))
        named[name] = kind
    for number, values in enumerate(arrays.values()):
        contents[_array_member(number)] = write_array(values)
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "versions": {name: version(name) for name in _PROGRAMS},
        "metadata": _plain(metadata),
        "estimators": named,
        "arrays": list(arrays),
        "sha256": {member: hashlib.sha256(content).hexdigest() for member, content in contents.items()},
    }
    text = json.dumps(manifest, ensure_ascii=False, allow_nan=False, indent=1)
    return {"manifest.json": text.encode(), **contents}


def _unpack(members: dict[str, bytes]) -> ModelBundle:
    """Check everything, then make the objects, then try them."""
    if "manifest.json" not in members:
        raise RefusalError("a zip file without manifest.json", "a model file made by edgepair")
    manifest = parse_json(members.pop("manifest.json"), "a manifest")
    _check_manifest(manifest, members)
    version_saved = manifest["versions"]["scikit-learn"]
    loaded = {}
    for number, (name, kind) in enumerate(manifest["estimators"].items()):
        member, rows_member, told_member = _estimator_members(number)
        record = read_schema(members[member], f"the estimator {name!r}")
        if record.kind != kind:
            raise RefusalError(f"the estimator {name!r}, a {record.kind}", f"a {kind}, as the manifest says")
        check_estimator(record, version=version_saved, name=name)
        estimator = _make(members[member])
        rows = _check_rows(read_array(members[rows_member], "check rows"), estimator, name)
        told = read_array(members[told_member], "answers to check rows")
        answer = _answer(estimator, rows)
        if (told.shape, told.dtype) != (answer.shape, answer.dtype) or not np.allclose(
            answer, told, rtol=TOLERANCE, atol=TOLERANCE
        ):
            raise RefusalError(
                f"the estimator {name!r}, which answers its check rows otherwise than when it was saved",
                f"the same answers to {TOLERANCE:g}",
            )
        loaded[name] = estimator
    arrays = {
        name: read_array(members[_array_member(number)], f"the array {name!r}")
        for number, name in enumerate(manifest["arrays"])
    }
    return ModelBundle(loaded, arrays, manifest["metadata"])


def _check_manifest(manifest: Any, members: Mapping[str, bytes]) -> None:
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise RefusalError(
            "a zip file that is no model of edgepair", f"the format {FORMAT!r} in its manifest"
        )
    if manifest.get("format_version") != FORMAT_VERSION or type(manifest["format_version"]) is not int:
        raise RefusalError(
            f"format version {manifest.get('format_version')!r}",
            f"version {FORMAT_VERSION}",
            f"use the edgepair that made it, or {_AGAIN}",
        )
    shape = {"versions": dict, "metadata": dict, "estimators": dict, "arrays": list, "sha256": dict}
    if set(manifest) != _KEYS or any(type(manifest[key]) is not kind for key, kind in shape.items()):
        raise RefusalError("a manifest with other entries than edgepair writes", ", ".join(sorted(_KEYS)))
    names = [*manifest["versions"].values(), *manifest["estimators"].values(), *manifest["arrays"]]
    if any(not isinstance(name, str) for name in names) or len(set(manifest["arrays"])) < len(
        manifest["arrays"]
    ):
        raise RefusalError("names in the manifest that are no text, or stand twice", "each name once")
    _check_version(manifest["versions"].get("scikit-learn", ""))
    expected = {
        *(m for number in range(len(manifest["estimators"])) for m in _estimator_members(number)),
        *(_array_member(number) for number in range(len(manifest["arrays"]))),
    }
    for found, kind in (
        (expected - set(members), "missing"),
        (set(members) - expected, "not in the manifest"),
    ):
        if found:
            raise RefusalError(
                f"members {kind}: {', '.join(sorted(found)[:5])}", "the members of the manifest"
            )
    for member, content in members.items():
        if hashlib.sha256(content).hexdigest() != manifest["sha256"].get(member):
            raise RefusalError(f"a wrong checksum of {member}", "the member as it was saved")


def _check_version(saved: str) -> None:
    here = version("scikit-learn")
    if saved.split(".")[:2] != here.split(".")[:2]:
        needed = ".".join(here.split(".")[:2])
        raise RefusalError(
            f"a model saved with scikit-learn {saved[:20] or 'of unknown version'}",
            f"scikit-learn {needed}, as installed here: trees of another version can mean something else",
            f"{_AGAIN}, or install scikit-learn {'.'.join(saved.split('.')[:2])[:20] or 'that made it'}",
        )


def _make(content: bytes) -> Any:
    import skops.io  # type: ignore[import-untyped]
    from sklearn.exceptions import InconsistentVersionWarning

    with warnings.catch_warnings():
        # Patch releases of scikit-learn keep their trees; minor ones have been refused.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        return skops.io.loads(content, trusted=list(TRUSTED))


def _check_rows(rows: Any, estimator: Any, name: str) -> NDArray[Any]:
    values = np.asarray(rows)
    # A kernel machine counts features only inside.
    inner = estimator.regressor_ if hasattr(estimator, "regressor_") else estimator
    n_features = (inner.model_ if hasattr(inner, "model_") else inner).n_features_in_
    usable = values.dtype in (np.float32, np.float64) and values.ndim == 2 and 0 < len(values) <= MOST_ROWS
    if not usable or values.shape[1] != n_features or not np.isfinite(values).all():
        raise RefusalError(
            f"check rows of {values.dtype} and shape {values.shape} for {name!r}",
            f"1 to {MOST_ROWS} rows of {n_features} finite features, as float32 or float64",
        )
    return values


def _answer(estimator: Any, rows: NDArray[Any]) -> NDArray[Any]:
    told = estimator.predict_proba(rows) if hasattr(estimator, "predict_proba") else estimator.predict(rows)
    return np.asarray(told, dtype=np.float64)


def _slim(estimator: Any, name: str) -> Any:
    """Copy an estimator without what only its training used."""
    slim = copy.copy(estimator)
    if hasattr(slim, "regressor_"):
        slim.regressor_ = _slim(slim.regressor_, name)
    elif hasattr(slim, "model_"):
        (scaler_name, scaler), (process_name, process) = slim.model_.steps
        bare = copy.copy(process)
        # The covariance gives errors, which are never asked for; the generator starts searches.
        for attribute in ("_rng", "L_"):
            vars(bare).pop(attribute, None)
        bare.y_train_ = np.zeros(0)
        slim.model_ = copy.copy(slim.model_)
        slim.model_.steps = [(scaler_name, scaler), (process_name, bare)]
    elif not hasattr(slim, "estimators_"):
        raise RefusalError(f"the estimator {name!r}, not fitted", "a fitted estimator", "fit it first")
    else:
        slim._sample_weight = None
        for attribute in [key for key in vars(slim) if key.startswith("oob_") and key.endswith("_")]:
            delattr(slim, attribute)
    return slim


def _plain(value: Any, at: str = "metadata") -> Any:
    """Copy plain values; refuse what JSON would drop, change or not take."""
    if isinstance(value, Mapping):
        if any(not isinstance(key, str) for key in value):
            raise RefusalError(f"a key of {at} that is no text", "text as keys")
        return {key: _plain(item, f"{at}[{key!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, at) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item(), at)
    if value is None or type(value) in (bool, int, str) or (type(value) is float and np.isfinite(value)):
        return value
    raise RefusalError(f"{type(value).__name__} {str(value)[:40]!r} in {at}", "text and finite plain numbers")


def _estimator_members(number: int) -> tuple[str, str, str]:
    return f"estimators/{number}.skops", f"checks/{number}.rows.npy", f"checks/{number}.told.npy"


def _array_member(number: int) -> str:
    return f"arrays/{number}.npy"
