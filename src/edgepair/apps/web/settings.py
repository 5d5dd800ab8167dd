"""What the page is served with: address, token and limits."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from edgepair.apps.web.shown import Shown

DEFAULT_PORT = 8050
"""Where the page is, unless told otherwise."""


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
