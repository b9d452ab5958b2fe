"""Where a cluster serves a kind: known ones at once, others by asking it. One a connection; thread-safe.

Aggregated discovery: one request tells all groups and versions (Kubernetes 1.27 and later).
"""

import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.clock import Clock, SystemClock
from app.kube.connection import Connection
from app.kube.errors import KubeError, UnknownKindError
from app.kube.objects import KNOWN, Resource

_ACCEPT: Final = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)
_REFRESH_S: Final = 10.0
"""A kind that is missing isn't looked for more often: a broken template would ask for it without end. Short, because a
CRD may have been installed a moment ago."""
_CLOCK: Final = SystemClock()


class Discovery:
    """Finds the resource of a kind.

    Args:
        connection: to the cluster.
        clock: for the pause between two refreshes.
    """

    def __init__(self, connection: Connection, clock: Clock = _CLOCK) -> None:
        self._connection, self._clock, self._lock = connection, clock, threading.Lock()
        self._found: Mapping[tuple[str, str], Resource] = {}
        self._asked_at: float | None = None

    def find(self, api_version: str, kind: str) -> Resource:
        """Where a kind is served.

        Raises:
            UnknownKindError: the cluster doesn't have it.
            KubeError: the cluster can't be asked.
        """
        key = (api_version, kind)
        if resource := KNOWN.get(key) or self._found.get(key):
            return resource
        with self._lock:  # one asks, the others wait for its answer
            is_due = self._asked_at is None or self._clock.monotonic() - self._asked_at >= _REFRESH_S
            if key not in self._found and is_due:
                self._found = self._ask()
                self._asked_at = self._clock.monotonic()
        if resource := self._found.get(key):
            return resource
        raise UnknownKindError(api_version, kind)

    def _ask(self) -> Mapping[tuple[str, str], Resource]:
        answers = [self._connection.request("GET", path, accept=_ACCEPT) for path in ("/api", "/apis")]
        if any(answer.get("kind") != "APIGroupDiscoveryList" for answer in answers):
            raise KubeError("The cluster can't say which kinds it has: it needs Kubernetes 1.27 or later")
        return {(found.api_version, found.kind): found for answer in answers for found in _resources(answer)}


def _resources(answer: Mapping[str, Any]) -> Iterator[Resource]:
    for group in answer.get("items") or []:
        name = group.get("metadata", {}).get("name", "")
        for version in group.get("versions") or []:
            for served in version.get("resources") or []:
                # What a create takes; `scale` and the like answer with another kind, under `subresources`.
                kind = (served.get("responseKind") or {}).get("kind")
                if kind and served.get("resource"):
                    is_namespaced = served.get("scope") == "Namespaced"
                    yield Resource(name, version["version"], kind, served["resource"], is_namespaced)
