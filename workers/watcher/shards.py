"""Which clusters this process watches: leases decide, shares are fair, a dead watcher's are taken over."""

import math
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from bson import ObjectId
from pymongo.errors import PyMongoError

from app.clock import Clock
from app.jobs.leases import Lease, Leases

log = structlog.get_logger(__name__)

BEAT_S: Final = 2.5
LOOK_S: Final = 1.0
PREFIX: Final = "shard:"
PRESENCE: Final = "watcher:"
"""Each watcher holds a lease of its own: how many are held is how many share the work."""


class Watching(Protocol):
    """A shard at work."""

    version: int

    def reconnect(self, version: int) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Share:
    """What to claim and what to let go."""

    claim: tuple[ObjectId, ...]
    let_go: tuple[ObjectId, ...]


def fair_share(
    clusters: Collection[ObjectId], mine: Collection[ObjectId], held: Collection[ObjectId], watchers: int
) -> Share:
    """Pure: at most ceil(clusters / watchers) each; one more is let be, so that shards don't wander.

    Args:
        clusters: all there are.
        mine: those that this process watches.
        held: those that anybody watches.
        watchers: processes alive, this one included.
    """
    most = math.ceil(len(clusters) / max(1, watchers))
    free = sorted(set(clusters) - set(held) - set(mine))
    surplus = sorted(set(mine) & set(clusters))[most + 1 :]
    removed = set(mine) - set(clusters)
    return Share(tuple(free[: max(0, most - len(mine))]), (*sorted(removed), *surplus))


class Held:
    """A shard's lease in our hands, and when it was last renewed."""

    def __init__(self, lease: Lease, clock: Clock, hold_s: float) -> None:
        self.lease, self._clock, self._hold_s = lease, clock, hold_s
        self.renewed_at = clock.monotonic()

    def may_write(self) -> bool:
        """Not when it may have been freed: whoever stood still renews before anything else."""
        return self._clock.monotonic() - self.renewed_at < self._hold_s


class Shards:
    """Claims, renews and lets go of shards.

    Args:
        clusters: (id, credentials version) of all that are to be watched.
        open_shard: starts to watch one under its lease.
    """

    def __init__(
        self,
        leases: Leases,
        owner: str,
        clusters: Callable[[], Mapping[ObjectId, int]],
        open_shard: Callable[[ObjectId, int, Held], Watching],
        clock: Clock,
        *,
        hold_s: float,
    ) -> None:
        self._leases, self._owner, self._clusters, self._open = leases, owner, clusters, open_shard
        self._clock, self._hold_s = clock, hold_s
        self._presence: Lease | None = None
        self._lock = threading.Lock()  # the beat's thread reads what the main one changes
        self._held: dict[ObjectId, Held] = {}
        self._watching: dict[ObjectId, Watching] = {}

    def run(self, stop: threading.Event) -> None:
        """Until told to stop; then everything is let go at once."""
        beat = threading.Thread(target=self._beat, args=(stop,), name="beat", daemon=True)
        beat.start()
        while not stop.is_set():
            try:
                self._look()
            except PyMongoError as error:
                log.warning("shards_unread", error=type(error).__name__)
            stop.wait(LOOK_S)
        for cluster_id in list(self._watching):
            self._let_go(cluster_id)
        if self._presence is not None:
            self._forget(self._presence)

    def _look(self) -> None:
        if self._presence is None:
            self._presence = self._leases.claim(PRESENCE + self._owner, self._owner)
        clusters = self._clusters()
        held = [lease.id for lease in self._leases.held()]
        share = fair_share(
            clusters.keys(),
            self._watching.keys(),
            [ObjectId(each.removeprefix(PREFIX)) for each in held if each.startswith(PREFIX)],
            sum(each.startswith(PRESENCE) for each in held),
        )
        for cluster_id in share.let_go:
            self._let_go(cluster_id, removed=cluster_id not in clusters)
        for cluster_id in share.claim:
            self._claim(cluster_id, clusters[cluster_id])
        for cluster_id, watching in self._watching.items():
            if watching.version != clusters.get(cluster_id, watching.version):
                log.info("shard_reconnects", cluster_id=str(cluster_id))
                watching.reconnect(clusters[cluster_id])
        self._close_lost()

    def _claim(self, cluster_id: ObjectId, version: int) -> None:
        lease = self._leases.claim(f"{PREFIX}{cluster_id}", self._owner)
        if lease is None:
            return
        held = Held(lease, self._clock, self._hold_s)
        with self._lock:
            self._held[cluster_id] = held
        self._watching[cluster_id] = self._open(cluster_id, version, held)
        log.info("shard_claimed", cluster_id=str(cluster_id), fence=lease.fence)

    def _let_go(self, cluster_id: ObjectId, *, removed: bool = False) -> None:
        self._watching.pop(cluster_id).close()
        with self._lock:
            held = self._held.pop(cluster_id, None)
        if held is None:
            return
        if removed:
            self._forget(held.lease)
        else:
            self._release(held.lease)

    def _close_lost(self) -> None:
        for cluster_id in [each for each in self._watching if each not in self._held]:
            log.warning("shard_lost", cluster_id=str(cluster_id))
            self._watching.pop(cluster_id).close()

    def _beat(self, stop: threading.Event) -> None:
        while not stop.wait(BEAT_S):
            with self._lock:
                held = dict(self._held)
            for cluster_id, each in held.items():
                if not self._renewed(each):
                    with self._lock:
                        self._held.pop(cluster_id, None)
            if (presence := self._presence) is not None:
                self._keep_presence(presence)

    def _renewed(self, held: Held) -> bool:
        """False only if the fence has changed; a store that is away leaves it open."""
        asked_at = self._clock.monotonic()
        try:
            if not self._leases.renew(held.lease):
                return False
        except PyMongoError as error:
            log.warning("lease_not_renewed", lease=held.lease.id, error=type(error).__name__)
            return True
        held.renewed_at = asked_at
        return True

    def _keep_presence(self, presence: Lease) -> None:
        try:
            if not self._leases.renew(presence):
                self._presence = None  # freed while we stood still: claimed again at the next look
        except PyMongoError as error:
            log.warning("lease_not_renewed", lease=presence.id, error=type(error).__name__)

    def _release(self, lease: Lease) -> None:
        try:
            self._leases.release(lease)
        except PyMongoError as error:
            log.warning("lease_not_released", lease=lease.id, error=type(error).__name__)

    def _forget(self, lease: Lease) -> None:
        self._release(lease)
        try:
            self._leases.forget(lease.id)
        except PyMongoError as error:
            log.warning("lease_not_forgotten", lease=lease.id, error=type(error).__name__)
