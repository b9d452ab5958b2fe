"""Add clusters: tested before anything is stored, the name decided by an index. Called by the routes."""

from dataclasses import dataclass

from bson import ObjectId

from app.clock import Clock
from app.clusters.candidate import Candidate, Rules, of_new
from app.clusters.clusters import Clusters
from app.clusters.models import Cluster, Entry
from app.clusters.requests import ClusterInput
from app.clusters.single_node import open_nodes, refusal
from app.clusters.store import AccessStore, DefaultStore
from app.clusters.trial import Trial, Tried
from app.errors import ConflictError, ForbiddenError
from app.kube.errors import KubeError


@dataclass(frozen=True, slots=True)
class Changed:
    """A cluster after a request, and what the person should know about it."""

    cluster: Cluster
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterAdditions:
    """One method: `add`."""

    clusters: Clusters
    defaults: DefaultStore
    trial: Trial
    clock: Clock
    rules: Rules
    max_per_user: int

    def add(self, user_id: ObjectId, request: ClusterInput, *, is_admin: bool = False) -> Changed:
        """Test and store a new cluster; the first one of a user becomes their default.

        Args:
            user_id: who adds it.
            request: what they sent.
            is_admin: admins may use the service account this server runs as, where the operator allows it.

        Raises:
            InvalidError: fields that can't be used, or no connection (`reason` says why) without `force`.
            ForbiddenError: insecure TLS isn't allowed here, or too many clusters.
            ConflictError: this user sees a cluster of that name already.
        """
        if self.clusters.access.owned(user_id) >= self.max_per_user:
            raise self._too_many()
        may_use_own = is_admin and self.trial.own_account is not None
        candidate = of_new(request, self.rules, self.clock.now(), may_use_own_account=may_use_own)
        tried = self.trial.run(candidate, force=bool(request.force))
        cluster = self._new_cluster(user_id, request, candidate, tried)
        self._insert(cluster, candidate)
        self.defaults.set_first(user_id, cluster.id)
        error = tried.outcome.message or None
        self.clusters.health.log.edited(cluster, "cluster_added", "Cluster added", user_id, error)
        if request.single_node:
            return self._with_single_node(cluster, candidate)
        return Changed(cluster, candidate.notes)

    def _insert(self, cluster: Cluster, candidate: Candidate) -> None:
        """Name first, then the cluster: whoever dies between leaves a name that frees itself."""
        access = self.clusters.access
        entry = _owner_entry(cluster)
        if not self._reserve(entry):
            raise ConflictError(f'A cluster named "{cluster.name}" already exists')
        if access.owned(cluster.user_id) > self.max_per_user:  # counted with ours: two at once can't both slip through
            access.delete(entry.id)
            raise self._too_many()
        self.clusters.store.insert(cluster, self.clusters.connections.seal(cluster.id, candidate.credentials))
        access.settle(entry.id)

    def _with_single_node(self, cluster: Cluster, candidate: Candidate) -> Changed:
        connection = self.trial.connection(candidate)
        try:
            taken = open_nodes(connection)
        except KubeError as error:
            note = f"Single-node mode was not turned on: {refusal(error)}"
            return Changed(cluster, (*candidate.notes, note))
        finally:
            connection.close()
        changes = {"single_node": True, "taken_taints": [taint.model_dump() for taint in taken]}
        return Changed(self.clusters.store.edit(cluster, changes) or cluster, candidate.notes)

    def _new_cluster(self, user_id: ObjectId, request: ClusterInput, candidate: Candidate, tried: Tried) -> Cluster:
        now = self.clock.now()
        return Cluster(
            id=ObjectId(),
            user_id=user_id,
            name=request.name,
            display_name=request.display_name or "",
            description=request.description or "",
            labels=request.labels or {},
            watch_namespaces=tuple(request.watch_namespaces or ()),
            metadata=tried.metadata,
            created_at=now,
            updated_at=now,
            **candidate.document(),
            **self.clusters.health.findings(tried.outcome),
        )

    def _reserve(self, entry: Entry) -> bool:
        """The unique index decides. A name left behind by a process that died may be taken over."""
        access = self.clusters.access
        if access.reserve(entry):
            return True
        other = access.find(entry.user_id, entry.cluster_name)
        is_old = other is not None and self.clock.now() - other.granted_at > AccessStore.ORPHAN_AGE
        if other is None or not is_old or self.clusters.store.exists(other.cluster_id):
            return False
        access.delete(other.id)
        return access.reserve(entry)

    def _too_many(self) -> ForbiddenError:
        return ForbiddenError(f"You have {self.max_per_user} clusters, which is the limit here: remove one first")


def _owner_entry(cluster: Cluster) -> Entry:
    return Entry(
        id=ObjectId(),
        user_id=cluster.user_id,
        cluster_id=cluster.id,
        cluster_name=cluster.name,
        role="owner",
        granted_by=cluster.user_id,
        granted_at=cluster.created_at,
    )
