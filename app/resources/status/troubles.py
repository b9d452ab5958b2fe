"""What stands in a pod's way, as far as the pod itself tells: image, configuration, crash, scheduling, node.

Pure and without a time: a trouble says from when until when it counts as lasting; `reasons.py` judges that by the
clock and adds what Events and logs tell. Called once for each pod event, by `pods.py`.
"""

import re
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from app.kube.objects import KubeObject
from app.resources.status import fields

AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)

UNSCHEDULABLE_GRACE_S: Final = 30  # an autoscaler or a pod that leaves may still make room
STUCK_TERMINATING_S: Final = 60  # past its own grace period: the kubelet isn't there to end it
CRASH_SETTLED_S: Final = 10  # a container that crashed is believed once it has run so much longer than the last time
BACK_OFF_SEEN_S: Final = 5  # a longer pause between crash and restart is the kubelet's back-off (it starts at 10 s)
BACK_OFF_FORGOTTEN_S: Final = 600  # the kubelet forgets its back-off after a container has run this long

Kind = Literal["image", "config", "crash", "scheduling", "start", "ended", "node"]

_IMAGE_REASONS: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "SignatureValidationFailed", "ImageInspectError"}
)
_CONFIG_REASONS: Final = frozenset({"CreateContainerConfigError"})
_START_REASONS: Final = frozenset(
    {"CreateContainerError", "RunContainerError", "PreCreateHookError", "PreStartHookError", "PostStartHookError"}
)
_NEVER_RAN: Final = frozenset({"StartError", "ContainerCannotRun"})  # the process couldn't even be executed
_SCHEDULER_EXTRAS: Final = re.compile(r"\.? (?:no new claims to deallocate|preemption:)")
_PULL_CAUSES: Final = (
    (
        r"unauthorized|denied|forbidden|authorization failed|\b40[13]\b",
        "the registry refuses it: is an imagePullSecret missing?",
    ),
    (r"no match for platform|no matching manifest", "it isn't built for this node's processor"),
    (
        r"no such host|i/o timeout|connection refused|deadline exceeded|unreachable|tls:|x509",
        "the registry can't be reached",
    ),
    (r"not ?found|manifest unknown", "not found"),
)


class Trouble(NamedTuple):
    """One reason why a pod isn't ready."""

    kind: Kind
    reason: str
    """The cluster's own word: `ImagePullBackOff`, `OOMKilled`, ..."""
    text: str
    """What a person reads after the pod's name."""
    container: str = ""
    previous_log: bool = False
    """Whether the log to read is that of the instance before the present one."""
    fatal_from: datetime | None = None
    """From when on it won't go away by itself; `None`: it may."""
    fatal_until: datetime | None = None
    """Until when that holds; `None`: until an event says otherwise."""
    settled_at: datetime | None = None
    """Of a container that runs again after a crash: from when on it is believed, if it is ready."""


def pod_trouble(obj: KubeObject) -> Trouble | None:
    """The worst trouble of a v1 Pod; `None` while it is well or simply starting."""
    phase = fields.text(obj, "status", "phase")
    if phase == "Succeeded":
        return None
    if phase == "Failed":
        return _ended(obj)
    around = _leaving(obj) or _node_lost(obj) or _not_scheduled(obj)
    if around:
        return around
    inits = fields.items(obj, "status", "initContainerStatuses")
    mains = fields.items(obj, "status", "containerStatuses")
    several = len(inits) + len(mains) > 1
    keeps_running = fields.text(obj, "spec", "restartPolicy", default="Always") == "Always"
    found = [
        *(container_trouble(each, several=several) for each in inits),
        *(container_trouble(each, several=several, keeps_running=keeps_running) for each in mains),
    ]
    troubles = [trouble for trouble in found if trouble]
    return min(troubles, key=_mildness, default=None)


def container_trouble(status: KubeObject, *, several: bool, keeps_running: bool = False) -> Trouble | None:
    """What one container's status says.

    Args:
        several: name the container, the pod has more.
        keeps_running: it may not end, not even well.
    """
    who = f"container {fields.text(status, 'name')} " if several else ""
    waiting = fields.section(status, "state", "waiting")
    reason = fields.text(waiting, "reason")
    name = fields.text(status, "name")
    if reason == "CrashLoopBackOff":
        return _crash(status, fields.section(status, "lastState", "terminated"), who, AT_ONCE)
    if reason in _IMAGE_REASONS or reason in {"InvalidImageName", "ErrImageNeverPull"}:
        return Trouble("image", reason, who + _pull_text(status, reason), name, fatal_from=AT_ONCE)
    said = fields.clean(fields.text(waiting, "message"))
    if reason in _CONFIG_REASONS:
        return Trouble(
            "config", reason, f"{who}{said or 'its configuration is wrong'} ({reason})", name, fatal_from=AT_ONCE
        )
    if reason in _START_REASONS:
        return Trouble(
            "start", reason, f"{who}can't be started: {_innermost(said)} ({reason})", name, fatal_from=AT_ONCE
        )
    if at := fields.section(status, "state", "terminated"):
        return _just_crashed(status, at, who) if keeps_running or fields.integer(at, "exitCode") != 0 else None
    return _restarted(status, who)


