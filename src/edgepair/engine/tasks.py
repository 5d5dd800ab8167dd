"""Carrying out many tasks on the processes of this machine or of a cluster, by Dask.

The only module that imports Dask.
"""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from edgepair._version import __version__
from edgepair.conventions import EngineError
from edgepair.files.caching import own_scratch
from edgepair.files.reading import read_regular

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster, Nanny

ATTEMPTS = 2
"""How often a task is tried: once more after a failure, then the failure is recorded."""

KILLED = "the process that carried it out was killed"

_EVERYWHERE = {"__main__", "builtins", "_operator", "operator", "posix", "nt"}
"""Modules that need no look: they come with Python, or a function of theirs is sent by value."""

REACHED_WITHIN = "20s"
"""Time in which a scheduler that starts beside has to answer."""

_LARGEST_ADDRESS = 1_000_000
_AHEAD_LOCAL = 4
_AHEAD_REMOTE = 2000
"""Tasks handed over beyond one per process. A cluster that grows with its queue must see one; the
parent holds what is handed over, and nothing else."""


Value = TypeVar("Value")


@dataclass(frozen=True)
class Call:
    """One task.

    Attributes
    ----------
    key : str
        Name, unique among the tasks.
    args : tuple
        Arguments of the function.
    """

    key: str
    args: tuple[object, ...]


@dataclass(frozen=True)
class Outcome(Generic[Value]):
    """What became of a task.

    Attributes
    ----------
    key : str
        Name of the task.
    value : object
        What the function returned; None where it failed.
    problem : str
        Empty, or why it failed every time.
    attempts : int
        How often it was tried.
    """

    key: str
    value: Value | None
    problem: str = ""
    attempts: int = 1


class Processes:
    """Processes that carry out tasks; made by `open_processes`.

    Parameters
    ----------
    client : distributed.Client
        Connection to the scheduler.
    local : bool
        Whether the processes are this machine's.
    """

    def __init__(self, client: Client, *, local: bool) -> None:
        self._client = client
        self._local = local

    def share(self, value: object) -> object:
        """Bring a large argument to the processes once, not with every task.

        Parameters
        ----------
        value : object
            An array, say.

        Returns
        -------
        object
            To be passed in its place.
        """
        self._client.wait_for_workers(1)
        return self._client.scatter([value], hash=True)[0]

    def run(
        self,
        function: Callable[..., Value],
        tasks: Iterable[Call],
        *,
        failed: Callable[[Value], str] | None = None,
    ) -> Iterator[Outcome[Value]]:
        """Carry out tasks, each on one process.

        Parameters
        ----------
        function : callable
            Defined at the top of a module.
        tasks : iterable of Call
            Read only as far ahead as needed: a million tasks need no more memory than a thousand.
        failed : callable, optional
            Says of a returned value why it counts as a failure; an empty text where it does not.

        Yields
        ------
        Outcome
            In the order in which tasks end.

        Raises
        ------
        EngineError
            The scheduler is gone, or its processes lack what the tasks need.
        """
        from distributed import as_completed

        waiting = iter(tasks)
        running: dict[object, tuple[Call, int]] = {}
        done = as_completed([], loop=self._client.loop)
        # Two runs on one scheduler may want the same: without this they would share, and cancel,
        # each other's tasks.
        token = secrets.randbelow(10**12)

        def submit(task: Call, attempt: int) -> None:
            future = self._client.submit(
                function, *task.args, key=f"edgepair-{task.key}-{token}-{attempt}", pure=False, retries=0
            )
            running[future] = (task, attempt)
            done.add(future)

        def fill() -> None:
            threads = sum(self._client.nthreads().values()) if self._local else 0
            room = threads + _AHEAD_LOCAL if self._local else _AHEAD_REMOTE
            while len(running) < room:
                task = next(waiting, None)
                if task is None:
                    return
                submit(task, 1)

        try:
            first = next(waiting, None)
            if first is None:
                return
            self._require(function, first.args)
            submit(first, 1)
            fill()
            while running:
                future = next(done)
                task, attempt = running.pop(future)
                value, problem = self._collect(future)
                if not problem and failed is not None:
                    problem = failed(value)
                if problem and attempt < ATTEMPTS:
                    submit(task, attempt + 1)
                else:
                    yield Outcome(task.key, value, problem, attempt)
                del future
                fill()
        finally:
            if running:
                with contextlib.suppress(Exception):
                    self._client.cancel(list(running), force=True)

    def _require(self, function: Callable[..., object], args: tuple[object, ...]) -> None:
        """See that workers and scheduler can import what tasks need: else a run would wait for ever."""
        modules = {function.__module__, *(type(value).__module__ for value in args)}
        code = f"[__import__(name) and None for name in {sorted(modules - _EVERYWHERE)!r}]"
        try:
            self._client.wait_for_workers(1)
            # eval: a function of ours could not be read where edgepair is missing.
            self._client.run_on_scheduler(eval, code)
            self._client.run(eval, code)
        except ImportError as error:
            raise _lacking(error) from error
        except OSError as error:
            raise _gone(f"{type(error).__name__}: {error}") from error

    def _collect(self, future: Future) -> tuple[Any, str]:
        from distributed import CancelledError
        from distributed.scheduler import KilledWorker

        if future.status == "cancelled":
            raise _gone("the scheduler forgot the tasks")
        try:
            return future.result(), ""
        except KilledWorker:
            return None, KILLED
        except (CancelledError, OSError) as error:
            if isinstance(error, OSError) and future.status == "error":
                return None, f"{type(error).__name__}: {error}"
            raise _gone(f"{type(error).__name__}: {error}") from error
        except Exception as error:
            if "deserialization" in str(error):
                raise _lacking(error) from error
            # Whatever a task throws is the outcome of that task, never of the others.
            return None, f"{type(error).__name__}: {error}"


