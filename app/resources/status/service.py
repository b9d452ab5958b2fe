"""Can a Service be reached? Pure: no I/O, no clock."""

from datetime import datetime
from typing import Any, Final

from app.kube.objects import KubeObject
from app.resources.status import fields, selectors
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final = (
    "spec.type",
    "spec.clusterIP",
    "spec.ports",
    "spec.selector",
    "spec.externalName",
    "spec.externalIPs",
    "status.loadBalancer",
    "status.conditions",
)


def service_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """Turn a v1 Service and the ready endpoints behind it into what the canvas shows. Never raises.

    Args:
        obj: the Service.
        related: `endpoints_ready`; while it is `None` nothing is said about endpoints.
        now: unused; a Service has no graces.
    """
    kind = fields.text(obj, "spec", "type", default="ClusterIP")
    external = _external(obj)
    details: dict[str, Any] = {
        "clusterIP": fields.text(obj, "spec", "clusterIP"),
        "externalIP": external,
        "nodePort": _node_port(obj),
    }
    if kind == "ExternalName":
        return Status("healthy", f"A name for {fields.clean(fields.text(obj, 'spec', 'externalName'), 253)}", details)
    selector, ready = fields.section(obj, "spec", "selector"), related.endpoints_ready
    waits = []
    if kind == "LoadBalancer" and not external:
        waits.append("No address from a load balancer yet")
        details["reason"] = "NoAddress"
    if selector and ready == 0:
        waits.append(f"No ready pod behind it: nothing with {selectors.as_text({'matchLabels': selector})} is ready")
        details["reason"] = "NoEndpoints"
    if waits:
        return Status("partial", fields.clean(". ".join(waits)), details)
    return Status("healthy", fields.clean(_address(kind, details) + _behind(selector, ready)), details)


def _external(obj: KubeObject) -> str:
    """The first address that a load balancer (or the user) gave it."""
    for each in fields.items(obj, "status", "loadBalancer", "ingress"):
        if found := fields.text(each, "ip") or fields.text(each, "hostname"):
            return found
    given = fields.at(obj, "spec", "externalIPs")
    return given[0] if isinstance(given, list) and given and isinstance(given[0], str) else ""


def _node_port(obj: KubeObject) -> int | None:
    ports = (fields.integer(each, "nodePort") for each in fields.items(obj, "spec", "ports"))
    return next((port for port in ports if port), None)


def _address(kind: str, details: dict[str, Any]) -> str:
    if kind == "LoadBalancer" or details["externalIP"]:
        return f"Reached at {details['externalIP']}"
    if details["clusterIP"] == "None":
        return "Headless"
    if kind == "NodePort" and details["nodePort"]:
        return f"{details['clusterIP']}, port {details['nodePort']} on every node"
    return str(details["clusterIP"] or "Waiting for an address")


def _behind(selector: KubeObject, ready: int | None) -> str:
    if not selector:
        return ", without a selector: its endpoints are made by others"
    return "" if ready is None else f", {ready} ready {'endpoint' if ready == 1 else 'endpoints'}"
