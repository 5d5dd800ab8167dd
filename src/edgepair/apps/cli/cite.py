"""The command ``edgepair cite``."""

from __future__ import annotations

from typing import Annotated

import typer

from edgepair.apps.cli.console import print_json
from edgepair.apps.cli.options import Json


def cite(
    source: Annotated[
        str | None,
        typer.Argument(
            help="Dataset, model, table or JSON of predictions, folder of a study or interpretation, or the"
            " absorber of a bundled dataset.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List what to cite for a result: its data, codes and methods."""
    from edgepair.report.citing import cite as list_citations

    found = list_citations(source)
    if as_json:
        print_json([{"used_for": one.used_for, "text": one.text} for one in found])
        return
    for one in found:
        print(f"{one.text}\n  for {one.used_for}")
