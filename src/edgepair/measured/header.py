"""What headers say: keys with values, labels of columns, element and edge, crystal spacing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from edgepair.conventions import K_EDGES
from edgepair.measured.roles import role_of

_MOST = 400
_MARKS = (r"\t", ",", ";")
"""What parts the fields of a spreadsheet, any of which may be empty."""
_LATTICE = {"si": 5.43102, "ge": 5.65791}
"""Å, lattice parameters of monochromator crystals at room temperature; that of silicon from CODATA 2018."""
_ELEMENT_KEYS = (
    "element.symbol",
    "element",
    "absorber",
    "absorbing element",
    "absorbing_element",
    "absorbing atom",
    "absorbing_species",
    "element symbol",
    "symbol",
    "atsym",
    "edge element",
)
_EDGE_KEYS = ("element.edge", "edge", "absorption edge", "absorption_edge", "edge type")
_REFERENCE_KEYS = ("element.reference", "reference element", "reference.element")
_SPACING_KEYS = ("mono.d_spacing", "d_spacing", "dspacing", "d-spacing", "d spacing", "mono d-spacing")


def header_values(lines: list[str]) -> dict[str, str]:
    """Collect what header lines say in the form ``key: value`` or ``key = value``."""
    found: dict[str, str] = {}
    for line in lines:
        key, value = key_and_value(line[:2000].strip().lstrip("#%!;*/$ \t"))
        if key and key not in found:
            found[key] = value[:500]
        if len(found) == _MOST:
            break
    return found


def key_and_value(text: str) -> tuple[str, str]:
    """Split ``key: value`` or ``key = value`` at the first mark; without a key where it is no such line."""
    colon, equals = text.find(":"), text.find("=")
    end = min(colon, equals) if min(colon, equals) >= 0 else max(colon, equals)
    key = text[: max(end, 0)].strip()
    if not re.fullmatch(r"[A-Za-z][\w .()\-/]{0,60}+", key):
        return "", ""
    return key, text[end + 1 :].strip()


def element_of(header: Mapping[str, str]) -> str | None:
    """Find the absorber in a header.

    >>> element_of({"Element.symbol": "fe"}), element_of({"Edge": "Mn K"}), element_of({})
    ('Fe', 'Mn', None)
    """
    plain = {key.lower(): value for key, value in header.items()}
    for key in _ELEMENT_KEYS:
        symbol = _symbol(plain.get(key, ""))
        if symbol:
            return symbol
    for key in _EDGE_KEYS:
        match = re.match(r"([A-Za-z]{1,2})[\s_-]+(?:K|L[123]?|M[1-5]?)\b", plain.get(key, ""))
        if match and _symbol(match.group(1)):
            return _symbol(match.group(1))
    return None


def edge_of(header: Mapping[str, str]) -> str | None:
    """Find the edge in a header."""
    plain = {key.lower(): value for key, value in header.items()}
    for key in _EDGE_KEYS:
        match = re.search(r"(?:^|[\s_-])(K|L[123]|M[1-5])(?:$|[\s_-])", plain.get(key, "").strip(), re.I)
        if match:
            return match.group(1).upper()
    return None


def reference_of(header: Mapping[str, str]) -> str | None:
    """Find the element of the reference foil in a header."""
    plain = {key.lower(): value for key, value in header.items()}
    return next((s for key in _REFERENCE_KEYS if (s := _symbol(plain.get(key, "")))), None)


def spacing_of(header: Mapping[str, str]) -> float | None:
    """Find the lattice spacing of the monochromator in a header, Å."""
    plain = {key.lower(): value for key, value in header.items()}
    for key in _SPACING_KEYS:
        match = re.match(r"\s*(\d+\.\d+)", plain.get(key, ""))
        if match and 0.3 < float(match.group(1)) < 30:
            return float(match.group(1))
    crystals = [value for key, value in plain.items() if re.search(r"mono|crystal|cryst", key)]
    for text in crystals:
        match = re.search(r"\b(si|ge)\s*+[(\[-]?\s*+(\d)\s*+,?\s*+(\d)\s*+,?\s*+(\d)\b", text, re.I)
        if match:
            h, k, l_ = (int(match.group(n)) for n in (2, 3, 4))
            return _LATTICE[match.group(1).lower()] / math.sqrt(h * h + k * k + l_ * l_) if h else None
    return None


def labels_by_number(header: Mapping[str, str], count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take labels and units from keys as ``Column.1``."""
    named: dict[int, str] = {}
    for key, value in header.items():
        match = re.fullmatch(r"column[ ._]?(\d{1,3})", key.strip(), re.I)
        if match and value:
            named.setdefault(int(match.group(1)), value)
    # Some programs count from 0.
    numbers = range(0, count) if 0 in named else range(1, count + 1)
    if not any(number in named for number in numbers):
        return (), ()
    labels, units = [], []
    for number in numbers:
        # What follows two bars is the address of a process variable.
        words = named.get(number, f"column {number}").split("||")[0].strip()
        label, _, unit = words.partition(" ") if number in named else (words, "", "")
        labels.append(label.rstrip(":") or f"column {number}")
        units.append(unit.strip())
    return tuple(labels), tuple(units)


