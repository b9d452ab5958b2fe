"""The cluster that this machine's kubeconfig names, as one text without references to files.

The API refuses kubeconfigs that name files or commands (it would read and run them on the server), so certificates and
tokens are put in here, on the person's own side; `exec` and auth providers can't be.
"""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

NAME_MAX: Final = 63
RESERVED: Final = ("default", "stream")
FILES: Final = {
    "certificate-authority": "certificate-authority-data",
    "client-certificate": "client-certificate-data",
    "client-key": "client-key-data",
}
HOW_TO_GET_ONE: Final = (
    "Any Kubernetes from 1.27 on will do, for example kind (`kind create cluster`), k3d (`k3d cluster create`) or "
    "minikube (`minikube start`): each of them writes ~/.kube/config. Then start again, or add a cluster in the web UI."
)


class NoClusterError(Exception):
    """There is no cluster to use; the message says why and how to get one."""


@dataclass(frozen=True, slots=True)
class LocalCluster:
    """What POST /clusters needs."""

    name: str
    server: str
    kubeconfig: str


def local_cluster(environment: Mapping[str, str]) -> LocalCluster:
    """The current context of KUBECONFIG, else of ~/.kube/config.

    Raises:
        NoClusterError: none is named, or it can't be used from here.
    """
    files = kubeconfig_files(environment)
    if not files:
        where = environment.get("KUBECONFIG") or "~/.kube/config"
        raise NoClusterError(f"No Kubernetes cluster is at hand: there is no {where}. {HOW_TO_GET_ONE}")
    entries = merged(files)
    context_name = entries["current-context"]
    context = find(entries, "contexts", context_name, "context")
    cluster = find(entries, "clusters", context.get("cluster", ""), "cluster")
    user = find(entries, "users", context.get("user", ""), "user")
    for command in ("exec", "auth-provider"):
        if command in user:
            raise NoClusterError(
                f"The user of context {context_name} signs in by a command ({command}), which a server must not run: "
                "make a token (`kubectl create token <service account>`) and add the cluster with it in the web UI."
            )
    flat = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context_name,
        "contexts": [{"name": context_name, "context": {**context, "cluster": "cluster", "user": "user"}}],
        "clusters": [{"name": "cluster", "cluster": cluster}],
        "users": [{"name": "user", "user": user}],
    }
    return LocalCluster(cluster_name(context_name), cluster.get("server", ""), yaml.safe_dump(flat))


def kubeconfig_files(environment: Mapping[str, str]) -> list[Path]:
    given = environment.get("KUBECONFIG", "")
    named = [Path(part).expanduser() for part in given.split(os.pathsep) if part]
    return [file for file in named or [Path("~/.kube/config").expanduser()] if file.is_file()]


def merged(files: list[Path]) -> dict[str, Any]:
    """As kubectl does: the first file that has a name wins. Entries come with the contents of their files."""
    result: dict[str, Any] = {"current-context": "", "contexts": {}, "clusters": {}, "users": {}}
    for file in files:
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            raise NoClusterError(f"{file} can't be read: {error}") from None
        result["current-context"] = result["current-context"] or content.get("current-context") or ""
        for kind, key in (("contexts", "context"), ("clusters", "cluster"), ("users", "user")):
            for entry in content.get(kind) or []:
                result[kind].setdefault(entry.get("name"), embedded(entry.get(key) or {}, file.parent))
    if not result["current-context"] and len(result["contexts"]) == 1:
        result["current-context"] = next(iter(result["contexts"]))
    return result


def embedded(entry: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """With file contents in the place of paths, which count from the kubeconfig's own folder."""
    result = dict(entry)
    try:
        for path_key, data_key in FILES.items():
            if path := result.pop(path_key, None):
                content = base64.b64encode((folder / path).read_bytes()).decode()
                result.setdefault(data_key, content)
        if path := result.pop("tokenFile", None):
            result["token"] = (folder / path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise NoClusterError(f"The kubeconfig names {error.filename}, which can't be read: {error.strerror}") from None
    return result


def find(entries: Mapping[str, Any], kind: str, name: str, what: str) -> dict[str, Any]:
    try:
        return dict(entries[kind][name])
    except KeyError:
        raise NoClusterError(
            f'The kubeconfig has no {what} "{name}": choose a context by `kubectl config use-context <name>`. '
            f"{HOW_TO_GET_ONE}"
        ) from None


def cluster_name(context: str) -> str:
    """A context's name as the API takes names."""
    name = re.sub(r"[^a-z0-9._-]+", "-", context.lower())[:NAME_MAX].strip("._-")
    return f"cluster-{name}" if name in RESERVED else name or "cluster"
