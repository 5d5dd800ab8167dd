"""What a build tells: progress, what became of each item, the result, the estimate."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError, OutputError
from edgepair.conventions.displayed import Record
from edgepair.files.writing import csv_text, write_whole
from edgepair.simulation import SiteSimulator

if TYPE_CHECKING:
    import xarray as xr
    from pymatgen.core import Structure

STATUSES = ("done", "gated", "duplicate", "rejected", "left out", "failed", "missing")
"""What can become of an item. Gated: a site that is in the dataset but failed a check, so that nothing
learns from it; rejected: a structure that cannot be used; left out: a site that
edgepair does not read, or that was not asked for; failed: work that gave no result; missing: work
that is still to be done."""

INFERRED = "symmetry or elements inferred"
"""Reason of a material that was read, but not as its file says it word for word."""


REJECTED_BY_RULE = ("disordered", "overlapping atoms", "no absorber", "too many sites", "too many elements")
"""Why a structure that was read and understood takes no part."""

_DIGITS = 6
"""Decimals of lengths (Å) and fractional coordinates that tell structures apart."""

_SECONDS_BETWEEN = 2.0


@dataclass(frozen=True)
class BuildProgress:
    """How far a build is.

    Attributes
    ----------
    stage : str
        ``reading``, ``comparing``, ``labels``, ``spectra``, ``PDFs`` or ``spectra again``.
    done, total : int
        Items of this stage.
    failed : int
        Failures among them.
    cached : int
        Items of this stage that were finished before.
    cost_done, cost_total : float
        Estimated CPU time, s, of the items that had to be done.
    """

    stage: str
    done: int
    total: int
    failed: int
    cached: int
    cost_done: float
    cost_total: float


@dataclass(frozen=True)
class Item:
    """What became of one material or site.

    Attributes
    ----------
    material_id : str
        Identifier in the source.
    site : int or None
        Lowest index of its orbit in the structure as given; None: the material as a whole.
    status : str
        One of `STATUSES`.
    reason : str
        Kind of reason, in two or three words.
    message : str
        The reason in full.
    """

    material_id: str
    site: int | None
    status: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class BuildResult:
    """What a build has made.

    Attributes
    ----------
    dataset : xarray.Dataset
        As saved.
    out : pathlib.Path
        Where.
    items : tuple of Item
        Every material that did not take part, and every site of those that did.
    computed, found : int
        Results made by this run, and found in the store.
    cpu_seconds : float
        CPU time of what this run made.
    seconds : float
        Wall-clock time.
    damaged : int
        Results of the store that were not what had been written, and were made anew.
    """

    dataset: xr.Dataset
    out: Path
    items: tuple[Item, ...]
    computed: int
    found: int
    cpu_seconds: float
    seconds: float
    damaged: int = 0

    @property
    def complete(self) -> bool:
        """Whether all was done that could be: nothing failed, is missing, or could not be read.

        What a rule leaves out, as a disordered structure or a gated site, is named and no failure.
        """
        return not any(
            item.status in ("failed", "missing")
            or (item.status == "rejected" and item.reason not in REJECTED_BY_RULE)
            for item in self.items
        )

    @property
    def all_there(self) -> bool:
        """Whether every item is in the dataset, or twice in the source, and no site is gated."""
        return all(item.status in ("done", "duplicate") for item in self.items)

    def counts(self) -> dict[str, int]:
        """Count the items by status and reason.

        Returns
        -------
        dict of str to int
            Keys such as ``done`` or ``rejected: disordered``.
        """
        return count_items(self.items)


@dataclass(frozen=True)
class BuildEstimate:
    """What a build would do.

    Attributes
    ----------
    materials : int
        Materials that can be used.
    sites : int
        Their inequivalent absorber sites.
    sites_known : int
        Sites whose spectrum is there already.
    cpu_seconds : float
        CPU time of the others, s.
    minutes : float
        The same on the processes asked for, in minutes of wall-clock time.
    bytes_needed : int
        Disk for results and dataset.
    measured_on : int
        Number of stored results that the estimate of time is scaled by; 0: by our own measurements
        alone.
    items : tuple of Item
        Materials that cannot be used.
    """

    materials: int
    sites: int
    sites_known: int
    cpu_seconds: float
    minutes: float
    bytes_needed: int
    measured_on: int
    items: tuple[Item, ...]

    def as_dict(self) -> Record:
        """Return the estimate for JSON.

        Returns
        -------
        dict
            All numbers, and the counts of items.
        """
        return vars(self) | {"items": count_items(self.items)}


def count_items(items: tuple[Item, ...]) -> dict[str, int]:
    """Count items by status and reason."""
    counts = Counter(f"{item.status}: {item.reason}" if item.reason else item.status for item in items)

    def order(pair: tuple[str, int]) -> tuple[int, int, str]:
        name, count = pair
        return STATUSES.index(name.partition(":")[0]), -count, name

    return dict(sorted(counts.items(), key=order))


def digest(*parts: object) -> str:
    """Hash values that are ready for JSON."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def structure_digest(structure: Structure) -> str:
    """Hash a crystal structure as it is written: cell, elements, positions, order of atoms."""
    positions = np.round(structure.frac_coords, _DIGITS) % 1.0
    # Adding zero turns -0.0 into 0.0, which would otherwise be another text.
    return digest(
        (np.round(structure.lattice.matrix, _DIGITS) + 0.0).tolist(),
        [site.specie.symbol for site in structure],
        (np.round(positions, _DIGITS) % 1.0 + 0.0).tolist(),
    )


def site_key(structure_hash: str, index: int, simulator: SiteSimulator) -> str:
    """Hash what a simulated spectrum depends on."""
    return digest("site", structure_hash, index, simulator.name, simulator.version, simulator.parameters())


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


def write_items(folder: Path, name: str, items: list[Item]) -> None:
    """Write what became of each item."""
    ordered = sorted(
        items, key=lambda i: (len(i.material_id), i.material_id, -1 if i.site is None else i.site)
    )
    rows = [vars(item) | {"message": " ".join(item.message.split())} for item in ordered]
    text = csv_text(["material_id", "site", "status", "reason", "message"], rows)
    _replace(folder / f"{name}.items.csv", text)


def _replace(path: Path, text: str) -> None:
    # where the folder cannot be made, writing into it says so
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    suggestion = "make room or name another folder with --store; the same command goes on"
    write_whole(path, text, what="a file of the build", suggestion=suggestion)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
