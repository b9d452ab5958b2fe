"""One function a kind of link: what the edges of a node put into its data. Called by `wiring.py`, in its order."""

from collections.abc import Mapping
from typing import Any, Final

from app.manifests.formats import missing
from app.manifests.pods import Wait
from app.workflows.wired import Board, WiredNode

SERVED: Final = ("deployment", "statefulset", "daemonset")
SCALED: Final = ("deployment", "statefulset")

# A node's type, what a mount of it is called, what its mount path is by default.
_MOUNTED: Final[Mapping[str, str]] = {
    "configmap": "configMap",
    "secret": "secret",
    "persistentvolumeclaim": "persistentVolumeClaim",
}
_DEFAULT_PATHS: Final[Mapping[str, str]] = {"configmap": "/etc/config", "secret": "/etc/secrets"}
_UNNAMED: Final = "unnamed"
"""Stands in while a node has no name, which is a problem of that node already."""
_NODE_OF_MOUNT: Final = {mount: kind for kind, mount in _MOUNTED.items()}


def chosen(node: WiredNode, candidates: list[WiredNode], *, cached: str, named: str) -> WiredNode | None:
    """The one of several linked nodes that a field can name: the cached one, else by name, else the first."""
    if not candidates:
        return None
    by_id = [other for other in candidates if other.id == node.data.get(cached)]
    by_name = [other for other in candidates if other.name and other.name == node.text(named)]
    return (by_id or by_name or candidates)[0]


# --- services ---------------------------------------------------------------------------------------------------


def selected_workload(board: Board, service: WiredNode) -> WiredNode | None:
    """The workload that a service's edges lead to."""
    candidates = [workload for workload, _ in board.linked(service, *SERVED)]
    return chosen(service, candidates, cached="_linkedDeployment", named="targetApp")


def service_to_workload(board: Board, service: WiredNode) -> None:
    """The service selects the linked workload; its target port is the workload's unless it names one."""
    workload = selected_workload(board, service)
    if workload is None:
        _need_by_name(board, service, service.text("targetApp"), *SERVED)
        return
    others = {other.title for other, _ in board.linked(service, *SERVED)} - {workload.title}
    if others and missing(service.data.get("selector")):
        service.warn(f"selects {workload.title} only: a service has one workload, not also {', '.join(sorted(others))}")
    if workload.name:
        service.data["targetApp"] = workload.name
    port = workload.port
    if port is None:
        return
    listed = service.entries("ports")
    if len(listed) == 1 and isinstance(listed[0], dict) and missing(listed[0].get("targetPort")):
        service.data["ports"] = [{**listed[0], "targetPort": port}]
    elif missing(service.data.get("targetPort")):
        service.data["targetPort"] = port


def service_port(service: WiredNode) -> Any:
    """The port that a service is reached at: its first listed one, else `port`, else 80."""
    ports = _service_ports(service)
    return ports[0] if ports else 80


def _service_ports(service: WiredNode) -> list[Any]:
    listed = [entry.get("port") for entry in service.entries("ports") if isinstance(entry, dict)]
    return listed or [port for port in (service.data.get("port"),) if not missing(port)]


def _port_names(service: WiredNode) -> list[Any]:
    return [entry.get("name") for entry in service.entries("ports") if isinstance(entry, dict)]


def governing_service(board: Board, statefulset: WiredNode) -> None:
    """Does a node make the Service that gives the pods their names? Else the StatefulSet brings it along."""
    name = statefulset.text("serviceName")
    made = board.named(statefulset.namespace, name, "service")
    statefulset.headless_service = bool(name) and made is None


# --- ingresses --------------------------------------------------------------------------------------------------


def ingress_to_services(board: Board, ingress: WiredNode) -> None:
    """The handle of an edge is the id of a path: that path's backend is the linked service."""
    paths = [dict(path) if isinstance(path, dict) else path for path in ingress.entries("paths")]
    for service, handle in board.linked(ingress, "service"):
        path = _path_of(paths, service, handle)
        if path is None:
            if not paths:  # no list: the only path is in the ingress's own fields
                _set_backend(ingress.data, service)
            else:
                ingress.warn(f"the edge to {service.title} belongs to no path: connect it to one")
            continue
        _set_backend(path, service)
    if paths:
        ingress.data["paths"] = paths
    for path in paths or [ingress.data]:
        if isinstance(path, dict) and isinstance(path.get("serviceName"), str):
            _need_by_name(board, ingress, path["serviceName"].strip(), "service")


def _path_of(paths: list[Any], service: WiredNode, handle: str | None) -> dict[str, Any] | None:
    known = [path for path in paths if isinstance(path, dict)]

    def first(key: str, value: str | None) -> dict[str, Any] | None:
        return next((path for path in known if value and path.get(key) == value), None)

    return (
        first("id", handle)
        or first("_linkedService", service.id)
        or first("serviceName", service.name)
        or next((path for path in known if missing(path.get("serviceName"))), None)
        or (known[0] if len(known) == 1 else None)
    )


def _set_backend(path: dict[str, Any], service: WiredNode) -> None:
    if service.name:
        path["serviceName"] = service.name
    port = path.get("servicePort")
    offered = [str(offer).strip() for offer in [*_service_ports(service), *_port_names(service)] if not missing(offer)]
    # What the canvas last knew may be the port of before: kept only while the service still has it.
    if missing(port) or str(port).strip() not in offered:
        path["servicePort"] = service_port(service)


# --- configmaps, secrets, claims --------------------------------------------------------------------------------


