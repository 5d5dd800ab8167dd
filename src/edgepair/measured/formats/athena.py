"""Projects of Athena, written by Athena, Demeter or Larch: Perl assignments or JSON, both gzipped.

The Perl is not run: it is a list of assignments of constants, and read as such.
"""

from __future__ import annotations

import json
import re

import numpy as np

from edgepair.conventions.tasks import Floats
from edgepair.measured.content import unreadable
from edgepair.measured.scan import ScanTable, Skipped

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>'[^'\\]*+(?:\\.[^'\\]*+)*+'|"[^"\\]*+(?:\\.[^"\\]*+)*+")|(?P<mark>=>|[(),\[\]{};:])|(?P<bare>[^\s,()\[\]{};'"]+))""",
    re.S,
)
_NO_SPECTRA = {
    "is_chi": "chi(k), not mu(E)",
    "is_rsp": "a Fourier transform, not mu(E)",
    "is_qsp": "a Fourier transform, not mu(E)",
    "is_bkg": "a background function",
    "is_diff": "a difference of spectra",
    "is_pixel": "pixels of a dispersive measurement, without energies",
}

MARK = re.compile(r"\A[\s\S]{0,580}Athena project file")
"""What tells a project of Athena."""


def read_athena(text: str, path: str) -> tuple[ScanTable | Skipped, ...]:
    """Read a project of Athena."""
    groups = _from_json(text, path) if text.lstrip().startswith("{") else _from_perl(text)
    if not groups:
        raise unreadable(
            path,
            found="an Athena project without groups",
            needed="at least one group with energies and mu(E)",
            suggestion="save the project again",
        )
    return tuple(_table(key, args, arrays) for key, args, arrays in groups)


def _from_perl(text: str) -> list[tuple[str, dict[str, str], dict[str, Floats]]]:
    groups: list[tuple[str, dict[str, str], dict[str, Floats]]] = []
    key = ""
    args: dict[str, str] = {}
    arrays: dict[str, Floats] = {}
    starts = [(match.start(), match) for match in re.finditer(r"(?m)^(?:[$@%](\w+)\s*=|\[record\])", text)]
    ends = [*(start for start, _ in starts[1:]), len(text)]
    for (_, match), end in zip(starts, ends, strict=False):
        name = match.group(1)
        body = text[match.end() : end]
        if name is None:
            if arrays:
                groups.append((key or f"group {len(groups) + 1}", args, arrays))
            key, args, arrays = "", {}, {}
        elif name == "old_group":
            key = next(iter(_items(body)), "")
        elif name == "args":
            words = _items(body)
            args = dict(zip(words[::2], words[1::2], strict=False))
        elif name in ("x", "y", "i0", "signal", "stddev"):
            arrays[name] = _numbers(body)
    if arrays:
        groups.append((key or f"group {len(groups) + 1}", args, arrays))
    return groups


def _from_json(text: str, path: str) -> list[tuple[str, dict[str, str], dict[str, Floats]]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise unreadable(
            path,
            found=f"damaged JSON ({type(error).__name__})",
            needed="a complete Athena project",
            suggestion="save the project again",
        ) from error
    groups = []
    for key, value in content.items() if isinstance(content, dict) else ():
        if not isinstance(value, dict) or not isinstance(value.get("x"), list):
            continue
        args = value.get("args")
        texts = {str(k): str(v) for k, v in args.items()} if isinstance(args, dict) else {}
        arrays = {name: _array(value[name]) for name in ("x", "y", "i0", "signal") if name in value}
        groups.append((str(key), texts, arrays))
    return groups


def _array(values: object) -> Floats:
    if not isinstance(values, list):
        return np.empty(0)
    numbers = []
    for value in values:
        try:
            numbers.append(float(value))
        except (TypeError, ValueError, OverflowError):
            numbers.append(float("nan"))
    return np.array(numbers)


def _table(key: str, args: dict[str, str], arrays: dict[str, Floats]) -> ScanTable | Skipped:
    label = args.get("label", "").strip() or key
    x, y = arrays.get("x", np.empty(0)), arrays.get("y", np.empty(0))
    for flag, reason in _NO_SPECTRA.items():
        if _number(args.get(flag, "")) not in (None, 0.0):
            return Skipped(label, reason)
    if args.get("datatype", "").lower() in ("chi", "rsp", "qsp"):
        return Skipped(label, "chi(k), not mu(E)")
    if len(x) != len(y) or not len(x):
        return Skipped(label, f"{len(x)} energies and {len(y)} values")
    finite = x[np.isfinite(x)]
    if not len(finite) or finite.max() < 100:
        return Skipped(label, "no energies; perhaps chi(k)")
    shift = _number(args.get("bkg_eshift", "")) or 0.0
    normalized = _number(args.get("is_nor", "")) not in (None, 0.0)
    edge = args.get("fft_edge", args.get("edge", "")).strip().upper()
    kept = {f"Athena.{k}": v for k, v in args.items() if len(v) < 200} | {"Athena.group": key}
    return ScanTable(
        "Athena project",
        label,
        ("energy", "mu"),
        ("eV", ""),
        np.column_stack([x, y]),
        kept,
        energy=0,
        energy_unit="eV",
        mu="$2",
        mu_name="normalised mu(E) of Athena" if normalized else "mu(E) of Athena",
        absorber=args.get("bkg_z", "").strip().capitalize() or None,
        edge=edge if re.fullmatch(r"K|L[123]|M[1-5]", edge) else None,
        energy_shift=shift,
    )


def _items(body: str) -> list[str]:
    """Read a list of Perl constants at its first level; nested ones count as one empty item each."""
    items: list[str] = []
    depth, position = 0, 0
    nested = False
    while match := _TOKEN.match(body, position):
        position = match.end()
        mark = match.group("mark")
        if mark == ";" and depth == 0:
            break
        if mark in ("(", "[", "{"):
            depth += 1
            if depth == 2:
                nested = True
        elif mark in (")", "]", "}"):
            depth -= 1
            if depth == 1 and nested:
                items.append("")
                nested = False
            if depth <= 0:
                break
        elif mark is None and depth <= 1:
            items.append(_constant(match))
    return items


def _constant(match: re.Match[str]) -> str:
    quoted = match.group("quoted")
    if quoted is None:
        bare = match.group("bare")
        return "" if bare in ("undef", "None") else str(bare)
    text = re.sub(r"\\x\{([0-9a-fA-F]{1,5})\}", _character, quoted[1:-1])
    return re.sub(r"\\(.)", r"\1", text)


def _character(match: re.Match[str]) -> str:
    code = int(match.group(1), 16)
    # Half of a pair of surrogates is no character, and could not be printed.
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)


def _numbers(body: str) -> Floats:
    """Read a list of numbers, quoted or not."""
    end = body.find(")")
    words = re.split(r"[,\s]+", re.sub(r"['\"(]", " ", body[: end if end >= 0 else None]).strip(" ,"))
    return _array([word for word in words if word])


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