def _mildness(trouble: Trouble) -> int:
    if trouble.fatal_from is None:
        return 3 if trouble.settled_at else 2
    return 0 if trouble.fatal_until is None else 1


def _crash(status: KubeObject, end: KubeObject, who: str, fatal_from: datetime | None) -> Trouble:
    """A container that ended though it should run; `end` is its `terminated`."""
    name, times = fields.text(status, "name"), _times(status)
    looping = fields.text(status, "state", "waiting", "reason")
    reason = fields.text(end, "reason")
    previous = not fields.section(status, "state", "terminated")
    if reason in _NEVER_RAN:
        said = _innermost(fields.clean(fields.text(end, "message")))
        return Trouble("start", reason, f"{who}can't be started: {said} ({reason})", name, previous, fatal_from)
    if reason == "OOMKilled":
        limit = fields.text(status, "resources", "limits", "memory")
        over = f"more memory than its limit of {limit}" if limit else "more memory than it may"
        return Trouble(
            "crash", reason, f"{who}was killed: it took {over}{times} (OOMKilled)", name, previous, fatal_from
        )
    code = fields.integer(end, "exitCode")
    # The kubelet shows `Error` for a moment between two back-offs: to a person it is one and the same loop.
    word = looping or ("CrashLoopBackOff" if fatal_from else reason or "Error")
    if code == 0:
        what = f"{who}ends by itself with code 0, but has to keep running{times} ({word})"
    else:
        what = f"{who}exited with code {code}{_by_signal(end)}{times} ({word})"
    return Trouble("crash", word, what, name, previous, fatal_from)


def _just_crashed(status: KubeObject, end: KubeObject, who: str) -> Trouble:
    """Ended a moment ago. The first crash may be the last one; the second within minutes is a loop."""
    again = fields.integer(status, "restartCount") > 0 and _lived_s(end) < BACK_OFF_FORGOTTEN_S
    return _crash(status, end, who, AT_ONCE if again else None)


def _restarted(status: KubeObject, who: str) -> Trouble | None:
    """Runs again. Between two crashes a container looks well: it is believed once it has outlived its last instance.
    Code 0 is no success here: what ends well and may end isn't started again."""
    end = fields.section(status, "lastState", "terminated")
    running = fields.section(status, "state", "running")
    if not running:
        return None
    if not end:  # the kubelet may have removed the instance before already
        return _restarted_unseen(status, running, who)
    ended, started = fields.instant(end, "finishedAt"), fields.instant(running, "startedAt")
    if _lived_s(end) >= BACK_OFF_FORGOTTEN_S:
        return _crash(status, end, who, None)._replace(settled_at=fields.after(started, CRASH_SETTLED_S))
    settled_at = fields.after(started, _lived_s(end) + CRASH_SETTLED_S)
    backed_off = ended and started and (started - ended).total_seconds() >= BACK_OFF_SEEN_S
    if backed_off and fields.integer(status, "restartCount") > 1:
        lasting_until = fields.after(started, CRASH_SETTLED_S)
        return _crash(status, end, who, AT_ONCE)._replace(fatal_until=lasting_until, settled_at=settled_at)
    return _crash(status, end, who, None)._replace(settled_at=settled_at)


def _restarted_unseen(status: KubeObject, running: KubeObject, who: str) -> Trouble | None:
    """Runs again, and nothing is left of the instance before."""
    if fields.integer(status, "restartCount") == 0:
        return None
    settled_at = fields.after(fields.instant(running, "startedAt"), CRASH_SETTLED_S)
    text = f"{who}was restarted, the cluster doesn't say why (Restarted)"
    return Trouble("crash", "Restarted", text, fields.text(status, "name"), settled_at=settled_at)


def _lived_s(end: KubeObject) -> float:
    """How long an instance ran; 0 where nobody knows."""
    started, finished = fields.instant(end, "startedAt"), fields.instant(end, "finishedAt")
    return max((finished - started).total_seconds(), 0) if started and finished else 0


def _times(status: KubeObject) -> str:
    restarts = fields.integer(status, "restartCount")
    return f", restarted {restarts} {'time' if restarts == 1 else 'times'}" if restarts > 0 else ""


