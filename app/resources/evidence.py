"""What the cluster's Events and a crashed container's log tell about an object in trouble.

Reads two small answers for one pod and never raises: without evidence a state is only less well explained. Called by
the watcher for pods that `needs_evidence` names; the parsing below is pure.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import structlog

from app.clock import Clock, SystemClock
from app.kube.connection import Connection
from app.kube.errors import KubeError
from app.kube.objects import KNOWN, KubeObject
from app.kube.payload import Query
from app.resources.status import fields
from app.resources.status.due import object_evidence_due_at, pod_evidence_due_at
from app.resources.status.pods import PodFacts
from app.resources.status.related import EventFact, Evidence

log = structlog.get_logger()

EVENTS_AT_MOST: Final = 50
READ_S: Final = 3.0  # of either answer: the watcher has more pods to ask about
LINES: Final = 10
LINE_CHARS: Final = 300
EVENT_CHARS: Final = 1000
LOG_BYTES: Final = 256 * 1024  # ten lines of a container that writes without line breaks

_CLOCK: Final = SystemClock()
_EVENTS: Final = KNOWN["v1", "Event"]
_PODS: Final = KNOWN["v1", "Pod"]
_UID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")  # into a field selector goes nothing that could end it
_TERMINAL_CODES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def needs_evidence(pod: PodFacts, now: datetime, evidence: Evidence | None = None) -> bool:
    """Whether reading about this pod is worth two requests: it crashes, or hasn't been ready for 10 s unexplained.

    Args:
        pod: any pod.
        now: the time to judge by.
        evidence: what has been read before, if anything: it is read again after a restart, and ever more seldom.
    """
    due = pod_evidence_due_at(pod, evidence, now)
    return due is not None and now >= due


def object_needs_evidence(
    obj: KubeObject, now: datetime, evidence: Evidence | None = None, *, kind: str | None = None
) -> bool:
    """The same for what isn't a pod: a claim without a volume, a workload that gets no pods."""
    due = object_evidence_due_at(obj, kind or fields.text(obj, "kind"), evidence)
    return due is not None and now >= due


def pod_evidence(connection: Connection, pod: PodFacts, clock: Clock = _CLOCK) -> Evidence:
    """Read the Events of a pod and, when it crashes, the end of its container's log. Never raises."""
    events = object_evidence(connection, pod.namespace, pod.uid, clock).events
    if pod.trouble is None or pod.trouble.kind != "crash":
        return Evidence(events, read_at=clock.now(), restarts=pod.restarts)
    lines = _last_lines(connection, pod, previous=pod.trouble.previous_log, clock=clock)
    if lines is None:  # the instance before is gone already, or never was
        lines = _last_lines(connection, pod, previous=not pod.trouble.previous_log, clock=clock)
    return Evidence(events, lines or (), read_at=clock.now(), restarts=pod.restarts)


def object_evidence(connection: Connection, namespace: str, uid: str, clock: Clock = _CLOCK) -> Evidence:
    """Read the Events about any namespaced object. Never raises."""
    if not _UID.fullmatch(uid):
        return Evidence(read_at=clock.now())
    query: Query = {"fieldSelector": f"involvedObject.uid={uid}", "limit": EVENTS_AT_MOST}
    try:
        answer = connection.request("GET", _EVENTS.path(namespace), query=query, timeout_s=READ_S)
    except (KubeError, ValueError) as error:
        log.info("evidence_unread", what="events", error=str(error))
        return Evidence(read_at=clock.now())
    return Evidence(event_facts(fields.items(answer, "items")), read_at=clock.now())


def event_facts(events: Sequence[KubeObject]) -> tuple[EventFact, ...]:
    """Of v1 Events, the newest first."""
    newest_first = sorted(events, key=_when, reverse=True)
    return tuple(
        EventFact(
            reason=fields.clean(fields.text(event, "reason"), 100),
            message=fields.clean(fields.text(event, "message"), EVENT_CHARS),
            times=fields.integer(event, "count") or fields.integer(event, "series", "count") or 1,
        )
        for event in newest_first[:EVENTS_AT_MOST]
    )


def log_lines(written: bytes) -> tuple[str, ...]:
    """The last lines of a log, as a person would read them: no colours, no control characters."""
    text = _TERMINAL_CODES.sub("", written.decode("utf-8", "replace"))
    lines = [cleaned for line in text.splitlines()[-LINES * 5 :] if (cleaned := fields.clean(line, LINE_CHARS))]
    return tuple(lines[-LINES:])


def _last_lines(connection: Connection, pod: PodFacts, *, previous: bool, clock: Clock) -> tuple[str, ...] | None:
    """`None`: there is no such log."""
    query: dict[str, str | int | bool] = {"tailLines": LINES, "limitBytes": LOG_BYTES, "previous": previous}
    if pod.trouble and pod.trouble.container:
        query["container"] = pod.trouble.container
    deadline = clock.monotonic() + READ_S
    written = bytearray()
    try:
        path = f"{_PODS.path(pod.namespace, pod.name)}/log"
        with connection.open(path, query=query, accept="*/*", read_timeout_s=READ_S) as stream:
            while part := stream.read_some():
                written += part
                if len(written) >= LOG_BYTES or clock.monotonic() >= deadline:
                    break
    except (KubeError, ValueError) as error:
        log.info("evidence_unread", what="log", error=str(error))
        return None
    return log_lines(bytes(written)) or None


def _when(event: Mapping[str, Any]) -> tuple[float, int]:
    """When it happened last. Times are whole seconds: within one, the version written last is the newer."""
    paths = (("series", "lastObservedTime"), ("lastTimestamp",), ("eventTime",), ("metadata", "creationTimestamp"))
    seen = next((found for path in paths if (found := fields.instant(event, *path))), None)
    version = fields.text(event, "metadata", "resourceVersion")
    return (seen.timestamp() if seen else 0.0, int(version) if version.isascii() and version.isdigit() else 0)
