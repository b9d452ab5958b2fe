"""The practice cluster: a simulated Kubernetes API, for a machine without a kubeconfig, or when PRACTICE=1 asks for it.

The product gets its kubeconfig like any other; only its name says what it is.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from launcher.data import DataFolder
from launcher.kubeconfig import LocalCluster, kubeconfig_files, local_cluster
from launcher.ports import LOOPBACK, answers, free_port, is_free
from launcher.supervisor import Part

DISPLAY_NAME: Final = "practice (simulated)"
NAME: Final = "practice"


def is_asked_for(environment: Mapping[str, str]) -> bool:
    """By PRACTICE=1, also where there is a kubeconfig."""
    return environment.get("PRACTICE", "") not in ("", "0")


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Asked for, or no kubeconfig is at hand. A KUBECONFIG that names no file is a mistake to be told, not this."""
    return is_asked_for(environment) or not (environment.get("KUBECONFIG") or kubeconfig_files(environment))


def practice_parts(data: DataFolder, environment: Mapping[str, str], *, shows_example: bool) -> Sequence[Part]:
    """The part `cluster`, where this start has one: without the example, only for what an earlier demo left there."""
    folder = data.path / NAME
    if not is_wanted(environment) or not (shows_example or is_asked_for(environment) or folder.exists()):
        return []
    port = kept_port(folder)
    command = [sys.executable, "-m", "practice_cluster", "--data", str(folder), "--port", str(port)]
    return [
        Part("cluster", command, port, ready=lambda: (folder / "kubeconfig").exists() and answers(port), store=True)
    ]


def practice_cluster(data: DataFolder) -> LocalCluster:
    """What POST /clusters needs."""
    return local_cluster({"KUBECONFIG": str(data.path / NAME / "kubeconfig")})


def kept_port(folder: Path) -> int:
    """That of the last start, since it stands in the product's store; another one when somebody else has it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "port"
    known = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    port = int(known) if known.isdecimal() and is_free(int(known), LOOPBACK) else free_port()
    file.write_text(f"{port}\n", encoding="utf-8")
    return port
