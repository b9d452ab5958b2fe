"""The connection test: does a Kubernetes API answer, and does it know who we are? Stores nothing.

`/version` alone would not do: anonymous callers may read it. So the cluster is also asked who it takes us for.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.clock import Clock
from app.clusters.models import ClusterStatus, StatusReason, status_for
from app.kube.connection import Connection
from app.kube.errors import ApiStatusError, KubeError, UnreachableError

WHOLE_TEST_S: Final = 10.0
ONE_CALL_S: Final = 5.0
_ANONYMOUS: Final = "system:anonymous"
_REVIEWS: Final = ("v1", "v1beta1")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a test found. `message` completes "Could not connect to the cluster: ..."."""

    reason: StatusReason = ""
    message: str = ""
    version: str = ""
    platform: str = ""

    @property
    def is_connected(self) -> bool:
        return self.reason == ""

    @property
    def status(self) -> ClusterStatus:
        return status_for(self.reason)


def probe(connection: Connection, clock: Clock, *, expires_at: datetime | None = None) -> Outcome:
    """Test a connection; takes at most 10 seconds. Never raises for what the cluster does.

    Args:
        connection: with the credentials to test.
        clock: for the deadline.
        expires_at: the known end of the credentials, to tell a refusal's likely reason.
    """
    deadline = clock.monotonic() + WHOLE_TEST_S
    try:
        version = _version(connection, ONE_CALL_S)
        left_s = min(ONE_CALL_S, deadline - clock.monotonic())
        user = _who_are_we(connection, max(0.1, left_s))
    except KubeError as error:
        return explain(error, expires_at=expires_at, now=clock.now())
    if user == _ANONYMOUS:
        return Outcome(
            "anonymous", "the cluster did not recognise the credentials: it takes us for an anonymous caller"
        )
    return Outcome(version=_short(version.get("gitVersion")), platform=_short(version.get("platform")))


def explain(error: KubeError, *, expires_at: datetime | None, now: datetime) -> Outcome:
    """A failed call as a cluster's status, with the contract's reasons."""
    match error:
        case UnreachableError():
            return Outcome(error.reason, error.message)
        case ApiStatusError(status=401) if expires_at and expires_at <= now:
            day = expires_at.date().isoformat()
            return Outcome("expired", f"the token or certificate expired on {day}: enter a new one")
        case ApiStatusError(status=401):
            return Outcome("unauthorized", "the cluster refused the credentials: enter new ones")
        case ApiStatusError(status=status) if status >= 500 or status == 429:
            return Outcome("server_error", f"the API server answers {status}")  # its text is a stranger's
        case _:
            return Outcome("not_kubernetes", "something answers there, but it isn't a Kubernetes API")


def _version(connection: Connection, timeout_s: float) -> dict[str, Any]:
    """What `/version` says; {} where even that is closed to us, which a real API server may do."""
    try:
        answer = connection.request("GET", "/version", timeout_s=timeout_s)
    except ApiStatusError as error:
        if error.status == 403:
            return {}
        raise
    if not isinstance(answer, dict) or not isinstance(answer.get("gitVersion"), str):
        text = "something answers there, but it isn't a Kubernetes API: check the server's URL"
        raise UnreachableError("not_kubernetes", text)
    return answer


def _who_are_we(connection: Connection, timeout_s: float) -> str:
    """The user the cluster takes us for; "" when it knows us but doesn't say."""
    for version in _REVIEWS:
        body = {"apiVersion": f"authentication.k8s.io/{version}", "kind": "SelfSubjectReview"}
        path = f"/apis/authentication.k8s.io/{version}/selfsubjectreviews"
        try:
            answer = connection.request("POST", path, body=body, timeout_s=timeout_s)
        except ApiStatusError as error:
            if error.status == 403:  # knows us, or its text says whom it takes us for
                return _ANONYMOUS if _ANONYMOUS in error.message else ""
            if error.status == 404:
                continue
            raise
        return str(_inner(answer, "status", "userInfo", "username"))
    return _ask_for_rules(connection, timeout_s)


def _ask_for_rules(connection: Connection, timeout_s: float) -> str:
    """For clusters before 1.26: any known user may ask for their rules, an anonymous one may not."""
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "default"},
    }
    try:
        connection.request(
            "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body=body, timeout_s=timeout_s
        )
    except ApiStatusError as error:
        if error.status != 403:
            raise
        return _ANONYMOUS if _ANONYMOUS in error.message else ""
    return ""


def _inner(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value or ""


def _short(value: object) -> str:
    """Of a stranger's answer, no more than a version needs."""
    return value[:64] if isinstance(value, str) else ""
