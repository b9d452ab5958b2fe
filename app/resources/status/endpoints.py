"""What is kept of an EndpointSlice: how many addresses of which Service are ready. Pure; used by the watcher."""

import sys
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from app.kube.objects import KubeObject
from app.resources.status import fields

SERVICE_LABEL: Final = "kubernetes.io/service-name"


class EndpointFacts(NamedTuple):
    """One discovery.k8s.io/v1 EndpointSlice."""

    uid: str
    namespace: str
    service: str
    family: str
    """`IPv4`, `IPv6`, `FQDN`: a dual-stack Service has each pod in a slice of either."""
    ready: int


def endpoint_facts(obj: KubeObject) -> EndpointFacts:
    """Take what is needed out of an EndpointSlice. Never raises."""
    # An absent `ready` means unknown, which consumers are to take for ready (the API's words).
    ready = [each for each in fields.items(obj, "endpoints") if fields.at(each, "conditions", "ready") is not False]
    return EndpointFacts(
        uid=fields.text(obj, "metadata", "uid"),
        namespace=sys.intern(fields.text(obj, "metadata", "namespace")),
        service=sys.intern(fields.text(obj, "metadata", "labels", SERVICE_LABEL)),
        family=sys.intern(fields.text(obj, "addressType")),
        ready=len(ready),
    )


def count_ready(slices: Iterable[EndpointFacts]) -> int:
    """Ready endpoints behind one Service, given all its slices."""
    by_family: Counter[str] = Counter()
    for each in slices:
        by_family[each.family] += each.ready
    return max(by_family.values(), default=0)
