"""Waiting for what another process or thread does: never a bare sleep in a test."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(check: Callable[[], T], within_s: float = 5, every_s: float = 0.02) -> T:
    """Call `check` until what it gives is true and return that; fail with its last answer or exception.

    An AssertionError or any other Exception of `check` counts as "not yet".
    """
    deadline = time.monotonic() + within_s
    while True:
        failure: Exception | None = None
        answer: T | None = None
        try:
            answer = check()
            if answer:
                return answer
        except Exception as error:
            failure = error
        if time.monotonic() > deadline:
            said = f"raised {failure!r}" if failure else f"gave {answer!r}"
            raise AssertionError(f"Not within {within_s} s; the last look {said}") from failure
        time.sleep(every_s)
