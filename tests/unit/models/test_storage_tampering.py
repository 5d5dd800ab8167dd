"""Model files that somebody has damaged, forged or made up: each is refused, none runs or crashes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.tree._tree import NODE_DTYPE

from edgepair.conventions import ModelError
from edgepair.models import storage_archive
from edgepair.models.kernel import KernelRegressor
from edgepair.models.storage import ModelBundle, load_bundle, save_bundle

RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(50, 6)).astype(np.float32)
FOREST, KERNEL = "estimators/0.skops", "estimators/1.skops"


def make_good(folder: Path) -> bytes:
    classifier = ExtraTreesClassifier(3, random_state=0).fit(ROWS, 2 + (ROWS[:, 0] > 0) + (ROWS[:, 1] > 1))
    kernel = KernelRegressor().fit(ROWS, ROWS[:, 2])
    checks = {"forest": ROWS[:4], "kernel": ROWS[:4]}
    save_bundle(
        folder / "good",
        {"forest": classifier, "kernel": kernel},
        {"distances": np.linspace(0, 1, 30)},
        {"task": "oxidation_state", "classes": [2, 3, 4]},
        checks,
    )
    return (folder / "good").read_bytes()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model file of one forest and one kernel machine."""
    return make_good(tmp_path_factory.mktemp("good"))


def unzip(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rezip(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def repaired(members: dict[str, bytes]) -> bytes:
    """Zip members with a manifest whose checksums are right again, as a forger would."""
    manifest = json.loads(members["manifest.json"])
    manifest["sha256"] = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in members.items()
        if name != "manifest.json"
    }
    return rezip({**members, "manifest.json": json.dumps(manifest).encode()})


def refused(content: bytes, tmp_path: Path) -> ModelError:
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load_bundle(path)
    error = caught.value
    assert str(path) in error.problem
    assert all((error.found, error.needed, error.suggestion))
    return error


def forged(good: bytes, change: Callable[[dict[str, bytes]], None], member: str = FOREST) -> bytes:
    """Change the files within an estimator and repair the checksums."""
    members = unzip(good)
    inner = unzip(members[member])
    change(inner)
    members[member] = rezip(inner)
    return repaired(members)


def with_schema(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, bytes]], None]:
    def changed(inner: dict[str, bytes]) -> None:
        schema = json.loads(inner["schema.json"])
        change(schema)
        text = json.dumps(schema)
        inner["schema.json"] = text.encode()
        # a forger would leave no file behind that nothing uses
        for name in [name for name in inner if name.endswith(".npy") and f'"{name}"' not in text]:
            del inner[name]

    return changed


def first_tree(schema: dict[str, Any]) -> dict[str, Any]:
    tree = schema["content"]["content"]["estimators_"]["content"][0]
    found: dict[str, Any] = tree["content"]["content"]["tree_"]
    return found


