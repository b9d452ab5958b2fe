"""Which pods does a NetworkPolicy affect? Pure: no I/O, no clock."""

from datetime import datetime
from typing import Final

from app.kube.objects import KubeObject
from app.resources.status import fields, selectors, workloads
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final = ("spec.podSelector", "spec.policyTypes", "status")


def networkpolicy_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """Turn a networking.k8s.io/v1 NetworkPolicy and its namespace's pods into what the canvas shows. Never raises.

    Kubernetes says nothing about a policy: it is in force once it exists, where the network enforces policies.
    """
    # An absent selector is read as the empty one, which picks every pod.
    selector = fields.at(obj, "spec", "podSelector") or {}
    namespace = fields.text(obj, "metadata", "namespace")
    affected = sum(
        not workloads.is_over(pod) and pod.namespace == namespace and selectors.selects(selector, dict(pod.labels))
        for pod in related.pods
    )
    given = fields.at(obj, "spec", "policyTypes")
    types = [each for each in given if isinstance(each, str)] if isinstance(given, list) else []
    what = " and ".join(each.lower() for each in types) or "ingress"
    whom = selectors.as_text(selector)
    pods = "1 pod" if affected == 1 else f"{affected} pods"
    said = f"Limits {what} of {pods} ({whom or 'all of its namespace'})"
    return Status("active", fields.clean(said), {"affectedPods": affected})