def mounts_and_environment(board: Board, workload: WiredNode) -> None:
    """Linked configmaps, secrets and claims: environment where `envFrom` names the node, else a mount."""
    linked = {node.id: node for node, _ in board.linked(workload, *_MOUNTED)}
    env_from = _resolved(workload, "envFrom", linked)
    mounts = _resolved(workload, "volumeMounts", linked)
    placed = {_node_id(entry) for entry in (*env_from, *mounts)}
    for node in linked.values():
        if node.id not in placed:
            mounts.append(
                {
                    "type": _MOUNTED[node.kind],
                    "name": node.name or _UNNAMED,
                    "mountPath": _path_for(node),
                    "nodeId": node.id,
                }
            )
        if node.kind != "persistentvolumeclaim":
            workload.uses.add(node.id)
    if env_from or "envFrom" in workload.data:
        workload.data["envFrom"] = env_from
    if mounts or "volumeMounts" in workload.data:
        workload.data["volumeMounts"] = mounts
    for entry in (*env_from, *mounts):
        if isinstance(entry, dict) and not _node_id(entry):
            _use_by_name(board, workload, entry)


def _resolved(workload: WiredNode, field: str, linked: Mapping[str, WiredNode]) -> list[Any]:
    """Entries with the names of today; one whose node is no longer connected is left out."""
    found: list[Any] = []
    for entry in workload.entries(field):
        node_id = _node_id(entry)
        if not node_id:
            found.append(entry)
            continue
        node = linked.get(node_id)
        if node is None:
            workload.warn(f"{field} of {entry.get('name') or node_id} is left out: it isn't connected any more")
            continue
        followed = {**entry, "type": _MOUNTED[node.kind], "name": node.name or entry.get("name")}
        if field == "volumeMounts" and missing(entry.get("mountPath")):
            followed["mountPath"] = _path_for(node)
        found.append(followed)
    return found


def _node_id(entry: Any) -> str:
    """Which node an entry means; blank when it names none."""
    node_id = entry.get("nodeId") if isinstance(entry, dict) else None
    return node_id if isinstance(node_id, str) else ""


def _path_for(node: WiredNode) -> str:
    return node.text("mountPath") or _DEFAULT_PATHS.get(node.kind) or f"/data/{node.name or _UNNAMED}"


def _use_by_name(board: Board, workload: WiredNode, entry: Mapping[str, Any]) -> None:
    kind = _NODE_OF_MOUNT.get(str(entry.get("type")))
    node = board.named(workload.namespace, str(entry.get("name") or "").strip(), kind) if kind else None
    if node is not None:
        workload.needs.add(node.id)
        if kind != "persistentvolumeclaim":
            workload.uses.add(node.id)


# --- autoscalers, dependencies ----------------------------------------------------------------------------------


def hpa_to_target(board: Board, hpa: WiredNode) -> None:
    """The linked workload is the scale target, and leaves its replicas to the autoscaler."""
    candidates = [workload for workload, _ in board.linked(hpa, *SCALED)]
    target = chosen(hpa, candidates, cached="_linkedTarget", named="scaleTargetName")
    if target is not None:
        hpa.data["scaleTargetKind"] = target.type.kind
        if target.name:
            hpa.data["scaleTargetName"] = target.name
    else:
        kind = (hpa.text("scaleTargetKind") or "Deployment").lower()
        target = _need_by_name(board, hpa, hpa.text("scaleTargetName"), kind) if kind in SCALED else None
    if target is not None:
        target.scaled = True


def dependencies(board: Board, workload: WiredNode) -> None:
    """`dependsOn` says how an edge between workloads is meant; an entry without its edge is of the past."""
    linked = {
        other.id: other for other, _ in board.links.get(workload.id, ()) if other.runs_pods and other is not workload
    }
    for entry in workload.entries("dependsOn"):
        first = linked.get(_node_id(entry))
        if first is None:
            continue
        if workload.id in first.needs and not _names(first, workload):
            first.needs.discard(workload.id)  # drawn the other way round: the entry says who waits
        if str(entry.get("required", True)).strip().lower() == "false":
            workload.needs.discard(first.id)
            workload.after.add(first.id)
            continue
        workload.needs.add(first.id)
        _hold_for(board, workload, first, str(entry.get("condition") or "started").strip().lower())


def _names(node: WiredNode, other: WiredNode) -> bool:
    return any(_node_id(entry) == other.id for entry in node.entries("dependsOn"))


def _hold_for(board: Board, workload: WiredNode, first: WiredNode, condition: str) -> None:
    if condition == "completed":
        if first.kind == "job":
            workload.completes.add(first.id)
        else:
            workload.warn(f"doesn't wait for {first.title} to complete: only a job does")
    elif condition == "healthy":
        wait = _answering(board, workload, first)
        if wait is None:
            workload.warn(f"doesn't wait until {first.title} is healthy: no service leads to it")
        else:
            workload.waits.append(wait)


def _answering(board: Board, workload: WiredNode, first: WiredNode) -> Wait | None:
    """Where a dependency can be asked whether it is ready: its Service has only ready pods behind it."""
    host, port = "", ""
    for service, _ in board.linked(first, "service"):
        if service.text("serviceType") != "ExternalName" and service.name:
            host, port = service.name, str(service_port(service)).strip()
            break
    else:
        if first.headless_service:
            host, port = first.text("serviceName"), str(first.port).strip()
    if not host or not port.isdecimal():
        return None
    domain = "" if first.namespace == workload.namespace else f".{first.namespace}"
    return Wait(first.name, host + domain, int(port))


def _need_by_name(board: Board, node: WiredNode, name: str, *kinds: str) -> WiredNode | None:
    """A reference that was typed, not drawn: what it names comes first all the same."""
    other = board.named(node.namespace, name, *kinds)
    if other is not None and other is not node:
        node.needs.add(other.id)
    return other
