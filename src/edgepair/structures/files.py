"""Crystal structures from any source by its name: files, folders, globs, archives, databases."""

from __future__ import annotations

import glob
import json
import lzma
import re
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from edgepair.conventions import StructureError
from edgepair.files.reading import TooManyBytesError, read_regular, unpack_gzip
from edgepair.structures.source_material import SourceMaterial, is_structure
from edgepair.structures.tables import look_through, nested_too_deep, read_structure_table

_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_TABLES = (".parquet", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
_FORMS = {".cif": "cif", ".mcif": "cif", ".vasp": "poscar", ".poscar": "poscar"}
_FORMS |= {".xyz": "xyz", ".extxyz": "xyz", ".json": "json"}
_LONGEST_COUNT = 9
_LARGEST = 64_000_000
"""Bytes of one structure file; larger ones are something else."""

_MOST_TIMES = 200
"""Times its size to which an archive may unpack; text of structures packs to a tenth."""

_HARMLESS = 1_000_000
"""Bytes of a file that is not packed, which no content makes costly."""


def read_structure_files(source: str | Path) -> Iterator[SourceMaterial]:
    """Read crystal structures from files, one at a time.

    Parameters
    ----------
    source : str or Path
        A file (CIF, POSCAR, XYZ with a cell, pymatgen JSON; gzipped or not), a table (see
        `read_structure_table`), a folder with such files at any depth, a glob, or an archive (zip
        or tar) of them. A CIF or XYZ may hold several structures.

    Yields
    ------
    SourceMaterial
        Files in alphabetical order, those of a tar in its own; identifiers are paths below the
        source, without endings where these are not needed to tell them apart. A file that cannot be
        read, or is of no known kind, is yielded too, and refused when its structure is read. Hidden
        files are left out.

    Raises
    ------
    StructureError
        There is no such file or folder, it holds no file, or the archive is damaged.
    """
    text = str(source)
    path = Path(source)
    try:
        kind = "folder" if path.is_dir() else "file" if path.is_file() else ""
    except (OSError, ValueError) as error:
        # A name too long, or with a zero byte: the text of a structure in place of its path.
        raise StructureError(
            f"cannot read structures from {text[:60]!r}…",
            found=f"{type(error).__name__}: a text that is no path",
            needed="the path of a file, folder, glob, archive or table",
            suggestion="write the structure into a file",
        ) from error
    if kind == "folder":
        # Sorted by their parts, so that the order does not depend on the machine.
        files = sorted(file for file in path.rglob("*") if file.is_file() and not _hidden(file, path))
        yield from _from_files(files, path, text)
    elif kind and _ends(path.name, _ARCHIVES):
        yield from _from_archive(path)
    elif kind and _ends(path.name, _TABLES):
        yield from read_structure_table(path)
    elif kind:
        yield from _from_file(path, path.name, _stem(path.name))
    elif glob.has_magic(text):
        base, pattern = _split_glob(path)
        files = sorted(file for file in base.glob(pattern) if file.is_file() and not _hidden(file, base))
        yield from _from_files(files, base, text)
    else:
        raise StructureError(
            f"cannot read structures from {text!r}",
            found="no such file or folder",
            needed="a file, folder, glob, archive or table of crystal structures",
            suggestion="check the path",
        )


def _split_glob(path: Path) -> tuple[Path, str]:
    """Split a glob into the folder before its first wildcard and the rest."""
    first = next(number for number, part in enumerate(path.parts) if glob.has_magic(part))
    return Path(*path.parts[:first]), str(Path(*path.parts[first:]))


def _from_files(files: list[Path], base: Path, source: str) -> Iterator[SourceMaterial]:
    if not files:
        raise StructureError(
            f"cannot read structures from {source!r}",
            found="no file",
            needed="CIF, POSCAR, XYZ or JSON files",
            suggestion="check the path",
        )
    names = [file.relative_to(base).as_posix() for file in files]
    shared = Counter(_stem(name) for name in names)
    for name, file in zip(names, files, strict=True):
        # a.cif and a.vasp are two structures: there the ending is part of the identifier.
        identifier = name if shared[_stem(name)] > 1 else _stem(name)
        try:
            if file.is_symlink() and not file.resolve().is_relative_to(base.resolve()):
                yield _unreadable(name, "a link to a file outside this folder")
            elif _ends(name, _TABLES):
                yield from read_structure_table(file)
            else:
                yield from _from_file(file, name, identifier)
        except (OSError, StructureError, ValueError, RecursionError, MemoryError) as error:
            # One bad file of many is that file's problem.
            yield _unreadable(name, getattr(error, "found", "") or f"{type(error).__name__}: {error}")


def _from_file(file: Path, name: str, identifier: str) -> Iterator[SourceMaterial]:
    try:
        data = read_regular(file, _LARGEST)
    except TooManyBytesError:
        yield _unreadable(name, f"a file of more than {_LARGEST / 1e6:.0f} MB")
        return
    if len(data) > _HARMLESS or data.startswith(b"\x1f\x8b"):
        try:
            look_through(_go_through_file, file)
        except ValueError as error:
            yield _unreadable(name, str(error))
            return
    yield from _from_bytes(name, data, file, identifier)


def _go_through_file(path: str) -> None:
    for _ in _from_bytes(Path(path).name, read_regular(path, _LARGEST), None, path):
        pass


def _unreadable(name: str, why: str) -> SourceMaterial:
    return SourceMaterial(name, why, "unknown")


def _from_archive(path: Path) -> Iterator[SourceMaterial]:
    """Read members in memory: nothing is unpacked, so that no name in the archive matters."""
    count = 0
    try:
        look_through(_go_through_archive, path)
        for material in _members(path):
            count += 1
            yield material
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        lzma.LZMAError,
        EOFError,
        OSError,
        zlib.error,
        ValueError,
        RuntimeError,
    ) as error:
        raise StructureError(
            f"cannot read the archive {str(path)!r}",
            found=f"{type(error).__name__}: {error}".removeprefix("ValueError: "),
            needed="a zip or tar archive that is complete and not encrypted",
            suggestion="copy it again, or unpack it and name the folder",
        ) from error
    if not count:
        raise StructureError(
            f"cannot read the archive {str(path)!r}",
            found="no file",
            needed="CIF, POSCAR, XYZ or JSON files",
            suggestion="check that it is the right archive",
        )


