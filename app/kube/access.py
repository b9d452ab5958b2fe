"""How to reach one cluster and who we are there. A value in memory: storing it, sealed, is the clusters' business."""

import re
from dataclasses import dataclass, field
from typing import Final

from app.errors import InvalidError

# What a header can carry. http.client's own check would put the whole token into its error.
_HEADER_SAFE: Final = re.compile(r"[\x21-\x7e]+")
_HEADER_TEXT: Final = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class Access:
    """A cluster's address and credentials. Its repr shows no secret.

    Raises:
        InvalidError: a token or impersonated name that no header can carry.
    """

    server: str
    """`https://host:port`, perhaps with a path prefix."""
    token: str | None = field(default=None, repr=False)
    client_cert: str | None = field(default=None, repr=False)
    """PEM, like the next two."""
    client_key: str | None = field(default=None, repr=False)
    ca: str | None = field(default=None, repr=False)
    """The only authority trusted when given, else the system's are."""
    insecure: bool = False
    """Don't verify TLS at all."""
    tls_server_name: str | None = None
    """The name its certificate is for, when that isn't the host's."""
    impersonate_user: str | None = None
    impersonate_groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.token is not None and not _HEADER_SAFE.fullmatch(self.token):
            raise InvalidError("The token has spaces, line breaks or letters that no token has: paste it again")
        for name in (self.impersonate_user, *self.impersonate_groups):
            if name is not None and not _HEADER_TEXT.fullmatch(name):
                raise InvalidError("A user or group to impersonate has letters that can't be sent")
