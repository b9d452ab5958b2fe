"""What can be wrong with an image or its registry. No I/O.

Each is also a member of the general family, so that `app/http/errors.py` knows its status. A registry's refusal is 400,
never 401: the UI would sign the person out.
"""

from collections.abc import Mapping
from typing import Final, Literal

from app.errors import (
    ForbiddenError,
    InvalidError,
    KubeOrchError,
    NotFoundError,
    UpstreamError,
    UpstreamTimeoutError,
)

RegistryCode = Literal[
    "INVALID_IMAGE", "IMAGE_DENIED", "HOST_NOT_ALLOWED", "IMAGE_NOT_FOUND", "REGISTRY_FAILED", "REGISTRY_TIMEOUT"
]


class RegistryError(KubeOrchError):
    """There are no facts of this image. Made by `registry_error`; catch this one.

    Args:
        code: it is in the answer too.
        message: what is wrong and what to do; never a token.
        details: by field.
        away: the registry itself gives no answer, so another image of it needn't be asked for.
    """

    def __init__(
        self, code: RegistryCode, message: str, details: Mapping[str, str] | None = None, *, away: bool = False
    ) -> None:
        super().__init__(message, details, extra={"code": code})
        self.code: Final = code
        self.away: Final = away


class UnusableImageError(RegistryError, InvalidError):
    """400."""


class BarredRegistryError(RegistryError, ForbiddenError):
    """403."""


class MissingImageError(RegistryError, NotFoundError):
    """404."""


class FailedRegistryError(RegistryError, UpstreamError):
    """502."""


class LateRegistryError(RegistryError, UpstreamTimeoutError):
    """504."""


_CLASSES: Final[Mapping[RegistryCode, type[RegistryError]]] = {
    "INVALID_IMAGE": UnusableImageError,
    "IMAGE_DENIED": UnusableImageError,
    "HOST_NOT_ALLOWED": BarredRegistryError,
    "IMAGE_NOT_FOUND": MissingImageError,
    "REGISTRY_FAILED": FailedRegistryError,
    "REGISTRY_TIMEOUT": LateRegistryError,
}


def registry_error(
    code: RegistryCode, message: str, details: Mapping[str, str] | None = None, *, away: bool = False
) -> RegistryError:
    """The error of this code, with the class that its status needs."""
    return _CLASSES[code](code, message, details, away=away)
