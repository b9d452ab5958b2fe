"""What a failed call says about a cluster: the contract's reasons, and the status that goes with each."""

from datetime import timedelta
from typing import get_args

import pytest

from app.clusters.models import StatusReason, status_for
from app.clusters.probe import explain
from app.kube.errors import ApiStatusError, KubeError, UnreachableError, UnreachableReason
from tests.unit.clusters.certificates import NOW


@pytest.mark.parametrize(
    ("error", "reason", "status"),
    [
        (UnreachableError("refused", "..."), "refused", "disconnected"),
        (UnreachableError("tls_name", "..."), "tls_name", "error"),
        (ApiStatusError(401, "Unauthorized", "..."), "unauthorized", "error"),
        (ApiStatusError(503, "ServiceUnavailable", "..."), "server_error", "disconnected"),
        (ApiStatusError(429, "TooManyRequests", "..."), "server_error", "disconnected"),
        (ApiStatusError(404, "NotFound", "..."), "not_kubernetes", "error"),
        (KubeError("..."), "not_kubernetes", "error"),
    ],
)
def test_reasons(error: KubeError, reason: str, status: str) -> None:
    outcome = explain(error, expires_at=None, now=NOW)

    assert (outcome.reason, outcome.status, outcome.is_connected) == (reason, status, False)


def test_a_refusal_after_the_known_end_says_when_that_was() -> None:
    refusal = ApiStatusError(401, "Unauthorized", "Unauthorized")

    late = explain(refusal, expires_at=NOW - timedelta(days=1), now=NOW)
    early = explain(refusal, expires_at=NOW + timedelta(days=1), now=NOW)

    assert (late.reason, "expired on 2026-01-01" in late.message) == ("expired", True)
    assert early.reason == "unauthorized"


def test_what_the_cluster_wrote_is_not_passed_on() -> None:
    mirrored = ApiStatusError(500, "InternalError", "you sent Bearer secret")

    assert "secret" not in explain(mirrored, expires_at=None, now=NOW).message


def test_every_reason_has_a_status() -> None:
    assert set(get_args(UnreachableReason)) <= set(get_args(StatusReason))
    away = {reason for reason in get_args(StatusReason) if status_for(reason) == "disconnected"}
    assert away == {"dns", "refused", "timeout", "server_error"}
    assert status_for("") == "connected"
