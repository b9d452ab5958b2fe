"""How clusters are doing: tests that a person asks for, scheduled checks, and what watchers and workers report.

Every finding ends in `record`: one write that counts only if the credentials are still those that were tested; a
change of status goes to the log and to `on_changed`. Called by routes, `workers/maintenance.py`, watchers and workers.
"""

import random
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, assert_never

import structlog
from bson import ObjectId

from app.clock import Clock
from app.clusters.connection_log import ConnectionLog
from app.clusters.connections import ClusterConnections, unavailable
from app.clusters.metadata import read_metadata
from app.clusters.models import Cluster, ClusterStatus, Metadata, StatusReason
from app.clusters.probe import Outcome, explain, probe
from app.clusters.single_flight import SingleFlight
from app.clusters.store import ClusterStore
from app.errors import NotFoundError, UnavailableError
from app.kube.errors import KubeError

log = structlog.get_logger(__name__)

METADATA_WITHIN_S: Final = 10.0
_REPEAT_AFTER_S: Final = 2.0
_CLAIMED_FOR: Final = timedelta(seconds=30)
"""Longer than a check lasts, its repeat and the metadata included; a checker that dies costs this much."""
_AWAY_S: Final = (60.0, 120.0, 300.0)
"""Pauses while a cluster stays away; the last one for ever."""
_REFUSED_S: Final = 60.0
_STALE_AT_LEAST: Final = timedelta(minutes=2)
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A cluster as it is now, and what its status was."""

    cluster: Cluster
    previous: ClusterStatus


@dataclass(frozen=True, slots=True)
class ClusterHealth:
    """Test, check, refresh, report."""

    store: ClusterStore
    connections: ClusterConnections
    log: ConnectionLog
    clock: Clock
    interval_s: float
    metadata_ttl_s: float
    on_changed: list[Callable[[StatusChange], None]] = field(default_factory=list)
    """Called after each change of a status is stored: events, alert rules."""
    jitter: Callable[[], float] = lambda: random.uniform(0.9, 1.1)  # noqa: S311  spreads load, guards nothing
    tests: SingleFlight[Outcome] = field(default_factory=SingleFlight)

    def test(self, cluster: Cluster, user_id: ObjectId) -> Outcome:
        """Ask the cluster now; sets its status. Whoever asks meanwhile gets the same outcome."""
        outcome = self.tests.run(cluster.id, lambda: self._tested(cluster))
        message = "Connection test successful" if outcome.is_connected else "Connection test failed"
        self.log.add(cluster.id, "connection_test", message, user_id=user_id, error=outcome.message or None)
        return outcome

    def refresh(self, cluster: Cluster, user_id: ObjectId) -> Metadata:
        """Read its metadata now.

        Raises:
            UnavailableError: it can't be reached.
        """
        outcome = self.tests.run(cluster.id, lambda: self._tested(cluster))
        if outcome.is_connected:
            try:
                metadata = self._read_metadata(cluster, outcome)
            except KubeError as error:
                outcome = self._explained(cluster, error)
            else:
                self.log.add(cluster.id, "metadata_refreshed", "Metadata refreshed", user_id=user_id)
                return metadata
        self.log.add(cluster.id, "metadata_refreshed", "Metadata not refreshed", user_id=user_id, error=outcome.message)
        raise unavailable(cluster, outcome.reason, outcome.message)

    def check_due(self, executor: Executor, *, at_most: int = 500) -> int:
        """Check every cluster whose time has come; returns how many.

        Any number of processes may call this at any time: each due check is done by one of them.

        Args:
            executor: decides how many at a time (CLUSTER_HEALTH_CONCURRENCY).
            at_most: in this round.
        """
        now = self.clock.now()
        mine = [
            cluster for cluster in self.store.due(now, at_most) if self.store.claim_check(cluster, now + _CLAIMED_FOR)
        ]
        checks = [(cluster, executor.submit(self.check, cluster)) for cluster in mine]
        for cluster, check in checks:
            if error := check.exception():
                # One that can't be checked mustn't keep the others from it; it is due again when its claim ends.
                log.error("cluster_check_failed", cluster_id=str(cluster.id), exc_info=error)
        return len(checks)

    def check(self, cluster: Cluster) -> Outcome:
        """One scheduled check. A failure is looked at twice before it changes the status."""
        outcome = self._asked(cluster)
        if not outcome.is_connected and outcome.status != cluster.status:
            self.clock.sleep(_REPEAT_AFTER_S)
            outcome = self._asked(cluster)
        self.record(cluster, outcome)
        if outcome.is_connected and self._has_old_metadata(cluster):
            try:
                self._read_metadata(cluster, outcome)
            except KubeError as error:  # it has just answered: the next round tries again
                log.warning("cluster_metadata_failed", cluster_id=str(cluster.id), error=type(error).__name__)
        return outcome

    def report(
        self,
        cluster_id: ObjectId,
        status: ClusterStatus,
        reason: StatusReason = "",
        message: str = "",
        *,
        credentials_version: int | None = None,
    ) -> None:
        """What somebody met who uses the cluster.

        Args:
            cluster_id: which.
            status: `connected`: it answers again; `error`: it refuses us; `disconnected`: a watch was lost, which
                asks for a check at once but changes nothing yet.
            reason: with `error`; default `unauthorized`.
            message: with `error`.
            credentials_version: of the connection that was used: what an older one met doesn't count.
        """
        cluster = self.store.find(cluster_id)
        if cluster is None or credentials_version not in {None, cluster.credentials_version}:
            return
        match status:
            case "connected":
                if cluster.status != "connected":
                    self.record(cluster, Outcome())
            case "error":
                text = message or "the cluster refused the credentials: enter new ones"
                if cluster.status != "error":
                    self.record(cluster, Outcome(reason or "unauthorized", text))
            case "disconnected":
                self.store.check_soon(cluster_id, self.clock.now())
            case "unknown":
                pass
            case _:
                assert_never(status)

    def record(self, cluster: Cluster, outcome: Outcome) -> None:
        """Store what was found about a cluster as it was when it was asked."""
        found: Cluster | None = cluster
        for _ in range(_TRIES):
            if found is None or found.credentials_version != cluster.credentials_version:
                return  # removed, or connected to in another way by now
            # The status in the filter decides who tells of the change when two find it.
            if self.store.checked(found, self.findings(outcome, found), even_if={"status": found.status}):
                if found.status != outcome.status:
                    self._tell(found, outcome)
                return
            found = self.store.find(cluster.id)

    def findings(self, outcome: Outcome, before: Cluster | None = None) -> dict[str, Any]:
        """The fields of the document that an outcome sets, with the time of the next check."""
        now = self.clock.now()
        failures = (before.failures if before else 0) + 1 if outcome.status == "disconnected" else 0
        return {
            "status": outcome.status,
            "status_reason": outcome.reason,
            "status_message": outcome.message,
            "last_check": now,
            "failures": failures,
            "next_check_at": now + timedelta(milliseconds=round(self._pause_s(outcome.status, failures) * 1000)),
        }

    def is_stale(self, cluster: Cluster) -> bool:
        """Whether its status is older than two of its check intervals."""
        if cluster.last_check is None:
            return True
        pause = timedelta(seconds=2 * max(self.interval_s, self._base_pause_s(cluster.status, cluster.failures)))
        return self.clock.now() - cluster.last_check > max(pause, _STALE_AT_LEAST)

    def announce(self, cluster: Cluster, previous: ClusterStatus) -> None:
        """Tell everybody who wants to know that a status has changed."""
        for listener in self.on_changed:
            listener(StatusChange(cluster, previous))

    def _tested(self, cluster: Cluster) -> Outcome:
        outcome = self._asked(cluster)
        self.record(cluster, outcome)
        return outcome

    def _asked(self, cluster: Cluster) -> Outcome:
        try:
            connection = self.connections.connection(cluster.id)
        except UnavailableError as error:
            reason: Any = error.extra.get("reason")
            return Outcome(reason or "key", error.message.partition(": ")[2] or error.message)
        except NotFoundError:  # removed meanwhile: nothing will be stored either
            return Outcome("refused", "the cluster was removed")
        return probe(connection, self.clock, expires_at=cluster.credential_expires_at)

    def _read_metadata(self, cluster: Cluster, outcome: Outcome) -> Metadata:
        metadata = read_metadata(
            self.connections.connection(cluster.id),
            outcome,
            namespace=cluster.namespace,
            clock=self.clock,
            within_s=METADATA_WITHIN_S,
        )
        self.store.save_metadata(cluster, metadata)
        return metadata

    def _explained(self, cluster: Cluster, error: KubeError) -> Outcome:
        return explain(error, expires_at=cluster.credential_expires_at, now=self.clock.now())

    def _has_old_metadata(self, cluster: Cluster) -> bool:
        updated: datetime | None = cluster.metadata.last_updated
        return updated is None or self.clock.now() - updated > timedelta(seconds=self.metadata_ttl_s)

    def _base_pause_s(self, status: ClusterStatus, failures: int) -> float:
        if status == "disconnected":
            return _AWAY_S[min(max(failures, 1), len(_AWAY_S)) - 1]
        return _REFUSED_S if status == "error" else self.interval_s

    def _pause_s(self, status: ClusterStatus, failures: int) -> float:
        return self._base_pause_s(status, failures) * self.jitter()

    def _tell(self, before: Cluster, outcome: Outcome) -> None:
        message = f"Status changed from {before.status} to {outcome.status}"
        self.log.add(before.id, "health_check", message, error=outcome.message or None)
        log.info("cluster_status", cluster_id=str(before.id), status=outcome.status, reason=outcome.reason)
        if now := self.store.find(before.id):
            self.announce(now, before.status)
