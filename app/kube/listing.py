"""All objects of a kind, page by page, with the version to watch from. Called by `client.py` and the watch loop."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from app.kube.connection import Connection
from app.kube.errors import UnreachableError
from app.kube.interrupt import Interrupt
from app.kube.objects import KubeObject, Resource
from app.kube.payload import JSON

_PARTIAL: Final = "application/json;as={};g=meta.k8s.io;v=v1"
PARTIAL_LIST: Final = _PARTIAL.format("PartialObjectMetadataList")
PARTIAL: Final = _PARTIAL.format("PartialObjectMetadata")
PAGE_SIZE: Final = 500
"""What kubectl and client-go use: small enough for the API server, large enough for few round trips."""


class Scope(NamedTuple):
    """Which objects of a kind."""

    resource: Resource
    namespace: str | None = None
    label_selector: str | None = None
    field_selector: str | None = None
    metadata_only: bool = False
    """Fetch names, labels and owners but no content: Secrets, ConfigMaps, ReplicaSets."""

    def query(self) -> dict[str, str | int | bool]:
        """The selectors as parameters."""
        selectors = {"labelSelector": self.label_selector, "fieldSelector": self.field_selector}
        return {key: value for key, value in selectors.items() if value}


class Listing(NamedTuple):
    """What a list gave."""

    objects: list[KubeObject]
    resource_version: str
    """Of the whole list: a watch from here misses nothing."""


def list_pages(
    connection: Connection,
    scope: Scope,
    *,
    keep: Callable[[KubeObject], KubeObject] | None = None,
    interrupt: Interrupt | None = None,
) -> Listing:
    """Read all pages. They are one consistent snapshot: the API server keeps its version in the continue token.

    Args:
        connection: to the cluster.
        scope: which objects.
        keep: shrinks each object as it comes, so that a page at a time is held whole (50,000 pods are 632 MB).
        interrupt: lets another thread end it.

    Raises:
        ApiStatusError: `is_expired_version` when a page took so long that its version is gone: start again.
        UnreachableError: as for any call.
    """
    path, query = scope.resource.path(scope.namespace), scope.query() | {"limit": PAGE_SIZE}
    accept = PARTIAL_LIST if scope.metadata_only else JSON
    objects: list[KubeObject] = []
    while True:
        page = connection.request("GET", path, query=query, accept=accept, interrupt=interrupt)
        metadata, items = _parts(page, connection.host)
        for item in items:
            named = with_kind(item, scope.resource)
            objects.append(keep(named) if keep else named)
        if not (token := metadata.get("continue")):
            return Listing(objects, str(metadata.get("resourceVersion") or ""))
        query["continue"] = token


def with_kind(obj: dict[str, Any], resource: Resource) -> KubeObject:
    """Lists leave apiVersion and kind out, metadata-only answers say `PartialObjectMetadata`: set what it is."""
    obj["apiVersion"], obj["kind"] = resource.api_version, resource.kind
    return obj


def _parts(page: Any, host: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Metadata and items, narrowed: a proxy's JSON looks different."""
    metadata = page.get("metadata") if isinstance(page, dict) else None
    items = page.get("items") if isinstance(page, dict) else None
    items = [] if items is None else items  # Go writes an empty list as null
    if not isinstance(metadata, dict) or not isinstance(items, list) or not all(isinstance(x, dict) for x in items):
        raise UnreachableError("not_kubernetes", f"{host} answers a list that isn't one of Kubernetes")
    return metadata, items
