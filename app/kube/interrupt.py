"""Ends a call to a cluster from another thread: the only way out of a read that may block for minutes."""

import os
import socket
import threading


class Interrupt:
    """Given to a call; `fire()` makes that call fail soon, wherever it is blocked (but for the name lookup, ≤ 5 s).

    One thread makes calls with it, one after the other; any thread may fire. That ends the call going on, if
    there is one: whether to make another is the caller's own flag.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_final = False

    def attach(self, sock: socket.socket) -> None:
        """This socket is what the call waits on now."""
        with self._lock:
            self._socket = sock
            if self._is_final:
                shut_down(sock)

    def detach(self) -> None:
        """The call is over. Before the socket is closed: its number may belong to another file then."""
        with self._lock:
            self._socket = None

    def fire(self, *, is_final: bool = False) -> None:
        """Shut the socket down under the blocked call.

        Args:
            is_final: every later call ends at once too.
        """
        with self._lock:
            self._is_final = self._is_final or is_final
            if self._socket is not None:
                shut_down(self._socket)


def shut_down(sock: socket.socket) -> None:
    """End both directions, so that a read blocked in another thread returns.

    On a duplicate of the descriptor: `SSLSocket.shutdown()` would take the TLS state away under the reader.
    """
    try:
        with socket.socket(fileno=os.dup(sock.fileno())) as twin:
            twin.shutdown(socket.SHUT_RDWR)
    except OSError:  # it isn't connected any more, or closed: what we wanted
        return
