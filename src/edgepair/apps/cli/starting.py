"""What a signal does before the command line can answer it: while its modules are loaded."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
TERMINATED = 143


@contextmanager
def ends_quietly() -> Iterator[None]:
    """End at once by Ctrl-C or a request to end: nothing is begun, and no module is a place to report."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    codes = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}
    before = {
        number: signal.signal(number, lambda number, _: os._exit(codes[signal.Signals(number)]))
        for number in codes
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
