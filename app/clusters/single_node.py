"""Single-node mode: let ordinary pods onto control-plane nodes, and undo exactly that. Called by `changes.py`.

Only the two well-known NoSchedule taints are touched, and only put back where this took them away.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from app.clusters.models import Taint
from app.kube.connection import Connection
from app.kube.errors import ApiStatusError, KubeError, UnreachableError
from app.kube.listing import Scope, list_pages
from app.kube.objects import KNOWN

_KEYS: Final = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_NODE: Final = KNOWN["v1", "Node"]
_TRIES: Final = 5

Taints = list[dict[str, Any]]


def open_nodes(connection: Connection) -> tuple[Taint, ...]:
    """Take the taints away; returns what was taken, for `close_nodes`. All or nothing.

    Raises:
        KubeError: a node can't be read or changed.
    """
    taken: list[Taint] = []
    try:
        for node in list_pages(connection, Scope(_NODE)).objects:
            name = str(node["metadata"]["name"])
            ours = [taint for taint in _taints(node) if _is_ours(taint)]
            if ours:
                _change(connection, name, lambda taints: [taint for taint in taints if not _is_ours(taint)])
                taken += [Taint(node=name, key=taint["key"], value=taint.get("value", "")) for taint in ours]
    except KubeError:
        close_nodes(connection, taken)
        raise
    return tuple(taken)


def close_nodes(connection: Connection, taken: Sequence[Taint]) -> None:
    """Put the taints back. A node that is gone by now is none to bother about.

    Raises:
        KubeError: a node can't be changed.
    """
    for taint in taken:
        back = {"key": taint.key, "effect": "NoSchedule"} | ({"value": taint.value} if taint.value else {})
        try:
            _change(connection, taint.node, partial(_with, back=back))
        except ApiStatusError as error:
            if error.status != 404:
                raise


def refusal(error: KubeError) -> str:
    """Why it didn't work, for a person."""
    match error:
        case ApiStatusError(status=403):
            return "the credentials may not change nodes"
        case UnreachableError():
            return error.message
        case _:
            return "the cluster refused to change its nodes"


def _change(connection: Connection, name: str, change: Callable[[Taints], Taints]) -> None:
    """Read, change, write, if nobody wrote between; else again."""
    path = _NODE.path(name=name)
    for attempt in range(1, _TRIES + 1):
        node = connection.request("GET", path)
        before = _taints(node)
        after = change(before)
        if after == before:
            return
        # The test of the old value is what makes this safe beside controllers that change taints all the time.
        old = before if "taints" in (node.get("spec") or {}) else None
        patch = [
            {"op": "test", "path": "/spec/taints", "value": old},
            {"op": "add", "path": "/spec/taints", "value": after},
        ]
        try:
            connection.request("PATCH", path, body=patch, content_type="application/json-patch+json")
        except ApiStatusError as error:
            # 422 is the API server's word for a failed test, 409 for a write at the same moment.
            if error.status not in {409, 422} or attempt == _TRIES:
                raise
        else:
            return


def _taints(node: Mapping[str, Any]) -> Taints:
    return list((node.get("spec") or {}).get("taints") or [])


def _is_ours(taint: Mapping[str, Any]) -> bool:
    return taint.get("key") in _KEYS and taint.get("effect") == "NoSchedule"


def _with(taints: Taints, *, back: dict[str, Any]) -> Taints:
    is_there = any(taint.get("key") == back["key"] and taint.get("effect") == back["effect"] for taint in taints)
    return taints if is_there else [*taints, back]
