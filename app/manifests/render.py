"""One node → its objects. `workflows/plan.py` calls it with what wiring and a run add."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.kube.objects import KubeObject
from app.manifests.catalogue import WORKLOADS, NodeType, catalogue
from app.manifests.fields import read_fields
from app.manifests.labels import APP, LEGACY_MANAGED_BY, MANAGER
from app.manifests.pod_template import with_checksum
from app.manifests.pods import WAIT_IMAGE, Wait, pod_of, pod_ports
from app.manifests.problems import Problems
from app.manifests.shapes import SHAPES, plain
from app.manifests.structures import without_nulls
from app.manifests.volumes import claim_objects


@dataclass(frozen=True, slots=True)
class Additions:
    """What a node gets beside its own data."""

    ownership: Mapping[str, str]
    """Labels that say whose it is."""
    env: Mapping[str, str] | None = None
    """Environment given for this run."""
    secrets: Mapping[str, str] | None = None
    """A secret's values given for this run."""
    waits: Sequence[Wait] = ()
    wait_image: str = WAIT_IMAGE
    scaled: bool = False
    """An autoscaler decides its replicas."""
    headless_service: bool = False
    """No node makes the Service that a StatefulSet needs."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A node's objects and what the plan wants to know of its fields."""

    objects: tuple[KubeObject, ...]
    """Empty when there are problems."""
    env_kept: frozenset[str] = frozenset()
    secret_keys: tuple[str, ...] = ()


def render_node(node_type: NodeType, data: Mapping[str, Any], add: Additions, problems: Problems) -> Rendered:
    """Read, check and render a node; what is wrong goes to `problems`.

    Args:
        node_type: of the node, from the catalogue.
        data: the node's data after wiring; its namespace is settled.
        add: what wiring and the run add.
        problems: gets everything that is wrong, by field, and warnings.
    """
    fields = read_fields(node_type, data, problems)
    if fields["name"] is None:
        return Rendered(())
    env_kept: frozenset[str] = frozenset()
    if node_type.name in WORKLOADS:
        env_kept = _give_environment(fields, add.env or {}, problems)
    elif node_type.name == "secret":
        fields["given"] = add.secrets
    labels = {**(fields["labels"] or {}), APP: fields["name"], LEGACY_MANAGED_BY: MANAGER, **add.ownership}
    values = fields | SHAPES.get(node_type.name, plain)(fields, problems) | {"all_labels": labels}
    if node_type.name in WORKLOADS:
        values |= _workload(node_type, fields, labels, add, problems)
    secret_keys = tuple(values.get("secret_keys", ()))
    if problems.by_field:
        return Rendered((), env_kept, secret_keys)
    objects: list[KubeObject] = list(catalogue().templates.render(node_type.file, values))
    if node_type.name == "job":
        objects = [with_checksum(job) for job in objects]
    return Rendered(tuple(objects), env_kept, secret_keys)


def _give_environment(fields: dict[str, Any], given: Mapping[str, str], problems: Problems) -> frozenset[str]:
    """Put given values in; what stays without one is returned: the cluster's own value stays."""
    asked, own = fields["envKeys"] or [], fields["env"] or {}
    unknown = sorted(given.keys() - own.keys() - set(asked))
    if unknown:
        problems.warnings.append(f"{fields['name']}: no environment entry is called {', '.join(unknown)}")
    fields["env"] = own | {name: value for name, value in given.items() if name in own or name in asked}
    return frozenset(name for name in asked if name not in fields["env"])


def _workload(
    node_type: NodeType,
    fields: Mapping[str, Any],
    labels: Mapping[str, str],
    add: Additions,
    problems: Problems,
) -> dict[str, Any]:
    pod = pod_of(node_type.name, fields, problems, labels=labels, waits=add.waits, wait_image=add.wait_image)
    values: dict[str, Any] = {"pod": pod}
    if add.scaled and "replicas" in fields:
        values["replicas"] = None
    if node_type.name == "statefulset":
        ports = pod_ports(node_type.name, fields)
        values |= {
            "headless_service": add.headless_service,
            "headless_ports": [
                without_nulls(
                    {"name": port["name"] or f"{port['protocol'].lower()}-{port['containerPort']}",
                     "port": port["containerPort"], "protocol": port["protocol"]}
                )
                for port in ports
            ] or None,
            "volume_claims": claim_objects(fields["volumeClaimTemplates"] or ()),
        }  # fmt: skip
    return values
