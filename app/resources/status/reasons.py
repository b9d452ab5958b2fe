"""Why a pod isn't ready, in a person's words: its own trouble, judged by the time, with what Events and logs tell.

Pure. Called by the status functions of pods and of everything that owns pods.
"""

import re
from datetime import datetime
from typing import Final, NamedTuple

from app.resources.status import fields
from app.resources.status.due import OVER, pod_evidence_due_at
from app.resources.status.pods import PodFacts
from app.resources.status.related import NO_EVIDENCE, EventFact, Evidence
from app.resources.status.troubles import AT_ONCE, Trouble

MOUNT_GRACE_S: Final = 30  # the kubelet tries again; its caches of new config maps take seconds
LINES_IN_MESSAGE: Final = 3
LINE_CHARS: Final = 160

_MOUNT: Final = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
_SANDBOX: Final = "FailedCreatePodSandBox"
_PAST_MOUNTING: Final = ("Pulling", "Pulled", "Created", "Started")


class Finding(NamedTuple):
    """What is to be said about one pod now."""

    reason: str
    text: str
    fatal: bool
    """It won't go away by itself."""
    recheck_at: datetime | None
    doubtful: bool = False
    """It has crashed lately: whoever counts it as ready doesn't know yet, or believes it too soon."""


NOTHING_FOUND: Final = Finding("", "", False, None)


def explain(pod: PodFacts, evidence: Evidence | None, now: datetime) -> Finding:
    """Judge a pod.

    Args:
        pod: any pod, also a healthy one.
        evidence: what was read about it; `None` while nothing was.
        now: the time to judge graces by.
    """
    if pod.trouble and not pod.has_settled(now):
        found = _judge(_with_evidence(pod.trouble, evidence or NO_EVIDENCE), now)
        if pod.trouble.kind in ("crash", "start"):
            recheck_at = fields.earliest(found.recheck_at, pod.trouble.settled_at if pod.ready else None)
            found = found._replace(doubtful=True, recheck_at=recheck_at)
    elif pod.ready or pod.phase in OVER:
        return NOTHING_FOUND
    else:
        found = _from_events(pod, evidence or NO_EVIDENCE, now)
    due = pod_evidence_due_at(pod, evidence, now)
    return found._replace(recheck_at=fields.earliest(found.recheck_at, due if due and due > now else None))


def _judge(trouble: Trouble, now: datetime) -> Finding:
    begins, ends = trouble.fatal_from, trouble.fatal_until
    if begins is None or (ends and now >= ends):
        return Finding(trouble.reason, trouble.text, False, None)
    if now < begins:
        return Finding(trouble.reason, trouble.text, False, begins)
    return Finding(trouble.reason, trouble.text, True, ends)


def _with_evidence(trouble: Trouble, evidence: Evidence) -> Trouble:
    """A crash is explained by the probe that caused it or by the last words in the log."""
    if trouble.kind != "crash":
        return trouble
    text = trouble.text
    probe = _failing_probe(evidence)
    if probe and not probe.startswith("readiness"):
        text += f": {probe.removesuffix(' (Unhealthy)')}"
    if evidence.last_lines:
        lines = [fields.clean(line, LINE_CHARS) for line in evidence.last_lines[-LINES_IN_MESSAGE:]]
        text += f". Last {'line' if len(lines) == 1 else 'lines'} of its log: {' | '.join(lines)}"
    return trouble._replace(text=text)


def _from_events(pod: PodFacts, evidence: Evidence, now: datetime) -> Finding:
    """A pod that says nothing about itself but isn't ready."""
    if pod.phase == "Pending":
        # A pull that began after it shows that the mount worked in the end.
        event = evidence.event(*_MOUNT, _SANDBOX, *_PAST_MOUNTING)
        if event and event.reason not in _PAST_MOUNTING:
            since = fields.after(pod.unready_since, MOUNT_GRACE_S) or AT_ONCE
            text = _mount_text(evidence) if event.reason in _MOUNT else _sandbox_text(event)
            return Finding(event.reason, text, now >= since, since if now < since else None)
        return NOTHING_FOUND
    if probe := _failing_probe(evidence):
        return Finding("Unhealthy", probe, False, None)
    return NOTHING_FOUND


def _mount_text(evidence: Evidence) -> str:
    """Of the kubelet's two kinds of mount events the one that names the cause."""
    said = [event for event in evidence.events if event.reason in _MOUNT]
    named = [found for event in said if (found := re.search(r'for volume "([^"]+)" ?: (.*)', event.message, re.DOTALL))]
    if named:
        return fields.clean(f"can't mount volume {named[0][1]}: {named[0][2]} ({said[0].reason})")
    return fields.clean(f"can't mount its volumes: {said[0].message} ({said[0].reason})")


def _sandbox_text(event: EventFact) -> str:
    return fields.clean(f"can't be given a sandbox and network: {event.message} ({event.reason})")


def _failing_probe(evidence: Evidence) -> str:
    """`readiness probe fails: HTTP probe failed with statuscode: 404`; empty when none does."""
    event = evidence.event("Unhealthy")
    if event is None:
        return ""
    found = re.match(r"(\w+) probe (?:failed|errored)[^:]*: ?(.*)", event.message, re.DOTALL)
    if not found:
        return fields.clean(event.message)
    said = re.sub(r"HTTP probe failed with statuscode: ", "HTTP ", found.group(2))
    return fields.clean(f"{found.group(1).lower()} probe fails: {said or 'no output'} ({event.reason})")
