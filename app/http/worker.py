"""gunicorn's gevent worker, which waits for idle keep-alive connections when it is told to stop; this one doesn't.

Without it a browser that has nothing to say holds every restart up for the whole graceful timeout. Named in
`gunicorn.conf.py`; loaded before gevent patches, so it imports nothing else.
"""

from types import TracebackType
from typing import Any, Final

import gevent
from gunicorn.workers.ggevent import GeventWorker

LOOK_S: Final = 0.2


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """Closes connections that wait for a request as soon as no more requests are taken."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting: set[Waiting] = set()

    def timeout_ctx(self) -> "Waiting":
        return Waiting(self)

    def run(self) -> None:
        gevent.spawn(self._close_waiting)
        super().run()

    def _close_waiting(self) -> None:
        while self.alive:
            gevent.sleep(LOOK_S)
        while True:
            # Those that have just begun to send a request get one more look's time.
            gevent.sleep(LOOK_S)
            for waiting in list(self.waiting):
                waiting.end()


class Waiting(gevent.Timeout):  # type: ignore[misc]  # gevent has no types
    """A connection between two requests: given up after the keep-alive time, or when the worker stops."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker.cfg.keepalive, False)
        self._worker = worker
        self._greenlet: Any = None

    def __enter__(self) -> "Waiting":
        self._greenlet = gevent.getcurrent()
        self._worker.waiting.add(self)
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Any:
        self._worker.waiting.discard(self)
        return super().__exit__(kind, error, trace)

    def end(self) -> None:
        self._worker.waiting.discard(self)
        gevent.kill(self._greenlet, self)
