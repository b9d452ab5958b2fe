"""What the watch loop promises its sink, against a server that does what real ones do on bad days."""

import threading
from itertools import pairwise

from app.clock import SystemClock
from app.errors import UnavailableError
from app.kube.connection import Connection
from app.kube.objects import KubeObject
from app.kube.pace import Pace
from tests.fake_clock import FakeClock
from tests.unit.kube.following import RecordingSink, following
from tests.unit.kube.scripted_server import Exchange, ScriptedServer, a_status, an_object, listing, quiet, refuse
from tests.waiting import eventually


def test_all_pages_of_a_list_are_handed_on_at_once_before_it_is_synced(server: ScriptedServer) -> None:
    server.lists += [listing(an_object("a", 5), version=9, token="more"), listing(an_object("b", 6), version=9)]

    with following(server) as (sink, _):
        sink.wait_for(lambda told: told.states)

    assert sink.lists == [["a", "b"]]
    assert sink.states == [("synced", "")]
    first, second = server.asked(watch=False)
    assert (first.query["limit"], second.query["continue"]) == ("500", "more")
    assert server.asked(watch=True)[0].query["resourceVersion"] == "9"


def test_a_watch_says_how_it_wants_to_be_ended(server: ScriptedServer) -> None:
    with following(server, label_selector="kubeorch.io/workflow", field_selector="type=Opaque") as (sink, _):
        sink.wait_for(lambda told: told.states)

    query = server.asked(watch=True)[0].query
    assert query["allowWatchBookmarks"] == "true"
    assert 240 <= int(query["timeoutSeconds"]) <= 300
    assert (query["labelSelector"], query["fieldSelector"]) == ("kubeorch.io/workflow", "type=Opaque")


def test_it_resumes_from_the_last_event_when_the_server_closes(server: ScriptedServer) -> None:
    clock = FakeClock()

    def two_changes(exchange: Exchange) -> None:
        exchange.begin().event("ADDED", an_object("a", 11)).event("MODIFIED", an_object("a", 12))
        clock.advance(250)
        exchange.end()

    server.lists.append(listing(version=10))
    server.watches.append(two_changes)
    with following(server, clock=clock) as (sink, _):
        eventually(lambda: len(server.asked(watch=True)) == 2)

    assert sink.changes == [("ADDED", "a", "11"), ("MODIFIED", "a", "12")]
    assert server.asked(watch=True)[1].query["resourceVersion"] == "12"
    assert len(server.asked(watch=False)) == 1, "resuming needs no list"
    assert sink.state_names == ["synced"], "an ordinary end is no loss"


def test_it_resumes_from_a_bookmark(server: ScriptedServer) -> None:
    server.lists.append(listing(version=10))
    server.watches.append(lambda exchange: exchange.begin().event("ADDED", an_object("a", 11)).bookmark(40).end())

    with following(server) as (sink, _):
        eventually(lambda: len(server.asked(watch=True)) == 2)

    assert server.asked(watch=True)[1].query["resourceVersion"] == "40"
    assert [name for _, name, _ in sink.changes] == ["a"], "a bookmark is no change"


def test_410_as_an_answer_means_list_again(server: ScriptedServer) -> None:
    server.lists += [listing(an_object("a", 5), an_object("b", 6), version=10), listing(an_object("a", 5), version=99)]
    server.watches.append(refuse(410, "Expired"))

    with following(server) as (sink, _):
        sink.wait_for(lambda told: len(told.lists) == 2)
        eventually(lambda: len(server.asked(watch=True)) == 2)

    assert sink.lists[1] == ["a"], "what is gone isn't in the new list: the sink deletes it inside its scope"
    assert server.asked(watch=True)[1].query["resourceVersion"] == "99"
    assert "lost" not in sink.state_names


def test_410_as_an_event_means_list_again(server: ScriptedServer) -> None:
    server.lists += [listing(version=10), listing(an_object("a", 5), version=99)]
    server.watches.append(lambda exchange: exchange.begin().event("ERROR", a_status(410, "Expired")).end())

    with following(server) as (sink, _):
        sink.wait_for(lambda told: len(told.lists) == 2)

    assert sink.lists == [[], ["a"]]


