"""What other domains and processes call: find a cluster, connect to it, say how it goes.

`services().clusters` is this. It knows nothing of HTTP, nor of who is signed in beyond a user's id.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from bson import ObjectId

from app.clusters.connections import ClusterConnections
from app.clusters.health import ClusterHealth
from app.clusters.models import Cluster, ClusterStatus, Entry, Role, StatusReason
from app.clusters.store import AccessStore, ClusterStore
from app.errors import ForbiddenError, NotFoundError
from app.kube.client import KubeClient
from app.kube.connection import Connection

NEEDED = {
    "owner": "Only the owner of this cluster may do this",
    "deploy": "This needs the right to deploy: ask the cluster's owner to share it with you as deploy",
}


@dataclass(frozen=True, slots=True)
class Clusters:
    """Read clusters, connect to them, report on them."""

    store: ClusterStore
    access: AccessStore
    connections: ClusterConnections
    health: ClusterHealth
    on_removed: list[Callable[[ObjectId, ObjectId], None]] = field(default_factory=list)
    """Called with (cluster id, owner's id) once its credentials are erased; must be idempotent."""

    def find(self, user_id: ObjectId, name: str, *, role: Role = "read") -> Cluster:
        """The cluster that this user calls `name`.

        Raises:
            NotFoundError: there is none, or it isn't shared with this user.
            ForbiddenError: it is shared, but with less than `role`.
        """
        return self.seen(user_id, name, role=role)[0]

    def seen(self, user_id: ObjectId, name: str, *, role: Role = "read") -> tuple[Cluster, Entry]:
        """Like `find`, with the entry that lets the user see it."""
        entry = self.access.find(user_id, name)
        cluster = self.store.find(entry.cluster_id) if entry else None
        if entry is None or cluster is None:
            raise NotFoundError("Cluster not found")
        if not entry.allows(role):
            raise ForbiddenError(NEEDED[role])
        return cluster, entry

    def visible(self, user_id: ObjectId) -> list[tuple[Cluster, Entry]]:
        """Own and shared, newest first."""
        entries = {entry.cluster_id: entry for entry in self.access.of_user(user_id)}
        found = self.store.many(list(entries))
        return [(cluster, entries[cluster.id]) for cluster in found]

    def by_id(self, cluster_id: ObjectId) -> Cluster | None:
        """For what already holds an id; asks for nobody's rights."""
        return self.store.find(cluster_id)

    def connection(self, cluster_id: ObjectId) -> Connection:
        """A connection with the newest credentials (at most a second old). Ask again for each piece of work.

        Raises:
            NotFoundError: the cluster was removed.
            UnavailableError: its credentials can't be opened.
        """
        return self.connections.connection(cluster_id)

    def client(self, cluster_id: ObjectId) -> KubeClient:
        """Reads and writes objects there, with the newest credentials. Raises like `connection`."""
        return self.connections.client(cluster_id)

    def watchable(self) -> list[tuple[ObjectId, int]]:
        """(cluster id, credentials version) of all clusters: a raised version means connect anew."""
        return self.store.versions()

    def report(
        self,
        cluster_id: ObjectId,
        status: ClusterStatus,
        reason: StatusReason = "",
        message: str = "",
        *,
        credentials_version: int | None = None,
    ) -> None:
        """What a watcher or worker met: see `ClusterHealth.report`."""
        self.health.report(cluster_id, status, reason, message, credentials_version=credentials_version)
