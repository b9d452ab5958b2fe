"""What goes with a cluster: in an order that any process can begin again where another one died."""

from collections.abc import Callable
from dataclasses import dataclass

from bson import ObjectId

from app.clock import Clock
from app.clusters.connection_log import ConnectionLog
from app.clusters.connections import ClusterConnections
from app.clusters.store import AccessStore, ClusterStore, DefaultStore


@dataclass(frozen=True, slots=True)
class Removals:
    """Finish removals; called by `changes.py` at once and by a scheduled task for what was left."""

    store: ClusterStore
    access: AccessStore
    defaults: DefaultStore
    connections: ClusterConnections
    log: ConnectionLog
    clock: Clock
    on_removed: list[Callable[[ObjectId, ObjectId], None]]

    def finish(self, cluster_id: ObjectId, owner_id: ObjectId) -> None:
        """All but the credentials, which are erased already. The document goes last."""
        self.connections.forget(cluster_id)
        self.access.delete_of_cluster(cluster_id)
        self.defaults.forget(cluster_id)
        for hook in self.on_removed:
            hook(cluster_id, owner_id)
        self.log.delete(cluster_id)
        self.store.delete(cluster_id)

    def sweep(self) -> int:
        """Finish what died half-way: removals, and names reserved for clusters that never followed. Idempotent."""
        before = self.clock.now() - AccessStore.ORPHAN_AGE
        removals = self.store.removed(before)
        for cluster_id, owner_id in removals:
            self.finish(cluster_id, owner_id)
        reserved = self.access.reserved(before)
        for entry in reserved:
            if self.store.exists(entry.cluster_id):
                self.access.settle(entry.id)
            else:
                self.access.delete(entry.id)
        return len(removals) + len(reserved)
