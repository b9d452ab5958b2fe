"""One at a time per key: whoever asks while it is going on gets the same result. Works with threads and greenlets."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

R = TypeVar("R")


class SingleFlight(Generic[R]):
    """The calls that are going on in this process."""

    def __init__(self) -> None:
        self._going_on: dict[Hashable, Future[R]] = {}
        self._lock = threading.Lock()

    def run(self, key: Hashable, call: Callable[[], R]) -> R:
        """The result, or the exception, of `call` or of the one that is going on for this key."""
        with self._lock:
            flight = self._going_on.get(key)
            if is_first := flight is None:
                flight = self._going_on[key] = Future()
        if not is_first:
            return flight.result()
        try:
            result = call()
        except BaseException as error:
            flight.set_exception(error)
            raise
        else:
            flight.set_result(result)
            return result
        finally:
            with self._lock:
                del self._going_on[key]
