"""What a skops file says it holds, read as plain data before skops makes objects of it.

skops refuses types that it does not trust, but of what it trusts by default (functions of NumPy
and SciPy, every estimator of scikit-learn, methods bound by name, operators) a forest needs next to
nothing, and it checks no values at all. So its ``schema.json`` is first read here by a grammar that
knows only what forests and kernel machines are made of; whatever the grammar does not know is
refused, and the result is checked (`storage_checks`) before a single object exists.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgepair.models.storage_archive import RefusalError, read_archive, read_array, write_archive

DEEPEST = 30
"""Levels of nesting; a pipeline within a kernel machine has 12."""

KINDS = {
    "ExtraTreesClassifier": "sklearn.ensemble._forest",
    "ExtraTreesRegressor": "sklearn.ensemble._forest",
    "RandomForestClassifier": "sklearn.ensemble._forest",
    "RandomForestRegressor": "sklearn.ensemble._forest",
    "ExtraTreeClassifier": "sklearn.tree._classes",
    "ExtraTreeRegressor": "sklearn.tree._classes",
    "DecisionTreeClassifier": "sklearn.tree._classes",
    "DecisionTreeRegressor": "sklearn.tree._classes",
    "KernelClassifier": "edgepair.models.kernel",
    "KernelRegressor": "edgepair.models.kernel",
    "Pipeline": "sklearn.pipeline",
    "StandardScaler": "sklearn.preprocessing._data",
    "GaussianProcessRegressor": "sklearn.gaussian_process._gpr",
    "Matern": "sklearn.gaussian_process.kernels",
}
"""Every class of which a model may hold objects, with its module."""

TRUSTED = (
    "sklearn.tree._tree.Tree",
    "sklearn.gaussian_process.kernels.Matern",
    "edgepair.models.kernel.KernelClassifier",
    "edgepair.models.kernel.KernelRegressor",
)
"""Types that skops trusts only when told to. Trees are among them because their indices can crash
the interpreter: `storage_checks` has seen every one of them by then."""

_SCALARS = ("bool", "int32", "int64", "float32", "float64")


@dataclass(frozen=True)
class Record:
    """An object as a file describes it.

    Attributes
    ----------
    kind : str
        Name of its class, one of `KINDS` or ``Tree``.
    state : dict
        Its attributes.
    made_from : tuple
        Arguments from which it is made; only a ``Tree`` has any.
    """

    kind: str
    state: dict[str, Any]
    made_from: tuple[Any, ...] = ()


def dump_plain(estimator: Any) -> bytes:
    """Save an estimator with skops, without traces of where in memory it was.

    Parameters
    ----------
    estimator : object
        A fitted estimator.

    Returns
    -------
    bytes
        A file that skops can load; equal for equal estimators.

    Notes
    -----
    skops numbers objects by their address and joins equal numbers on loading, by which a crafted
    file could put one object in the place of another. Without the numbers it joins nothing.
    """
    import skops.io  # type: ignore[import-untyped]

    members = read_archive(skops.io.dumps(estimator), "a skops file")
    schema = json.loads(members["schema.json"])
    names: dict[str, str] = {}
    _strip(schema, names)
    plain = {"schema.json": json.dumps(schema, separators=(",", ":")).encode()}
    plain |= {new: members[old] for old, new in names.items()}
    buffer = io.BytesIO()
    write_archive(buffer, plain, packed=False)
    return buffer.getvalue()


def _strip(node: Any, names: dict[str, str]) -> None:
    if isinstance(node, dict):
        node.pop("__id__", None)
        if isinstance(node.get("file"), str):
            node["file"] = names.setdefault(node["file"], f"{len(names)}.npy")
        for child in node.values():
            _strip(child, names)
    elif isinstance(node, list):
        for child in node:
            _strip(child, names)


def read_schema(content: bytes, what: str) -> Record:
    """Read what a skops file says it holds.

    Parameters
    ----------
    content : bytes
        The file.
    what : str
        What it is, for messages.

    Returns
    -------
    Record
        The object at its top. Nothing has been imported or made yet.

    Raises
    ------
    RefusalError
        It holds anything but plain values, arrays and objects of the known classes.
    """
    from skops.io._protocol import PROTOCOL  # type: ignore[import-untyped]

    members = read_archive(content, what)
    if "schema.json" not in members:
        raise RefusalError(f"{what} without schema.json", "a file that skops has written")
    top = parse_json(members.pop("schema.json"), what)
    if not isinstance(top, dict) or top.pop("protocol", None) != PROTOCOL:
        raise RefusalError(
            f"{what} in another format of skops",
            f"protocol {PROTOCOL} of skops",
            "make the model again with `edgepair train`",
        )
    top.pop("_skops_version", None)
    reader = _Reader(members, what)
    record = reader.read(top, 0)
    if reader.unused:
        raise RefusalError(
            f"members of {what} that nothing uses: {min(reader.unused)!r}", "only what is used"
        )
    if not isinstance(record, Record):
        raise RefusalError(f"{what} that holds {type(record).__name__}", "a fitted estimator")
    return record


def parse_json(content: bytes, what: str) -> Any:
    """Read JSON in which no key stands twice and every number is finite.

    Parameters
    ----------
    content : bytes
        UTF-8 text.
    what : str
        What it is, for messages.

    Returns
    -------
    object
        Its value.

    Raises
    ------
    RefusalError
        It is not such JSON.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise ValueError("a key that stands twice")
        return made

    def never(text: str) -> Any:
        raise ValueError(f"the number {text}")

    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=once, parse_constant=never)
    except (ValueError, RecursionError) as error:
        raise RefusalError(f"{what} with unreadable JSON: {error}", "JSON as edgepair writes it") from error


