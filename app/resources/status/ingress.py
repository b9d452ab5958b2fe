"""Has an Ingress an address? Pure: no I/O, no clock."""

from datetime import datetime
from typing import Final

from app.kube.objects import KubeObject
from app.resources.status import fields
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final = ("spec.ingressClassName", "spec.rules", "spec.defaultBackend", "status")


def ingress_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """Turn a networking.k8s.io/v1 Ingress into what the canvas shows. Never raises.

    It has no conditions: an address in its status is all that a controller says.
    """
    addresses = fields.items(obj, "status", "loadBalancer", "ingress")
    ip = next((found for each in addresses if (found := fields.text(each, "ip"))), "")
    hostname = next((found for each in addresses if (found := fields.text(each, "hostname"))), "")
    rules = fields.items(obj, "spec", "rules")
    details = {"loadBalancerIP": ip, "loadBalancerHostname": hostname, "rulesCount": len(rules)}
    if not rules and not fields.section(obj, "spec", "defaultBackend"):
        return Status("error", "It has no rules: connect it to a service", details | {"reason": "NoRules"})
    if not ip and not hostname:
        name = fields.clean(fields.text(obj, "spec", "ingressClassName"), 100)
        whose = f"a controller for class {name}" if name else "the default ingress controller"
        said = f"No address yet: is {whose} running in the cluster?"
        return Status("pending", said, details | {"reason": "NoAddress"})
    hosts = [host for each in rules if (host := fields.text(each, "host"))]
    named = f" for {', '.join(hosts[:3])}{' …' if len(hosts) > 3 else ''}" if hosts else ""
    return Status("healthy", fields.clean(f"Reached at {ip or hostname}{named}"), details)
