"""What goes: the content of namespaces, and what has lost its owner. And what each namespace is given."""

from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.errors import ApiError
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, is_leaving
from practice_cluster.store import Entry, Key

_FOREGROUND: Final = "foregroundDeletion"
_AGAIN_S: Final = 0.5


def namespace(cluster: Cluster, obj: Obj) -> float | None:
    """Give a new namespace what it must have, and empty one that is being deleted."""
    name = obj["metadata"]["name"]
    if not is_leaving(obj):
        root = {"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": "simulated\n"}}
        for kind, given in (("ServiceAccount", {"metadata": {"name": "default"}}), ("ConfigMap", root)):
            if cluster.find(kind, name, given["metadata"]["name"]) is None:
                cluster.create(KIND[kind], name, given)
        return None
    keys = cluster.store.namespaced(name)
    for key in keys:
        if (entry := cluster.store.get(key)) and not is_leaving(content := entry.load()):
            cluster.delete(content, {"propagationPolicy": "Background"})
    if not keys and not obj["metadata"].get("finalizers"):
        cluster.drop(("namespaces", "", name))
    return _AGAIN_S if keys else None


def collect(cluster: Cluster, key: Key) -> None:
    """Delete what has lost all its owners."""
    entry, store = cluster.store.get(key), cluster.store
    if entry and entry.owners and not any(map(store.by_uid, entry.owners)) and not is_leaving(obj := entry.load()):
        try:
            cluster.delete(obj, {"propagationPolicy": "Background"})
        except ApiError:  # somebody else was quicker
            return


def waits_for_dependents(entry: Entry) -> bool:
    """Whether it is being deleted in the foreground."""
    return _FOREGROUND.encode() in entry.body and _FOREGROUND in (entry.load()["metadata"].get("finalizers") or [])


def let_go(cluster: Cluster, key: Key) -> bool:
    """Delete what this object owns; once that has gone, let it go. True: there is nothing more to do."""
    entry = cluster.store.get(key)
    if entry is None or not waits_for_dependents(entry):
        return True
    dependents = [each.load() for each in cluster.store.dependents(entry.uid)]
    for each in dependents:
        if not is_leaving(each):
            cluster.delete(each, {"propagationPolicy": "Foreground"})
    if dependents:
        return False
    obj = entry.load()
    left = [each for each in obj["metadata"]["finalizers"] if each != _FOREGROUND]
    cluster.patch(obj, {"metadata": {"finalizers": left or None}})
    return True
