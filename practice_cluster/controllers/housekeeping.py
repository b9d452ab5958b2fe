"""What goes: the content of namespaces, what has lost its owner, old events. And what each namespace is given."""

from collections.abc import Iterable
from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.events import Recorder
from practice_cluster.controllers.loop import Owning
from practice_cluster.errors import ApiError
from practice_cluster.kinds import KIND, Kind
from practice_cluster.objects import Obj
from practice_cluster.selectors import LEAVES
from practice_cluster.store import Change, Key

_AGAIN_S: Final = 0.5
_FOREGROUND: Final = "foregroundDeletion"
_SWEEP_S: Final = 60.0


def kind_of(cluster: Cluster, resource: str) -> Kind | None:
    """The kind whose objects the store keeps under this name."""
    return next((kind for kind in cluster.kinds if kind.resource == resource), None)


class Namespaces(Owning):
    """Gives a new namespace what it must have, and empties one that is being deleted."""

    kind = "Namespace"

    def reconcile(self, obj: Obj) -> float | None:
        name = obj["metadata"]["name"]
        if "deletionTimestamp" not in obj["metadata"]:
            if self.cluster.find("ServiceAccount", name, "default") is None:
                self.cluster.create(KIND["ServiceAccount"], name, {"metadata": {"name": "default"}})
            if self.cluster.find("ConfigMap", name, "kube-root-ca.crt") is None:
                root = {"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": "simulated\n"}}
                self.cluster.create(KIND["ConfigMap"], name, root)
            return None
        keys = self.cluster.store.namespaced(name)
        for resource, _, each in keys:
            kind = kind_of(self.cluster, resource)
            found = self.cluster.find(kind, name, each) if kind else None
            if kind and found and "deletionTimestamp" not in found["metadata"]:
                self.cluster.delete(kind, found, {"propagationPolicy": "Background"})
        if keys:
            return _AGAIN_S
        self.cluster.remove(KIND["Namespace"], obj)
        return None


class Garbage:
    """Deletes what has lost its owner, and holds what waits for what it owns.

    Not for one kind: it acts on changes as they are told, and sweeps with the namespace `default` as its clock.
    """

    kind = "Namespace"

    def __init__(self, cluster: Cluster, recorder: Recorder) -> None:
        self._cluster, self._recorder = cluster, recorder
        self._uids: dict[str, None] = {}
        self._waiting: dict[Key, None] = {}

    def concerns(self, change: Change) -> Iterable[Key]:
        """Always the sweeper's own turn."""
        entry = change.entry
        if change.type == "DELETED":
            self._uids[entry.uid] = None
        elif change.type == "ADDED" and entry.owners:
            self._uids |= {uid: None for uid in entry.owners if self._cluster.store.by_uid(uid) is None}
        if change.type == "MODIFIED" and _FOREGROUND in entry.fields.get(LEAVES, ""):
            self._waiting[entry.key] = None
        if self._uids or self._waiting:
            yield ("namespaces", "", "default")

    def reconcile(self, obj: Obj) -> float | None:
        if obj["metadata"]["name"] != "default":
            return None
        uids, self._uids = self._uids, {}
        for uid in uids:
            self._collect(uid)
        for key in list(self._waiting):
            if self._is_done(key):
                del self._waiting[key]
        self._recorder.sweep()
        return 0.2 if self._waiting else _SWEEP_S

    def _collect(self, uid: str) -> None:
        store = self._cluster.store
        for entry in store.dependents(uid):
            kind = kind_of(self._cluster, entry.key[0])
            if kind and not any(store.by_uid(owner) for owner in entry.owners):
                try:
                    self._cluster.delete(kind, entry.load(), {"propagationPolicy": "Background"})
                except ApiError:  # somebody else was quicker
                    continue

    def _is_done(self, key: Key) -> bool:
        """Delete what this object owns; once that is gone, let it go."""
        kind = kind_of(self._cluster, key[0])
        obj = self._cluster.find(kind, key[1], key[2]) if kind else None
        if kind is None or obj is None or _FOREGROUND not in (obj["metadata"].get("finalizers") or []):
            return True
        dependents = self._cluster.store.dependents(obj["metadata"]["uid"])
        for entry in dependents:
            dependent, dependent_kind = entry.load(), kind_of(self._cluster, entry.key[0])
            if dependent_kind and "deletionTimestamp" not in dependent["metadata"]:
                self._cluster.delete(dependent_kind, dependent, {"propagationPolicy": "Foreground"})
        if dependents:
            return False
        left = [each for each in obj["metadata"]["finalizers"] if each != _FOREGROUND]
        self._cluster.update(kind, obj, lambda each: each | {"metadata": each["metadata"] | {"finalizers": left}})
        return True
