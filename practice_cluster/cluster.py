"""Create, change and delete objects by the API's rules. Called by `routing` for clients, and by the controllers."""

import copy
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from practice_cluster import errors, ownership
from practice_cluster.admission import complete, first_status
from practice_cluster.kinds import KIND, Kind, Kinds, load_rules
from practice_cluster.objects import Obj, at, is_leaving, merge_patch, random_suffix, stamp, without_nulls
from practice_cluster.ownership import Owners
from practice_cluster.store import Key, Store

OBJECTS_MOST: Final = 40_000
PODS_MOST: Final = 5_000
BYTES_MOST: Final = 256 * 1024 * 1024
"""Of all objects together: what a person's machine can spare."""

_KEPT: Final = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName")
_FOREGROUND: Final = "foregroundDeletion"
_NOT_COUNTED: Final = frozenset({"metadata", "status", "apiVersion", "kind"})


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
        clock: for their times; seconds since 1970.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self.store, self.clock, self.kinds = store, clock, Kinds()
        for entry in store.entries(KIND["CustomResourceDefinition"].resource):
            self.kinds.define(entry.load())
        for obj in load_rules("first_objects.yaml"):
            namespace, name = obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
            if self.find(obj["kind"], namespace, name) is None:
                made = self.create(KIND[obj["kind"]], namespace, obj)
                self.set_status(made, **obj.get("status") or {})

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

    @staticmethod
    def shown(kind: Kind, obj: Obj) -> Obj:
        """An object as this version of its kind: custom resources are stored in the version they were written in."""
        return obj | {"apiVersion": kind.api_version} if kind.is_custom else obj

    def create(
        self, kind: Kind, namespace: str, obj: Obj, writing: Writing | None = None, owners: Owners | None = None
    ) -> Obj:
        """Store a new object. Without `writing` it is a controller's: managedFields aren't kept for those.

        Raises:
            ApiError: refused.
        """
        obj = self._addressed(kind, namespace, copy.deepcopy(obj) if kind.is_custom else without_nulls(obj))
        metadata = obj["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + random_suffix()
        if self.store.get((kind.resource, namespace, metadata.get("name") or "")):
            raise errors.already_exists(kind.resource, metadata["name"])
        self._admit(kind, namespace, metadata.get("name") or "")
        for key in ("resourceVersion", "deletionTimestamp", "generation"):
            metadata.pop(key, None)
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": stamp(self.clock())}
        metadata |= {"generation": 1} if kind.counts else {}
        complete(kind, obj, None)
        if "status" in kind.subresources:
            obj.pop("status", None)
            status = first_status(kind, obj, self.clock())
            obj |= {"status": status} if status is not None else {}
        self._own(kind, None, obj, writing, owners)
        if not (writing and writing.dry_run):
            self.store.put(kind.resource, obj)
            self._define(kind, obj)
        return obj

    def update(self, kind: Kind, namespace: str, name: str, change: Callable[[Obj], Any], writing: Writing) -> Obj:
        """By clients: change an object; nothing is written when nothing changes.

        Args:
            change: gets a copy and returns the new object.

        Raises:
            ApiError: refused.
        """
        before = self.get(kind, namespace, name)
        after = change(copy.deepcopy(before))
        after = self._addressed(kind, namespace, after if kind.is_custom else without_nulls(after))
        if writing.subresource == "status":
            self._same(kind, before, after)
            return self._write(kind, before, before | {"status": after.get("status") or {}}, writing)
        return self._update(kind, before, after, writing, None)

    def apply(self, kind: Kind, namespace: str, name: str, wanted: Obj, writing: Writing, *, force: bool) -> Obj:
        """Server-side apply: create it, or change what this manager names and drop what it named before."""
        wanted = self._addressed(kind, namespace, wanted)
        metadata = wanted["metadata"]
        metadata.setdefault("name", name)
        if metadata.get("managedFields"):
            raise errors.bad_request("metadata.managedFields must be nil")
        wanted.pop("status", None)
        before = self.find(kind, namespace, name)
        if before is None:
            if metadata.get("uid"):
                raise errors.conflict(
                    kind.resource, name, f"Precondition failed: UID in precondition: {metadata['uid']}"
                )
            owners = {(writing.manager, "Apply", ""): set(ownership.flatten(kind, wanted))}
            return self.create(kind, namespace, wanted, writing, owners)
        after, owners = ownership.applied(kind, before, wanted, writing.manager, force=force)
        after = copy.deepcopy(after)
        after["metadata"]["resourceVersion"] = metadata.get("resourceVersion")
        return self._update(kind, before, after, writing, owners)

    def patch(self, obj: Obj, patch: Obj) -> Obj:
        """By controllers: a merge patch of what was just read, status included, without ceremony."""
        kind, metadata = self._kind_of(obj), obj["metadata"]
        before = self.get(kind, metadata.get("namespace", ""), metadata["name"])
        return self._write(kind, before, merge_patch(before, patch), None)

    def set_status(self, obj: Obj, **values: Any) -> Obj:
        """By controllers: replace these parts of the status. What is empty or 0 goes, as Go's `omitempty` has it."""
        kind = self._kind_of(obj)
        if kind.counts:
            values["observedGeneration"] = obj["metadata"]["generation"]
        kept = kind.rules.get("status") or {}
        return self.patch(
            obj, {"status": {key: value if value or key in kept else None for key, value in values.items()}}
        )

    def _update(self, kind: Kind, before: Obj, after: Obj, writing: Writing, owners: Owners | None) -> Obj:
        self._same(kind, before, after)
        old = before["metadata"]
        after["metadata"] |= {key: old[key] for key in (*_KEPT, "resourceVersion", "managedFields") if key in old}
        if "status" in kind.subresources:
            after.pop("status", None)
            after |= {"status": before["status"]} if "status" in before else {}
        complete(kind, after, before)
        self._own(kind, before, after, writing, owners)
        return self._write(kind, before, after, writing)

    def _same(self, kind: Kind, before: Obj, after: Obj) -> None:
        """Refuse to write what isn't the object that is meant."""
        old, new = before["metadata"], after["metadata"]
        if new.get("name") != old["name"]:
            raise errors.bad_request("the name of the object does not match the name on the URL")
        if new.get("uid") not in (None, old["uid"]):
            raise errors.conflict(kind.resource, old["name"], f"Precondition failed: UID in precondition: {new['uid']}")
        if new.get("resourceVersion") not in (None, "", "0", old["resourceVersion"]):
            why = "the object has been modified; please apply your changes to the latest version and try again"
            raise errors.conflict(kind.resource, old["name"], why)

    def _write(self, kind: Kind, before: Obj, after: Obj, writing: Writing | None) -> Obj:
        if after == before:
            return before
        metadata = after["metadata"] = dict(after["metadata"])
        if kind.counts and any(after.get(key) != before.get(key) for key in {*after, *before} - _NOT_COUNTED):
            # A pod's node, which only its controller writes, is no wish of anybody's.
            metadata["generation"] = before["metadata"].get("generation", 0) + (
                writing is not None or kind.kind != "Pod"
            )
        if writing and writing.dry_run:
            return after
        if is_leaving(after) and not metadata.get("finalizers") and kind.kind not in ("Pod", "Namespace"):
            self.drop((kind.resource, metadata.get("namespace", ""), metadata["name"]))
            return after
        self.store.put(kind.resource, after)
        self._define(kind, after)
        return after

    def delete(self, obj: Obj, options: Obj | None = None, *, dry_run: bool = False) -> Obj | None:
        """Start deleting an object; the object if it stays for a while, `None` when it is gone.

        Raises:
            ApiError: 409, it isn't the one that was meant.
        """
        options, namespace, name = options or {}, obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
        kind = self._kind_of(obj)
        obj = self.get(kind, namespace, name)
        metadata = obj["metadata"]
        for field in ("uid", "resourceVersion"):
            if (wanted := at(options, f"preconditions.{field}")) not in (None, metadata[field]):
                why = f"Precondition failed: {field} in precondition: {wanted}, in object meta: {metadata[field]}"
                raise errors.conflict(kind.resource, name, why)
        if dry_run:
            return obj
        finalizers = [each for each in metadata.get("finalizers") or [] if each not in ("orphan", _FOREGROUND)]
        policy = options.get("propagationPolicy") or ("Orphan" if kind.kind == "Job" else "Background")
        if policy == "Orphan":
            self._orphan(metadata["uid"])
        elif policy == "Foreground" and self.store.dependents(metadata["uid"]):
            finalizers.append(_FOREGROUND)
        grace = options.get("gracePeriodSeconds")
        grace = at(obj, "spec.terminationGracePeriodSeconds") if grace is None else grace
        lingers = kind.kind == "Namespace" or (kind.kind == "Pod" and grace != 0 and at(obj, "spec.nodeName"))
        if not finalizers and not lingers:
            self.drop((kind.resource, namespace, name))
            return None
        seconds = int(grace or 0) if kind.kind == "Pod" else 0
        if not is_leaving(obj) or grace == 0:
            metadata |= {"deletionTimestamp": stamp(self.clock() + seconds), "deletionGracePeriodSeconds": seconds}
        phase = {"status": {"phase": "Terminating"}} if kind.kind == "Namespace" else {}
        return self.store.put(kind.resource, merge_patch(obj, {"metadata": {"finalizers": finalizers or None}} | phase))

    def drop(self, key: Key) -> None:
        """It is over, whatever it waited for."""
        entry = self.store.get(key)
        if entry is not None:
            self.store.remove(key)
        if entry is not None and key[0] == KIND["CustomResourceDefinition"].resource:
            for custom in self.kinds.define(definition := entry.load()):
                for each in self.store.entries(custom.resource):
                    self.store.remove(each.key)
            self.kinds.forget(definition)

    def _kind_of(self, obj: Obj) -> Kind:
        known = KIND.get(obj["kind"])
        if known and known.api_version == obj["apiVersion"]:
            return known
        for kind in self.kinds:
            if (kind.api_version, kind.kind) == (obj["apiVersion"], obj["kind"]):
                return kind
        raise errors.not_found(obj["kind"].lower(), obj["metadata"]["name"])

    def _orphan(self, uid: str) -> None:
        for entry in self.store.dependents(uid):
            dependent = entry.load()
            owners = [owner for owner in dependent["metadata"]["ownerReferences"] if owner["uid"] != uid]
            self.store.put(entry.key[0], merge_patch(dependent, {"metadata": {"ownerReferences": owners or None}}))

    def _addressed(self, kind: Kind, namespace: str, obj: Any) -> Obj:
        """The object with its own kind and place in it; 400 when they are others."""
        if not isinstance(obj, dict) or not isinstance(obj.setdefault("metadata", {}), dict):
            raise errors.bad_request("the body must be an object with metadata")
        if (obj.get("apiVersion") or kind.api_version, obj.get("kind") or kind.kind) != (kind.api_version, kind.kind):
            raise errors.bad_request(
                f"the body is a {obj.get('kind')} of {obj.get('apiVersion')}, the URL says otherwise"
            )
        if kind.namespaced:
            if (obj["metadata"].get("namespace") or namespace) != namespace:
                raise errors.bad_request("the namespace of the provided object does not match the namespace sent")
            obj["metadata"]["namespace"] = namespace
        return {"apiVersion": kind.api_version, "kind": kind.kind} | obj

    def _admit(self, kind: Kind, namespace: str, name: str) -> None:
        """Refuse what has no place: a namespace that isn't there, or more than this cluster holds."""
        if kind.namespaced and is_leaving(self.get(KIND["Namespace"], "", namespace)) and kind.kind != "Event":
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise errors.forbidden(kind.resource, name, why)
        is_full = self.store.count() >= OBJECTS_MOST or self.store.stored_bytes >= BYTES_MOST
        if is_full or (kind.kind == "Pod" and self.store.count("pods") >= PODS_MOST):
            most = f"{PODS_MOST} pods, {OBJECTS_MOST} objects and {BYTES_MOST >> 20} MiB"
            raise errors.forbidden(kind.resource, name, f"exceeded quota: the practice cluster holds at most {most}")

    def _own(self, kind: Kind, before: Obj | None, obj: Obj, writing: Writing | None, owners: Owners | None) -> None:
        """Write into managedFields who wrote."""
        if writing is not None:
            me = (writing.manager, "Update", writing.subresource)
            owners = ownership.updated(kind, before, obj, me) if owners is None else owners
            ownership.set_owners(kind, obj, owners, before, self.clock())

    def _define(self, kind: Kind, obj: Obj) -> None:
        if kind.kind == "CustomResourceDefinition" and not kind.is_custom:
            self.kinds.define(obj)