def test_a_version_that_is_always_too_old_makes_no_hot_loop(server: ScriptedServer) -> None:
    clock = FakeClock()
    server.watches += [refuse(410, "Expired")] * 20

    with following(server, clock=clock):
        eventually(lambda: len(server.asked(watch=True)) > 20)

    assert clock.monotonic() > len(server.requests), "at most a request a second"


def test_another_error_event_is_a_failure_like_any_other(server: ScriptedServer) -> None:
    server.watches.append(
        lambda exchange: exchange.begin().event("ERROR", a_status(500, "InternalError", "etcd")).end()
    )

    with following(server) as (sink, _):
        sink.wait_for(lambda told: told.state_names == ["synced", "lost", "synced"])

    assert sink.states[1] == ("lost", "etcd")


def test_each_kind_of_refusal_has_its_state_and_is_tried_again_after_a_minute(server: ScriptedServer) -> None:
    clock = FakeClock()
    server.lists += [refuse(401, "Unauthorized"), refuse(403, "Forbidden"), refuse(404, "NotFound"), listing(version=1)]

    with following(server, clock=clock) as (sink, _):
        sink.wait_for(lambda told: "synced" in told.state_names)

    assert sink.state_names == ["unauthorized", "forbidden", "synced"], "a kind that is missing is its own matter too"
    assert 180 <= clock.monotonic() < 181


def test_new_credentials_end_the_pause_after_a_401(server: ScriptedServer) -> None:
    clock, wake, sink = FakeClock(), threading.Event(), RecordingSink()
    sink.on_state = lambda state: wake.set() if state == "unauthorized" else None
    server.lists += [refuse(401, "Unauthorized"), listing(version=1)]

    with following(server, clock=clock, wake=wake, sink=sink):
        sink.wait_for(lambda told: "synced" in told.state_names)

    assert clock.monotonic() < 1


def test_another_connection_means_list_again_even_while_a_watch_is_blocked(server: ScriptedServer) -> None:
    server.lists += [listing(an_object("old", 50), version=90), listing(an_object("new", 3), version=7)]
    connections = [server.connection()]
    with following(server, connection=lambda: connections[-1]) as (sink, loop):
        sink.wait_for(lambda told: told.states)

        connections.append(server.connection(token="fresh"))
        loop.interrupt()

        sink.wait_for(lambda told: len(told.lists) == 2, within_s=1)
    assert sink.lists[1] == ["new"], "also when its versions are lower: it may be another cluster"
    assert server.asked(watch=False)[1].headers["authorization"] == "Bearer fresh"
    assert sink.state_names == ["synced"]


def test_429_is_asked_again_when_it_says_and_not_before(server: ScriptedServer) -> None:
    clock, wake, sink = FakeClock(), threading.Event(), RecordingSink()
    sink.on_state = lambda _: wake.set()  # whatever the probe says
    server.lists += [refuse(429, "TooManyRequests", Retry_After="42"), listing(version=1)]

    with following(server, clock=clock, wake=wake, sink=sink):
        sink.wait_for(lambda told: "synced" in told.state_names)

    assert 42 <= clock.monotonic() < 45


def test_a_lost_server_is_tried_again_after_5_seconds_doubling_to_a_minute(server: ScriptedServer) -> None:
    tried_at: list[float] = []
    clock = FakeClock()

    def out_of_order(exchange: Exchange) -> None:
        tried_at.append(clock.monotonic())
        exchange.answer(b"<html>bad gateway</html>", 502)

    server.lists += [out_of_order] * 7 + [listing(version=1)]
    with following(server, clock=clock) as (sink, _):
        sink.wait_for(lambda told: "synced" in told.state_names)

    pauses = [later - earlier for earlier, later in pairwise(tried_at)]
    for pause, least in zip(pauses, (5, 10, 20, 40, 60, 60), strict=True):
        assert least - 0.001 <= pause <= min(least * 1.2, 60) + 0.001
    assert sink.states[0] == ("lost", "127.0.0.1 answers 502")


def test_after_a_good_watch_failures_count_from_the_beginning_again(server: ScriptedServer) -> None:
    clock = FakeClock()

    def live_for_a_minute(exchange: Exchange) -> None:
        exchange.begin()
        clock.advance(60)
        exchange.end()

    bad = refuse(503, "ServiceUnavailable")
    server.watches += [bad, bad, bad, live_for_a_minute, bad, quiet]
    with following(server, clock=clock) as (sink, _):
        sink.wait_for(lambda told: told.state_names == ["lost", "synced", "lost", "synced"])

    pauses_s = clock.monotonic() - 60
    assert 5 + 10 + 20 + 5 <= pauses_s <= (5 + 10 + 20 + 5) * 1.2, "not 40 for the last"


