"""Ctrl-C and requests to end: within three seconds, without a traceback, whatever a command is doing."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

SIMULATORS = Path(__file__).resolve().parents[1] / "simulators"
NICKEL = "NiO\n1.0\n0 {a} {a}\n{a} 0 {a}\n{a} {a} 0\nNi O\n1 1\ndirect\n0 0 0\n0.5 0.5 0.5\n"
FILES = tuple(f"{number}.dat" for number in range(12))
COMMANDS = {
    "inspect": ("inspect", *FILES, "--json"),
    "predict": ("predict", *FILES, "--absorber", "Fe", "--out", "rows.csv", "--report", "page.html"),
    "mix": ("mix", *FILES[:3], "--absorber", "Fe", "--out", "mixtures.csv"),
    "train": ("train", "--absorber", "Ni", "--model", "ni.model"),
    "study": ("study", "--quick", "--absorber", "Ni", "--jobs", "2", "--out", "study"),
    "advise": ("advise", "--absorber", "Ni", "--no-requirements", "--trees", "20", "--jobs", "2"),
    "build": ("build", "crystals", "--absorber", "Ni", "--out", "ni.zarr", "--jobs", "2", "--simulator",
              "edge_step:EdgeStep"),
    "data": ("data",),
}  # fmt: skip
SECONDS = 3.0


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(filter(None, [str(SIMULATORS), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-m", "edgepair", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env=os.environ | {"PYTHONPATH": path},
        # Background jobs of a shell inherit none.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def _end(process: subprocess.Popen[bytes], number: signal.Signals, *, group: bool) -> None:
    """Signal, and see it end in time, in order, and with all that it started."""
    began = time.monotonic()
    (os.killpg if group else os.kill)(process.pid, number)
    try:
        _, err = process.communicate(timeout=20)
        took = time.monotonic() - began
        while time.monotonic() - began < 10:
            os.killpg(process.pid, 0)
            time.sleep(0.05)
        pytest.fail("it left processes running")
    except ProcessLookupError:
        pass
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    # Python itself ends by the signal before it has begun and after it has ended.
    assert process.returncode in {128 + number, -number}
    assert b"Traceback" not in err
    assert b"Exception ignored" not in err
    assert took < SECONDS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_modules_are_loaded(number: signal.Signals) -> None:
    for after in (0.2, 0.45, 0.7):
        process = _start("advise", "--absorber", "Fe", "--task", "coordination_number")
        time.sleep(after)
        _end(process, number, group=False)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_at_any_moment(command: str, quiet_place: Path) -> None:
    energy = 7112 + np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.5), np.arange(60, 400, 5.0)]
    for name in FILES:
        x = energy - 7122 - 0.1 * int(name.removesuffix(".dat"))
        mu = 0.8 / (1 + np.exp(-x / 1.3)) + 0.3 * np.exp(-0.5 * ((x - 6) / 3) ** 2) + 0.5
        np.savetxt(name, np.column_stack([energy, mu]), header="energy mu")
    Path("crystals").mkdir()
    for number in range(12):
        Path(f"crystals/{number}.vasp").write_text(NICKEL.format(a=2.05 + 0.03 * number))
    drawn = random.Random(command)
    for n in range(8):
        process = _start(*COMMANDS[command])
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=drawn.uniform(0.3, (2.0, 6.0, 12.0)[n % 3]))
            continue
        _end(process, drawn.choice([signal.SIGINT, signal.SIGTERM]), group=bool(n % 2))
    assert not list(quiet_place.glob(".edgepair-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_while_a_finaliser_runs_is_not_lost(number: signal.Signals) -> None:
    code = f"""
import signal, sys, time
from edgepair.apps.cli.main import signal_again
sys.unraisablehook = signal_again
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
class Held:
    def __del__(self):
        signal.raise_signal({int(number)})
        time.sleep(0.01)
held = Held()
del held
print("dropped", flush=True)
time.sleep(20)
"""
    program = [sys.executable, "-c", code]
    done = subprocess.run(
        program, capture_output=True, text=True, timeout=15, check=False,
        # what a shell starts with & ignores Ctrl-C, and so does all that it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert done.stdout == "dropped\n"
    assert done.returncode in {128 + number, -number}
