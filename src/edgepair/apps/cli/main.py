"""The command ``edgepair`` and what all its commands share."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgepair._version import __version__
from edgepair.apps.cli.advise import advise
from edgepair.apps.cli.build import build
from edgepair.apps.cli.console import print_json, split_list
from edgepair.apps.cli.data import data_app
from edgepair.apps.cli.inspect import inspect
from edgepair.apps.cli.interpret import interpret
from edgepair.apps.cli.mix import mix
from edgepair.apps.cli.options import Command, Json
from edgepair.apps.cli.predict import predict
from edgepair.apps.cli.series import series
from edgepair.apps.cli.starting import INTERRUPTED, TERMINATED
from edgepair.apps.cli.study import study
from edgepair.apps.cli.train import train
from edgepair.apps.cli.watch import watch
from edgepair.conventions import EdgepairError
from edgepair.conventions.spelling import options_shown

if TYPE_CHECKING:
    from edgepair.apps.web import Settings

REFUSED = 2

app = typer.Typer(
    name="edgepair",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Read oxidation state, coordination number and bond length of transition-metal oxides "
    "from XANES and pair distribution functions.",
)


def web_page(
    port: Annotated[
        int | None,
        typer.Option(
            help="Port; 0: any that is free. Default 8050, or the next that is free.", min=0, max=65535
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to bind to; others than this machine's own ask for a token.")
    ] = "127.0.0.1",
    token: Annotated[
        str | None, typer.Option(help="What visitors must know; made at random where it is needed.")
    ] = None,
    study: Annotated[
        Path | None, typer.Option(help="Folder of a study to show. Default ./edgepair-study, if it is there.")
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option(help="Dataset of your own (.zarr.zip or folder) to show too.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Open the web page: look, upload, compare in a browser."""
    from edgepair.apps.web import Settings, serve
    from edgepair.apps.web.settings import Shown

    shown = Shown.check(study, [Path(path) for path in split_list(data) or ()])

    def ready(address: str, settings: Settings) -> None:
        if not quiet:
            print(f"edgepair is at {address}", flush=True)
            if not settings.local:
                print("Others can reach it over plain HTTP: use it in networks that you trust.", flush=True)
            print("Ctrl-C ends it and removes all files.", flush=True)
        if browser:
            import webbrowser

            # Some browsers do not come back before they are closed.
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    serve(Settings(host=host, port=port, token=token, shown=shown), ready)


def cite(
    source: Annotated[
        str | None,
        typer.Argument(
            help="Dataset, model, table or JSON of predictions, folder of a study or interpretation, or the"
            " absorber of a bundled dataset."
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


for _command in (build, inspect, predict, mix, series, watch, train, study, interpret, advise, cite):
    app.command(cls=Command)(_command)
app.command(name="app")(web_page)
app.add_typer(data_app, name="data")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"edgepair {__version__}")
        raise typer.Exit()


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", "-v", help="Print the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line.

    Errors that a user can cause are printed in their four parts and end with exit code 2; an
    interruption ends with 130.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        # Started with one of them closed: a file of ours must not get its number.
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show ± or ✓ gets a question mark, not a crash.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # Our matrices are small: more threads of linear algebra wait for each other longer than they compute.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    sys.unraisablehook = signal_again
    # A batch system that ends the job gets the same tidying-up as Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(TERMINATED))
    with options_shown():
        _run()


def signal_again(swallowed: sys.UnraisableHookArgs) -> None:
    """Send a signal again that came in a library's finaliser, where Python drops what it raised."""
    number = {KeyboardInterrupt: signal.SIGINT, SystemExit: signal.SIGTERM}.get(swallowed.exc_type)
    if number is not None:
        # by another thread, so that it comes once the finaliser has ended
        again = threading.Timer(0.05, os.kill, [os.getpid(), number])
        again.daemon = True
        again.start()


def _run() -> None:
    """Run a command, and end with the code that says how it went."""
    try:
        app()
    except EdgepairError as error:
        print(f"edgepair: {error}", file=sys.stderr)
        sys.exit(REFUSED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output (head, less) has left: nothing more to say.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        print(
            "edgepair: cannot print the result\n"
            f"  Found:  {error.strerror or error}\n"
            "  Needed: an output that can be written\n"
            "  Try:    look for a full disk; files named by --out are complete or absent",
            file=sys.stderr,
        )
        # What is still in the buffer cannot be written either, and must not end in a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(REFUSED)