def test_everything_is_listed_again_within_ten_minutes(server: ScriptedServer) -> None:
    clock = FakeClock()

    def live_as_long_as_asked(exchange: Exchange) -> None:
        exchange.begin()
        clock.advance(int(exchange.query["timeoutSeconds"]))
        exchange.end()

    server.watches += [live_as_long_as_asked] * 4
    with following(server, clock=clock) as (sink, _):
        sink.wait_for(lambda told: len(told.lists) == 2)
        assert 500 <= clock.monotonic() <= 900

    asked = [int(request.query["timeoutSeconds"]) for request in server.asked(watch=True)]
    assert sum(asked[:3]) <= 600, "the server is asked to close the last watch in time"


def test_a_sink_that_fails_gets_everything_again(server: ScriptedServer) -> None:
    class Failing(RecordingSink):
        def changed(self, event_type: str, obj: KubeObject) -> None:
            raise RuntimeError("a consumer's bug")

    server.lists += [listing(version=10), listing(an_object("a", 11), version=11)]
    server.watches.append(lambda exchange: exchange.begin().event("ADDED", an_object("a", 11)).stay_open())
    with following(server, sink=Failing()) as (sink, _):
        sink.wait_for(lambda told: len(told.lists) == 2)

    assert sink.lists == [[], ["a"]]


def test_metadata_only_asks_for_no_content_and_still_names_the_kind(server: ScriptedServer) -> None:
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    server.lists.append(listing(an_object("a", 5) | partial, version=9))
    server.watches.append(lambda exchange: exchange.begin().event("ADDED", an_object("b", 10) | partial).stay_open())

    with following(server, metadata_only=True) as (sink, _):
        sink.wait_for(lambda told: len(told.held) == 2)

    accepted = [server.asked(watch=is_watch)[0].headers["accept"] for is_watch in (False, True)]
    assert accepted == [
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    ]
    assert {(obj["apiVersion"], obj["kind"]) for obj in sink.held.values()} == {("v1", "ConfigMap")}


def test_objects_are_shrunk_before_they_are_held_or_handed_on(server: ScriptedServer) -> None:
    server.lists.append(listing(an_object("a", 5, data={"k": "v"}), version=9))
    server.watches.append(lambda exchange: exchange.begin().event("ADDED", an_object("b", 10, data={})).stay_open())

    with following(server, keep=lambda obj: {"metadata": obj["metadata"]}) as (sink, _):
        sink.wait_for(lambda told: len(told.held) == 2)

    assert all(obj.keys() == {"metadata"} for obj in sink.held.values())


def test_it_ends_at_once_while_blocked_in_a_list(server: ScriptedServer) -> None:
    server.lists.append(Exchange.stay_open)

    with following(server):  # checks at its end that close() takes no longer than a second
        eventually(lambda: server.requests)


def test_it_ends_at_once_in_a_pause(server: ScriptedServer) -> None:
    server.lists.append(refuse(401, "Unauthorized"))

    with following(server, clock=SystemClock()) as (sink, _):
        sink.wait_for(lambda told: told.states)


def test_after_bookmarks_silence_is_noticed_soon(server: ScriptedServer) -> None:
    server.watches += [lambda exchange: exchange.begin().bookmark(20).stay_open(), quiet]

    with following(server, pace=Pace(quiet_s=0.1)):
        eventually(lambda: len(server.asked(watch=True)) >= 2)

    assert server.asked(watch=True)[1].query["resourceVersion"] == "20"


def test_credentials_that_cant_be_used_are_asked_for_again_after_a_minute(server: ScriptedServer) -> None:
    clock, connection, answers = FakeClock(), server.connection(), iter([False, True])

    def connect() -> Connection:
        if not next(answers, True):
            raise UnavailableError("enter them again")
        return connection

    with following(server, clock=clock, connection=connect) as (sink, _):
        sink.wait_for(lambda told: "synced" in told.state_names)

    assert sink.states[0] == ("unauthorized", "enter them again")
    assert 60 <= clock.monotonic() < 61
