"""Create, change and delete objects by the API's rules. Called by `routing` for clients, and by the controllers."""

import copy
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from practice_cluster import errors, ownership
from practice_cluster.defaults import FILL, first_status
from practice_cluster.kinds import KIND, Kind, Kinds, custom_kinds
from practice_cluster.objects import Clock, Obj, at, random_suffix, stamp, without_nulls
from practice_cluster.store import Entry, Key, Store
from practice_cluster.validation import check

OBJECTS_MOST: Final = 40_000
PODS_MOST: Final = 5_000
BYTES_MOST: Final = 256 * 1024 * 1024
"""Of all objects together: what a person's machine can spare."""

_KEPT: Final = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName")
_FOREGROUND: Final = "foregroundDeletion"
Owners = dict[ownership.Owner, set[ownership.Path]]
_NOT_SPEC: Final = frozenset({"metadata", "status", "apiVersion", "kind"})


@dataclass(frozen=True, slots=True)
class Writing:
    """How a client wants it written."""

    manager: str
    dry_run: bool = False
    subresource: str = ""


class Cluster:
    """The objects of the practice cluster and the rules they follow.

    Args:
        store: where they are.
        clock: for their times.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock, self.kinds = store, clock, Kinds()
        for entry in store.entries(KIND["CustomResourceDefinition"].resource):
            self._define(entry.load())

    def find(self, kind: Kind | str, namespace: str, name: str) -> Obj | None:
        """A copy of an object; `None` when it isn't there."""
        kind = KIND[kind] if isinstance(kind, str) else kind
        entry = self.store.get((kind.resource, namespace, name))
        return self.shown(kind, entry.load()) if entry else None

    def get(self, kind: Kind, namespace: str, name: str) -> Obj:
        """Like `find`; ApiError 404 instead."""
        if (obj := self.find(kind, namespace, name)) is None:
            raise errors.not_found(kind.resource, name)
        return obj

    def entry(self, kind: Kind, namespace: str, name: str) -> Entry:
        if (entry := self.store.get((kind.resource, namespace, name))) is None:
            raise errors.not_found(kind.resource, name)
        return entry

    @staticmethod
    def shown(kind: Kind, obj: Obj) -> Obj:
        """An object as this version of its kind: custom resources are stored in the version they were written in."""
        if kind.is_custom:
            obj["apiVersion"] = kind.api_version
        return obj

    def create(
        self, kind: Kind, namespace: str, obj: Obj, writing: Writing | None = None, owners: Owners | None = None
    ) -> Obj:
        """Store a new object. Without `writing` it is a controller's: managedFields aren't kept for those.

        Args:
            kind: of it.
            namespace: empty for cluster-wide kinds.
            obj: not changed.
            writing: who writes, and how.
            owners: of its fields, where it isn't whoever writes.

        Raises:
            ApiError: refused.
        """
        with self.store.lock:
            obj = copy.deepcopy(obj) if writing is None or kind.is_custom else without_nulls(obj)
            obj = self._addressed(kind, namespace, obj)
            metadata = obj["metadata"]
            if not metadata.get("name") and metadata.get("generateName"):
                metadata["name"] = metadata["generateName"] + random_suffix()
            if self.store.get((kind.resource, namespace, metadata.get("name") or "")):
                raise errors.already_exists(kind.resource, metadata["name"])
            self._admit(kind, namespace, metadata.get("name") or "")
            for key in ("resourceVersion", "deletionTimestamp", "generation"):
                metadata.pop(key, None)
            metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": stamp(self.clock())}
            if kind.counts:
                metadata["generation"] = 1
            self._complete(kind, obj, None)
            if "status" in kind.subresources:
                obj.pop("status", None)
                status = None if kind.is_custom else first_status(kind.kind, obj, self.clock())
                obj |= {"status": status} if status is not None else {}
            obj = self._owned(kind, None, obj, writing, owners)
            return self._write(kind, obj, writing)

    def update(self, kind: Kind, obj: Obj, change: Callable[[Obj], Any], writing: Writing | None = None) -> Obj:
        """Change an object that was just read; nothing is written when nothing changes.

        Args:
            kind: of it.
            obj: as it is stored.
            change: gets a copy and returns the new object, or `None` when it has changed the copy.
            writing: as in `create`.

        Raises:
            ApiError: refused.
        """
        with self.store.lock:
            before = self.get(kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            result = change(copy.deepcopy(before))
            result = without_nulls(result) if writing and not kind.is_custom else result
            after = self._addressed(kind, before["metadata"].get("namespace", ""), result)
            return self._update(kind, before, after, writing)

    def _update(
        self, kind: Kind, before: Obj, after: Obj, writing: Writing | None, owners: Owners | None = None
    ) -> Obj:
        metadata, old = after["metadata"], before["metadata"]
        if metadata.get("name") != old["name"]:
            raise errors.bad_request("the name of the object does not match the name on the URL")
        if metadata.get("uid") not in (None, old["uid"]):
            why = f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {old['uid']}"
            raise errors.conflict(kind.resource, old["name"], why)
        if metadata.get("resourceVersion") not in (None, "", "0", old["resourceVersion"]):
            why = "the object has been modified; please apply your changes to the latest version and try again"
            raise errors.conflict(kind.resource, old["name"], why)
        metadata |= {key: old[key] for key in (*_KEPT, "resourceVersion") if key in old}
        is_status = bool(writing and writing.subresource == "status")
        if is_status:
            after = {**before, "status": after.get("status") or {}}
        elif writing and "status" in kind.subresources:
            after.pop("status", None)
            after |= {"status": before["status"]} if "status" in before else {}
        if not is_status:
            self._complete(kind, after, before)
            after["metadata"]["managedFields"] = old.get("managedFields") or []
            changed = any(after.get(key) != before.get(key) for key in {*after, *before} - _NOT_SPEC)
            if kind.counts:
                is_binding = kind.kind == "Pod" and writing is None  # a node is no wish of anybody's
                after["metadata"]["generation"] = old.get("generation", 1) + (changed and not is_binding)
            after = self._owned(kind, before, after, writing, owners)
            if not after["metadata"].get("managedFields"):
                after["metadata"].pop("managedFields", None)
        if after == before:
            return before
        has_ended = "deletionTimestamp" in old and not after["metadata"].get("finalizers")
        if has_ended and kind.kind not in ("Pod", "Namespace"):  # those go when their controller says so
            self._drop((kind.resource, old.get("namespace", ""), old["name"]), kind, after, writing)
            return after
        return self._write(kind, after, writing)

    def apply(self, kind: Kind, namespace: str, name: str, wanted: Obj, writing: Writing, *, force: bool) -> Obj:
        """Server-side apply: create it, or change what this manager names and drop what it named before."""
        with self.store.lock:
            wanted = self._addressed(kind, namespace, wanted)
            wanted["metadata"].setdefault("name", name)
            if wanted["metadata"].get("managedFields"):
                raise errors.bad_request("metadata.managedFields must be nil")
            wanted.pop("status", None)
            before = self.find(kind, namespace, name)
            if before is None:
                if uid := wanted["metadata"].get("uid"):
                    why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: "
                    raise errors.conflict(kind.resource, name, why)
                owners = {(writing.manager, "Apply", ""): set(ownership.flatten(kind, wanted))}
                return self.create(kind, namespace, wanted, writing, owners)
            after, owners = ownership.applied(kind, before, wanted, writing.manager, force=force)
            after = copy.deepcopy(after)
            # The result of our own merge: what it was made from is checked in `_update` as for any update.
            after["metadata"]["resourceVersion"] = wanted["metadata"].get("resourceVersion")
            return self._update(kind, before, after, writing, owners)

    def set_status(self, kind: str, obj: Obj, **values: Any) -> Obj:
        """By controllers: replace these parts of the status; `None` takes one away."""

        def change(copied: Obj) -> Obj:
            status = (copied.get("status") or {}) | values
            return copied | {"status": {key: value for key, value in status.items() if value is not None}}

        return self.update(KIND[kind], obj, change)

    def delete(self, kind: Kind, obj: Obj, options: Obj | None = None, *, dry_run: bool = False) -> Obj | None:
        """Start deleting an object; the object if it stays for a while, `None` when it is gone.

        Raises:
            ApiError: 409, it isn't the one that was meant.
        """
        options = options or {}
        with self.store.lock:
            namespace, name = obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
            obj = self.get(kind, namespace, name)
            metadata = obj["metadata"]
            for field, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
                wanted = at(options, "preconditions", field)
                if wanted is not None and wanted != metadata[field]:
                    why = f"Precondition failed: {word} in precondition: {wanted}, {word} in object meta: "
                    raise errors.conflict(kind.resource, name, why + metadata[field])
            if dry_run:
                return obj
            finalizers = [each for each in metadata.get("finalizers") or [] if each not in ("orphan", _FOREGROUND)]
            policy = options.get("propagationPolicy") or ("Orphan" if kind.kind == "Job" else "Background")
            if policy == "Orphan":
                self._orphan(metadata["uid"])
            elif policy == "Foreground" and self.store.dependents(metadata["uid"]):
                finalizers.append(_FOREGROUND)
            grace = options.get("gracePeriodSeconds")
            grace = at(obj, "spec", "terminationGracePeriodSeconds") if grace is None else grace
            lingers = kind.kind == "Namespace" or (kind.kind == "Pod" and grace != 0 and at(obj, "spec", "nodeName"))
            if not finalizers and not lingers:
                self._drop((kind.resource, namespace, name), kind, obj, None)
                return None
            seconds = int(grace or 0) if kind.kind == "Pod" else 0
            if "deletionTimestamp" not in metadata or grace == 0:
                metadata |= {"deletionTimestamp": stamp(self.clock() + seconds), "deletionGracePeriodSeconds": seconds}
            metadata.pop("finalizers", None)
            metadata |= {"finalizers": finalizers} if finalizers else {}
            if kind.kind == "Namespace":
                obj["status"]["phase"] = "Terminating"
            return self.store.put(kind.resource, obj)

    def remove(self, kind: Kind, obj: Obj) -> None:
        """By controllers: it is over, whatever it waited for; finalizers of others still hold it."""
        with self.store.lock:
            namespace, name = obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
            if (found := self.find(kind, namespace, name)) and not found["metadata"].get("finalizers"):
                self._drop((kind.resource, namespace, name), kind, found, None)

    def _orphan(self, uid: str) -> None:
        for entry in self.store.dependents(uid):
            dependent = entry.load()
            owners = [owner for owner in dependent["metadata"]["ownerReferences"] if owner["uid"] != uid]
            dependent["metadata"].pop("ownerReferences")
            dependent["metadata"] |= {"ownerReferences": owners} if owners else {}
            self.store.put(entry.key[0], dependent)

    def _addressed(self, kind: Kind, namespace: str, obj: Any) -> Obj:
        """The object with its own kind and place in it; 400 when they are others."""
        if not isinstance(obj, dict) or not isinstance(obj.setdefault("metadata", {}), dict):
            raise errors.bad_request("the body must be an object with metadata")
        if (obj.get("apiVersion") or kind.api_version, obj.get("kind") or kind.kind) != (kind.api_version, kind.kind):
            text = f"{obj.get('apiVersion')}, Kind={obj.get('kind')} in the body, {kind.api_version}, Kind={kind.kind}"
            raise errors.bad_request(f"the object provided is unrecognized here: {text} in the URL")
        if kind.namespaced:
            if (obj["metadata"].get("namespace") or namespace) != namespace:
                raise errors.bad_request("the namespace of the provided object does not match the namespace sent")
            obj["metadata"]["namespace"] = namespace
        return {"apiVersion": kind.api_version, "kind": kind.kind} | obj | {"apiVersion": kind.api_version}

    def _admit(self, kind: Kind, namespace: str, name: str) -> None:
        """Refuse what has no place: a namespace that isn't there, or more than this cluster holds."""
        if kind.namespaced:
            place = self.find("Namespace", "", namespace)
            if place is None:
                raise errors.not_found("namespaces", namespace)
            if "deletionTimestamp" in place["metadata"] and kind.kind != "Event":
                why = f"unable to create new content in namespace {namespace} because it is being terminated"
                raise errors.forbidden(kind.resource, name, why)
        is_full = self.store.count() >= OBJECTS_MOST or self.store.stored_bytes >= BYTES_MOST
        if is_full or (kind.kind == "Pod" and self.store.count("pods") >= PODS_MOST):
            most = f"{PODS_MOST} pods, {OBJECTS_MOST} objects and {BYTES_MOST >> 20} MiB"
            raise errors.forbidden(kind.resource, name, f"exceeded quota: the practice cluster holds at most {most}")

    def _complete(self, kind: Kind, obj: Obj, before: Obj | None) -> None:
        """Defaults and checks."""
        try:
            if not kind.is_custom and kind.kind in FILL:
                FILL[kind.kind](obj)
            check(kind, obj, before)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            shown = f"missing field {error}" if isinstance(error, KeyError) else str(error)
            text = f"{kind.kind} in version {kind.version!r} cannot be handled as a {kind.kind}: {shown}"
            raise errors.bad_request(text.replace("'", '"')) from None

    def _owned(self, kind: Kind, before: Obj | None, after: Obj, writing: Writing | None, owners: Owners | None) -> Obj:
        """With managedFields that say who wrote."""
        if owners is not None:
            return ownership.with_owners(kind, after, owners, before, self.clock())
        if writing is None:
            return after
        owner = (writing.manager, "Update", writing.subresource)
        return ownership.updated(kind, before, after, owner, self.clock())

    def _write(self, kind: Kind, obj: Obj, writing: Writing | None) -> Obj:
        if writing and writing.dry_run:
            return obj
        stored = self.store.put(kind.resource, obj)
        if kind.kind == "CustomResourceDefinition":
            self._define(stored)
        return stored

    def _drop(self, key: Key, kind: Kind, obj: Obj, writing: Writing | None) -> None:
        if writing and writing.dry_run:
            return
        self.store.remove(key)
        if kind.kind == "CustomResourceDefinition":
            for custom in custom_kinds(obj):
                for entry in self.store.entries(custom.resource):
                    self.store.remove(entry.key)
            self.kinds.define(obj["metadata"]["name"], ())

    def _define(self, definition: Obj) -> None:
        self.kinds.define(definition["metadata"]["name"], custom_kinds(definition))
