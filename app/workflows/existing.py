"""What the cluster already holds of the names that a plan wants, and whose it is. Called by the deployer and cleanup.

At most two lists a kind and namespace: by our label, and where several names weren't found so, the names of all.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from app.kube.client import KubeClient
from app.kube.errors import ApiStatusError, UnknownKindError
from app.kube.listing import Scope
from app.kube.objects import KubeObject, ObjectRef
from app.manifests.labels import LEGACY_MANAGED_BY, MANAGER, WORKFLOW

FEW: Final = 4
"""Up to so many names are looked up one by one: cheaper than listing a namespace that may be large."""


@dataclass(slots=True)
class Existing:
    """Metadata of objects in the cluster, by reference; as read under the present claim."""

    objects: dict[ObjectRef, KubeObject] = field(default_factory=dict)

    def find(self, ref: ObjectRef) -> KubeObject | None:
        return self.objects.get(ref)


def read_existing(client: KubeClient, wanted: Iterable[KubeObject], workflow_id: str) -> Existing:
    """Look up everything that a plan wants.

    Raises:
        KubeError: the cluster can't be read; nothing has been applied yet.
    """
    existing = Existing()
    for scope, refs in _by_scope(client, wanted):
        found = _listed(client, scope._replace(label_selector=f"{WORKFLOW}={workflow_id}"))
        missing = refs - found.keys()
        if len(missing) > FEW:
            found |= _listed(client, scope)
        else:
            for ref in missing:
                if (obj := client.find(ref, metadata_only=True)) is not None:
                    found[ref] = obj
        existing.objects |= {ref: found[ref] for ref in refs if ref in found}
    return existing


def is_ours(obj: KubeObject, workflow_id: str) -> bool:
    """May this workflow change the object? Its own, or one of the earlier backend's, which had no such label."""
    labels = (obj.get("metadata") or {}).get("labels") or {}
    if WORKFLOW in labels:
        return bool(labels[WORKFLOW] == workflow_id)
    return bool(labels.get(LEGACY_MANAGED_BY) == MANAGER)


def _by_scope(client: KubeClient, wanted: Iterable[KubeObject]) -> Iterator[tuple[Scope, set[ObjectRef]]]:
    grouped: dict[tuple[str, str, str | None], set[ObjectRef]] = defaultdict(set)
    for obj in wanted:
        ref = ObjectRef.of(obj)
        grouped[ref.api_version, ref.kind, ref.namespace].add(ref)
    for (api_version, kind, namespace), refs in grouped.items():
        try:
            resource = client.discovery.find(api_version, kind)
        except UnknownKindError:
            continue  # the node that wants it fails with this reason when it is applied
        yield Scope(resource, namespace, metadata_only=True), refs


def _listed(client: KubeClient, scope: Scope) -> dict[ObjectRef, KubeObject]:
    try:
        found = client.list_all(scope)
    except ApiStatusError as error:
        if error.status == 403:
            return {}  # credentials that may apply but not list: what exists shows at the apply
        raise
    return {ObjectRef.of(obj): obj for obj in found}
