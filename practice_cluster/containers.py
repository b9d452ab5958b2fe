"""Logs and exec of a container. Called by `routing`."""

import time
from collections.abc import Iterator
from typing import Any, Final

import orjson
import wsproto
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping

from practice_cluster.cluster import Cluster
from practice_cluster.errors import ApiError, bad_request
from practice_cluster.objects import Obj, at, seconds_of, stamp
from practice_cluster.programs import program_of
from practice_cluster.server import Answer, Request
from practice_cluster.shell import SHELLS, Ended, Surroundings, run, run_script
from practice_cluster.surroundings import MissingError, surroundings_of

_BEAT_S: Final = 10.0
"""A container that runs on says something so often."""
_LOOK_S: Final = 0.5
_BEATS_MOST: Final = 1000
_PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STATUS, _CLOSE_STREAM = 0, 1, 3, 255


def _container(pod: Obj, name: str) -> tuple[Obj, Obj, bool]:
    """Spec and status of a container, and whether it is an init container."""
    mains, inits = pod["spec"]["containers"], pod["spec"].get("initContainers") or []
    if not name and len(mains) > 1:
        names = " ".join(each["name"] for each in mains)
        raise bad_request(f"a container name must be specified for pod {pod['metadata']['name']}, one of: [{names}]")
    for field, containers in (("containerStatuses", mains), ("initContainerStatuses", inits)):
        for container in containers:
            if container["name"] == (name or mains[0]["name"]):
                statuses = {each["name"]: each for each in at(pod, f"status.{field}") or []}
                return container, statuses.get(container["name"], {}), containers is inits
    raise bad_request(f"container {name} is not valid for pod {pod['metadata']['name']}")


def _around(cluster: Cluster, pod: Obj, container: Obj) -> Surroundings:
    try:
        return surroundings_of(cluster, pod, container)
    except MissingError:  # it has gone since the start
        return Surroundings(pod["metadata"]["name"])


def log(cluster: Cluster, pod: Obj, request: Request) -> Answer:
    """`/log`: what the container has said, and what it will say, as long as it runs."""
    container, status, is_init = _container(pod, request.query.get("container", ""))
    state = (status.get("lastState" if request.flag("previous") else "state") or {}) | {"waiting": None}
    if (run_of := state.get("running") or state.get("terminated")) is None:
        which, where = ("previous terminated " if request.flag("previous") else ""), pod["metadata"]["name"]
        reason = at(status, "state.waiting.reason") or "not found"
        raise bad_request(f'{which}container "{container["name"]}" in pod "{where}" is waiting to start: {reason}')
    runs_once = is_init or pod["spec"]["restartPolicy"] != "Always"
    program = program_of(container, _around(cluster, pod, container), runs_once=runs_once)
    began, ended = seconds_of(run_of["startedAt"]), seconds_of(run_of.get("finishedAt"))
    first = [(began, line) for line in program.output.splitlines()]

    def said() -> list[tuple[float, str]]:
        beats = min(_BEATS_MOST, int(((ended or cluster.clock()) - began) / _BEAT_S)) if program.code is None else 0
        return first + [(began + _BEAT_S * each, f"still well {each}") for each in range(1, beats + 1)]

    def parts() -> Iterator[bytes]:
        since = seconds_of(request.query.get("sinceTime"))
        since = cluster.clock() - request.number("sinceSeconds") if "sinceSeconds" in request.query else since
        shown, count = [each for each in said() if each[0] >= since], len(said())
        if "tailLines" in request.query:
            shown = shown[max(0, len(shown) - request.number("tailLines")) :]
        while True:
            times = (stamp(at)[:-1] + ".000000000Z " if request.flag("timestamps") else "" for at, _ in shown)
            yield "".join(f"{when}{line}\n" for when, (_, line) in zip(times, shown, strict=True)).encode()
            if not request.flag("follow") or ended or not _runs(cluster, pod):
                return
            time.sleep(_LOOK_S)
            shown, count = said()[count:], len(said())

    return Answer(content_type="text/plain", parts=parts())


def _runs(cluster: Cluster, pod: Obj) -> bool:
    key = cluster.store.by_uid(pod["metadata"]["uid"])
    entry = cluster.store.get(key) if key else None
    return bool(entry and b'"deletionTimestamp"' not in entry.body and b'"running"' in entry.body)


