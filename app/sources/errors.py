"""What can be wrong with a source, by the contract's codes. No I/O.

Each is also a member of the general family, so that `app/http/errors.py` knows its status. A remote's refusal of
credentials is 400, never 401: the UI would sign the person out.
"""

from collections.abc import Mapping
from typing import Final, Literal

from app.errors import (
    ForbiddenError,
    InvalidError,
    KubeOrchError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
    UpstreamError,
    UpstreamTimeoutError,
)

SourceCode = Literal[
    "INVALID_URL",
    "HOST_NOT_ALLOWED",
    "GIT_NOT_FOUND",
    "GIT_AUTH_FAILED",
    "BRANCH_NOT_FOUND",
    "FILE_NOT_FOUND",
    "NOTHING_FOUND",
    "REPO_TOO_LARGE",
    "LIMIT_EXCEEDED",
    "GIT_CLONE_FAILED",
    "GIT_UNREACHABLE",
    "GIT_TIMEOUT",
    "DISK_FULL",
]


class SourceError(KubeOrchError):
    """A source can't be used. Made by `source_error`; catch this one.

    Args:
        code: the contract's word; it is in the answer too.
        message: what is wrong and what to do; never a credential, never a URL's user info or query.
        details: by field.
    """

    stage: Final = "clone"

    def __init__(self, code: SourceCode, message: str, details: Mapping[str, str] | None = None) -> None:
        super().__init__(message, details, extra={"code": code})
        self.code: Final = code


class UnusableSourceError(SourceError, InvalidError):
    """400."""


class BarredSourceError(SourceError, ForbiddenError):
    """403."""


class MissingSourceError(SourceError, NotFoundError):
    """404."""


class OversizedSourceError(SourceError, TooLargeError):
    """413."""


class FailedSourceError(SourceError, UpstreamError):
    """502."""


class LateSourceError(SourceError, UpstreamTimeoutError):
    """504."""


class NoRoomForSourceError(SourceError, UnavailableError):
    """503."""


_CLASSES: Final[Mapping[SourceCode, type[SourceError]]] = {
    "INVALID_URL": UnusableSourceError,
    "GIT_AUTH_FAILED": UnusableSourceError,
    "NOTHING_FOUND": UnusableSourceError,
    "HOST_NOT_ALLOWED": BarredSourceError,
    "GIT_NOT_FOUND": MissingSourceError,
    "BRANCH_NOT_FOUND": MissingSourceError,
    "FILE_NOT_FOUND": MissingSourceError,
    "REPO_TOO_LARGE": OversizedSourceError,
    "LIMIT_EXCEEDED": OversizedSourceError,
    "GIT_CLONE_FAILED": FailedSourceError,
    "GIT_UNREACHABLE": FailedSourceError,
    "GIT_TIMEOUT": LateSourceError,
    "DISK_FULL": NoRoomForSourceError,
}


def source_error(code: SourceCode, message: str, details: Mapping[str, str] | None = None) -> SourceError:
    """The error of this code, with the class that its status needs."""
    return _CLASSES[code](code, message, details)
