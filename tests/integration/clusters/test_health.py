"""Scheduled checks, reports of watchers, connections: on the real store, with a clock that the test turns."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from app.bootstrap import Services
from app.clusters.health import ClusterHealth, StatusChange
from app.clusters.models import Cluster
from app.clusters.requests import ClusterInput, CredentialsChange
from app.errors import NotFoundError
from tests.api import close_services, make_services
from tests.fake_clock import FakeClock
from tests.integration.clusters.scripted import ScriptedApi

OWNER = ObjectId()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def services(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str, clock: FakeClock) -> Iterator[Services]:
    made = make_services(db, mongo_uri, redis_url, clock=clock, cluster_allow_loopback=True, cluster_allow_http=True)
    yield made
    close_services(made)


@pytest.fixture
def health(services: Services) -> ClusterHealth:
    """Without jitter, so that a test can name the times."""
    return replace(services.clusters.health, jitter=lambda: 1.0)


@pytest.fixture
def cluster(services: Services, scripted: ScriptedApi) -> Cluster:
    return added(services, scripted)


def added(services: Services, scripted: ScriptedApi, name: str = "c") -> Cluster:
    body = {"name": name, "server": scripted.url, "authType": "token", "credentials": {"token": "good"}}
    return services.cluster_additions.add(OWNER, ClusterInput.model_validate(body)).cluster


def now_of(services: Services, cluster: Cluster) -> Cluster:
    found = services.clusters.by_id(cluster.id)
    assert found is not None
    return found


def check_due(health: ClusterHealth) -> int:
    with ThreadPoolExecutor(4) as threads:
        return health.check_due(threads)


def test_a_cluster_is_checked_each_interval_and_by_one_of_all_who_ask(
    services: Services, health: ClusterHealth, clock: FakeClock, cluster: Cluster, scripted: ScriptedApi
) -> None:
    assert check_due(health) == 0, "it was tested when it was added"
    clock.advance(70)
    asked = scripted.version_calls

    with ThreadPoolExecutor(4) as callers:
        checked = sum(callers.map(lambda _: check_due(health), range(4)))

    assert checked == 1
    assert scripted.version_calls == asked + 1
    after = now_of(services, cluster)
    assert (after.status, after.last_check) == ("connected", clock.now())
    assert after.next_check_at == clock.now() + timedelta(seconds=60)


def test_a_failure_counts_only_when_it_is_there_again_two_seconds_later(
    services: Services, health: ClusterHealth, clock: FakeClock, cluster: Cluster, scripted: ScriptedApi
) -> None:
    before = clock.monotonic()
    scripted.failing_once = 503

    outcome = health.check(cluster)

    assert outcome.is_connected
    assert clock.monotonic() - before == 2
    assert now_of(services, cluster).status == "connected"


def test_a_cluster_that_stays_away_is_asked_less_and_less(
    services: Services, health: ClusterHealth, clock: FakeClock, cluster: Cluster, scripted: ScriptedApi
) -> None:
    changes: list[StatusChange] = []
    health.on_changed.append(changes.append)
    scripted.failing_with = 503
    pauses = []

    for _ in range(4):
        health.check(now_of(services, cluster))
        found = now_of(services, cluster)
        assert found.next_check_at and found.last_check
        pauses.append((found.next_check_at - found.last_check).total_seconds())

    assert pauses == [60, 120, 300, 300]
    assert [(change.previous, change.cluster.status) for change in changes] == [("connected", "disconnected")]
    assert found.status_reason == "server_error"
    clock.advance(700)
    assert health.is_stale(found)


def test_a_cluster_that_refuses_us_is_tried_once_a_minute(
    services: Services, health: ClusterHealth, clock: FakeClock, cluster: Cluster, scripted: ScriptedApi
) -> None:
    scripted.users = {}
    health.check(cluster)
    found = now_of(services, cluster)

    assert (found.status, found.status_reason) == ("error", "unauthorized")
    assert found.next_check_at == clock.now() + timedelta(seconds=60)


def test_one_dead_cluster_delays_nobody(
    services: Services, health: ClusterHealth, clock: FakeClock, cluster: Cluster, scripted: ScriptedApi
) -> None:
    fine = added(services, scripted, "fine")
    services.db["clusters"].update_one(
        {"_id": cluster.id}, {"$set": {"server": "broken"}, "$inc": {"credentials_version": 1}}
    )
    clock.advance(70)

    assert check_due(health) == 2

    assert now_of(services, cluster).status == "error"
    checked_at = now_of(services, fine).last_check
    # The dead one's second try passes two seconds of the clock that both share, before or after.
    assert checked_at is not None
    assert clock.now() - checked_at <= timedelta(seconds=2)


def test_old_metadata_is_read_again_by_the_way(
    services: Services, health: ClusterHealth, clock: FakeClock, cluster: Cluster
) -> None:
    clock.advance(services.settings.cluster_metadata_ttl_seconds + 1)

    check_due(health)

    assert now_of(services, cluster).metadata.last_updated == clock.now()


def test_a_401_in_use_marks_the_cluster_at_once_and_a_resumed_watch_unmarks_it(
    services: Services, cluster: Cluster
) -> None:
    services.clusters.report(cluster.id, "error", "unauthorized", "the cluster refused the credentials")
    assert now_of(services, cluster).status == "error"

    services.clusters.report(cluster.id, "connected")
    found = now_of(services, cluster)
    assert (found.status, found.status_reason, found.status_message) == ("connected", "", "")


def test_a_lost_watch_changes_nothing_but_asks_for_a_check(
    services: Services, health: ClusterHealth, cluster: Cluster, scripted: ScriptedApi
) -> None:
    services.clusters.report(cluster.id, "disconnected")
    assert now_of(services, cluster).status == "connected"

    assert check_due(health) == 1


def test_what_old_credentials_met_does_not_count(services: Services, cluster: Cluster, scripted: ScriptedApi) -> None:
    scripted.users = {"newer": "ada"}
    request = CredentialsChange.model_validate({"credentials": {"token": "newer"}})
    services.cluster_changes.replace_credentials(OWNER, "c", request)

    services.clusters.report(cluster.id, "error", credentials_version=cluster.credentials_version)
    services.clusters.health.record(cluster, services.clusters.health.test(cluster, OWNER))

    found = now_of(services, cluster)
    assert (found.status, found.credentials_version) == ("connected", cluster.credentials_version + 1)


def test_a_connection_is_kept_and_its_version_looked_up_once_a_second(
    services: Services, clock: FakeClock, cluster: Cluster, scripted: ScriptedApi
) -> None:
    elsewhere = Services(services.settings, clock=clock)  # another process
    first = elsewhere.clusters.connection(cluster.id)
    scripted.users = {"newer": "ada"}
    request = CredentialsChange.model_validate({"credentials": {"token": "newer"}})
    services.cluster_changes.replace_credentials(OWNER, "c", request)

    assert elsewhere.clusters.connection(cluster.id) is first, "not looked at again yet"
    clock.advance(1)
    second = elsewhere.clusters.connection(cluster.id)

    assert second is not first
    assert second is elsewhere.clusters.connection(cluster.id)
    assert second.request("GET", "/version")["gitVersion"] == "v1.34.0"

    services.cluster_changes.remove(OWNER, "c")
    clock.advance(1)
    with pytest.raises(NotFoundError, match="Cluster not found"):
        elsewhere.clusters.connection(cluster.id)
    close_services(elsewhere)


def test_each_change_of_status_is_published(
    services: Services, health: ClusterHealth, cluster: Cluster, scripted: ScriptedApi
) -> None:
    subscription = services.events_redis.pubsub()  # type: ignore[no-untyped-call]  # redis-py has no type for it
    subscription.psubscribe("*")
    subscription.get_message(timeout=5)
    scripted.users = {}

    health.check(cluster)

    message = subscription.get_message(timeout=5)
    assert message is not None
    assert b"cluster_status" in message["data"]
    assert b'"previous":"connected"' in message["data"]
    assert b"good" not in message["data"]
    subscription.close()
