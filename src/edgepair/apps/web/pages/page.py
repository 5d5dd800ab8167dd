"""What every page is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.visits import Visit


class Page(Protocol):
    """One page; made once, with the `Services`, and shared by all visitors: it keeps nothing itself."""

    path: str
    title: str
    sentence: str

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page."""

    def register(self, app: Dash) -> None:
        """Register the callbacks."""
