"""What a container pretends to be: whether its image is there, whether it ends, what it prints. Pure.

By names: `crash` in an image crashes, `oom` takes too much memory, `nope` or `missing` isn't there. A command is read
by the toy shell; anything else runs for ever, as servers do.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from practice_cluster.objects import Obj
from practice_cluster.shell import BUILT_IN, Surroundings, run

_ABSENT: Final = re.compile(
    r"(^|[/:_-])(nope|nowhere|missing|no-such[\w-]*|does-?not-?exist|not-?found|unknown|absent)([/:_.-]|$)"
)
_IMAGE: Final = re.compile(
    r"[a-z0-9][\w./-]*(:\d+/[a-z0-9][\w./-]*)?(:[\w.-]{1,128})?(@sha256:[0-9a-f]{64})?", re.ASCII
)
_FIRST_LINES: Final = {
    "nginx": ["/docker-entrypoint.sh: Configuration complete; ready for start up", "start worker processes"],
    "redis": ["Ready to accept connections tcp"],
    "postgres": ["database system is ready to accept connections"],
    "mysql": ["mysqld: ready for connections."],
    "mongo": ["Waiting for connections"],
}


class Program(NamedTuple):
    """What a container does."""

    lines: Sequence[str]
    code: int | None
    """`None`: it runs until it is stopped."""
    runs_s: float = 0.0
    reason: str = ""
    """Of its end, where it isn't Completed or Error; or why it can't be started."""
    message: str = ""


def image_problem(image: str) -> tuple[str, str] | None:
    """Why an image can't be had: the kubelet's reason and message; `None` when it is there."""
    if not _IMAGE.fullmatch(image):
        text = f'couldn\'t parse image name "{image}": invalid reference format'
        return "InvalidImageName", f'Failed to apply default image tag "{image}": {text}'
    if _ABSENT.search(image):
        failed = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
        return "ErrImagePull", f"rpc error: code = NotFound desc = {failed}"
    return None


def is_command(container: Obj) -> bool:
    """Whether its command is one that the toy shell can read."""
    argv = _argv(container)
    return bool(argv) and argv[0].rpartition("/")[2] in BUILT_IN


def _argv(container: Obj) -> list[str]:
    argv: list[Any] = [*(container.get("command") or []), *(container.get("args") or [])]
    return [str(each) for each in argv]


def program_of(container: Obj, around: Surroundings, *, runs_once: bool) -> Program:
    """What a container does.

    Args:
        container: of a pod's spec.
        around: its environment and files.
        runs_once: it belongs to a Job or comes before the others: without a command it ends well.
    """
    name, argv = str(container.get("image")).rpartition("/")[2], _argv(container)
    if "oom" in re.split(r"[:_.-]", name):
        return Program(["allocating memory"], 137, 1.0, "OOMKilled")
    if "crash" in name:
        return Program(["failing on purpose"], 1, 0.3)
    if argv and _ABSENT.search(argv[0]):
        text = f'exec: "{argv[0]}": stat {argv[0]}: no such file or directory'
        said = "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
        said += "runc create failed: unable to start container process: "
        return Program([], 128, 0.0, "StartError", f"{said}{text}: unknown")
    if argv and argv[0].rpartition("/")[2] in BUILT_IN:
        ended = run(argv, around)
        return Program(ended.output.splitlines(), None if ended.is_endless else ended.code, ended.seconds + 0.2)
    if runs_once:
        return Program([f"{name}: done (simulated)"], 0, 1.0)
    first = next((lines for key, lines in _FIRST_LINES.items() if key in name), ["listening"])
    return Program([f"{name} (simulated): {line}" for line in first], None)


def probe_problem(probe: Obj, container: Obj, around: Surroundings) -> str:
    """Why a probe fails; empty when it succeeds. A port answers when the container names it, or names none."""
    if command := (probe.get("exec") or {}).get("command"):
        ended = run([str(each) for each in command], around)
        return "" if ended.code == 0 and not ended.is_endless else ended.output.strip() or f"exit status {ended.code}"
    target = probe.get("httpGet") or probe.get("tcpSocket") or {}
    ports = container.get("ports") or []
    named = {port.get("name"): port["containerPort"] for port in ports}
    wanted = named.get(target.get("port"), target.get("port"))
    if not ports or not target or any(port["containerPort"] == wanted for port in ports):
        return ""
    return f"dial tcp 10.244.0.1:{wanted}: connect: connection refused"