def labels_in_line(line: str, count: int) -> tuple[str, ...] | None:
    """Read a line as labels of columns."""
    text = re.sub(r"^\s*(?:[#%!;*]|//)+\s?", "", line).strip("\n").strip().removesuffix("@#").strip()
    if not re.search(r"[A-Za-zµμχ]", text) or len(text) > 4000:
        return None
    # Runs of blanks become one mark, so that no pattern tries to share them out.
    text = re.sub(r"\s{2,}+", lambda run: "\t" if "\t" in run.group() else "  ", text)
    ways = [*_MARKS, r"\s\s|\t", r"\s++", r"\|"]
    for way in ways:
        parts = [part.strip().strip("\"'") for part in re.split(way, text.strip("|, \t;"))]
        if len(parts) == count + 1 and re.fullmatch(r"\(?\d\)?|[LNlabels]*:?|[A-Za-z]+:", parts[0]):
            parts = parts[1:]
        if way in _MARKS and len(parts) == count and parts[0] and 2 * sum(map(bool, parts)) > count:
            # Spreadsheets leave a column free between two tables.
            parts = [part or f"column {n}" for n, part in enumerate(parts, 1)]
        if len(parts) == count and all(parts):
            # "Edge: K" says something else than what columns hold.
            return None if any(part.endswith((":", "=")) for part in parts) else tuple(parts)
    quoted = re.findall(r"\"([^\"]*)\"", text)
    if quoted and len(quoted) < count:
        # Quotes around the labels of more than one word alone.
        quoted = [both or bare for both, bare in re.findall(r"\"([^\"]+)\"|(\S+)", text)]
        quoted = quoted[len(quoted) == count + 1 and re.fullmatch(r"\(?\d\)?", quoted[0]) is not None :]
    if len(quoted) == count:
        return tuple(quoted)
    # "Energy (eV)" is one label of two words where blanks alone part the columns.
    words = re.findall(r"[^\s()\[\]]++\s*+(?:[(\[][^()\[\]]*+[)\]])?", text)
    if (
        len(words) == count
        and any(map(role_of, words))
        and not any(word.strip()[-1] == "," for word in words)
    ):
        return tuple(word.strip() for word in words)
    return None


def numbered_labels(before: list[str], count: int) -> tuple[str, ...]:
    """Read labels that are listed by number, a line for each, several in a line, or all in one.

    >>> numbered_labels(["#  1) Mono Energy *  3) It", "#  2) I0"], 3)
    ('Mono Energy *', 'I0', 'It')
    """
    single = re.compile(r"(?:col(?:umn)?s?\.?\s*)?(\d{1,3})\s*[:=.)\-\t ]\s*([^\d\s].*)$", re.I)
    several = re.compile(r"(?:^|\s)(\d{1,3})[_):.=]\s*(\S.*?)(?=\s+\d{1,3}[_):.=]|\s*$)")
    table: dict[int, str] = {}
    runs: list[dict[int, str]] = [{}]
    for line in (line[:4000].strip().lstrip("#%!;*/ \t") for line in before):
        found = {int(number): label.strip() for number, label in several.findall(line)}
        if set(found) in (set(range(count)), set(range(1, count + 1))):
            return tuple(found[number] for number in sorted(found))
        match = single.match(line)
        if len(found) > 1:
            table |= {number: label for number, label in found.items() if re.search(r"[^\W\d]", label)}
        elif match:
            number, label = int(match.group(1)), _described(match.group(2))
            if number <= 1 and number - 1 not in runs[-1]:
                runs.append({number: label})
            elif number - 1 in runs[-1]:
                runs[-1][number] = label
            elif table:
                table.setdefault(number, label)
    for listed in (*reversed(runs), table):
        # Lists may end before the last columns.
        first = 0 if 0 in listed and count not in listed else 1
        numbers = range(first, first + count)
        known = [number for number in numbers if number in listed]
        if known == list(numbers[: len(known)]) and len(known) >= 0.8 * count:
            return tuple(listed.get(number, f"column {number}") for number in numbers)
    return ()


def _described(text: str) -> str:
    """Take the name out of ``[1-D Detector 3]  process variable, name, unit``."""
    parts = [part.strip() for part in re.sub(r"^\[[^\]]*\]\s*", "", text).split(",")]
    return (
        next((part for part in parts if role_of(part)), parts[0]) or text if text[0] == "[" else text.strip()
    )


def labels_of_width(line: str, count: int) -> tuple[str, ...] | None:
    """Read a line whose labels, of one or more words, stand in fields of one width."""
    text = line.rstrip().lstrip("#%!;*")
    known: tuple[int, tuple[str, ...]] | None = None
    for width in range(8, 41):
        if not (count - 1) * width < len(text) <= (count + 0.5) * width:
            continue
        fields = [text[n * width : (n + 1) * width] for n in range(count)]
        labels = tuple(field.strip() for field in fields)
        if (
            not all(labels)
            or any(field[0] == " " for field in fields)
            or any(":" in name or name.count('"') % 2 for name in labels)
        ):
            continue
        roles = sum(role_of(label) not in (None, "derived", "neither") for label in labels)
        if roles > 1 and (known is None or roles > known[0]):
            known = (roles, labels)
    return known[1] if known else None


def _symbol(text: str) -> str | None:
    symbol = text.strip().strip("\"'").capitalize()
    return symbol if symbol in K_EDGES else None
