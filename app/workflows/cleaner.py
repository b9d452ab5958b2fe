"""Remove a workflow's objects from a cluster: what inventory and label have and the caller doesn't keep.

Called under the workflow's lease, by a run (renamed objects) and by the cleanup job. Deletes exactly what it has read
(uid and version), so that an object made anew under the same name meanwhile stays.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from bson import ObjectId

from app.clock import Clock
from app.clusters.clusters import Clusters
from app.errors import NotFoundError, UnavailableError
from app.jobs.job import Job
from app.kube.client import KubeClient
from app.kube.errors import ApiStatusError, KubeError, UnknownKindError
from app.kube.listing import Scope
from app.kube.objects import KNOWN, KubeObject, ObjectRef
from app.manifests.labels import WORKFLOW
from app.workflows.existing import is_ours
from app.workflows.inventory import Noted, ObjectKey

# In the order of removal: who uses goes before what is used, so that nothing breaks in between.
KINDS: Final = (
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("v1", "Service"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "PersistentVolumeClaim"),
)
ORDER: Final = {kind: place for place, kind in enumerate(KINDS)}
GONE_WITHIN_S: Final = 60.0
POLL_S: Final = 0.25
TRIES: Final = 5


@dataclass(slots=True)
class Removal:
    """What came of it."""

    log: list[str] = field(default_factory=list)
    left: list[Noted] = field(default_factory=list)
    """Couldn't be removed; the log says why."""


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Deletes objects of workflows."""

    clusters: Clusters
    clock: Clock

    def find(self, cluster_id: ObjectId, workflow_id: str, namespaces: Iterable[str]) -> dict[ObjectKey, KubeObject]:
        """All objects that carry the workflow's label, of the kinds that nodes make.

        Args:
            namespaces: where to look with credentials that can't list a whole cluster.

        Raises:
            KubeError: the cluster can't be read.
        """
        client = self.clusters.client(cluster_id)
        places = sorted(set(namespaces))
        found: dict[ObjectKey, KubeObject] = {}
        for key in KINDS:
            scope = Scope(KNOWN[key], label_selector=f"{WORKFLOW}={workflow_id}", metadata_only=True)
            for obj in _listed(client, scope, places):
                # A pod template's labels reach further objects (a StatefulSet's claims): those aren't a node's own.
                if not obj["metadata"].get("ownerReferences"):
                    found[ObjectKey.of(cluster_id, obj)] = obj
        return found

    def remove_noted(self, job: Job, workflow_id: str, entries: Iterable[Noted]) -> Removal:
        """Delete these, as far as they exist and are this workflow's, and wait until they are gone."""
        removal = Removal()
        removing: list[tuple[Noted, str]] = []
        for entry in sorted(entries, key=lambda noted: _place(noted.key)):
            try:
                if uid := self._delete(job, workflow_id, entry.key):
                    removing.append((entry, uid))
            except NotFoundError:
                pass  # the cluster was removed from KubeOrch: nothing there is touched any more
            except (KubeError, UnavailableError) as error:
                removal.log.append(f"{entry.key} can't be removed: {error.message}")
                removal.left.append(entry)
        self._await_gone(job, removing, removal)
        return removal

    def _delete(self, job: Job, workflow_id: str, key: ObjectKey) -> str | None:
        """Start deleting it; its uid, or None when there is nothing of ours."""
        ref = _ref(key)
        for _ in range(TRIES):
            job.check()
            client = self.clusters.client(key.cluster_id)
            try:
                held = client.find(ref, metadata_only=True)
                if held is None or not is_ours(held, workflow_id):
                    return None
                uid: str = held["metadata"]["uid"]
                version = held["metadata"]["resourceVersion"]
                # A Job's default would leave its pods running.
                client.delete(ref, uid=uid, resource_version=version, propagation="Background")
            except UnknownKindError:
                return None
            except ApiStatusError as error:
                if error.status == 404:
                    return None
                if error.status != 409:
                    raise
                continue  # changed since it was read: read and decide again
            return uid
        raise UnavailableError("it is being changed all the time")

    def _await_gone(self, job: Job, removing: list[tuple[Noted, str]], removal: Removal) -> None:
        until = self.clock.monotonic() + GONE_WITHIN_S
        waiting = removing
        while waiting:
            waiting = [pair for pair in waiting if self._is_there(pair[0].key, pair[1])]
            if not waiting or self.clock.monotonic() > until:
                break
            job.check()
            self.clock.sleep(POLL_S)
        still = {entry.key for entry, _ in waiting}
        for entry, _ in removing:
            if entry.key in still:
                removal.log.append(
                    f"{entry.key} is still being deleted: something holds it (finalizers, pods that use it)"
                )
                removal.left.append(entry)
            else:
                removal.log.append(f"{entry.key} removed")

    def _is_there(self, key: ObjectKey, uid: str) -> bool:
        try:
            held = self.clusters.client(key.cluster_id).find(_ref(key), metadata_only=True)
        except (KubeError, UnavailableError):
            return True  # unknown: ask again
        return held is not None and held["metadata"]["uid"] == uid


def _listed(client: KubeClient, scope: Scope, namespaces: Iterable[str]) -> list[KubeObject]:
    try:
        return list(client.list_all(scope))
    except ApiStatusError as error:
        if error.status != 403:
            raise
    found: list[KubeObject] = []
    for namespace in namespaces:
        try:
            found += client.list_all(scope._replace(namespace=namespace))
        except ApiStatusError as error:
            if error.status != 403:
                raise
    return found


def surplus(
    noted: Iterable[Noted], found: dict[ObjectKey, KubeObject], keep: Callable[[ObjectKey, KubeObject | None], bool]
) -> list[Noted]:
    """What to remove of both sources. Pure."""
    entries = {entry.key: entry for entry in noted} | {
        key: Noted(key, obj["metadata"].get("uid", "")) for key, obj in found.items()
    }
    return [entry for key, entry in entries.items() if not keep(key, found.get(key))]


def _ref(key: ObjectKey) -> ObjectRef:
    return ObjectRef(key.api_version, key.kind, key.namespace or None, key.name)


def _place(key: ObjectKey) -> tuple[int, str]:
    return ORDER.get((key.api_version, key.kind), -1), str(key)
