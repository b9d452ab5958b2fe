"""Change and remove clusters. Whatever changes how we connect is tested before it is stored.

Each method is one request of a person. What they may change is decided here, by their entry; HTTP is the routes'.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from bson import ObjectId

from app.clock import Clock
from app.clusters.additions import Changed
from app.clusters.candidate import Candidate, Rules, as_stored, changed_fields, of_change, touches_connection
from app.clusters.clusters import Clusters
from app.clusters.models import Cluster, LogAction, Taint
from app.clusters.removals import Removals
from app.clusters.requests import ClusterChange, CredentialsChange
from app.clusters.single_node import close_nodes, open_nodes, refusal
from app.clusters.store import DefaultStore
from app.clusters.trial import Trial
from app.errors import ConflictError, InvalidError, NotFoundError
from app.kube.errors import KubeError
from app.storage.sealed import UnreadableError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClusterChanges:
    """The writing half of clusters."""

    clusters: Clusters
    defaults: DefaultStore
    trial: Trial
    removals: Removals
    clock: Clock
    rules: Rules
    workflows_naming: Sequence[Callable[[ObjectId, str], int]]
    """Called with (owner's id, cluster's name): how many of their workflows name it."""

    def update(self, user_id: ObjectId, name: str, request: ClusterChange) -> Changed:
        """Change what the request names; test first when that changes how we connect.

        Raises:
            NotFoundError, ForbiddenError: not this user's to change.
            InvalidError: fields that can't be used, or no connection in the new way; nothing has changed.
            ConflictError: somebody else changed it meanwhile.
        """
        cluster = self.clusters.find(user_id, name, role="owner")
        wanted = request.single_node if request.single_node != cluster.single_node else None
        edit = _Edit(user_id, "cluster_updated", dict(changed_fields(request)), bool(request.force), wanted)
        if wanted is None and not touches_connection(request):
            return Changed(self._stored(cluster, edit))
        return self._reconnected(cluster, request, edit)

    def replace_credentials(self, user_id: ObjectId, name: str, request: CredentialsChange) -> Changed:
        """Like `update`, for credentials alone; an absent `insecure` is kept. Raises the same."""
        cluster = self.clusters.find(user_id, name, role="owner")
        return self._reconnected(cluster, request, _Edit(user_id, "credentials_updated", {}))

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

    def _reconnected(self, cluster: Cluster, request: ClusterChange | CredentialsChange, edit: "_Edit") -> Changed:
        """An edit that may change how we connect, or needs a connection."""
        stored = self.clusters.store.with_credentials(cluster.id)
        if stored is None:
            raise NotFoundError("Cluster not found")
        cluster, sealed_before = stored
        current = self._current(cluster, sealed_before)
        is_form = isinstance(request, ClusterChange)
        candidate = of_change(current, request, self.rules, self.clock.now(), cluster=cluster, is_form=is_form)
        edit.changes |= candidate.document()
        if current is not None and candidate.connects_like(current):
            edit.changes |= self._single_node(cluster, candidate, edit)
            return Changed(self._stored(cluster, edit), candidate.notes)
        tried = self.trial.run(candidate, force=edit.force)
        edit.changes |= self.clusters.health.findings(tried.outcome)
        if tried.outcome.is_connected:
            edit.changes |= {"metadata": tried.metadata.model_dump(), "warnings": []}
        edit.changes |= self._single_node(cluster, candidate, edit)
        sealed = self.clusters.connections.seal(cluster.id, candidate.credentials)
        after = self._stored(cluster, edit, sealed=sealed, error=tried.outcome.message or None)
        self.clusters.connections.look_again(cluster.id)
        if after.status != cluster.status:
            self.clusters.health.announce(after, cluster.status)
        return Changed(after, candidate.notes)

    def _single_node(self, cluster: Cluster, candidate: Candidate, edit: "_Edit") -> dict[str, Any]:
        """Turn the mode on or off in the cluster, before anything is stored."""
        if edit.single_node is None:
            return {}
        connection = self.trial.connection(candidate)
        taken: tuple[Taint, ...] = ()
        try:
            if edit.single_node:
                taken = open_nodes(connection)
            else:
                close_nodes(connection, cluster.taken_taints)
        except KubeError as error:
            verb = "on" if edit.single_node else "off"
            raise InvalidError(f"Single-node mode could not be turned {verb}: {refusal(error)}") from None
        finally:
            connection.close()
        return {"single_node": edit.single_node, "taken_taints": [taint.model_dump() for taint in taken]}

    def _current(self, cluster: Cluster, sealed: bytes) -> Candidate | None:
        try:
            return as_stored(cluster, self.clusters.connections.open(cluster, sealed))
        except UnreadableError:
            return None

    def _stored(
        self, cluster: Cluster, edit: "_Edit", *, sealed: bytes | None = None, error: str | None = None
    ) -> Cluster:
        after = self.clusters.store.edit(cluster, edit.changes, sealed)
        if after is None:
            raise ConflictError("This cluster was changed or removed meanwhile: load it again")
        message = "Credentials updated" if edit.action == "credentials_updated" else "Cluster updated"
        self.clusters.health.log.edited(after, edit.action, message, edit.user_id, error)
        return after


@dataclass(slots=True)
class _Edit:
    """One person's edit on its way to the store."""

    user_id: ObjectId
    action: LogAction
    changes: dict[str, Any]
    force: bool = False
    single_node: bool | None = None
    """Turn it on or off; None leaves it."""
