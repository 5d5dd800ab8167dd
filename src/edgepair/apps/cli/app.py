"""The command ``edgepair app``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgepair.apps.cli.console import split_list

if TYPE_CHECKING:
    from edgepair.apps.web import Settings


def app(
    port: Annotated[
        int | None,
        typer.Option(
            help="Port; 0: any that is free. Default 8050, or the next that is free.",
            min=0,
            max=65535,
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to bind to; others than this machine's own ask for a token.")
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(help="What visitors must know; made at random where it is needed.", show_default=False),
    ] = None,
    study: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a study to show. Default ./edgepair-study, if it is there.", show_default=False
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(help="Dataset of your own (.zarr.zip or folder) to show too.", show_default=False),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Open the web page: look, upload, compare in a browser."""
    from edgepair.apps.web import Settings, serve
    from edgepair.apps.web.shown import Shown

    shown = Shown.check(study, [Path(path) for path in split_list(data) or ()])

    def ready(address: str, settings: Settings) -> None:
        if not quiet:
            print(f"edgepair is at {address}", flush=True)
            if not settings.local:
                print("Others can reach it over plain HTTP: use it in networks that you trust.", flush=True)
            print("Ctrl-C ends it and removes all files.", flush=True)
        if browser:
            import threading
            import webbrowser

            # Some browsers do not come back before they are closed.
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    serve(Settings(host=host, port=port, token=token, shown=shown), ready)
