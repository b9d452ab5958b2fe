"""What can go wrong, in words for the person who reads it. Imported everywhere; imports nothing of ours.

`app/http/errors.py` maps each class to a status. Messages say what is wrong and what to do: no secrets, no reprs.
"""

from collections.abc import Mapping


class KubeOrchError(Exception):
    """Something a person can act on.

    Args:
        message: what is wrong and what to do.
        details: by field, for validation; keys are what the client sent, values are texts.
        extra: further keys of the JSON answer (`reason`, `cluster`, ...); never secrets.
    """

    def __init__(
        self,
        message: str,
        details: Mapping[str, str] | None = None,
        *,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})
        self.extra = dict(extra or {})


class InvalidError(KubeOrchError):
    """The request can't be carried out as it is (400)."""


class UnauthorizedError(KubeOrchError):
    """Our own token or sign-in is no good (401). Never for a remote system's refusal."""


class ForbiddenError(KubeOrchError):
    """Known, but not allowed (403)."""


class NotFoundError(KubeOrchError):
    """Unknown or somebody else's: the two must look alike (404)."""


class ConflictError(KubeOrchError):
    """It clashes with what is there or going on (409)."""


class TooLargeError(KubeOrchError):
    """The body is over its limit (413)."""


class UnsupportedMediaError(KubeOrchError):
    """A content type that this route doesn't take (415)."""


class TooManyRequestsError(KubeOrchError):
    """Slow down (429).

    Args:
        retry_after_s: whole seconds, at least 1.
    """

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = max(1, retry_after_s)


class UpstreamError(KubeOrchError):
    """A remote system answered with nonsense or an error (502)."""


class UpstreamTimeoutError(KubeOrchError):
    """A remote system was too slow (504)."""


class UnavailableError(KubeOrchError):
    """A part that is needed can't be reached now (503)."""


class LeaseLostError(Exception):
    """Another owner has the lease: stop, write nothing more. Never shown to a person."""


class CancelledError(Exception):
    """Somebody asked for the job to stop. Never shown to a person."""


class StoppingError(Exception):
    """This process has been told to stop: the job is handed back at this safe point. Never shown to a person."""


class DeadlineError(Exception):
    """The job has taken longer than it may. Never shown to a person; the job's own error says so in words."""