def _lacking(error: Exception) -> EngineError:
    return EngineError(
        "cannot carry out the tasks on these processes",
        found=f"{type(error).__name__}: {error}",
        needed=f"edgepair {__version__}, what it needs, and any simulator of your own, in the environment "
        "of the scheduler and of every worker",
        suggestion="install them there, and start scheduler and workers in that environment",
    )


def _gone(found: str) -> EngineError:
    return EngineError(
        "cannot go on: the connection to the Dask scheduler is lost",
        found=found,
        needed="a scheduler that runs until the last task has ended",
        suggestion="start it again, then the same command: what is finished is kept",
    )


def default_workers() -> int:
    """Tell how many processes of this machine are used where nobody says.

    Returns
    -------
    int
        One per core; one where Dask is not installed, whose extra is ``scale``.
    """
    return (os.cpu_count() or 1) if find_spec("distributed") else 1


@contextmanager
def open_processes(*, scheduler: str | None = None, workers: int | None = None) -> Iterator[Processes]:
    """Open the processes of this machine, or connect to those of a cluster.

    Parameters
    ----------
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://host:port``, or the path of its scheduler file.
        Without it, a local cluster is started, and ended again.
    workers : int, optional
        Processes of the local cluster; default one per core.

    Yields
    ------
    Processes
        Ready for tasks.

    Raises
    ------
    EngineError
        Dask is not installed, or the scheduler cannot be reached.
    """
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise EngineError(
            "cannot start processes for the tasks",
            found=f"{type(error).__name__}: {error}",
            needed="Dask, which comes with the extra 'scale'",
            suggestion="pip install 'edgepair[scale]'",
        ) from error
    with _quiet_logs():
        if scheduler is not None:
            with _connect(scheduler) as client:
                yield Processes(client, local=False)
            return
        with _local_cluster(workers) as client:
            yield Processes(client, local=True)


@contextmanager
def _connect(scheduler: str) -> Iterator[Client]:
    from distributed import Client

    try:
        address = scheduler
        if scheduler.endswith(".json"):
            # Dask would wait for the file for ever.
            address = str(json.loads(read_regular(scheduler, _LARGEST_ADDRESS))["address"])
        if "://" not in address:
            raise ValueError("no address of the form tcp://host:port")
        client = Client(address, timeout=REACHED_WITHIN, set_as_default=False)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise EngineError(
            f"cannot reach the Dask scheduler {scheduler!r}",
            found=f"{type(error).__name__}: {error}",
            needed="the address that 'dask scheduler' prints, such as tcp://host:8786",
            suggestion="check that it runs and that this machine may connect to it",
        ) from error
    with client:
        yield client


@contextmanager
def _local_cluster(workers: int | None) -> Iterator[Client]:
    import dask
    from distributed import Client

    settings = {
        # A task that ends its process is tried on one other, then given up.
        "distributed.scheduler.allowed-failures": 1,
        "distributed.worker.daemon": False,
        "distributed.comm.timeouts.connect": "60s",
        "distributed.worker.memory.terminate": 0.95,
    }
    with own_scratch("dask") as scratch:
        settings["temporary-directory"] = str(scratch)
        others = set(multiprocessing.active_children())
        with ExitStack() as stack:
            try:
                with dask.config.set(settings), _interrupts_held():
                    cluster = stack.enter_context(_started_cluster(workers))
                    # What ends it in order at the end of Python would wait for what is killed.
                    cluster.shutdown_on_close = False
                yield stack.enter_context(Client(cluster, set_as_default=False))
            except (KeyboardInterrupt, SystemExit):
                _abandon(stack.pop_all(), set(multiprocessing.active_children()) - others)
                raise


def _started_cluster(workers: int | None) -> LocalCluster:
    from distributed import LocalCluster

    try:
        return LocalCluster(
            n_workers=workers or os.cpu_count() or 1,
            threads_per_worker=1,
            processes=True,
            # Loopback with certificates of its own: on a shared machine nobody else gets in.
            host="127.0.0.1",
            security=True,
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        )
    except (RuntimeError, OSError) as error:
        raise EngineError(
            "cannot start processes for the tasks",
            found=f"{type(error).__name__}: {error}",
            needed="processes of this machine; in a script, calls under if __name__ == '__main__':",
            suggestion="put them there, as each process reads the script; or fewer workers",
        ) from error


def _abandon(stack: ExitStack, workers: Iterable[Nanny]) -> None:
    """Kill the workers where a signal ends the run, and wait for nothing: closing in order takes seconds."""
    for process in workers:
        process.kill()
    threading.Thread(target=stack.close, daemon=True).start()


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Keep Dask's log out of our output: what matters of it is in our errors."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Block Ctrl-C while workers and threads start, which inherit that; one that came follows then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Started later, it would let the signal through again in the thread that starts workers.
    resource_tracker.ensure_running()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    came: list[object] = []
    handler = signal.getsignal(signal.SIGINT)
    if handler is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: came.append(None))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if came:
            signal.raise_signal(signal.SIGINT)
