"""All objects of the practice cluster, with one version counter, a bounded history and the watches on it.

Objects are kept as the bytes that are sent, so that a list is a concatenation and 10,000 steps of history stay small.
Everything that reads and then writes holds `lock`.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from queue import SimpleQueue
from typing import Final, NamedTuple

import orjson

from practice_cluster.errors import expired
from practice_cluster.objects import Obj
from practice_cluster.selectors import fields_of

Key = tuple[str, str, str]
"""Resource, namespace (empty for cluster-wide kinds), name."""

HISTORY: Final = 10_000
"""So many changes back a watch may resume; from before that it gets 410 and lists again."""
BEHIND_MOST: Final = 20_000
"""Changes that a watch may be behind before it is cut."""


class Entry(NamedTuple):
    """One object as it is stored."""

    key: Key
    uid: str
    version: int
    body: bytes
    labels: dict[str, str]
    fields: dict[str, str]
    owners: tuple[str, ...]

    def load(self) -> Obj:
        """A copy of its own to change."""
        obj: Obj = orjson.loads(self.body)
        return obj


class Change(NamedTuple):
    """One step of the history."""

    version: int
    type: str
    entry: Entry
    before: Entry | None
    """What it was, where its labels or fields were others: a watch with a selector must know. Body only for labels."""


class Subscription:
    """The changes of one resource (or all) from a version on."""

    def __init__(self, resource: str | None, backlog: Iterable[Change]) -> None:
        self.resource, self.is_cut = resource, False
        self._is_light = resource is None
        self.queue: SimpleQueue[Change | None] = SimpleQueue()
        for change in backlog:
            self.queue.put(change)

    def give(self, change: Change) -> None:
        if not self._is_light and self.queue.qsize() > BEHIND_MOST:
            self.is_cut = True
        else:
            # The controllers read objects anew: a burst must not hold on to every step of each.
            is_light = self._is_light
            self.queue.put(change._replace(entry=change.entry._replace(body=b"")) if is_light else change)


class Store:
    """Objects by key."""

    def __init__(self, version: int = 0) -> None:
        self.lock = threading.RLock()
        self.version = self.oldest = version
        self._objects: dict[str, dict[Key, Entry]] = {}
        self._dependents: dict[str, set[Key]] = {}
        self._by_uid: dict[str, Key] = {}
        self._history: deque[Change] = deque()
        self._subscriptions: list[Subscription] = []
        self._unsaved: set[Key] = set()
        self.stored_bytes = 0

    def get(self, key: Key) -> Entry | None:
        return self._objects.get(key[0], {}).get(key)

    def by_uid(self, uid: str) -> Key | None:
        """Where the object with this uid is."""
        return self._by_uid.get(uid)

    def entries(self, resource: str, namespace: str = "") -> list[Entry]:
        """Those of one kind, everywhere without a namespace, in etcd's order."""
        with self.lock:
            found = [e for e in self._objects.get(resource, {}).values() if not namespace or e.key[1] == namespace]
        return sorted(found, key=lambda entry: entry.key)

    def count(self, resource: str | None = None) -> int:
        if resource is not None:
            return len(self._objects.get(resource, {}))
        return sum(len(entries) for entries in self._objects.values())

    def dependents(self, uid: str, resource: str | None = None) -> list[Entry]:
        """What names this uid as its owner."""
        with self.lock:
            keys = sorted(key for key in self._dependents.get(uid, ()) if resource is None or key[0] == resource)
            return [entry for key in keys if (entry := self.get(key))]

    def namespaced(self, namespace: str) -> list[Key]:
        """All that is in a namespace."""
        with self.lock:
            return [key for objects in self._objects.values() for key in objects if key[1] == namespace]

    def put(self, resource: str, obj: Obj) -> Obj:
        """Store an object under the next version; returns it with that."""
        with self.lock:
            self.version += 1
            obj["metadata"]["resourceVersion"] = str(self.version)
            entry = self._entry(resource, obj, self.version)
            before = self.get(entry.key)
            self._keep(entry)
            kind, moved = "MODIFIED" if before else "ADDED", before
            if before and before.labels == entry.labels:
                moved = before._replace(body=b"") if before.fields != entry.fields else None
            self._tell(Change(self.version, kind, entry, moved))
            return obj

    def remove(self, key: Key) -> None:
        """Take an object away; its last state is told under the next version."""
        with self.lock:
            if not (entry := self.get(key)):
                return
            self.version += 1
            last = entry.load()
            last["metadata"]["resourceVersion"] = str(self.version)
            self._forget(entry)
            self._tell(Change(self.version, "DELETED", self._entry(key[0], last, self.version), None))

    def restore(self, resource: str, obj: Obj) -> None:
        """At the start: as it was saved, without a change."""
        self._keep(self._entry(resource, obj, int(obj["metadata"]["resourceVersion"])))
        self._unsaved.clear()

    def subscribe(self, resource: str | None, since: int) -> Subscription:
        """From the changes after this version on.

        Raises:
            ApiError: 410, the history doesn't reach back so far.
        """
        with self.lock:
            if since < self.oldest:
                raise expired(since, self.oldest)
            backlog = [c for c in self._since(since) if resource is None or c.entry.key[0] == resource]
            subscription = Subscription(resource, backlog)
            self._subscriptions.append(subscription)
            return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        with self.lock:
            self._subscriptions.remove(subscription)

    def take_unsaved(self) -> tuple[int, list[tuple[Key, bytes | None]]]:
        """What has changed since this was asked last: version, and content by key (`None`: gone)."""
        with self.lock:
            unsaved, self._unsaved = self._unsaved, set()
            return self.version, [(key, entry.body if (entry := self.get(key)) else None) for key in unsaved]

    def _since(self, version: int) -> Iterator[Change]:
        recent: deque[Change] = deque()
        for change in reversed(self._history):  # mostly few: from the end
            if change.version <= version:
                break
            recent.appendleft(change)
        return iter(recent)

    def _entry(self, resource: str, obj: Obj, version: int) -> Entry:
        metadata = obj["metadata"]
        key = (resource, metadata.get("namespace", ""), metadata["name"])
        owners = tuple(owner["uid"] for owner in metadata.get("ownerReferences") or ())
        labels = metadata.get("labels") or {}
        body = bytes(memoryview(orjson.dumps(obj)))  # copied: what orjson returns takes up to four times its length
        return Entry(key, metadata["uid"], version, body, labels, fields_of(resource, obj), owners)

    def _keep(self, entry: Entry) -> None:
        if before := self.get(entry.key):
            self._forget(before)
        self._objects.setdefault(entry.key[0], {})[entry.key] = entry
        self._by_uid[entry.uid] = entry.key
        self.stored_bytes += len(entry.body)
        for uid in entry.owners:
            self._dependents.setdefault(uid, set()).add(entry.key)
        self._unsaved.add(entry.key)

    def _forget(self, entry: Entry) -> None:
        del self._objects[entry.key[0]][entry.key]
        del self._by_uid[entry.uid]
        self.stored_bytes -= len(entry.body)
        for uid in entry.owners:
            keys = self._dependents[uid]
            keys.discard(entry.key)
            if not keys:
                del self._dependents[uid]
        self._unsaved.add(entry.key)

    def _tell(self, change: Change) -> None:
        self._history.append(change)
        if len(self._history) > HISTORY:
            self.oldest = self._history.popleft().version
        for subscription in self._subscriptions:
            if subscription.resource in (None, change.entry.key[0]):
                subscription.give(change)