def npy(values: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def with_tree(change: Callable[[Any, Any], Any]) -> Callable[[dict[str, bytes]], None]:
    """Change the nodes and values of the first tree."""

    def changed(inner: dict[str, bytes]) -> None:
        state = first_tree(json.loads(inner["schema.json"]))["content"]["content"]
        nodes = np.load(io.BytesIO(inner[state["nodes"]["file"]])).copy()
        values = np.load(io.BytesIO(inner[state["values"]["file"]])).copy()
        nodes, values = change(nodes, values) or (nodes, values)
        inner[state["nodes"]["file"]], inner[state["values"]["file"]] = npy(nodes), npy(values)

    return changed


def test_the_forger_s_tools_leave_a_good_file_good(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model"
    for content in (good, repaired(unzip(good)), forged(good, with_schema(lambda _: None)),
                    forged(good, with_tree(lambda nodes, values: (nodes, values)))):  # fmt: skip
        path.write_bytes(content)
        assert load_bundle(path).metadata["classes"] == [2, 3, 4]


@pytest.mark.parametrize(
    "content",
    [b"", b"not a zip", b"mu,E\n1,2\n", pickle.dumps({"a": 1}), b"PK\x05\x06" + bytes(18), os.urandom(2000)],
    ids=["empty", "text", "table", "pickle", "empty zip", "noise"],
)
def test_what_is_no_model_is_refused(content: bytes, tmp_path: Path) -> None:
    refused(content, tmp_path)


def test_no_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path, found in ((tmp_path / "none", "no such file"), (tmp_path, "no regular file")):
        with pytest.raises(ModelError) as caught:
            load_bundle(path)
        assert caught.value.found == found


def test_another_zip_is_refused(tmp_path: Path) -> None:
    assert "manifest.json" in refused(rezip({".zgroup": b"{}"}), tmp_path).found
    assert "no model" in refused(rezip({"manifest.json": b"{}"}), tmp_path).found
    refused(rezip({"manifest.json": b"[1"}), tmp_path)
    refused(rezip({"manifest.json": b"[" * 100_000}), tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(good: bytes, tmp_path: Path, share: float) -> None:
    refused(good[: int(share * len(good))], tmp_path)


def manifest_with(good: bytes, **changes: Any) -> bytes:
    members = unzip(good)
    manifest = json.loads(members["manifest.json"]) | changes
    return rezip({**members, "manifest.json": json.dumps(manifest).encode()})


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"format_version": 2}, "version 2"),
        ({"format_version": True}, "True"),
        ({"more": 1}, "other entries"),
        ({"metadata": []}, "other entries"),
        ({"versions": {"scikit-learn": 1}}, "no text"),
        ({"versions": {}}, "unknown version"),
        ({"arrays": ["distances", "distances"]}, "twice"),
        ({"arrays": []}, "not in the manifest: arrays/0.npy"),
        ({"arrays": ["distances", "more"]}, "missing: arrays/1.npy"),
        ({"estimators": {}}, "not in the manifest"),
        (
            {"estimators": {"forest": "ExtraTreesRegressor", "kernel": "KernelRegressor"}},
            "ExtraTreesClassifier",
        ),
        ({"sha256": {}}, "checksum"),
    ],
)
def test_a_changed_manifest_is_refused(
    good: bytes, tmp_path: Path, changes: dict[str, Any], found: str
) -> None:
    assert found in refused(manifest_with(good, **changes), tmp_path).found


def test_a_key_that_stands_twice_is_refused(good: bytes, tmp_path: Path) -> None:
    members = unzip(good)
    members["manifest.json"] = members["manifest.json"].replace(b'"task"', b'"classes": 1, "task"')
    assert "stands twice" in refused(rezip(members), tmp_path).found


def test_a_changed_member_has_a_wrong_checksum(good: bytes, tmp_path: Path) -> None:
    members = unzip(good)
    members["arrays/0.npy"] = members["arrays/0.npy"][:-1] + b"\x01"
    assert "checksum of arrays/0.npy" in refused(rezip(members), tmp_path).found


def test_members_that_lack_or_are_too_many_are_refused(good: bytes, tmp_path: Path) -> None:
    members = unzip(good)
    extra = {**members, "evil.pkl": pickle.dumps(print)}
    assert "evil.pkl" in refused(repaired(extra), tmp_path).found
    del members["checks/0.told.npy"]
    assert "missing: checks/0.told.npy" in refused(repaired(members), tmp_path).found


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a\\..\\x", "C:/x", "folder/"])
def test_paths_that_lead_elsewhere_are_refused(good: bytes, tmp_path: Path, name: str) -> None:
    assert "named" in refused(repaired({**unzip(good), name: b""}), tmp_path).found


def test_a_name_that_stands_twice_is_refused(good: bytes, tmp_path: Path) -> None:
    buffer = io.BytesIO(good)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("manifest.json", b"{}")
    assert "two members" in refused(buffer.getvalue(), tmp_path).found


def test_zip_bombs_are_refused_unopened(good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = unzip(good)
    bomb = rezip({**members, "arrays/1.npy": bytes(30_000_000)}, zipfile.ZIP_DEFLATED)
    monkeypatch.setattr(zipfile.ZipFile, "read", None)
    assert "packed from 30,000,000" in refused(bomb, tmp_path).found
    other = rezip({**members, "arrays/1.npy": bytes(2000)}, zipfile.ZIP_BZIP2)
    assert "compression method 12" in refused(other, tmp_path).found
    monkeypatch.setattr(storage_archive, "LARGEST_BYTES", 1000)
    assert "at most 1,000 bytes" in refused(good, tmp_path).needed
    monkeypatch.setattr(storage_archive, "MOST_MEMBERS", 3)
    assert "members" in refused(good, tmp_path).found


def test_an_encrypted_member_is_refused(good: bytes, tmp_path: Path) -> None:
    content = bytearray(good)
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    assert "encrypted" in refused(bytes(content), tmp_path).found


# -- what a skops file may hold ----------------------------------------------------------------

SYSTEM: dict[str, Any] = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"}
HARMLESS: dict[str, Any] = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode",
                            "content": '"x"', "is_json": True}  # fmt: skip