class _Reader:
    """Reads nodes of a schema; each kind of node has exactly the keys that skops gives it."""

    def __init__(self, members: Mapping[str, bytes], what: str) -> None:
        self.members = members
        self.what = what
        self.unused = set(members)

    def read(self, node: Any, depth: int) -> Any:
        if not isinstance(node, dict) or depth > DEEPEST:
            raise self.refusal("a node that is none, or nested too deeply")
        loader = node.get("__loader__")
        if loader == "JsonNode":
            return self.scalar(node)
        if loader in ("ListNode", "TupleNode"):
            kind = list if loader == "ListNode" else tuple
            self.expect(node, "builtins", (kind.__name__,), {"content"})
            self.expect_type(node["content"], list)
            return kind(self.read(child, depth + 1) for child in node["content"])
        if loader == "DictNode":
            return self.mapping(node, depth)
        if loader == "NdArrayNode":
            return self.array(node)
        if loader == "ObjectNode":
            kind_name = str(node.get("__class__"))
            self.expect(node, KINDS.get(kind_name, ""), (kind_name,), {"content"})
            return Record(kind_name, self.state(node["content"], depth))
        if loader == "TreeNode":
            self.expect(node, "sklearn.tree._tree", ("Tree",), {"content", "__reduce__"})
            made_from = node["__reduce__"]
            self.expect_type(made_from, dict)
            if set(made_from) != {"args"}:
                raise self.refusal("a tree that is not made in the usual way")
            arguments = self.read(made_from["args"], depth + 1)
            self.expect_type(arguments, tuple)
            return Record("Tree", self.state(node["content"], depth), arguments)
        raise self.refusal(f"{_named(node)} by way of {str(loader)[:40]}")

    def state(self, node: Any, depth: int) -> dict[str, Any]:
        read = self.read(node, depth + 1)
        self.expect_type(read, dict)
        state: dict[str, Any] = read
        return state

    def scalar(self, node: dict[str, Any]) -> Any:
        self.expect(node, "builtins", ("str",), {"content", "is_json"})
        self.expect_type(node["content"], str)
        value = parse_json(node["content"].encode(), self.what)
        plain = value is None or isinstance(value, bool | int | str)
        if node["is_json"] is not True or not (plain or (isinstance(value, float) and math.isfinite(value))):
            raise self.refusal(f"a plain value of type {type(value).__name__}")
        return value

    def mapping(self, node: dict[str, Any], depth: int) -> dict[str, Any]:
        self.expect(node, "builtins", ("dict",), {"content", "key_types"})
        self.expect_type(node["content"], dict)
        types = node["key_types"]
        self.expect_type(types, dict)
        if types.get("__loader__") != "ListNode":
            raise self.refusal("keys of unknown types")
        self.expect(types, "builtins", ("list",), {"content"})
        self.expect_type(types["content"], list)
        for kind in types["content"]:
            self.expect_type(kind, dict)
            if kind.get("__loader__") != "TypeNode":
                raise self.refusal("keys of unknown types")
            if kind.get("__class__") != "str":
                raise self.refusal(f"keys of type {_named(kind)}")
            self.expect(kind, "builtins", ("str",), set())
        if len(types["content"]) != len(node["content"]):
            raise self.refusal("a mapping with more or fewer types than keys")
        return {key: self.read(child, depth + 1) for key, child in node["content"].items()}

    def array(self, node: dict[str, Any]) -> Any:
        from sklearn.tree._tree import NODE_DTYPE

        if node.get("type") != "numpy":
            raise self.refusal("an array of objects")
        self.expect(node, "numpy", ("ndarray", *_SCALARS), {"type", "file"})
        self.expect_type(node["file"], str)
        if node["file"] not in self.members:
            raise self.refusal(f"an array in the file {node['file'][:80]!r}, which is missing")
        self.unused.discard(node["file"])
        values = read_array(
            self.members[node["file"]], f"an array of {self.what}", records=np.dtype(NODE_DTYPE)
        )
        if node["__class__"] == "ndarray":
            return values
        if values.shape or values.dtype.name != node["__class__"]:
            raise self.refusal(f"an array in place of one {node['__class__']}")
        return values[()]

    def expect(self, node: dict[str, Any], module: str, names: tuple[str, ...], keys: set[str]) -> None:
        """Refuse a node of another class, or with other keys than it should have."""
        if not module or node.get("__module__") != module or node.get("__class__") not in names:
            raise self.refusal(_named(node))
        if set(node) != keys | {"__class__", "__module__", "__loader__"}:
            raise self.refusal(f"{_named(node)} with other keys than skops writes")

    def expect_type(self, value: Any, kind: type) -> None:
        if type(value) is not kind:
            raise self.refusal(f"{type(value).__name__} in place of {kind.__name__}")

    def refusal(self, found: str) -> RefusalError:
        return RefusalError(
            f"{found}, in {self.what}", "only forests and kernel machines, and what they are made of"
        )


def _named(node: dict[str, Any]) -> str:
    return f"{str(node.get('__module__'))[:60]}.{str(node.get('__class__'))[:60]}"
