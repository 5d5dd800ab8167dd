"""What the page is served with: address, token and limits, datasets and a study."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgepair.conventions import BUNDLED_ABSORBERS, DataError, OptionError, near_miss

DEFAULT_STUDY = Path("edgepair-study")
"""Where `edgepair study` writes unless told otherwise."""

DEFAULT_PORT = 8050
"""Where the page is, unless told otherwise."""


@dataclass(frozen=True)
class Source:
    """A dataset that can be looked at."""

    name: str
    path: Path | None = None

    @property
    def title(self) -> str:
        """Name with what it is."""
        return f"{self.name} (bundled)" if self.path is None else self.name


@dataclass(frozen=True)
class Shown:
    """Datasets and study of one server."""

    sources: tuple[Source, ...] = tuple(Source(name) for name in BUNDLED_ABSORBERS)
    study: Path | None = None

    @classmethod
    def check(cls, study: Path | None = None, data: Sequence[Path] = ()) -> Shown:
        """Check what the command line names."""
        if study is None:
            here = DEFAULT_STUDY / "study.json"
            study = DEFAULT_STUDY if here.is_file() else None
        elif not (study / "study.json").is_file():
            raise DataError(
                f"cannot show the study {str(study)!r}",
                found="a folder without study.json" if study.is_dir() else "no such folder",
                needed="a folder that `edgepair study` wrote",
                suggestion="check the path, or leave --study out",
            )
        own: dict[str, Source] = {}
        for path in data:
            if not path.exists():
                raise DataError(
                    f"cannot show the dataset {str(path)!r}",
                    found="no such file or folder",
                    needed="a Zarr folder or zip made by edgepair",
                    suggestion="check the path given by --data",
                )
            name = _free_name(path.name, (*own, *BUNDLED_ABSORBERS))
            own[name] = Source(name, path.absolute())
        return cls((*own.values(), *cls.sources), None if study is None else study.absolute())

    def find(self, name: str) -> Source:
        """Find a dataset by what a visitor calls it."""
        for source in self.sources:
            if source.name == name or not name:
                return source
        names = [source.name for source in self.sources]
        raise OptionError(
            f"cannot show the dataset {name!r}",
            found="a name of none of the datasets here",
            needed="one of " + ", ".join(names),
            suggestion=near_miss(name, names),
        )


def _free_name(name: str, taken: Sequence[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free


@dataclass(frozen=True)
class Limits:
    """How much visitors may ask for."""

    file_bytes: int = 20_000_000
    visit_bytes: int = 100_000_000
    all_bytes: int = 2_000_000_000
    files: int = 60
    series_files: int = 400
    visits: int = 200
    idle_seconds: float = 7200.0
    waiting: int = 20


@dataclass(frozen=True)
class Settings:
    """How the page is served.

    Attributes
    ----------
    host : str
        Address to bind to.
    port : int or None
        Port; 0 for any that is free; None for `DEFAULT_PORT` or the next that is free.
    token : str or None
        What a visitor must know; None: nothing, for the loopback address only.
    limits : Limits
        How much visitors may ask for.
    shown : Shown
        Datasets and study that visitors see.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    token: str | None = None
    limits: Limits = field(default_factory=Limits)
    shown: Shown = field(default_factory=Shown)

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the page."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Say whether an address is this machine's own.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback("localhost.example.org")
    (True, False, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