ARGUMENTS = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": [HARMLESS]}
NODES: dict[str, dict[str, Any]] = {
    "a function": SYSTEM,
    "a function of NumPy, which skops trusts": SYSTEM | {"__class__": "add", "__module__": "numpy"},
    "a type": SYSTEM | {"__class__": "eval", "__module__": "builtins", "__loader__": "TypeNode"},
    "an object of any class": SYSTEM | {"__loader__": "ObjectNode"},
    "an estimator that no forest holds": SYSTEM
    | {"__class__": "LinearRegression", "__module__": "sklearn.linear_model._base",
       "__loader__": "ObjectNode", "content": HARMLESS},
    "a class by a module's false name": SYSTEM
    | {"__class__": "Pipeline", "__module__": "antigravity", "__loader__": "ObjectNode", "content": HARMLESS},
    "a constructor": SYSTEM | {"__loader__": "ConstructorFromReduceNode", "content": ARGUMENTS},
    "a partial": {"__class__": "partial", "__module__": "functools", "__loader__": "PartialNode",
                  "content": {"func": SYSTEM, "args": ARGUMENTS, "kwds": HARMLESS, "namespace": HARMLESS}},
    "a method": {"__class__": "str", "__module__": "builtins", "__loader__": "MethodNode",
                 "content": {"func": "format", "obj": HARMLESS}},
    "an operator": {"__class__": "methodcaller", "__module__": "operator", "__loader__": "OperatorFuncNode",
                    "attrs": ARGUMENTS},
    "an array of objects": {"__class__": "ndarray", "__module__": "numpy", "__loader__": "NdArrayNode",
                            "type": "json", "content": [HARMLESS], "shape": ARGUMENTS},
    "a random generator": {"__class__": "Generator", "__module__": "numpy.random._generator",
                           "__loader__": "RandomGeneratorNode", "content": {}},
    "a file of bytes": {"__class__": "bytes", "__module__": "builtins", "__loader__": "BytesNode",
                        "file": "schema.json"},
    "a reference": {"__class__": None, "__module__": None, "__loader__": "CachedNode", "__id__": 1},
    "an old loader": SYSTEM | {"__loader__": "OldNode"},
    "a plain value with an address": HARMLESS | {"__id__": 1},
    "a list as a plain value": HARMLESS | {"content": "[1]"},
    "a number that is none": HARMLESS | {"content": "NaN"},
    "a number without end": HARMLESS | {"content": "1e999"},
    "a value that is no JSON": HARMLESS | {"content": "__import__('os')"},
    "an array outside": {"__class__": "ndarray", "__module__": "numpy", "__loader__": "NdArrayNode",
                         "type": "numpy", "file": "../0.npy"},
    "a subclass of array": {"__class__": "memmap", "__module__": "numpy", "__loader__": "NdArrayNode",
                            "type": "numpy", "file": "0.npy"},
    "no node": {"x": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", NODES)
def test_a_node_that_no_forest_needs_is_refused_before_it_is_made(
    good: bytes, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import skops.io

    def place(schema: dict[str, Any]) -> None:
        schema["content"]["content"]["random_state"] = NODES[name]

    monkeypatch.setattr(skops.io, "loads", None)
    before = set(sys.modules)
    error = refused(forged(good, with_schema(place)), tmp_path)
    assert "NoneType" not in error.found, "skops was called"
    assert "antigravity" not in set(sys.modules) - before


@pytest.mark.parametrize("name", NODES)
def test_nor_may_it_be_the_whole(good: bytes, tmp_path: Path, name: str) -> None:
    def place(schema: dict[str, Any]) -> None:
        protocol = schema["protocol"]
        schema.clear()
        schema.update(NODES[name], protocol=protocol)

    refused(forged(good, with_schema(place)), tmp_path)


def state_of(schema: dict[str, Any], **values: Any) -> None:
    """Set attributes of the forest, adding those that are new."""
    for key, value in values.items():
        state = schema["content"]
        if key not in state["content"]:
            state["key_types"]["content"].append(dict(state["key_types"]["content"][0]))
        state["content"][key] = (
            value if isinstance(value, dict) else HARMLESS | {"content": json.dumps(value)}
        )


@pytest.mark.parametrize(
    "values",
    [
        {"predict": "x"}, {"feature_names_in_": "x"}, {"n_jobs": 100_000}, {"verbose": 2},
        {"n_estimators": 2},
        {"n_outputs_": 2}, {"n_features_in_": 5}, {"n_features_in_": 2**70}, {"n_features_in_": True},
        {"n_classes_": 2}, {"estimators_": "x"}, {"classes_": "x"}, {"_sklearn_version": "1.9.77"},
        {"_sample_weight": 1.0}, {"estimator_params": "x"}, {"estimator": "x"},
    ],
    ids=lambda values: " ".join(f"{k} {v}"[:24] for k, v in values.items()),
)  # fmt: skip
def test_attributes_of_a_forest_must_fit(good: bytes, tmp_path: Path, values: dict[str, Any]) -> None:
    refused(forged(good, with_schema(lambda schema: state_of(schema, **values))), tmp_path)


def test_a_forest_must_have_every_attribute(good: bytes, tmp_path: Path) -> None:
    def drop(schema: dict[str, Any]) -> None:
        del schema["content"]["content"]["n_jobs"]
        schema["content"]["key_types"]["content"].pop()

    assert "n_jobs" in refused(forged(good, with_schema(drop)), tmp_path).found


def test_another_protocol_of_skops_is_refused(good: bytes, tmp_path: Path) -> None:
    for protocol in (0, 1, 99, None, True):
        change = with_schema(lambda schema, p=protocol: schema.update(protocol=p))  # type: ignore[misc]
        assert "protocol" in refused(forged(good, change), tmp_path).needed


def test_a_file_within_that_nothing_uses_is_refused(good: bytes, tmp_path: Path) -> None:
    assert "nothing uses" in refused(forged(good, lambda inner: inner.update({"x.npy": b""})), tmp_path).found


def test_deep_nesting_is_refused(good: bytes, tmp_path: Path) -> None:
    def nest(schema: dict[str, Any]) -> None:
        node: dict[str, Any] = HARMLESS
        for _ in range(200):
            node = ARGUMENTS | {"content": [node]}
        state_of(schema, random_state=node)

    assert "too deeply" in refused(forged(good, with_schema(nest)), tmp_path).found


# -- trees ---------------------------------------------------------------------------------------


def at(field: str, where: int, value: Any) -> Callable[[Any, Any], Any]:
    def change(nodes: Any, values: Any) -> None:
        nodes[field][where] = value

    return change


def swap(nodes: Any, values: Any) -> None:
    """Give a later node the child of an earlier one, which leaves another without a parent."""
    one, two = np.flatnonzero(nodes["left_child"] >= 0)[:2]
    nodes["right_child"][one] = nodes["right_child"][two]


def loop(nodes: Any, values: Any) -> None:
    inner = np.flatnonzero(nodes["left_child"] >= 0)[-1]
    nodes["left_child"][inner] = 0


TREES: dict[str, Callable[[Any, Any], Any]] = {
    "a child beyond the last": at("left_child", 0, 2**40),
    "a child below 0": at("right_child", 0, -5),
    "half a leaf": at("right_child", 0, -1),
    "a leaf with a child": at("right_child", -1, 1),
    "a leaf with a feature": at("feature", -1, 0),
    "its own child": at("left_child", 0, 0),
    "a loop": loop,
    "two parents": swap,
    "a feature beyond the last": at("feature", 0, 6),
    "a feature below 0": at("feature", 0, -2),
    "a far feature": at("feature", 0, 2**50),
    "a threshold that is none": at("threshold", 0, np.nan),
    "an endless threshold": at("threshold", 0, np.inf),
    "no samples": at("n_node_samples", 0, 0),
    "a negative weight": at("weighted_n_node_samples", 0, -1.0),
    "a strange sign": at("missing_go_to_left", 0, 7),
    "a value that is none": lambda nodes, values: (nodes, values * np.nan),
    "a node too few": lambda nodes, values: (nodes[:-1], values[:-1]),
    "values too few": lambda nodes, values: (nodes, values[:-1]),
    "no nodes": lambda nodes, values: (nodes[:0], values[:0]),
    "values of more classes": lambda nodes, values: (nodes, np.repeat(values, 2, axis=2)),
    "values of another kind": lambda nodes, values: (nodes, values.astype(np.float32)),
    "values by column": lambda nodes, values: (nodes, np.asfortranarray(values)),
    "nodes that are numbers": lambda nodes, values: (np.zeros(len(nodes)), values),
    "nodes of other records": lambda nodes, values: (
        nodes.astype([(n, "f8") for n in NODE_DTYPE.names]),
        values,
    ),
    "other answers": lambda nodes, values: (nodes, values[:, :, ::-1].copy()),
}


@pytest.mark.parametrize("name", TREES)
def test_a_tree_that_was_never_grown_is_refused(good: bytes, tmp_path: Path, name: str) -> None:
    error = refused(forged(good, with_tree(TREES[name])), tmp_path)
    assert "forest" in error.found or "array of" in error.found


def test_a_swapped_threshold_shows_in_the_check_rows(good: bytes, tmp_path: Path) -> None:
    error = refused(forged(good, with_tree(at("threshold", 0, 1e6))), tmp_path)
    assert "check rows" in error.found


@pytest.mark.parametrize(
    ("number", "value"), [(0, "7"), (0, "-1"), (0, "6.0"), (2, "2"), (2, "100000000"), (2, "true")]
)
def test_a_tree_made_from_other_numbers_is_refused(
    good: bytes, tmp_path: Path, number: int, value: str
) -> None:
    def change(schema: dict[str, Any]) -> None:
        first_tree(schema)["__reduce__"]["args"]["content"][number]["content"] = value

    assert "its forest, in tree 0" in refused(forged(good, with_schema(change)), tmp_path).found


@pytest.mark.parametrize(("key", "value"), [("max_depth", "0"), ("max_depth", "1000"), ("node_count", "3")])
def test_a_tree_s_own_counts_must_be_right(good: bytes, tmp_path: Path, key: str, value: str) -> None:
    def change(schema: dict[str, Any]) -> None:
        first_tree(schema)["content"]["content"][key]["content"] = value

    assert "tree 0 of the estimator 'forest'" in refused(forged(good, with_schema(change)), tmp_path).found


# -- arrays ----------------------------------------------------------------------------------------


def header(text: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    padded = text.encode() + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(padded)) + padded + body


ARRAYS = {
    "objects": npy(np.array([print], dtype=object)),
    "a pickle": pickle.dumps([1, 2]),
    "an archive of arrays": rezip({"a.npy": npy(np.zeros(2))}),
    "records": npy(np.zeros(3, dtype=[("a", "f8")])),
    "nodes of a tree": npy(np.zeros(3, dtype=NODE_DTYPE)),
    "dates": npy(np.array(["2020-01-01"], dtype="datetime64[D]")),
    "the other byte order": npy(np.zeros(3, dtype=">f8")),
    "fewer entries than told": npy(np.zeros(3))[:-8],
    "more entries than told": npy(np.zeros(3)) + bytes(8),
    "far more entries told": header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"),
    "a negative shape": header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1), }", bytes(8)),
    "many dimensions": header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)*9, }", bytes(8)),
    "code as its header": header("__import__('os').getcwd()"),
    "half a header": npy(np.zeros(3))[:20],
    "another version": header(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", bytes(8), b"\x09\x00"
    ),
    "truth of 2": npy(np.array([True, False]))[:-1] + b"\x02",
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_that_is_none_is_refused(good: bytes, tmp_path: Path, name: str) -> None:
    content = repaired({**unzip(good), "arrays/0.npy": ARRAYS[name]})
    assert "distances" in refused(content, tmp_path).needed


