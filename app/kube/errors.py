"""What a call to a cluster can end with. Raised by `connection.py` and what stands on it; routes never see them raw.

Messages are for people: no credential, no URL query, no Secret's value (see `scrub.py`).
"""

from dataclasses import dataclass
from typing import Literal

UnreachableReason = Literal[
    "dns",
    "refused",
    "timeout",
    "server_error",
    "blocked",
    "tls_untrusted",
    "tls_name",
    "tls_expired",
    "not_kubernetes",
]


class KubeError(Exception):
    """A call to a cluster failed; `message` says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Cause:
    """One detail of a refusal: a bad field, or who owns a field in conflict."""

    reason: str
    message: str
    field: str = ""
    manager: str = ""
    """Of a `FieldManagerConflict`: who owns the field."""


class ApiStatusError(KubeError):
    """The API server answered, with an error of its own.

    Args:
        status: the HTTP status.
        reason: the API's word: `NotFound`, `Conflict`, `Invalid`, `Expired`, ...
        message: the API's text.
        causes: per field, as far as the API server tells.
        retry_after_s: how long it asks us to stay away (429, 503).
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        causes: tuple[Cause, ...] = (),
        *,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.reason, self.causes, self.retry_after_s = status, reason, causes, retry_after_s

    @property
    def is_expired_version(self) -> bool:
        """The resourceVersion is too old to resume or page from: list again."""
        return self.status == 410 or self.reason in {"Expired", "Gone"}


class UnreachableError(KubeError):
    """No usable answer. `reason` and text are those of the contract's table of cluster statuses."""

    def __init__(self, reason: UnreachableReason, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.reason, self.retry_after_s = reason, retry_after_s


class UnknownKindError(KubeError):
    """The cluster serves no such kind: its CRD is missing, or the version is wrong."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(f'the cluster has no kind "{kind}" in "{api_version}": is what provides it installed there?')
        self.api_version, self.kind = api_version, kind
