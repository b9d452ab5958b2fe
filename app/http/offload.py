"""Slow work (bcrypt, reading Compose files) on native threads of its own: it would hold up the event loop.

A plain call where gevent isn't.

The pool is not the hub's: that one resolves names, and 40 logins in it held every look-up for 4 seconds (measured).
"""

import sys
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from app.errors import TooManyRequestsError

P = ParamSpec("P")
R = TypeVar("R")

THREADS: Final = 2
WAITING_AT_MOST: Final = 32  # at 0.25 s each and two at a time the last one waits for 4 s


class Pool:
    """A few native threads and a bounded number of greenlets that wait for one."""

    def __init__(self, threads: int = THREADS, waiting_at_most: int = WAITING_AT_MOST) -> None:
        from gevent.threadpool import ThreadPool

        self._threads = ThreadPool(threads)
        self._room = threads + waiting_at_most

    def run(self, function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Run it on a thread; other greenlets go on meanwhile.

        Raises:
            TooManyRequestsError: too many wait already.
        """
        if self._room <= 0:
            raise TooManyRequestsError("Too many requests of this kind at once. Try again in a few seconds.", 3)
        self._room -= 1  # no lock: greenlets of one thread switch only in apply()
        try:
            result: R = self._threads.apply(function, args, kwargs)
        finally:
            self._room += 1
        return result


_pools: dict[str, Pool] = {}


def offload(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a pure, slow function without holding up the event loop.

    It runs on a native thread, so it may touch nothing that gevent has patched: no sockets, locks or store.

    Raises:
        TooManyRequestsError: too many wait already.
    """
    return _run("passwords", function, *args, **kwargs)


def offload_analysis(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As `offload`, on threads of their own: people who sign in don't wait behind somebody's 500 services."""
    return _run("analyses", function, *args, **kwargs)


def _run(pool: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    if not _under_gevent():
        return function(*args, **kwargs)
    if pool not in _pools:
        _pools[pool] = Pool()  # made after the fork, once a process
    return _pools[pool].run(function, *args, **kwargs)


def _under_gevent() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))
