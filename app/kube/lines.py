"""Bytes as they come → whole lines. Pure. Used by the watch loop and for logs.

Chunks may be a byte or 8 MB with thousands of lines: each byte is looked at once and copied once.
"""

from typing import Final

LINE_MAX_BYTES: Final = 16 * 1024 * 1024
"""An object has at most 1.5 MB in etcd; JSON of ten times that is no Kubernetes event."""


class LineTooLongError(Exception):
    """No line end for longer than allowed."""


class LineSplitter:
    """Collects bytes until their line is complete."""

    def __init__(self, max_bytes: int = LINE_MAX_BYTES) -> None:
        self._rest, self._max_bytes = bytearray(), max_bytes

    def feed(self, part: bytes) -> list[bytearray]:
        """The lines that this part completes, without their ends; empty ones are left out.

        Raises:
            LineTooLongError: what has come of a line is over the limit.
        """
        searched, begin, lines = len(self._rest), 0, []
        self._rest += part
        while (end := self._rest.find(b"\n", searched)) >= 0:
            if end > begin:
                lines.append(self._rest[begin:end])
            begin = searched = end + 1
        del self._rest[:begin]
        if len(self._rest) > self._max_bytes:
            raise LineTooLongError(f"a line of more than {self._max_bytes} bytes")
        return lines
