"""Clusters and the connections to them."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from app.composition.base import BaseServices

if TYPE_CHECKING:
    from bson import ObjectId

    from app.clusters.additions import ClusterAdditions
    from app.clusters.candidate import Rules
    from app.clusters.changes import ClusterChanges
    from app.clusters.clusters import Clusters
    from app.clusters.own_account import OwnAccount
    from app.clusters.removals import Removals
    from app.clusters.trial import Trial
    from app.kube.access import Access
    from app.kube.connection import Connection
    from app.net.guard import AddressGuard


class ClusterServices(BaseServices):
    """What is known of clusters."""

    def connect_to_cluster(self, access: "Access") -> "Connection":
        """A new connection, behind the guard for addresses of clusters."""
        from app.kube.connection import Connection

        return Connection(
            access,
            self.cluster_guard,
            connect_timeout_s=self.settings.cluster_connect_timeout_seconds,
            request_timeout_s=self.settings.cluster_request_timeout_seconds,
            clock=self.clock,
        )

    @cached_property
    def cluster_guard(self) -> "AddressGuard":
        from app.net.guard import AddressGuard

        return AddressGuard(
            allow_private=self.settings.cluster_allow_private,
            allow_loopback=self.settings.cluster_allow_loopback,
            allowlist=self.settings.outbound_allowlist,
        )

    @cached_property
    def clusters(self) -> "Clusters":
        from app.clusters.clusters import Clusters
        from app.clusters.connection_log import ConnectionLog
        from app.clusters.connections import ClusterConnections
        from app.clusters.events import publisher
        from app.clusters.health import ClusterHealth
        from app.clusters.store import AccessStore, ClusterStore

        store = ClusterStore(self.db, self.clock)
        connections = ClusterConnections(
            store,
            self.sealer,
            self.connect_to_cluster,
            self.clock,
            allow_insecure_tls=self.settings.cluster_allow_insecure_tls,
            own_account=self.own_account,
        )
        health = ClusterHealth(
            store,
            connections,
            ConnectionLog(self.db, self.clock),
            self.clock,
            interval_s=self.settings.cluster_health_interval_seconds,
            metadata_ttl_s=self.settings.cluster_metadata_ttl_seconds,
            on_changed=[publisher(self.bus)],
        )
        return Clusters(store, AccessStore(self.db, self.clock), connections, health)

    @cached_property
    def cluster_removals(self) -> "Removals":
        from app.clusters.removals import Removals
        from app.clusters.store import DefaultStore

        clusters = self.clusters
        return Removals(
            clusters.store,
            clusters.access,
            DefaultStore(self.db),
            clusters.connections,
            clusters.health.log,
            self.clock,
            clusters.on_removed,
        )

    @cached_property
    def own_account(self) -> "OwnAccount | None":
        """The service account we run as, where the operator lets admins use it."""
        from app.clusters.own_account import OwnAccount

        return OwnAccount() if self.settings.cluster_allow_in_cluster else None

    @cached_property
    def cluster_trial(self) -> "Trial":
        from app.clusters.trial import Trial

        return Trial(self.connect_to_cluster, self.clock, self.own_account)

    @cached_property
    def cluster_rules(self) -> "Rules":
        from app.clusters.candidate import Rules

        return Rules(self.settings.cluster_allow_http, self.settings.cluster_allow_insecure_tls)

    @cached_property
    def cluster_additions(self) -> "ClusterAdditions":
        from app.clusters.additions import ClusterAdditions

        return ClusterAdditions(
            self.clusters,
            self.cluster_removals.defaults,
            self.cluster_trial,
            self.clock,
            self.cluster_rules,
            self.settings.cluster_max_per_user,
        )

    @cached_property
    def cluster_changes(self) -> "ClusterChanges":
        from app.clusters.changes import ClusterChanges

        return ClusterChanges(
            self.clusters,
            self.cluster_removals.defaults,
            self.cluster_trial,
            self.cluster_removals,
            self.clock,
            self.cluster_rules,
            workflows_naming=self.workflows_naming,
        )

    @cached_property
    def workflows_naming(self) -> "Sequence[Callable[[ObjectId, str], int]]":
        """Who knows how many workflows of a user name a cluster: domains above this one."""
        return []
