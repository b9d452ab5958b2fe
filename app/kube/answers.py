"""An HTTP answer of a cluster → its JSON, or the error it means. Pure. Called by `connection.py`.

The API server says what is wrong in a `Status` object; whatever comes without one was written by something in between.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from app.kube.errors import ApiStatusError, Cause, KubeError, UnreachableError

_REASON_OF: Final = {401: "Unauthorized", 403: "Forbidden", 410: "Expired", 429: "TooManyRequests"}
_RETRY_AFTER_MAX_S: Final = 300.0
_MESSAGE_MAX: Final = 4000
"""Characters: admission webhooks may answer with whole documents."""
_CAUSES_MAX: Final = 100


def parse(host: str, body: bytes) -> Any:
    """The JSON of a successful answer.

    Raises:
        UnreachableError: it isn't JSON (`not_kubernetes`).
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _not_kubernetes(host) from error


def failure(host: str, status: int, headers: Mapping[str, str], body: bytes) -> KubeError:
    """What an answer other than 2xx means; names of headers are in lower case."""
    retry_after_s = _retry_after(headers)
    if (said := _status_object(body)) is not None:
        return api_status_error(said, status, retry_after_s)
    if status in _REASON_OF:
        text = f"{host} answers {status} {_REASON_OF[status]}"
        return ApiStatusError(status, _REASON_OF[status], text, retry_after_s=retry_after_s)
    # An unknown path of a real API server: plain text, written by Go's library.
    if status == 404 and body.startswith(b"404 page not found"):
        return ApiStatusError(404, "NotFound", "the server could not find the requested resource")
    if status >= 500:
        return UnreachableError("server_error", f"{host} answers {status}", retry_after_s=retry_after_s)
    return _not_kubernetes(host)


def api_status_error(said: Mapping[str, Any], status: int, retry_after_s: float | None = None) -> ApiStatusError:
    """A `Status` object as an error.

    Args:
        said: the object, from an answer or from an ERROR event of a watch.
        status: used when it has no code of its own.
        retry_after_s: of the header; the object's own wish is used otherwise.
    """
    details = said.get("details")
    details = details if isinstance(details, dict) else {}
    wish = details.get("retryAfterSeconds")
    if retry_after_s is None and isinstance(wish, int) and wish > 0:
        retry_after_s = min(float(wish), _RETRY_AFTER_MAX_S)
    code = said.get("code")
    code = code if isinstance(code, int) and code >= 400 else status
    reason = str(said.get("reason") or _REASON_OF.get(code, "Unknown"))
    message = str(said.get("message") or reason)[:_MESSAGE_MAX]
    listed = details.get("causes")
    causes = tuple(_cause(each) for each in (listed or [])[:_CAUSES_MAX] if isinstance(each, dict))
    return ApiStatusError(code, reason, message, causes, retry_after_s=retry_after_s)


def _cause(said: Mapping[str, Any]) -> Cause:
    reason, message = str(said.get("reason") or ""), str(said.get("message") or "")[:_MESSAGE_MAX]
    # The manager stands only in the text: `conflict with "kubectl" using apps/v1` (managedfields/internal/conflict.go).
    is_conflict = reason == "FieldManagerConflict"
    manager = message.split('"')[1] if is_conflict and message.count('"') >= 2 else ""
    return Cause(reason, message, str(said.get("field") or ""), manager)


def _status_object(body: bytes) -> Mapping[str, Any] | None:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return said if isinstance(said, dict) and said.get("kind") == "Status" else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    wish = headers.get("retry-after", "")
    return min(float(wish), _RETRY_AFTER_MAX_S) if wish.isascii() and wish.isdecimal() else None


def _not_kubernetes(host: str) -> UnreachableError:
    text = f"something answers at {host}, but it isn't a Kubernetes API: check the server's URL"
    return UnreachableError("not_kubernetes", text)
