"""A ciphertext that was altered or copied doesn't open, and no nonce comes twice (faults-and-checks 20)."""

from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from app.clusters.connections import ClusterConnections
from app.clusters.credentials import Credentials
from app.clusters.models import Cluster
from app.clusters.store import ClusterStore
from app.errors import UnavailableError
from app.kube.connection import Connection
from app.storage.sealed import Sealer, UnreadableError
from tests.fake_clock import FakeClock
from tests.unit.clusters.certificates import NOW

HEADER = 5  # version and key id


def a_cluster() -> Cluster:
    return Cluster(
        id=ObjectId(),
        user_id=ObjectId(),
        name="c",
        server="https://c.example",
        auth_type="token",
        created_at=NOW,
        updated_at=NOW,
    )


def no_connection(_: object) -> Connection:
    raise AssertionError("what can't be opened is never connected with")


def test_an_altered_bit_anywhere_makes_it_unreadable() -> None:
    sealer = Sealer("a key of the operator")
    sealed = sealer.seal({"token": "t"}, context="cluster:1:credentials")
    assert sealer.open(sealed, context="cluster:1:credentials") == {"token": "t"}

    for position in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[position // 8] ^= 1 << position % 8
        with pytest.raises(UnreadableError):
            sealer.open(bytes(altered), context="cluster:1:credentials")


def test_credentials_copied_to_another_cluster_do_not_open(db: Database[dict[str, Any]]) -> None:
    store, sealer = ClusterStore(db, FakeClock()), Sealer("a key of the operator")
    connections = ClusterConnections(store, sealer, no_connection, FakeClock(), allow_insecure_tls=True)
    theirs, mine = a_cluster(), a_cluster()
    sealed = connections.seal(theirs.id, Credentials(token="theirs"))
    store.insert(theirs, sealed)
    store.insert(mine, sealed)  # somebody who can write to the store copies it

    assert connections.open(theirs, sealed).token == "theirs"
    with pytest.raises(UnavailableError, match="can't be decrypted"):
        connections.connection(mine.id)


def test_another_key_or_none_of_the_old_ones_opens_nothing(db: Database[dict[str, Any]]) -> None:
    store = ClusterStore(db, FakeClock())
    cluster = a_cluster()
    before = ClusterConnections(store, Sealer("old"), no_connection, FakeClock(), allow_insecure_tls=True)
    store.insert(cluster, before.seal(cluster.id, Credentials(token="t")))
    found = store.with_credentials(cluster.id)
    assert found is not None
    sealed = found[1]

    rotated = ClusterConnections(store, Sealer("new", ["old"]), no_connection, FakeClock(), allow_insecure_tls=True)
    lost = ClusterConnections(store, Sealer("new"), no_connection, FakeClock(), allow_insecure_tls=True)

    assert rotated.open(cluster, sealed).token == "t"
    with pytest.raises(UnavailableError, match="enter them again"):
        lost.connection(cluster.id)


@pytest.mark.parametrize("sealed", [100_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_no_nonce_comes_twice(sealed: int) -> None:
    sealer = Sealer("a key of the operator")

    nonces = {sealer.seal(0, context="c")[HEADER : HEADER + 12] for _ in range(sealed)}

    assert len(nonces) == sealed
