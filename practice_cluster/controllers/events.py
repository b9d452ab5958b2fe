"""Events: what controllers say about an object. Repeated ones are counted; old ones go."""

import time
from dataclasses import dataclass, field
from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.errors import ApiError
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, seconds_of, stamp

KEPT_MOST: Final = 4_000
_SURPLUS: Final = 400
"""So that not each new one makes us look for the oldest."""
KEPT_S: Final = 3600.0


@dataclass(slots=True)
class Recorder:
    """Writes events."""

    cluster: Cluster
    names: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def normal(self, obj: Obj, reason: str, message: str, component: str, path: str = "") -> None:
        self._record(obj, ("Normal", reason, message), component, path)

    def warning(self, obj: Obj, reason: str, message: str, component: str, path: str = "") -> None:
        self._record(obj, ("Warning", reason, message), component, path)

    def _record(self, obj: Obj, said: tuple[str, str, str], component: str, path: str) -> None:
        kind, reason, message = said
        metadata, now = obj["metadata"], stamp(self.cluster.clock())
        namespace, known = metadata.get("namespace", "default"), (metadata["uid"], reason, message)
        if (name := self.names.get(known)) and (event := self.cluster.find("Event", namespace, name)):
            counted = {"count": event["count"] + 1, "lastTimestamp": now}
            self.cluster.update(KIND["Event"], event, lambda old: old | counted)
            return
        name = f"{metadata['name']}.{time.time_ns():x}"
        about = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": metadata["name"], "namespace": namespace}
        about |= {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        event = {"metadata": {"name": name}, "involvedObject": about | ({"fieldPath": path} if path else {})}
        event |= {"reason": reason, "message": message, "type": kind, "count": 1, "eventTime": None}
        event |= {"firstTimestamp": now, "lastTimestamp": now, "reportingComponent": component}
        event |= {"reportingInstance": "practice-node", "source": {"component": component, "host": "practice-node"}}
        try:
            self.cluster.create(KIND["Event"], namespace, event)
        except ApiError:  # the namespace is going, or the cluster is full
            return
        self.names[known] = name
        if self.cluster.store.count("events") > KEPT_MOST + _SURPLUS:
            self.sweep()
        if len(self.names) > 2 * KEPT_MOST:
            self.names.clear()

    def sweep(self) -> None:
        """Take away the oldest, and those older than an hour."""
        entries = sorted(self.cluster.store.entries(KIND["Event"].resource), key=lambda entry: entry.version)
        too_many = len(entries) - KEPT_MOST
        for index, entry in enumerate(entries):
            said_at = seconds_of(entry.load()["lastTimestamp"]) if index >= too_many else 0.0
            if self.cluster.clock() - said_at < KEPT_S:
                return
            self.cluster.store.remove(entry.key)
