"""Events: what controllers say about an object. Repeated ones are counted, the oldest go when there are many."""

import zlib
from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.errors import ApiError
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, stamp

KEPT_MOST: Final = 4_000
_SURPLUS: Final = 400
"""So that not each new one makes us look for the oldest."""


def say(
    cluster: Cluster, obj: Obj, reason: str, message: str, *, kind: str = "Normal", by: str = "", path: str = ""
) -> None:
    """Write an event, or count the one that says the same.

    Args:
        kind: Normal or Warning.
        by: who says it; the object's controller unless given.
        path: the part of the object that it is about.
    """
    metadata, now = obj["metadata"], stamp(cluster.clock())
    namespace, by = metadata.get("namespace", "default"), by or f"{obj['kind'].lower()}-controller"
    tag = zlib.crc32(f"{metadata['uid']}{reason}{message}".encode())
    name = f"{metadata['name']}.{tag:08x}"
    if event := cluster.find("Event", namespace, name):
        cluster.patch(event, {"count": event["count"] + 1, "lastTimestamp": now})
        return
    about = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "namespace": namespace, "fieldPath": path or None}
    about |= {key: metadata[key] for key in ("name", "uid", "resourceVersion")}
    event = {"metadata": {"name": name}, "involvedObject": about, "reason": reason, "message": message, "type": kind}
    event |= {"count": 1, "firstTimestamp": now, "lastTimestamp": now, "reportingComponent": by}
    event |= {"reportingInstance": "practice-node", "source": {"component": by, "host": "practice-node"}}
    try:
        cluster.create(KIND["Event"], namespace, event)
    except ApiError:  # the namespace is going, or the cluster is full
        return
    if cluster.store.count("events") > KEPT_MOST + _SURPLUS:
        for entry in sorted(cluster.store.entries("events"), key=lambda entry: entry.version)[:_SURPLUS]:
            cluster.drop(entry.key)
