"""How a build stands, in a file that can be read while it runs; and what became of each item."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from edgepair.builder.records import BuildProgress, Item
from edgepair.conventions import DataError, OutputError
from edgepair.conventions.displayed import Record
from edgepair.conventions.errors import table_cell
from edgepair.files.writing import write_whole

_SECONDS_BETWEEN = 2.0


class StatusFile:
    """The status of one build, in the folder of its results."""

    def __init__(
        self,
        folder: Path,
        name: str,
        settings: Mapping[str, object],
        on_progress: Callable[[BuildProgress], None] | None,
    ) -> None:
        self._path = status_path(folder, name)
        self._on_progress = on_progress
        self._last = 0.0
        self._stage = ""
        self._content: Record = {
            "dataset": name, "state": "running", "started": _now(), "updated": _now(), "stages": {},
            "settings": dict(settings),
        }  # fmt: skip

    def __enter__(self) -> StatusFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        # A build that was refused before it began leaves nothing.
        if kind is not None and self._content["stages"]:
            stopped = not issubclass(kind, Exception)
            self._content["state"] = "interrupted" if stopped else "failed"
            if not stopped:
                self._content["problem"] = str(error)
            # A disk that is full must not hide why the build ended.
            with contextlib.suppress(OutputError):
                self._write()

    def progress(self, step: BuildProgress) -> None:
        """Take in how far a stage is."""
        counts = {"done": step.done, "total": step.total, "failed": step.failed, "found": step.cached}
        self._content["stages"][step.stage] = counts
        if self._on_progress is not None:
            self._on_progress(step)
        turn = step.stage != self._stage or step.done == step.total
        self._stage = step.stage
        if turn or time.monotonic() - self._last > _SECONDS_BETWEEN:
            self._write()

    def finish(self, counts: Mapping[str, int]) -> None:
        """Say that the dataset is written."""
        self._content |= {"state": "finished", "items": dict(counts)}
        self._write()

    def _write(self) -> None:
        self._last = time.monotonic()
        self._content["updated"] = _now()
        _replace(self._path, json.dumps(self._content, indent=1, ensure_ascii=False) + "\n")


def status_path(folder: Path, name: str) -> Path:
    """Return where the status of a build stands."""
    return folder / f"{name}.build.json"


def read_status(folder: str | Path, name: str) -> Record:
    """Read how a build stands.

    Parameters
    ----------
    folder : str or Path
        The result store.
    name : str
        File name of the dataset.

    Returns
    -------
    dict
        ``dataset, state, started, updated, stages, settings``; ``items`` when it is finished,
        ``problem`` where it failed. A build that was killed stays ``running`` and is no longer
        updated.

    Raises
    ------
    DataError
        There is no such build.
    """
    path = status_path(Path(folder), name)
    try:
        content: Record = json.loads(path.read_text())
        if not isinstance(content, dict) or not {"dataset", "state", "stages"} <= set(content):
            raise ValueError("a file of another kind")
    except (OSError, ValueError) as error:
        raise DataError(
            f"cannot tell the status of the build of {name!r}",
            found=f"{type(error).__name__}: {error}",
            needed=f"the status that a build keeps in {str(folder)!r}",
            suggestion="start the build, or name its folder of results with --store",
        ) from error
    return content


def write_items(folder: Path, name: str, items: list[Item]) -> Path:
    """Write what became of each item."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["material_id", "site", "status", "reason", "message"])
    ordered = sorted(
        items, key=lambda i: (len(i.material_id), i.material_id, -1 if i.site is None else i.site)
    )
    for item in ordered:
        site = "" if item.site is None else item.site
        cells = [item.material_id, site, item.status, item.reason, " ".join(item.message.split())]
        writer.writerow(list(map(table_cell, cells)))
    path = folder / f"{name}.items.csv"
    _replace(path, text.getvalue())
    return path


def _replace(path: Path, text: str) -> None:
    # where the folder cannot be made, writing into it says so
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    suggestion = "make room or name another folder with --store; the same command goes on"
    write_whole(path, text, what="a file of the build", suggestion=suggestion)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