@pytest.mark.parametrize(
    ("member", "values"),
    [
        ("checks/0.rows.npy", np.zeros((3, 5))),
        ("checks/0.rows.npy", np.full((4, 6), np.inf)),
        ("checks/0.rows.npy", np.zeros((100_000, 6), np.float32)),
        ("checks/0.rows.npy", np.zeros((4, 6), np.int64)),
        ("checks/0.told.npy", np.zeros((4, 3))),
        ("checks/0.told.npy", np.zeros(4)),
        ("checks/1.told.npy", np.full(4, np.nan)),
        ("checks/1.told.npy", np.array(["a"] * 4)),
    ],
)
def test_check_rows_must_be_answered_as_told(good: bytes, tmp_path: Path, member: str, values: Any) -> None:
    refused(repaired({**unzip(good), member: npy(values)}), tmp_path)


# -- kernel machines -------------------------------------------------------------------------------


def kernel_parts(schema: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    pipeline = schema["content"]["content"]["model_"]["content"]["content"]
    scaler, process = (step["content"][1]["content"]["content"] for step in pipeline["steps"]["content"])
    return pipeline, scaler, process


KERNELS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a width of text": lambda s: s["content"]["content"].update(width=HARMLESS),
    "a memory": lambda s: kernel_parts(s)[0].update(memory=HARMLESS),
    "a step that is text": lambda s: kernel_parts(s)[0]["steps"]["content"][0]["content"].__setitem__(
        1, HARMLESS
    ),
    "one step": lambda s: kernel_parts(s)[0]["steps"]["content"].pop(),
    "no scale": lambda s: kernel_parts(s)[1].update(scale_=HARMLESS),
    "an optimizer": lambda s: kernel_parts(s)[2].update(optimizer=ARGUMENTS),
    "other weights": lambda s: kernel_parts(s)[2].update(alpha_=kernel_parts(s)[2]["X_train_"]),
    "other rows": lambda s: kernel_parts(s)[2].update(X_train_=kernel_parts(s)[2]["alpha_"]),
    "another order": lambda s: kernel_parts(s)[2]["kernel_"]["content"]["content"].update(nu=HARMLESS),
}


