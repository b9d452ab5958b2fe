"""All objects of the practice cluster, with one version counter, a bounded history and the watches on it.

Objects are kept as the bytes that are sent: a list is a concatenation, and 10,000 steps of history share most of
theirs. Everything runs in one thread (greenlets) and nothing here waits, so there are no locks.
"""

from collections import deque
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import Final, NamedTuple

import orjson

from practice_cluster.errors import expired
from practice_cluster.objects import Obj

Key = tuple[str, str, str]
"""Resource, namespace (empty for cluster-wide kinds), name."""

HISTORY: Final = 10_000
"""So many changes back a watch may resume; from before that it gets 410 and lists again."""
_BEHIND_MOST: Final = 20_000


class Entry(NamedTuple):
    """One object as it is stored."""

    key: Key
    uid: str
    version: int
    body: bytes
    labels: dict[str, str]
    owners: tuple[str, ...]

    def load(self) -> Obj:
        """A copy of its own to change."""
        obj: Obj = orjson.loads(self.body)
        return obj


class Change(NamedTuple):
    """One step of the history: ADDED, MODIFIED or DELETED."""

    type: str
    entry: Entry
    before: Entry | None


class Watch:
    """The changes of one resource from a version on; cut when nobody takes them."""

    def __init__(self, resource: str, backlog: Iterable[Change]) -> None:
        self.resource, self.is_cut = resource, False
        self.queue: SimpleQueue[Change] = SimpleQueue()
        for change in backlog:
            self.queue.put(change)

    def give(self, change: Change) -> None:
        self.is_cut = self.is_cut or self.queue.qsize() > _BEHIND_MOST
        if not self.is_cut:
            self.queue.put(change)


class Store:
    """Objects by key. `on_change` is told every change at once: the controllers listen there."""

    def __init__(self, version: int = 0) -> None:
        self.version = self.oldest = version
        self.stored_bytes = 0
        self.on_change: Callable[[Change], None] = lambda _: None
        self._objects: dict[str, dict[Key, Entry]] = {}
        self._dependents: dict[str, dict[Key, None]] = {}
        self._by_uid: dict[str, Key] = {}
        self._history: deque[Change] = deque()
        self._watches: list[Watch] = []
        self._unsaved: set[Key] = set()

    def get(self, key: Key) -> Entry | None:
        return self._objects.get(key[0], {}).get(key)

    def by_uid(self, uid: str) -> Key | None:
        return self._by_uid.get(uid)

    def entries(self, resource: str, namespace: str = "") -> list[Entry]:
        """Those of one kind, everywhere without a namespace, in etcd's order."""
        found = [each for each in self._objects.get(resource, {}).values() if namespace in ("", each.key[1])]
        return sorted(found, key=lambda entry: entry.key)

    def count(self, resource: str = "") -> int:
        return sum(len(objects) for name, objects in self._objects.items() if resource in ("", name))

    def dependents(self, uid: str, resource: str = "") -> list[Entry]:
        """What names this uid as its owner."""
        keys = sorted(key for key in self._dependents.get(uid, ()) if resource in ("", key[0]))
        return [self._objects[key[0]][key] for key in keys]

    def namespaced(self, namespace: str) -> list[Key]:
        """All that is in a namespace."""
        return [key for objects in self._objects.values() for key in objects if key[1] == namespace]

    def put(self, resource: str, obj: Obj) -> Obj:
        """Store an object under the next version; returns it with that."""
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        entry, before = self._keep(resource, obj)
        self._tell(Change("MODIFIED" if before else "ADDED", entry, before))
        return obj

    def remove(self, key: Key) -> None:
        """Take an object away; its last state is told under the next version."""
        self.version += 1
        before = self._forget(key)
        last = before.load()
        last["metadata"]["resourceVersion"] = str(self.version)
        self._tell(Change("DELETED", before._replace(version=self.version, body=orjson.dumps(last)), before))

    def restore(self, resource: str, body: bytes) -> None:
        """At the start: as it was saved, without a change."""
        self._keep(resource, orjson.loads(body))
        self._unsaved.clear()

    def watch(self, resource: str, since: int) -> Watch:
        """From the changes after this version on.

        Raises:
            ApiError: 410, the history doesn't reach back so far.
        """
        if since < self.oldest:
            raise expired(since, self.oldest)
        recent = deque[Change]()
        for change in reversed(self._history):  # mostly few: from the end
            if change.entry.version <= since:
                break
            recent.appendleft(change)
        watch = Watch(resource, (change for change in recent if change.entry.key[0] == resource))
        self._watches.append(watch)
        return watch

    def unwatch(self, watch: Watch) -> None:
        self._watches.remove(watch)

    def take_unsaved(self) -> list[tuple[Key, bytes | None]]:
        """What has changed since this was asked last, by key (`None`: gone)."""
        unsaved, self._unsaved = self._unsaved, set()
        return [(key, entry.body if (entry := self.get(key)) else None) for key in unsaved]

    def _keep(self, resource: str, obj: Obj) -> tuple[Entry, Entry | None]:
        metadata = obj["metadata"]
        key = (resource, metadata.get("namespace", ""), metadata["name"])
        before = self._forget(key) if self.get(key) else None
        body = bytes(memoryview(orjson.dumps(obj)))  # copied: what orjson returns takes up to four times its length
        owners = tuple(owner["uid"] for owner in metadata.get("ownerReferences") or ())
        version, labels = int(metadata["resourceVersion"]), metadata.get("labels") or {}
        entry = Entry(key, metadata["uid"], version, body, labels, owners)
        self._objects.setdefault(resource, {})[key] = entry
        self._by_uid[entry.uid] = key
        self.stored_bytes += len(body)
        for uid in owners:
            self._dependents.setdefault(uid, {})[key] = None
        self._unsaved.add(key)
        return entry, before

    def _forget(self, key: Key) -> Entry:
        entry = self._objects[key[0]].pop(key)
        del self._by_uid[entry.uid]
        self.stored_bytes -= len(entry.body)
        for uid in entry.owners:
            del self._dependents[uid][key]
            if not self._dependents[uid]:
                del self._dependents[uid]
        self._unsaved.add(key)
        return entry

    def _tell(self, change: Change) -> None:
        self._history.append(change)
        if len(self._history) > HISTORY:
            self.oldest = self._history.popleft().entry.version
        for watch in self._watches:
            if watch.resource == change.entry.key[0]:
                watch.give(change)
        self.on_change(change)
