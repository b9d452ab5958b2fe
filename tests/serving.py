"""An HTTP server of a test, on a thread for as long as a block lasts."""

import threading
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Self


class Serving:
    """Base of what answers for somebody else: a Git host, a registry."""

    _server: ThreadingHTTPServer

    def __init__(self) -> None:
        self.over = threading.Event()
        """Set at the end: whoever holds an answer back lets go."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
