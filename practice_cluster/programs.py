"""What a container pretends to be: whether its image is there, whether it ends, what it prints. Pure.

By names: `crash` in an image crashes, `oom` takes too much memory, `nope` or `missing` isn't there. A command is read
by the toy shell; anything else runs for ever, as servers do.
"""

import re
from typing import Final, NamedTuple

from practice_cluster.objects import Obj
from practice_cluster.shell import BUILT_IN, Surroundings, run

_ABSENT: Final = re.compile(
    r"(^|[/:_-])(nope|nowhere|missing|no-such[\w-]*|does-?not-?exist|not-?found|unknown|absent)([/:_.-]|$)"
)
_IMAGE: Final = re.compile(
    r"[a-z0-9][\w./-]*(:\d+/[a-z0-9][\w./-]*)?(:[\w.-]{1,128})?(@sha256:[0-9a-f]{64})?", re.ASCII
)


class Program(NamedTuple):
    """What a container does."""

    output: str
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


def program_of(container: Obj, around: Surroundings, *, runs_once: bool) -> Program:
    """What a container does.

    Args:
        container: of a pod's spec.
        around: its environment and files.
        runs_once: it belongs to a Job or comes before the others: without a command it ends well.
    """
    name = str(container.get("image")).rpartition("/")[2]
    argv = [str(each) for each in (*(container.get("command") or ()), *(container.get("args") or ()))]
    if "oom" in re.split(r"[:_.-]", name):
        return Program("allocating memory\n", 137, 1.0, "OOMKilled")
    if "crash" in name:
        return Program("failing on purpose\n", 1, 0.3)
    if argv and _ABSENT.search(argv[0]):
        said = "failed to create containerd task: unable to start container process: "
        return Program(
            "", 128, 0.0, "StartError", f'{said}exec: "{argv[0]}": stat {argv[0]}: no such file or directory'
        )
    if argv and argv[0].rpartition("/")[2] in BUILT_IN:
        ended = run(argv, around)
        return Program(ended.output, None if ended.is_endless else ended.code, ended.seconds + 0.2)
    if runs_once:
        return Program(f"{name}: done (simulated)\n", 0, 1.0)
    return Program(f"{name} (simulated): ready for connections\n", None)


def probe_problem(probe: Obj | None, container: Obj, around: Surroundings) -> str:
    """Why a probe fails; empty when it succeeds. A port answers when the container names it, or names none."""
    if command := ((probe or {}).get("exec") or {}).get("command"):
        ended = run([str(each) for each in command], around)
        return "" if ended.code == 0 else ended.output.strip() or f"exit status {ended.code}"
    target = (probe or {}).get("httpGet") or (probe or {}).get("tcpSocket") or {}
    ports = container.get("ports") or []
    wanted = {port.get("name"): port["containerPort"] for port in ports}.get(target.get("port"), target.get("port"))
    if not ports or not target or any(port["containerPort"] == wanted for port in ports):
        return ""
    return f"dial tcp 10.244.0.1:{wanted}: connect: connection refused"
