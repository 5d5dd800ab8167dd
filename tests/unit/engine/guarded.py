"""Functions that a sandbox is asked to call."""

from __future__ import annotations

import os
import sys
import time
import warnings


def double(value: int) -> int:
    print("what a library prints must not disturb the answer")
    warnings.warn("nor what it warns of", stacklevel=1)
    return 2 * value


def loaded(name: str) -> bool:
    return name in sys.modules


def refuse(value: int) -> None:
    raise ValueError(f"no {value}")


def crash() -> None:
    os.abort()


def spin() -> None:
    while True:
        pass


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def large(size: int) -> bytes:
    return b"x" * size


def unpicklable() -> object:
    return lambda: None


def hold(count: int) -> int:
    return len(bytearray(count))


def read(path: str) -> str:
    with open(path) as file:  # noqa: PTH123
        return file.read()


def write(path: str) -> None:
    with open(path, "w") as file:  # noqa: PTH123
        file.write("text")
