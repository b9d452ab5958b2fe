"""Logs and exec of a container. Called by `routing`."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from practice_cluster import websocket
from practice_cluster.cluster import Cluster
from practice_cluster.errors import ApiError, bad_request
from practice_cluster.objects import Obj, at, seconds_of, stamp
from practice_cluster.programs import program_of
from practice_cluster.server import Answer, Request, Upgraded
from practice_cluster.shell import Surroundings
from practice_cluster.surroundings import MissingError, surroundings_of

_BEAT_S: Final = 10.0
"""A container that runs on says something so often."""
_LOOK_S: Final = 1.0
_LINES_MOST: Final = 1000


def _container(pod: Obj, name: str) -> tuple[Obj, Obj, bool]:
    """Spec and status of a container, and whether it is an init container."""
    mains, inits = pod["spec"]["containers"], pod["spec"].get("initContainers") or []
    if not name and len(mains) + len(inits) > 1:
        names = " ".join(each["name"] for each in mains)
        text = f"a container name must be specified for pod {pod['metadata']['name']}, choose one of: [{names}]"
        raise bad_request(text)
    for field, containers in (("containerStatuses", mains), ("initContainerStatuses", inits)):
        for container in containers:
            if container["name"] == (name or mains[0]["name"]):
                statuses = at(pod, "status", field) or []
                status: Obj = next((each for each in statuses if each["name"] == container["name"]), {})
                return container, status, containers is inits
    raise bad_request(f"container {name} is not valid for pod {pod['metadata']['name']}")


def _around(cluster: Cluster, pod: Obj, container: Obj) -> Surroundings:
    try:
        return surroundings_of(cluster, pod, container)
    except MissingError:
        return Surroundings(pod["metadata"]["name"], str(container["image"]))


def log(cluster: Cluster, pod: Obj, request: Request) -> Answer:
    """`/log`: follow, tailLines, sinceTime, sinceSeconds, previous, timestamps."""
    container, status, is_init = _container(pod, request.query.get("container", ""))
    name = container["name"]
    if request.flag("previous"):
        end = at(status, "lastState", "terminated")
        if not end:
            where = f'"{name}" in pod "{pod["metadata"]["name"]}"'
            raise bad_request(f"previous terminated container {where} not found")
        began, ended = seconds_of(end["startedAt"]), seconds_of(end["finishedAt"])
    else:
        state = (
            at(status, "state", "running") or at(status, "state", "terminated") or at(status, "lastState", "terminated")
        )
        if not state:
            reason = at(status, "state", "waiting", "reason") or "ContainerCreating"
            where = f'"{name}" in pod "{pod["metadata"]["name"]}"'
            raise bad_request(f"container {where} is waiting to start: {reason}")
        began, ended = seconds_of(state["startedAt"]), seconds_of(state.get("finishedAt"))
    runs_once = is_init or pod["spec"]["restartPolicy"] != "Always"
    program = program_of(container, _around(cluster, pod, container), runs_once=runs_once)
    lines = [(began, line) for line in program.lines]

    def until(now: float) -> list[tuple[float, str]]:
        beats = int(((ended or now) - began) / _BEAT_S) if program.code is None else 0
        first = max(1, beats - _LINES_MOST)
        text = f"{container['image']} (simulated): still well"
        return lines + [(began + each * _BEAT_S, text) for each in range(first, beats + 1)]

    follows = request.flag("follow") and not ended
    return Answer(content_type="text/plain", parts=_written(cluster, pod, request, until, follows=follows))


def _written(
    cluster: Cluster, pod: Obj, request: Request, until: Callable[[float], list[tuple[float, str]]], *, follows: bool
) -> Iterator[bytes]:
    since = seconds_of(request.query.get("sinceTime", ""))
    if (seconds := request.query.get("sinceSeconds", "")).isdecimal():
        since = cluster.clock() - int(seconds)
    shown = [each for each in until(cluster.clock()) if each[0] >= since]
    said = len(until(cluster.clock()))
    if (tail := request.query.get("tailLines", "")).isdecimal():
        shown = shown[len(shown) - int(tail) if len(shown) > int(tail) else 0 :]
    has_times = request.flag("timestamps")
    while True:
        prefix = "{} " if has_times else ""
        yield "".join(prefix.format(stamp(at)[:-1] + ".000000000Z") + line + "\n" for at, line in shown).encode()
        if not follows or not _runs(cluster, pod):
            return
        time.sleep(_LOOK_S)
        every = until(cluster.clock())
        shown, said = every[said:], len(every)


def _runs(cluster: Cluster, pod: Obj) -> bool:
    key = cluster.store.by_uid(pod["metadata"]["uid"])
    entry = cluster.store.get(key) if key else None
    return bool(entry and b'"deletionTimestamp"' not in entry.body and b'"running"' in entry.body)


def execute(cluster: Cluster, pod: Obj, request: Request) -> Upgraded:
    """`/exec`: a command, or the toy shell, over a WebSocket."""
    container, status, _ = _container(pod, request.query.get("container", ""))
    if not at(status, "state", "running"):
        raise ApiError(500, "InternalError", f"container not running ({container['name']})")
    if not request.commands:
        raise bad_request("you must specify at least 1 command for the container")
    return websocket.conversation(request, _around(cluster, pod, container))
