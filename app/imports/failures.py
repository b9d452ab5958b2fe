"""How an import failed: from an error to the session's fields, and back to an error for whoever waits. Pure."""

from typing import Any, Final

from app.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    KubeOrchError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
    UpstreamError,
    UpstreamTimeoutError,
)
from app.imports.store import RawSession
from app.imports.views import error_of
from app.jobs.claimed import TOO_LONG
from app.jobs.store import Outcome

_KINDS: Final = {
    kind.__name__: kind
    for kind in (
        InvalidError, ForbiddenError, NotFoundError, TooLargeError, ConflictError, UpstreamError, UpstreamTimeoutError,
        UnavailableError,
    )
}  # fmt: skip


def failed(error: KubeOrchError, stage: str) -> Outcome:
    """The end of a session that this error is the reason of."""
    kind = next((base.__name__ for base in type(error).__mro__ if base.__name__ in _KINDS), UnavailableError.__name__)
    fields: dict[str, Any] = {"error_stage": stage, "error_kind": kind}
    if code := error.extra.get("code"):
        fields["error_code"] = str(code)
    if error.details:
        # By position, as keys may be anything.
        fields["error_details"] = [[key, text] for key, text in error.details.items()]
    return Outcome("failed", error.message, fields)


def error_from(session: RawSession) -> KubeOrchError:
    """What whoever waited for this session is told. One that was ended from outside was cancelled, took too
    long, or its workers died."""
    found = error_of(session)
    if session["status"] == "cancelled":
        return ConflictError(found["message"], extra={"code": found["code"]})
    unforeseen = UpstreamTimeoutError if found["message"] == TOO_LONG.error else UnavailableError
    kind = _KINDS.get(str(session.get("error_kind")), unforeseen)
    details = dict(session.get("error_details") or ())
    return kind(found["message"], details, extra={"code": found["code"]} if "code" in found else None)
