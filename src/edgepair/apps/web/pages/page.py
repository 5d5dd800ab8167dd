"""What every page is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.visits import Visit


class Page(Protocol):
    """One page; made once, with the `Services`, and shared by all visitors: it keeps nothing itself.

    Attributes
    ----------
    path : str
        Its address, as ``/predict``.
    title : str
        One word, for the navigation and as its heading.
    sentence : str
        What a visitor can do here.
    """

    path: str
    title: str
    sentence: str

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page.

        Parameters
        ----------
        query : mapping of str to str
            What the address holds; anybody can have written it.
        visit : Visit
            The visitor, with what was done here before.

        Returns
        -------
        dash component
            Without heading.
        """

    def register(self, app: Dash) -> None:
        """Register the callbacks.

        Parameters
        ----------
        app : dash.Dash
            The page.
        """
