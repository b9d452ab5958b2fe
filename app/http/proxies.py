"""Whose X-Forwarded-For and -Proto are believed: those of TRUSTED_PROXIES, nobody else's. A WSGI middleware."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class TrustedProxies:
    """Puts the client's own address and scheme in the place of the proxy's."""

    def __init__(self, wsgi: "WSGIApplication", trusted: Sequence[str]) -> None:
        """
        Args:
            trusted: CIDRs or addresses.

        Raises:
            ValueError: one that is neither.
        """
        self._wsgi = wsgi
        self._trusted: list[Network] = [ip_network(text, strict=False) for text in trusted]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if self._trusts(environ.get("REMOTE_ADDR", "")):
            if client := self._client(environ.get("HTTP_X_FORWARDED_FOR", "")):
                environ["REMOTE_ADDR"] = client
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
            if scheme in {"http", "https"}:
                environ["wsgi.url_scheme"] = scheme
        return self._wsgi(environ, start_response)

    def _client(self, forwarded: str) -> str | None:
        """The last address that isn't a proxy of ours: what stands left of it is the client's own claim."""
        nearest: str | None = None
        for text in reversed(forwarded.split(",")):
            address = _address(text.strip())
            if address is None:
                return nearest
            nearest = str(address)
            if not self._trusts(nearest):
                return nearest
        return nearest

    def _trusts(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)


def network_of(text: str | None) -> str:
    """Who counts as one client when nobody is signed in: an IPv4 address, or the /64 of an IPv6 one."""
    address = _address(text or "")
    if address is None:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _address(text: str) -> Any:
    """None for no address; `[v6]:port` and `v4:port`, as some proxies write, without the port."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