def execute(cluster: Cluster, pod: Obj, request: Request) -> Answer:
    """`/exec`: a command, or the toy shell, over a WebSocket."""
    container, status, _ = _container(pod, request.query.get("container", ""))
    if not at(status, "state.running"):
        raise ApiError(500, "InternalError", f"container not running ({container['name']})")
    offered = [each.strip() for each in request.header("sec-websocket-protocol").split(",")]
    protocol = next((each for each in _PROTOCOLS if each in offered), "")
    if not request.commands or not protocol:
        raise bad_request(f"you must specify a command, over a WebSocket with one of {', '.join(_PROTOCOLS)}")
    around = _around(cluster, pod, container)
    return Answer(talk=lambda connection: _Session(connection, request, protocol, around).run())


class _Session:
    """One exec: channels over a WebSocket."""

    def __init__(self, connection: Any, request: Request, protocol: str, around: Surroundings) -> None:
        self._connection, self._around, self._request = connection, around, request
        self._is_tty, self._socket = request.flag("tty"), wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        names = (
            "host",
            "connection",
            "upgrade",
            "sec-websocket-key",
            "sec-websocket-version",
            "sec-websocket-protocol",
        )
        headers = [(name.encode(), request.header(name).encode()) for name in names]
        self._socket.initiate_upgrade_connection(headers, "/")
        connection.sendall(self._socket.send(AcceptConnection(subprotocol=protocol)))

    def run(self) -> None:
        """Until the command has ended, or the client has gone."""
        argv, has_input = self._request.commands, self._request.flag("stdin")
        if has_input and argv[0].rpartition("/")[2] in SHELLS and "-c" not in argv:
            code = self._shell()
        elif has_input and argv == ("cat",):
            code = sum(self._say(part.decode(errors="replace")) for part in self._input())
        else:
            ended = run(argv, self._around)
            code = ended.code + self._say(ended.output)
        status: Obj = {"metadata": {}, "status": "Success"}
        if code:
            text = f"command terminated with non-zero exit code: exit status {code}"
            status |= {"status": "Failure", "reason": "NonZeroExitCode", "message": text}
            status |= {"details": {"causes": [{"reason": "ExitCode", "message": str(code)}]}}
        self._send(_STATUS, orjson.dumps(status))
        self._connection.sendall(self._socket.send(CloseConnection(1000)))

    def _shell(self) -> int:
        """Line by line, until `exit` or the end of the input; the exit code."""
        line, ended, prompt = "", Ended(), "/ # " if self._is_tty else ""
        self._say(prompt)
        for letter in (letter for part in self._input() for letter in part.decode(errors="replace")):
            if letter in "\x7f\b":
                line = line[:-1]
            else:
                line += letter
            self._say(letter if self._is_tty else "")
            if letter in "\r\n\x03":
                ended = Ended(code=ended.code)
                run_script("" if letter == "\x03" else line, self._around, ended)
                self._say(("\n" if self._is_tty else "") + ended.output + ("" if ended.has_exited else prompt))
                line = ""
            if ended.has_exited or line == "\x04":
                break
        return ended.code

    def _say(self, text: str) -> int:
        if text:
            self._send(_STDOUT, (text.replace("\n", "\r\n") if self._is_tty else text).encode())
        return 0

    def _send(self, channel: int, data: bytes) -> None:
        self._connection.sendall(self._socket.send(BytesMessage(bytes([channel]) + data)))

    def _input(self) -> Iterator[bytes]:
        """What comes on stdin, until it is closed."""
        while data := self._connection.recv(64 * 1024):
            self._socket.receive_data(data)
            for event in self._socket.events():
                if isinstance(event, Ping):
                    self._connection.sendall(self._socket.send(event.response()))
                elif isinstance(event, CloseConnection):
                    return
                elif isinstance(event, BytesMessage) and event.data[:1] == bytes([_STDIN]):
                    yield bytes(event.data[1:])
                elif isinstance(event, BytesMessage) and event.data[:2] == bytes([_CLOSE_STREAM, _STDIN]):  # v5
                    return
