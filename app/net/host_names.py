"""A host's name in one spelling. Pure: which address it has is for `guard.py`. For hosts that people name."""

import ipaddress
import re
from typing import Final

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+")


def host_name(text: str) -> str:
    """A host in one spelling: lower case, ASCII, without `www.` and final dot; an address in its usual form.

    Raises:
        ValueError: it can't be one.
    """
    name = text.strip("[]").rstrip(".").lower()
    if ":" in name:
        return f"[{ipaddress.IPv6Address(name)}]"
    if not name.isascii():
        name = name.encode("idna").decode("ascii")
    if name.startswith("www.") and name.count(".") > 1:
        name = name[4:]
    if not _NAME.fullmatch(name) or ".." in name:
        raise ValueError("no host name")
    # Resolvers read `0x7f.1` and `2130706433` as addresses, programs don't agree on which: only the usual form.
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return str(ipaddress.IPv4Address(name))
    return name