@pytest.mark.parametrize("name", KERNELS)
def test_a_forged_kernel_machine_is_refused(good: bytes, tmp_path: Path, name: str) -> None:
    refused(forged(good, with_schema(KERNELS[name]), KERNEL), tmp_path)


# -- chance ------------------------------------------------------------------------------------------


def told(bundle: ModelBundle) -> list[Any]:
    forest, kernel = bundle.estimators["forest"], bundle.estimators["kernel"]
    return [forest.predict_proba(ROWS), kernel.predict(ROWS), bundle.arrays["distances"]]


def same(one: ModelBundle, other: ModelBundle) -> bool:
    answers = (told(one), told(other))
    return one.metadata == other.metadata and all(map(np.array_equal, *answers))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_flipped_bytes_are_refused_or_change_nothing(
    good: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(good)
    # half of the flips hit the directory at the end, where they do most
    last = data.draw(st.booleans())
    low = len(content) - 1000 if last else 0
    for place in data.draw(st.lists(st.integers(low, len(content) - 1), min_size=1, max_size=4)):
        content[place] ^= data.draw(st.integers(1, 255))
    folder = tmp_path_factory.getbasetemp()
    (folder / "whole").write_bytes(good)
    (folder / "flipped").write_bytes(content)
    try:
        loaded = load_bundle(folder / "flipped")
    except ModelError:
        return
    assert same(loaded, load_bundle(folder / "whole"))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_forged_numbers_of_a_tree_are_refused_or_harmless(
    good: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes of nodes are changed and checksums repaired: whatever is accepted must predict."""
    members = unzip(good)
    inner = unzip(members[FOREST])
    state = first_tree(json.loads(inner["schema.json"]))["content"]["content"]
    name = state[data.draw(st.sampled_from(["nodes", "values"]))]["file"]
    content = bytearray(inner[name])
    for place in data.draw(
        st.lists(st.integers(content.index(b"\n") + 1, len(content) - 1), min_size=1, max_size=3)
    ):
        content[place] = data.draw(st.integers(0, 255))
    members[FOREST] = rezip({**inner, name: bytes(content)})
    path = tmp_path_factory.getbasetemp() / "forged"
    path.write_bytes(repaired(members))
    try:
        loaded = load_bundle(path)
    except ModelError:
        return
    assert np.isfinite(loaded.estimators["forest"].predict_proba(ROWS)).all()


def test_a_regressor_s_tree_is_checked_too(tmp_path: Path) -> None:
    forest = ExtraTreesRegressor(2, random_state=0).fit(ROWS, ROWS[:, 0])
    save_bundle(tmp_path / "good", {"f": forest}, {}, {}, {"f": ROWS[:2]})
    content = (tmp_path / "good").read_bytes()
    assert "feature" in refused(forged(content, with_tree(at("feature", 0, 99))), tmp_path).found
