"""Where a cluster's API is: its URL taken apart, once. Called by `connection.py`."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from app.errors import InvalidError


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed server URL."""

    is_tls: bool
    host: str
    """ASCII, lower case, without brackets."""
    port: int
    prefix: str
    """Of every path; empty or `/something`, without a slash at its end."""

    @classmethod
    def parse(cls, server: str) -> Self:
        """Take a URL apart.

        Raises:
            InvalidError: it isn't `https://host[:port][/prefix]`.
        """
        try:
            parts = urlsplit(server.strip())
            port, host = parts.port, (parts.hostname or "").rstrip(".")
            host = host if host.isascii() else host.encode("idna").decode("ascii")
        except (ValueError, UnicodeError) as error:
            raise InvalidError(f"The server isn't a valid URL: {_SHAPE}") from error
        # A space or a line break would end the request line early.
        is_plain = parts.path.isascii() and parts.path.isprintable() and " " not in parts.path + host
        if parts.scheme not in {"https", "http"} or not host or not is_plain:
            raise InvalidError(f"The server isn't a valid URL: {_SHAPE}")
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise InvalidError(f"The server must have no user name, query or fragment: {_SHAPE}")
        is_tls = parts.scheme == "https"
        return cls(is_tls, host, port or (443 if is_tls else 80), parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """`host:port` for the Host header; always with the port, which the API server ignores."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_SHAPE = "it should look like https://host:6443"
