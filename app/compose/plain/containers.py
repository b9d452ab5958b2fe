"""A container and its pod → the fields that all workloads share."""

from typing import Any, Final

from app.compose.plain.objects import Obj, entries, inner, mapping, picked

_TIMES: Final = ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold")
_POD: Final = ("serviceAccountName", "terminationGracePeriodSeconds", "hostname", "hostAliases", "nodeSelector")
_CONTAINER: Final = ("image", "imagePullPolicy", "command", "args", "workingDir", "stdin", "tty", "resources")


def container_fields(container: Obj, pod: Obj) -> dict[str, Any]:
    """Everything but environment and mounts.

    Args:
        container: the pod's first.
        pod: its spec.
    """
    found = picked(container, *_CONTAINER) | picked(pod, *_POD)
    found["ports"] = [picked(port, "name", "containerPort", "protocol") for port in entries(container.get("ports"))]
    if found["ports"] and isinstance(found["ports"][0].get("containerPort"), int):
        found["port"] = found["ports"][0]["containerPort"]
    secrets = [str(one["name"]) for one in entries(pod.get("imagePullSecrets")) if one.get("name")]
    if secrets:
        found["imagePullSecrets"] = secrets
    for key in ("livenessProbe", "readinessProbe"):
        probe = probe_of(container.get(key))
        if probe is not None:
            found[key] = probe
    security = {**mapping(pod.get("securityContext")), **mapping(container.get("securityContext"))}
    if security:
        found["securityContext"] = security
    if pod.get("enableServiceLinks") is not None:
        found["enableServiceLinks"] = pod["enableServiceLinks"]
    return found


def probe_of(value: Any) -> dict[str, Any] | None:
    """A probe as a node has it; `None`: there is none, or it is of a kind that nodes don't have."""
    probe = mapping(value)
    for kind in ("httpGet", "tcpSocket", "exec", "grpc"):
        action = probe.get(kind)
        if isinstance(action, dict):
            fields = picked(action, "path", "port", "command")
            return {"type": kind, **fields, **picked(probe, *_TIMES)}
    return None


def init_fields(container: Obj) -> dict[str, Any]:
    """An init container, without environment and mounts."""
    security = mapping(container.get("securityContext"))
    found = picked(container, "name", "image", "imagePullPolicy", "command", "args", "workingDir", "resources")
    return found | ({"securityContext": security} if security else {})


def first_container(pod: Obj) -> Obj:
    """The one that a node is about; empty when there is none."""
    return next(iter(entries(inner(pod, "spec", "containers"))), {})
