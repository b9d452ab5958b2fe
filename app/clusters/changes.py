"""Add, update and remove clusters. Whatever changes how we connect is tested before anything is stored.

Each method is one request of a person. What they may change is decided here, by their entry; HTTP is the routes'.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from bson import ObjectId

from app.clock import Clock
from app.clusters.candidate import (
    INSECURE,
    Candidate,
    Rules,
    as_stored,
    changed_fields,
    of_change,
    of_new,
    touches_connection,
)
from app.clusters.clusters import Clusters
from app.clusters.models import Cluster, Entry, LogAction
from app.clusters.probe import Outcome
from app.clusters.removals import Removals
from app.clusters.requests import ClusterChange, ClusterInput, CredentialsChange
from app.clusters.store import AccessStore, DefaultStore
from app.clusters.trial import Trial, Tried
from app.errors import ConflictError, ForbiddenError, NotFoundError
from app.storage.sealed import UnreadableError

log = structlog.get_logger(__name__)

_CHANGED_MEANWHILE: Final = "This cluster was changed or removed meanwhile: load it again"


@dataclass(frozen=True, slots=True)
class Changed:
    """A cluster after a request, and what the person should know about it."""

    cluster: Cluster
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterChanges:
    """The writing half of clusters."""

    clusters: Clusters
    defaults: DefaultStore
    trial: Trial
    removals: Removals
    clock: Clock
    rules: Rules
    max_per_user: int
    workflows_naming: list[Callable[[ObjectId, str], int]]
    """Called with (owner's id, cluster's name): how many of their workflows name it."""

    def add(self, user_id: ObjectId, request: ClusterInput) -> Changed:
        """Test and store a new cluster; the first one of a user becomes their default.

        Raises:
            InvalidError: fields that can't be used, or no connection (`reason` says why) without `force`.
            ForbiddenError: insecure TLS isn't allowed here, or too many clusters.
            ConflictError: this user sees a cluster of that name already.
        """
        access = self.clusters.access
        if access.owned(user_id) >= self.max_per_user:
            raise self._too_many()
        candidate = of_new(request, self.rules, self.clock.now())
        tested = self.trial.run(candidate, force=bool(request.force))
        cluster = self._new_cluster(user_id, request, candidate, tested)
        entry = _owner_entry(cluster)
        if not self._reserve_name(entry):
            raise ConflictError(f'A cluster named "{cluster.name}" already exists')
        if access.owned(user_id) > self.max_per_user:  # counted with ours: two at once can't both slip through
            access.delete(entry.id)
            raise self._too_many()
        self.clusters.store.insert(cluster, self.clusters.connections.seal(cluster.id, candidate.credentials))
        self.defaults.set_first(user_id, cluster.id)
        self._log(cluster, "cluster_added", "Cluster added", user_id, tested.outcome)
        return Changed(cluster, candidate.notes)

    def update(self, user_id: ObjectId, name: str, request: ClusterChange) -> Changed:
        """Change what the request names; test first when that changes how we connect.

        Raises:
            NotFoundError, ForbiddenError: not this user's to change.
            InvalidError: fields that can't be used, or no connection in the new way; nothing has changed.
            ConflictError: somebody else changed it meanwhile.
        """
        cluster = self.clusters.find(user_id, name, role="owner")
        changes = dict(changed_fields(request))
        if not touches_connection(request):
            return Changed(self._stored(cluster, changes, user_id, "cluster_updated"))
        return self._reconnected(cluster, request, changes, user_id, "cluster_updated", force=bool(request.force))

    def replace_credentials(self, user_id: ObjectId, name: str, request: CredentialsChange) -> Changed:
        """Like `update`, for credentials alone; an absent `insecure` is kept. Raises the same."""
        cluster = self.clusters.find(user_id, name, role="owner")
        return self._reconnected(cluster, request, {}, user_id, "credentials_updated", force=False)

    def remove(self, user_id: ObjectId, name: str) -> int:
        """Forget a cluster: its credentials at once, then all that hangs on it. Nothing inside it is touched.

        Returns:
            How many workflows still name it.

        Raises:
            NotFoundError, ForbiddenError: not this user's to remove.
        """
        cluster = self.clusters.find(user_id, name, role="owner")
        workflows = sum(count(cluster.user_id, name) for count in self.workflows_naming)
        if not self.clusters.store.erase(cluster.id):
            raise NotFoundError("Cluster not found")
        log.info("cluster_removed", cluster_id=str(cluster.id), user_id=str(user_id))
        self.removals.finish(cluster.id, cluster.user_id)
        return workflows

    def set_default(self, user_id: ObjectId, name: str) -> Cluster:
        """Make a cluster this user's default, own or shared."""
        cluster = self.clusters.find(user_id, name)
        self.defaults.set(user_id, cluster.id)
        return cluster

    def default_id(self, user_id: ObjectId) -> ObjectId | None:
        """This user's default; none once the cluster or the right to see it is gone."""
        found = self.defaults.find(user_id)
        return found if found and self.clusters.access.of_cluster(found, user_id) else None

    def _reconnected(
        self,
        cluster: Cluster,
        request: ClusterChange | CredentialsChange,
        changes: dict[str, Any],
        user_id: ObjectId,
        action: LogAction,
        *,
        force: bool,
    ) -> Changed:
        """An edit that may change how we connect."""
        stored = self.clusters.store.with_credentials(cluster.id)
        if stored is None:
            raise NotFoundError("Cluster not found")
        cluster, sealed_before = stored
        current = self._current(cluster, sealed_before)
        is_form = isinstance(request, ClusterChange)
        candidate = of_change(current, request, self.rules, self.clock.now(), cluster=cluster, is_form=is_form)
        changes |= candidate.document()
        if current is not None and candidate.connects_like(current):
            return Changed(self._stored(cluster, changes, user_id, action), candidate.notes)
        tested = self.trial.run(candidate, force=force)
        changes |= self.clusters.health.findings(tested.outcome)
        if tested.outcome.is_connected:
            changes |= {"metadata": tested.metadata.model_dump(), "warnings": []}
        sealed = self.clusters.connections.seal(cluster.id, candidate.credentials)
        after = self._stored(cluster, changes, user_id, action, sealed=sealed, outcome=tested.outcome)
        self.clusters.connections.look_again(cluster.id)
        if after.status != cluster.status:
            self.clusters.health.announce(after, cluster.status)
        return Changed(after, candidate.notes)

    def _current(self, cluster: Cluster, sealed: bytes) -> Candidate | None:
        try:
            return as_stored(cluster, self.clusters.connections.open(cluster, sealed))
        except UnreadableError:
            return None

    def _new_cluster(self, user_id: ObjectId, request: ClusterInput, candidate: Candidate, tested: Tried) -> Cluster:
        now = self.clock.now()
        return Cluster(
            id=ObjectId(),
            user_id=user_id,
            name=request.name,
            display_name=request.display_name or "",
            description=request.description or "",
            labels=request.labels or {},
            watch_namespaces=tuple(request.watch_namespaces or ()),
            metadata=tested.metadata,
            created_at=now,
            updated_at=now,
            **candidate.document(),
            **self.clusters.health.findings(tested.outcome),
        )

    def _reserve_name(self, entry: Entry) -> bool:
        """The unique index decides. A name left behind by a process that died may be taken over."""
        access = self.clusters.access
        if access.add(entry):
            return True
        other = access.find(entry.user_id, entry.cluster_name)
        is_old = other is not None and self.clock.now() - other.granted_at > AccessStore.ORPHAN_AGE
        if other is None or not is_old or self.clusters.store.exists(other.cluster_id):
            return False
        access.delete(other.id)
        return access.add(entry)

    def _stored(
        self,
        cluster: Cluster,
        changes: dict[str, Any],
        user_id: ObjectId,
        action: LogAction,
        *,
        sealed: bytes | None = None,
        outcome: Outcome | None = None,
    ) -> Cluster:
        after = self.clusters.store.edit(cluster, changes, sealed)
        if after is None:
            raise ConflictError(_CHANGED_MEANWHILE)
        message = "Credentials updated" if action == "credentials_updated" else "Cluster updated"
        self._log(after, action, message, user_id, outcome or Outcome())
        return after

    def _log(self, cluster: Cluster, action: LogAction, message: str, user_id: ObjectId, outcome: Outcome) -> None:
        error = outcome.message or None
        if cluster.insecure and not error:
            warned = f"{message}. {INSECURE}"
            self.clusters.health.log.add(cluster.id, action, warned, user_id=user_id, level="warning")
            return
        self.clusters.health.log.add(cluster.id, action, message, user_id=user_id, error=error)

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
