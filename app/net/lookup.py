"""Name → addresses by the system's resolver, with a time limit, which getaddrinfo lacks. Called by `guard.py`."""

import ipaddress
import socket
import threading
from typing import Final

LOOKUP_TIMEOUT_S: Final = 5.0
"""A dead name server costs resolv.conf's timeout × attempts × servers otherwise: 10 to 30 s."""


def system_lookup(host: str, port: int) -> list[str]:
    """Every address of a host, in the system's order.

    Raises:
        socket.gaierror: there is none, or no answer in time.
    """
    if _is_literal(host):
        return _getaddrinfo(host, port)
    found: list[list[str]] = []
    failed: list[OSError] = []

    def ask() -> None:
        try:
            found.append(_getaddrinfo(host, port))
        except OSError as error:
            failed.append(error)

    # A thread of its own, because a lookup can't be cancelled: late answers go nowhere.
    asking = threading.Thread(target=ask, name="name-lookup", daemon=True)
    asking.start()
    asking.join(LOOKUP_TIMEOUT_S)
    if failed:
        raise failed[0]
    if not found:
        raise socket.gaierror(socket.EAI_AGAIN, f"no answer from the name server within {LOOKUP_TIMEOUT_S:.0f} s")
    return found[0]


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _getaddrinfo(host: str, port: int) -> list[str]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label too long or empty: the idna codec's way to say "no such name"
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in answers))
