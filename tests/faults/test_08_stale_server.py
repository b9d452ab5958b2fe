"""Fault 8: list and watch are answered by an API server that lags behind. No state goes back to an older one."""

from collections.abc import Iterator

import pytest

from tests.fake_clock import FakeClock
from tests.unit.kube.following import following
from tests.unit.kube.scripted_server import ScriptedServer, an_object, listing, refuse
from tests.waiting import eventually


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A script for what the load balancer leads to."""
    with ScriptedServer() as running:
        yield running


def test_08_an_older_list_is_not_believed(server: ScriptedServer) -> None:
    old, new = an_object("a", 5, generation="old"), an_object("a", 50, generation="new")
    server.lists += [listing(new, version=100), listing(old, version=60), listing(new, version=100)]
    server.watches.append(refuse(410, "Expired"))

    with following(server) as (sink, _):
        sink.wait_for(lambda told: len(told.lists) == 2)

    assert len(server.asked(watch=False)) == 3
    assert sink.held["a"]["generation"] == "new"
    assert ("lost", "127.0.0.1 answers with an older state than before") in sink.states


def test_08_a_list_older_than_the_last_bookmark_is_not_believed_either(server: ScriptedServer) -> None:
    server.lists += [listing(version=10), listing(version=60), listing(an_object("a", 99), version=101)]
    server.watches += [lambda exchange: exchange.begin().bookmark(100).end(), refuse(410, "Expired")]

    with following(server) as (sink, _):
        sink.wait_for(lambda told: "a" in told.held)

    assert sink.lists == [[], ["a"]]


def test_08_an_older_event_is_dropped(server: ScriptedServer) -> None:
    server.lists.append(listing(an_object("a", 50), an_object("b", 51), version=100))
    server.watches.append(
        lambda exchange: (
            exchange.begin()
            .event("MODIFIED", an_object("a", 40))
            .event("DELETED", an_object("b", 45))
            .event("MODIFIED", an_object("a", 120))
            .event("MODIFIED", an_object("a", 110))
            .event("ADDED", an_object("end", 121))
            .stay_open()
        )
    )

    with following(server) as (sink, _):
        sink.wait_for(lambda told: "end" in told.held)

    assert sink.changes == [("MODIFIED", "a", "120"), ("ADDED", "end", "121")]


def test_08_what_was_deleted_stays_deleted_but_its_name_may_come_again(server: ScriptedServer) -> None:
    server.lists.append(listing(an_object("a", 50), version=100))
    server.watches.append(
        lambda exchange: (
            exchange.begin()
            .event("DELETED", an_object("a", 110))
            .event("MODIFIED", an_object("a", 105))
            .event("ADDED", an_object("a", 120, uid="another"))
            .event("ADDED", an_object("end", 121))
            .stay_open()
        )
    )

    with following(server) as (sink, _):
        sink.wait_for(lambda told: "end" in told.held)

    assert sink.changes == [("DELETED", "a", "110"), ("ADDED", "a", "120"), ("ADDED", "end", "121")]


def test_08_the_version_to_resume_from_never_goes_back(server: ScriptedServer) -> None:
    server.lists.append(listing(version=100))
    server.watches.append(
        lambda exchange: exchange.begin().event("ADDED", an_object("a", 120)).event("ADDED", an_object("b", 90)).end()
    )

    with following(server) as (sink, _):
        sink.wait_for(lambda told: len(told.changes) == 2)
        eventually(lambda: len(server.asked(watch=True)) == 2)

    assert server.asked(watch=True)[1].query["resourceVersion"] == "120"


def test_08_a_cluster_restored_from_a_backup_is_believed_after_five_minutes(server: ScriptedServer) -> None:
    clock = FakeClock()
    server.lists += [listing(version=1000)] + [listing(an_object("restored", 3), version=7)] * 50
    server.watches.append(refuse(410, "Expired"))

    with following(server, clock=clock) as (sink, _):
        sink.wait_for(lambda told: "restored" in told.held, within_s=10)

    assert 300 <= clock.monotonic() <= 380


def test_08_versions_that_are_no_numbers_are_taken_as_they_come(server: ScriptedServer) -> None:
    opaque = an_object("a", 1)
    opaque["metadata"]["resourceVersion"] = "zzz"
    server.lists.append(lambda exchange: exchange.answer({"metadata": {"resourceVersion": "xyz"}, "items": [opaque]}))
    later = an_object("a", 1, data={"is": "new"})
    later["metadata"]["resourceVersion"] = "abc"
    server.watches.append(lambda exchange: exchange.begin().event("MODIFIED", later).stay_open())

    with following(server) as (sink, _):
        sink.wait_for(lambda told: told.data("a") == {"is": "new"})

    assert server.asked(watch=True)[0].query["resourceVersion"] == "xyz"
