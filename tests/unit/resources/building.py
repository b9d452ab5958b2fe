"""Small pods, valid and healthy: name only what a test is about."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def ago(seconds: float) -> str:
    """A time before NOW, as the API server writes it."""
    return (NOW - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def running(since_s: float = 60) -> dict[str, Any]:
    return {"running": {"startedAt": ago(since_s)}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def ended(
    code: int, *, ran_s: float = 1, finished_s: float = 0, reason: str = "Error", message: str = ""
) -> dict[str, Any]:
    """Terminated so many seconds ago after running for so long."""
    times = {"startedAt": ago(finished_s + ran_s), "finishedAt": ago(finished_s)}
    return {"terminated": {"exitCode": code, "reason": reason, "message": message, **times}}


def a_container(state: dict[str, Any], last: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"name": "app", "image": "shop/web:1", "restartCount": 0, "state": state, "lastState": last or {}, **more}


def a_pod(*containers: dict[str, Any], ready: bool = False, phase: str = "Running", **status: Any) -> dict[str, Any]:
    """Of a ReplicaSet; created a minute ago, unready since then unless it is ready."""
    since = {"lastTransitionTime": ago(60)}
    conditions = [{"type": "Ready", "status": "True" if ready else "False", **since}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web-7d4b-x",
            "namespace": "shop",
            "uid": "pod-1",
            "creationTimestamp": ago(60),
            "labels": {"app": "web", "pod-template-hash": "7d4b"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web-7d4b", "uid": "rs-1", "controller": True}],
        },
        "spec": {"nodeName": "node0"},
        "status": {"phase": phase, "conditions": conditions, "containerStatuses": list(containers), **status},
    }
