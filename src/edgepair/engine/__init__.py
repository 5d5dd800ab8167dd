"""Engine: outside programs, guarded calls, tasks on many processes (Dask, here only)."""

from edgepair.engine.command import CommandReport, run_command, scratch_folder
from edgepair.engine.sandbox import GuardedResult, Sandbox, shared_sandbox
from edgepair.engine.tasks import Call, Outcome, Processes, default_workers, open_processes

__all__ = [
    "Call",
    "CommandReport",
    "GuardedResult",
    "Outcome",
    "Processes",
    "Sandbox",
    "default_workers",
    "open_processes",
    "run_command",
    "scratch_folder",
    "shared_sandbox",
]
