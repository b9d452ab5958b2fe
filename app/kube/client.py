"""Read and write objects of one cluster. Thin: JSON in, JSON out, `KubeError` when it fails. Called by the domains.

Whether an object may be touched is their decision; they say it by `resource_version` and `uid`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from app.kube.connection import Connection
from app.kube.discovery import Discovery
from app.kube.errors import ApiStatusError
from app.kube.listing import PARTIAL, Scope, list_pages
from app.kube.objects import KubeObject, ObjectRef
from app.kube.payload import APPLY, JSON, Query
from app.kube.scrub import secret_values, without

FIELD_MANAGER: Final = "kubeorch"
"""Under this name we own fields in the cluster. Must equal the one in `app/manifests/labels.py`."""
MERGE_PATCH: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"

Propagation = Literal["Background", "Foreground", "Orphan"]

_SERVERS_OWN: Final = frozenset(
    {"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"}
)
"""Of metadata: the API server refuses or ignores these in an apply."""


@dataclass(frozen=True, slots=True)
class KubeClient:
    """One cluster's objects."""

    connection: Connection
    discovery: Discovery

    def get(self, ref: ObjectRef, *, metadata_only: bool = False) -> KubeObject:
        """One object.

        Raises:
            ApiStatusError: 404 when it isn't there; 403 and others.
            UnknownKindError: the cluster has no such kind.
            UnreachableError: no usable answer.
        """
        found: KubeObject = self.connection.request("GET", self._path(ref), accept=PARTIAL if metadata_only else JSON)
        return found

    def find(self, ref: ObjectRef, *, metadata_only: bool = False) -> KubeObject | None:
        """One object, or `None` when it isn't there; otherwise like `get`."""
        try:
            return self.get(ref, metadata_only=metadata_only)
        except ApiStatusError as error:
            if error.status == 404:
                return None
            raise

    def list_all(self, scope: Scope, *, keep: Callable[[KubeObject], KubeObject] | None = None) -> Sequence[KubeObject]:
        """All objects of a scope, read in pages; `keep` may shrink each as it comes. Raises like `get`."""
        return list_pages(self.connection, scope, keep=keep).objects

    def apply(
        self, obj: KubeObject, *, resource_version: str | None = None, force: bool = True, dry_run: bool = False
    ) -> KubeObject:
        """Server-side apply: create it, or change the fields we name and drop those we named before.

        Args:
            obj: what it should be like; what is the server's own in it is left out.
            resource_version: the version that was read and decided upon; 409 when it has changed since.
            force: take fields that other managers own; else 409, and `causes` say who owns which.
            dry_run: only tell what would come out.

        Returns:
            The object as it is now.

        Raises:
            ApiStatusError: refused. Never repeats a Secret's value.
            UnknownKindError: the cluster has no such kind.
            UnreachableError: no usable answer; it may have been applied nevertheless.
        """
        query = _query(dry_run=dry_run, force=force)
        body = _to_apply(obj, resource_version)
        return self._write(
            "PATCH", self._path(ObjectRef.of(obj)), about=obj, body=body, query=query, content_type=APPLY
        )

    def create(self, obj: KubeObject, *, dry_run: bool = False) -> KubeObject:
        """Create it; 409 `AlreadyExists` when it is there. Also for what is only asked, like reviews of access."""
        resource = self.discovery.find(obj.get("apiVersion", ""), obj.get("kind", ""))
        namespace = (obj.get("metadata") or {}).get("namespace")
        return self._write("POST", resource.path(namespace), about=obj, body=obj, query=_query(dry_run=dry_run))

    def patch(self, ref: ObjectRef, patch: object, *, content_type: str = MERGE_PATCH) -> KubeObject:
        """A merge patch, or with `JSON_PATCH` a list of operations (not of a Secret). Raises like `apply`."""
        about = {**patch, "kind": ref.kind} if isinstance(patch, Mapping) else {}
        return self._write("PATCH", self._path(ref), about=about, body=patch, query=_query(), content_type=content_type)

    def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str,
        resource_version: str | None = None,
        propagation: Propagation = "Background",
    ) -> None:
        """Start deleting exactly this object; with finalizers it goes later.

        Args:
            ref: which.
            uid: of the object that was meant; 409 when another one has its name now.
            resource_version: also 409 when it has changed since.
            propagation: what becomes of what it owns. A Job without one leaves its pods running.

        Raises:
            ApiStatusError: 404 when it isn't there any more.
            UnreachableError: no usable answer; it may be deleted nevertheless.
        """
        preconditions = {"uid": uid} | ({"resourceVersion": resource_version} if resource_version else {})
        options = {"kind": "DeleteOptions", "apiVersion": "v1"}
        body = options | {"propagationPolicy": propagation, "preconditions": preconditions}
        self.connection.request("DELETE", self._path(ref), body=body)

    def _path(self, ref: ObjectRef) -> str:
        return self.discovery.find(ref.api_version, ref.kind).path(ref.namespace, ref.name)

    def _write(
        self, method: str, path: str, *, about: KubeObject, body: object, query: Query, content_type: str = JSON
    ) -> KubeObject:
        """Send it; what the API server says about a Secret is scrubbed."""
        try:
            written: KubeObject = self.connection.request(
                method, path, query=query, body=body, content_type=content_type
            )
        except ApiStatusError as error:
            failed = error
        else:
            return written
        # Outside of the handler: the error as it came would follow as its context into logs.
        raise without(failed, secret_values(about))


def _query(*, dry_run: bool = False, force: bool | None = None) -> dict[str, str | int | bool]:
    query: dict[str, str | int | bool] = {"fieldManager": FIELD_MANAGER}
    if force is not None:
        query["force"] = force
    if dry_run:
        query["dryRun"] = "All"
    return query


def _to_apply(obj: KubeObject, resource_version: str | None) -> dict[str, Any]:
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _SERVERS_OWN}
    if resource_version is not None:
        metadata["resourceVersion"] = resource_version
    return {key: value for key, value in obj.items() if key != "status"} | {"metadata": metadata}
