"""One `Connection` a cluster in each process, always with the newest credentials.

Callers keep no connection beyond a piece of work but ask again: the credentials version is looked up at most once a
second, and a raised one makes a new connection at once. The only place, beside a change, where credentials are opened.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from bson import ObjectId

from app.clock import Clock
from app.clusters.candidate import INSECURE_REFUSED, as_stored
from app.clusters.credentials import Credentials, seal_context
from app.clusters.models import Cluster, StatusReason
from app.clusters.own_account import RENEW_S, OwnAccount
from app.clusters.store import ClusterStore
from app.errors import InvalidError, NotFoundError, UnavailableError
from app.kube.access import Access
from app.kube.client import KubeClient
from app.kube.connection import Connection
from app.kube.discovery import Discovery
from app.storage.sealed import Sealer, UnreadableError

LOOK_AGAIN_S: Final = 1.0
UNREADABLE: Final = "its stored credentials can't be decrypted: enter them again"


@dataclass(slots=True)
class _Cached:
    """A client, of which credentials version, and when that was last known to be the newest."""

    version: int
    client: KubeClient
    looked_at: float
    good_until: float


class ClusterConnections:
    """Connections by cluster id.

    Args:
        store: where versions and sealed credentials are.
        sealer: opens them.
        connect: makes a connection; bootstrap puts guard and timeouts into it.
        clock: for the second between two looks.
        allow_insecure_tls: whether clusters that skip TLS verification may still be used.
        own_account: the service account we run as, where it may be used.
    """

    def __init__(
        self,
        store: ClusterStore,
        sealer: Sealer,
        connect: Callable[[Access], Connection],
        clock: Clock,
        *,
        allow_insecure_tls: bool,
        own_account: OwnAccount | None = None,
    ) -> None:
        self._store, self._sealer, self._connect, self._clock = store, sealer, connect, clock
        self._allow_insecure_tls, self._own_account = allow_insecure_tls, own_account
        self._cached: dict[ObjectId, _Cached] = {}
        self._lock = threading.Lock()

    def connection(self, cluster_id: ObjectId) -> Connection:
        """The connection of `client`. Raises the same."""
        return self.client(cluster_id).connection

    def client(self, cluster_id: ObjectId) -> KubeClient:
        """A client whose credentials were the newest within the last second.

        Raises:
            NotFoundError: the cluster was removed.
            UnavailableError: its credentials can't be opened or used.
        """
        # Counted from before the read: what is written while we read is seen a second later at the latest.
        now = self._clock.monotonic()
        with self._lock:
            cached = self._cached.get(cluster_id)
        if cached and now - cached.looked_at < LOOK_AGAIN_S:
            return cached.client
        version = self._store.credentials_version(cluster_id)
        if version is None:
            self.forget(cluster_id)
            raise NotFoundError("Cluster not found")
        if cached and cached.version == version and now < cached.good_until:
            cached.looked_at = now
            return cached.client
        return self._renew(cluster_id, now)

    def open(self, cluster: Cluster, sealed: bytes) -> Credentials:
        """The stored credentials, in the clear.

        Raises:
            UnreadableError: no key opens them.
        """
        value = self._sealer.open(sealed, context=seal_context(cluster.id))
        return replace(Credentials.from_json(value), expires_at=cluster.credential_expires_at)

    def seal(self, cluster_id: ObjectId, credentials: Credentials) -> bytes:
        """For the store; opens for this cluster only."""
        return self._sealer.seal(credentials.as_json(), context=seal_context(cluster_id))

    def look_again(self, cluster_id: ObjectId) -> None:
        """This process has just changed how to connect: don't wait for the second to pass."""
        with self._lock:
            if cached := self._cached.get(cluster_id):
                cached.looked_at = float("-inf")

    def forget(self, cluster_id: ObjectId) -> None:
        """A removed cluster's connection isn't kept."""
        with self._lock:
            cached = self._cached.pop(cluster_id, None)
        if cached:
            cached.client.connection.close()

    def _renew(self, cluster_id: ObjectId, now: float) -> KubeClient:
        stored = self._store.with_credentials(cluster_id)
        if stored is None:
            self.forget(cluster_id)
            raise NotFoundError("Cluster not found")
        cluster, sealed = stored
        connection, good_for_s = self._connected(cluster, sealed)
        # Discovery is kept with the connection: other credentials may belong to another cluster.
        client = KubeClient(connection, Discovery(connection, self._clock))
        fresh = _Cached(cluster.credentials_version, client, now, now + good_for_s)
        with self._lock:
            old = self._cached.get(cluster_id)
            if old and (old.version, old.good_until) >= (fresh.version, fresh.good_until):  # another was quicker
                old, fresh = fresh, old
            self._cached[cluster_id] = fresh
        if old:
            old.client.connection.close()  # calls still going on end by themselves
        return fresh.client

    def _connected(self, cluster: Cluster, sealed: bytes) -> tuple[Connection, float]:
        """A new connection, and for how long its credentials are good."""
        try:
            stored = self.open(cluster, sealed)
            if cluster.insecure and not self._allow_insecure_tls:
                raise unavailable(cluster, "blocked", INSECURE_REFUSED)
            access = as_stored(cluster, stored).access(self._own_account)
            return self._connect(access), RENEW_S if stored.own_account else math.inf
        except UnreadableError:
            raise unavailable(cluster, "key", UNREADABLE) from None
        except InvalidError as error:
            raise unavailable(cluster, "key", error.message) from None


def unavailable(cluster: Cluster, reason: StatusReason, message: str) -> UnavailableError:
    """The contract's 503 for a cluster that is needed and can't be used."""
    text = f'Cluster "{cluster.name}" can\'t be reached: {message}'
    return UnavailableError(text, extra={"reason": reason, "cluster": cluster.name})