def _go_through_archive(path: str) -> None:
    for _ in _members(Path(path)):
        pass


def _members(path: Path) -> Iterator[SourceMaterial]:
    members = _zip_members if path.name.lower().endswith(".zip") else _tar_members
    for name, data in members(path):
        if _hidden_name(name):
            continue
        if data is None:
            yield _unreadable(name, f"a file of more than {_LARGEST / 1e6:.0f} MB")
        else:
            yield from _from_bytes(name, data, None, _stem(name))


def _zip_members(path: Path) -> Iterator[tuple[str, bytes | None]]:
    with zipfile.ZipFile(path) as archive:
        items = archive.infolist()
        if sum(item.file_size for item in items) > _LARGEST + _MOST_TIMES * path.stat().st_size:
            raise ValueError(f"more than {_MOST_TIMES} times its size when unpacked")
        if any(item.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for item in items):
            # The library unpacks others without a bound, whatever size the directory says.
            raise ValueError("members packed by another method than deflate")
        for item in sorted(items, key=lambda item: item.filename):
            if not item.is_dir():
                yield item.filename, archive.read(item) if item.file_size <= _LARGEST else None


def _tar_members(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Read a tar from its beginning to its end; going back in a compressed one takes for ever."""
    with tarfile.open(path) as tar:
        for member in tar:
            if member.isfile():
                file = tar.extractfile(member) if member.size <= _LARGEST else None
                yield member.name.removeprefix("./"), file.read() if file else None
        # tarfile ends without a word where a header is damaged: what follows must be blank.
        assert tar.fileobj is not None
        tar.fileobj.seek(tar.offset)
        while block := tar.fileobj.read(1 << 20):
            if any(block):
                raise tarfile.ReadError("damaged before its end")


def _from_bytes(name: str, data: bytes, path: Path | None, identifier: str) -> Iterator[SourceMaterial]:
    """Read one file's content."""
    if name.lower().endswith(".gz"):
        try:
            data = unpack_gzip(data, _LARGEST)
        except TooManyBytesError:
            yield _unreadable(name, f"a file of more than {_LARGEST / 1e6:.0f} MB")
            return
        except zlib.error as error:
            yield _unreadable(name, f"a damaged gzip file: {error}")
            return
        name = name[:-3]
    form = _form(PurePosixPath(name))
    if form == "unknown":
        yield SourceMaterial(identifier, "", "unknown")
        return
    text = data.decode("utf-8", errors="replace").removeprefix("\ufeff")
    if form == "json":
        yield from _from_json(identifier, text, path)
        return
    parts = _blocks(text, form)
    for number, part in enumerate(parts):
        suffix = f"#{number + 1}" if len(parts) > 1 else ""
        yield SourceMaterial(identifier + suffix, part, form)


def _stem(name: str) -> str:
    """Drop the ending that tells the kind of a file; POSCAR and unknown kinds have none."""
    pure = PurePosixPath(name.removesuffix(".gz"))
    return str(pure.with_suffix("")) if pure.suffix.lower() in _FORMS else str(pure)


def _from_json(identifier: str, text: str, path: Path | None) -> Iterator[SourceMaterial]:
    start = text.lstrip()[:1]
    if start == "[" and path is not None:
        yield from read_structure_table(path)
        return
    try:
        item = json.loads(text)
    except (ValueError, RecursionError):
        if start == "{" and path is not None:
            # Several objects, one a line.
            yield from read_structure_table(path)
        else:
            yield SourceMaterial(identifier, text, "dict")
        return
    if nested_too_deep(item):
        yield _unreadable(identifier, "objects nested more than 40 levels deep")
    elif isinstance(item, dict) and item and all(map(is_structure, item.values())):
        yield from (SourceMaterial(name, value, "dict") for name, value in item.items())
    elif isinstance(item, dict) and isinstance(item.get("structure"), dict):
        name = str(item.get("mp_id") or item.get("id") or item.get("material_id") or identifier)
        yield SourceMaterial(name, item["structure"], "dict", item)
    else:
        yield SourceMaterial(identifier, item if isinstance(item, dict) else text, "dict")


def _blocks(text: str, form: str) -> list[str]:
    """Split a file that holds several structures."""
    if form == "cif":
        # Texts between semicolons may quote other files.
        bare = re.sub(r"(?ms)^;.*?^;", lambda quoted: " " * len(quoted.group()), text)
        starts = [match.start() for match in re.finditer(r"(?im)^data_", bare)]
        if len(starts) < 2:
            return [text]
        parts = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
        # A block without atoms (a publication's header) is no structure.
        return [part for part in parts if re.search(r"_atom_site[_.]", part)] or [text]
    if form == "xyz":
        lines = text.splitlines()
        parts, row = [], 0
        while row < len(lines) and (_is_count(lines[row]) or not lines[row].strip()):
            if not lines[row].strip():
                row += 1
                continue
            last = row + int(lines[row]) + 2
            parts.append("\n".join(lines[row:last]) + "\n")
            row = last
        return parts or [text]
    return [text]


def _is_count(line: str) -> bool:
    """Say whether a line is a number of atoms: digits alone, of which Unicode knows more than int()."""
    words = line.strip()
    return words.isascii() and words.isdigit() and len(words) <= _LONGEST_COUNT


def _form(name: PurePosixPath) -> str:
    known = _FORMS.get(name.suffix.lower())
    if known:
        return known
    # VASP's own names: POSCAR, CONTCAR, POSCAR.vasp, POSCAR_Fe2O3, Fe2O3.POSCAR
    return "poscar" if re.match(r"(?i)(poscar|contcar)\b|(poscar|contcar)[_-]", name.name) else "unknown"


def _ends(name: str, endings: tuple[str, ...]) -> bool:
    return name.lower().endswith(endings)


def _hidden(file: Path, base: Path) -> bool:
    return _hidden_name(file.relative_to(base).as_posix())


def _hidden_name(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in parts)


def read_structure_source(source: str | Path) -> Iterator[SourceMaterial]:
    """Read crystal structures from files, from minerals, or from the Materials Project.

    Parameters
    ----------
    source : str or Path
        A file, folder, glob, archive or table (see `read_structure_files`); ``amcsd:`` with filters
        (see `read_minerals`); ``mp:`` with filters (see `read_materials_project`).

    Yields
    ------
    SourceMaterial
        One at a time.

    Raises
    ------
    StructureError
        The source cannot be read.
    """
    text = str(source)
    if text.startswith("amcsd:"):
        from edgepair.structures.minerals import read_minerals

        yield from read_minerals(text.removeprefix("amcsd:"))
    elif text.startswith("mp:"):
        from edgepair.structures.materials_project import read_materials_project

        yield from read_materials_project(text.removeprefix("mp:"))
    else:
        yield from read_structure_files(source)