def _by_signal(end: KubeObject) -> str:
    names = {137: " (killed)", 139: " (segmentation fault)", 143: " (terminated)"}
    return names.get(fields.integer(end, "exitCode"), "")


def _pull_text(status: KubeObject, reason: str) -> str:
    image = fields.clean(fields.text(status, "image"), 200) or "its image"
    if reason == "InvalidImageName":
        return f"“{image}” is no valid image name (InvalidImageName)"
    if reason == "ErrImageNeverPull":
        return f"{image} isn't on the node, and imagePullPolicy Never forbids to pull it (ErrImageNeverPull)"
    said = fields.text(status, "state", "waiting", "message")
    # Only what the registry said: the image's own name may contain any of these words.
    said = said.replace(fields.text(status, "image") or "\0", "")
    cause = next((cause for pattern, cause in _PULL_CAUSES if re.search(pattern, said, re.IGNORECASE)), "")
    return f"can't pull {image}{': ' + cause if cause else ''} ({reason})"


def _innermost(said: str) -> str:
    """The last link of a runtime's chain of wrapped errors is the one that names the cause."""
    found = re.search(r"(exec: .*|error mounting .*|stat .*|permission denied.*)$", said)
    return (found.group(1) if found else said) or "the container runtime refuses it"


def _ended(obj: KubeObject) -> Trouble:
    """A pod that has failed for good."""
    reason = fields.text(obj, "status", "reason")
    said = fields.clean(fields.text(obj, "status", "message"))
    if reason == "Evicted":
        return Trouble(
            "ended", reason, f"was evicted: {said or 'its node ran short of something'} (Evicted)", fatal_from=AT_ONCE
        )
    if reason == "NodeLost":
        return _lost(obj)
    if reason:
        return Trouble(
            "ended", reason, f"failed: {said or 'the cluster gives no cause'} ({reason})", fatal_from=AT_ONCE
        )
    every = [*fields.items(obj, "status", "initContainerStatuses"), *fields.items(obj, "status", "containerStatuses")]
    for status in every:
        end = fields.section(status, "state", "terminated")
        if end and fields.integer(end, "exitCode") != 0:
            who = f"container {fields.text(status, 'name')} " if len(every) > 1 else ""
            return _crash(status, end, who, None)._replace(previous_log=False, fatal_from=AT_ONCE)
    return Trouble("ended", "Failed", f"failed: {said or 'the cluster gives no cause'}", fatal_from=AT_ONCE)


def _leaving(obj: KubeObject) -> Trouble | None:
    """A pod that is being deleted; it is in trouble only when that takes too long."""
    deleted_at = fields.instant(obj, "metadata", "deletionTimestamp")
    if deleted_at is None:
        return None
    node = fields.text(obj, "spec", "nodeName")
    text = (
        f"should have ended long ago; is its node {node} lost? (Terminating)"
        if node
        else "is being deleted (Terminating)"
    )
    return Trouble("node", "Terminating", text, fatal_from=fields.after(deleted_at, STUCK_TERMINATING_S))


def _node_lost(obj: KubeObject) -> Trouble | None:
    gone = fields.condition(obj, "DisruptionTarget")
    by_taint = gone.get("status") == "True" and fields.text(gone, "reason") in {
        "DeletionByTaintManager",
        "DeletionByPodGC",
    }
    lost = fields.text(obj, "status", "reason") == "NodeLost" or fields.text(obj, "status", "phase") == "Unknown"
    return _lost(obj) if lost or by_taint else None


def _lost(obj: KubeObject) -> Trouble:
    node = fields.text(obj, "spec", "nodeName") or "its node"
    return Trouble("node", "NodeLost", f"{node} doesn't answer any more (NodeLost)", fatal_from=AT_ONCE)


def _not_scheduled(obj: KubeObject) -> Trouble | None:
    scheduled = fields.condition(obj, "PodScheduled")
    if scheduled.get("status") != "False":
        return None
    reason = fields.text(scheduled, "reason") or "Unschedulable"
    said = fields.clean(_SCHEDULER_EXTRAS.split(fields.text(scheduled, "message"), maxsplit=1)[0]).rstrip(".")
    if reason == "SchedulingGated":
        return Trouble("scheduling", reason, "waits for its scheduling gates (SchedulingGated)")
    since = fields.instant(scheduled, "lastTransitionTime") or fields.instant(obj, "metadata", "creationTimestamp")
    until = fields.after(since, UNSCHEDULABLE_GRACE_S) or AT_ONCE
    return Trouble("scheduling", reason, f"can't be scheduled: {said or 'no node fits'} ({reason})", fatal_from=until)
