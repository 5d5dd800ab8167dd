"""The command line: each command calls public functions of edgepair and prints what they give."""

from edgepair.apps.cli.starting import ends_quietly

with ends_quietly():
    from edgepair.apps.cli.main import main

__all__ = ["main"]
