"""Which ports: PORT is the person's choice, the others are whatever is free."""

import contextlib
import random
import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"
# Below the range that outgoing connections take theirs from: while a server restarts, its clients' attempts to reach
# it could otherwise be given its very port (and even connect to themselves). Below Kubernetes' NodePorts, too.
FREE_RANGE: Final = (20_000, 29_999)


def is_free(port: int, host: str = "") -> bool:
    """Can it be listened on, at this address (default: at all of them)?"""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return not answers(port)


def answers(port: int) -> bool:
    """Does somebody accept connections on it?"""
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=0.5):
        return True
    return False


def free_port() -> int:
    """One that nobody listens on now."""
    for _ in range(100):
        port = random.randint(*FREE_RANGE)  # noqa: S311  not a secret
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
