"""Edges between the nodes of manifests, from selectors and references. What no edge can say stays as written."""

from itertools import islice
from typing import Any, Final

from app.compose.plain.board import Board, Placed, holds
from app.compose.plain.objects import labels, mapping, text

_SERVED: Final = ("deployment", "statefulset", "daemonset")
_RUN: Final = (*_SERVED, "job", "cronjob")


def join(board: Board) -> None:
    """All edges but those of environment and mounts."""
    for one in board.placed:
        match one.node["type"]:
            case "service":
                _service(board, one)
            case "hpa":
                _autoscaler(board, one)
            case "networkpolicy":
                _policy(board, one)
    for one in board.placed:
        if one.node["type"] == "ingress":
            _ingress(board, one)


def _service(board: Board, one: Placed) -> None:
    """To the workload that it selects. The selector stays if the pods still have these labels, and says more."""
    selector = one.data.get("selector")
    if not selector:
        return
    selected = list(board.selected(one.namespace, selector, _SERVED))
    if not selected:
        return
    workload = selected[0]
    name = workload.data["name"]
    one.data.update({"targetApp": name, "_linkedDeployment": workload.node["id"]})
    if selector == {"app": name} or not all(holds(selector, other.labels_of_now) for other in selected):
        del one.data["selector"]
    board.edge(one.node, workload.node)
    if len(selected) > 1:
        message = f"selects {len(selected)} workloads: it is connected to {workload.manifest.title}"
        board.say("info", one.manifest, message, key="selector")


def _autoscaler(board: Board, one: Placed) -> None:
    other = board.find(one.data["scaleTargetKind"].lower(), one.data["scaleTargetName"], one.namespace)
    if other is not None:
        one.data["_linkedTarget"] = other.node["id"]
        board.edge(one.node, other.node)


def _ingress(board: Board, one: Placed) -> None:
    for path in one.data.get("paths") or ():
        service = board.find("service", text(path.get("serviceName")), one.namespace)
        if service is not None:
            path["_linkedService"] = service.node["id"]
            board.edge(one.node, service.node, source_handle=path["id"], target_handle="input")


def _policy(board: Board, one: Placed) -> None:
    workload = _only(board, one, one.data["podSelector"])
    if workload is not None:
        one.data["_linkedWorkloads"] = [workload.node["id"]]
        board.edge(one.node, workload.node, source_handle="output")
    for field, key in (("ingressRules", "from"), ("egressRules", "to")):
        for rule in one.data.get(field) or ():
            for peer in rule.get(key) or ():
                other = None if "namespaceSelector" in peer else _only(board, one, peer.get("podSelector"))
                if other is not None:
                    peer["_linkedWorkload"] = other.node["id"]
                    board.edge(one.node, other.node, source_handle=rule["id"])


def _only(board: Board, one: Placed, selector: Any) -> Placed | None:
    """The workload that a selector means: an edge says "this one", so it must mean no other."""
    wanted = labels(mapping(selector).get("matchLabels"))
    if not wanted or mapping(selector).get("matchExpressions"):
        return None
    found = list(islice(board.selected(one.namespace, wanted, _RUN), 2))
    return found[0] if len(found) == 1 else None
