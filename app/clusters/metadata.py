"""What a cluster is and has: version, nodes, capacity, classes, namespaces, and what our credentials may do there.

Few rights are no failure: what can't be listed is 0 or [], and `capabilities` says why. Stores nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, get_args

from app.clock import Clock
from app.clusters.models import Capability, Metadata
from app.clusters.probe import Outcome
from app.kube.connection import Connection
from app.kube.errors import ApiStatusError, KubeError, UnreachableError
from app.kube.objects import KNOWN, Resource
from app.kube.quantities import parse_quantity

ONE_CALL_S: Final = 5.0
PAGE_SIZE: Final = 500
NAMES_KEPT: Final = 2_000
_REGION: Final = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")

# What must be allowed for a capability: (verb, group, resource, subresource, in one namespace).
_NEEDED: Final[Mapping[Capability, tuple[tuple[str, str, str, str, bool], ...]]] = {
    "nodes": (("list", "", "nodes", "", False),),
    "namespaces": (("list", "", "namespaces", "", False),),
    # Server-side apply is a patch, which also creates.
    "deploy": (("patch", "apps", "deployments", "", True), ("create", "apps", "deployments", "", True)),
    "exec": (("create", "", "pods", "exec", True),),
    "logs": (("get", "", "pods", "log", True),),
    "secrets": (("get", "", "secrets", "", True),),
    "metrics": (("list", "metrics.k8s.io", "pods", "", True),),
}
assert set(_NEEDED) == set(get_args(Capability))


@dataclass(frozen=True, slots=True)
class _Asking:
    """A cluster, and until when it may be asked."""

    connection: Connection
    clock: Clock
    deadline: float

    def call(self, method: str, path: str, **more: Any) -> Any:
        left_s = self.deadline - self.clock.monotonic()
        if left_s <= 0:
            raise UnreachableError("timeout", f"{self.connection.host} answers too slowly")
        return self.connection.request(method, path, timeout_s=min(ONE_CALL_S, left_s), **more)

    def listed(self, resource: Resource) -> Iterator[Mapping[str, Any]]:
        """All objects of a cluster-wide kind; ends early, with nothing, where that isn't allowed."""
        query: dict[str, str | int | bool] = {"limit": PAGE_SIZE}
        while True:
            try:
                page = self.call("GET", resource.path(), query=query)
            except ApiStatusError as error:
                if error.status in {403, 404}:
                    return
                raise
            items = page.get("items") if isinstance(page, dict) else None
            yield from (item for item in items or [] if isinstance(item, dict))
            token = _at(page, "metadata", "continue")
            if not token:
                return
            query["continue"] = str(token)


def read_metadata(
    connection: Connection, outcome: Outcome, *, namespace: str, clock: Clock, within_s: float
) -> Metadata:
    """Ask the cluster what it is.

    Args:
        connection: whose test has just passed.
        outcome: of that test: it has the version.
        namespace: where the capabilities are asked for.
        clock: for the deadline and the date.
        within_s: for all calls together.

    Raises:
        KubeError: it can't be reached, or takes longer.
    """
    asking = _Asking(connection, clock, clock.monotonic() + within_s)
    nodes = [_node_facts(node) for node in asking.listed(KNOWN["v1", "Node"])]
    capabilities = [name for name in _NEEDED if _may(asking, name, namespace)]
    return Metadata(
        version=outcome.version,
        platform=outcome.platform,
        provider=next((node.provider for node in nodes if node.provider), ""),
        region=next((node.region for node in nodes if node.region), ""),
        node_count=len(nodes),
        cpu_capacity=_sum(nodes, lambda node: node.cpu, _as_cores),
        memory_capacity=_sum(nodes, lambda node: node.memory, _as_bytes),
        storage_classes=_names(asking, KNOWN["storage.k8s.io/v1", "StorageClass"]),
        namespaces=_names(asking, KNOWN["v1", "Namespace"]),
        capabilities=tuple(capabilities),
        last_updated=clock.now(),
    )


@dataclass(frozen=True, slots=True)
class _NodeFacts:
    provider: str
    region: str
    cpu: str
    memory: str


def _node_facts(node: Mapping[str, Any]) -> _NodeFacts:
    provider_id = str(_at(node, "spec", "providerID") or "")
    labels = _at(node, "metadata", "labels") or {}
    return _NodeFacts(
        provider=provider_id.partition("://")[0] if "://" in provider_id else "",
        region=next((str(labels[name]) for name in _REGION if name in labels), ""),
        cpu=str(_at(node, "status", "capacity", "cpu") or "0"),
        memory=str(_at(node, "status", "capacity", "memory") or "0"),
    )


def _names(asking: _Asking, resource: Resource) -> tuple[str, ...]:
    names: list[str] = []
    for obj in asking.listed(resource):
        names.append(str(_at(obj, "metadata", "name")))
        if len(names) >= NAMES_KEPT:
            break
    return tuple(sorted(names))


def _may(asking: _Asking, capability: Capability, namespace: str) -> bool:
    return all(_is_allowed(asking, needed, namespace) for needed in _NEEDED[capability])


def _is_allowed(asking: _Asking, needed: tuple[str, str, str, str, bool], namespace: str) -> bool:
    verb, group, resource, subresource, is_namespaced = needed
    attributes = {"verb": verb, "group": group, "resource": resource, "subresource": subresource}
    if is_namespaced:
        attributes["namespace"] = namespace
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    try:
        answer = asking.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=body)
    except UnreachableError:
        raise
    except KubeError:  # not even asking is allowed
        return False
    return _at(answer, "status", "allowed") is True


def _sum(nodes: list[_NodeFacts], value: Callable[[_NodeFacts], str], written: Callable[[Decimal], str]) -> str:
    """All nodes' capacity as one quantity; "" without nodes."""
    if not nodes:
        return ""
    total = Decimal(0)
    for node in nodes:
        try:
            total += parse_quantity(value(node))
        except (ValueError, InvalidOperation):
            continue
    return written(total)


def _as_cores(total: Decimal) -> str:
    return str(int(total)) if total == int(total) else f"{int(total * 1000)}m"


def _as_bytes(total: Decimal) -> str:
    """In Gi with one decimal, as people say it; small ones in Mi."""
    gibi, mebi = 1024**3, 1024**2
    if total < gibi:
        return f"{round(total / mebi)}Mi"
    text = f"{total / gibi:.1f}".removesuffix(".0")
    return f"{text}Gi"


def _at(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
