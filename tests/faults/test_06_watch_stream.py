"""Fault 6: the watch stream is cut, half-open, silent, garbage, in tiny and huge chunks, doubled, closed at once.

State is true within a second once data flows; while it doesn't, at most one request a second.
"""

import json
import time
from collections.abc import Callable, Iterator

import pytest

from app.kube.pace import Pace
from tests.fake_clock import FakeClock
from tests.unit.kube.following import following
from tests.unit.kube.scripted_server import Exchange, ScriptedServer, an_object, listing
from tests.waiting import eventually

A_SECOND = 1.0


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Knows one object at first; whoever watches from its version on learns of a change."""
    with ScriptedServer() as running:
        running.lists.append(listing(an_object("a", 5), version=10))
        yield running


def the_change(exchange: Exchange) -> None:
    """A healthy watch: the newer state of the object, then quiet."""
    exchange.begin().event("MODIFIED", an_object("a", 20, data={"is": "new"})).stay_open()


BREAKS: dict[str, Callable[[Exchange], None]] = {
    "cut": lambda exchange: exchange.begin().event("MODIFIED", an_object("a", 15)).cut(),
    "reset": lambda exchange: exchange.begin().event("MODIFIED", an_object("a", 15)).reset(),
    "cut in the middle of an event": lambda exchange: exchange.begin().chunk(b'{"type":"MODIFIED","obj').cut(),
    "cut in the middle of a chunk": lambda exchange: exchange.begin().raw(b"ff\r\n{").cut(),
    "ended in the middle of an event": lambda exchange: exchange.begin().chunk(b'{"type":"MODIFIED"').end(),
    "a page of a proxy": lambda exchange: exchange.begin().chunk(b"<html>\n<body>\n").end(),
    "JSON of something else": lambda exchange: exchange.begin().chunk(b'{"hello": 1}\n[]\nnull\n').end(),
    "an event without its object": lambda exchange: exchange.begin().chunk(b'{"type":"ADDED"}\n').end(),
    "an unknown type": lambda exchange: exchange.begin().event("EXPLODED", an_object("a", 16)).end(),
    "no HTTP": lambda exchange: exchange.raw(b"\x00\x01\x02\r\n\r\n").cut(),
    "no chunk": lambda exchange: exchange.begin().raw(b"zz\r\n").cut(),
}


@pytest.mark.parametrize("how", BREAKS)
def test_06_a_broken_stream_is_resumed(server: ScriptedServer, how: str) -> None:
    server.watches += [BREAKS[how], the_change]

    with following(server) as (sink, _):
        sink.wait_for(lambda told: told.data("a") == {"is": "new"}, within_s=A_SECOND)


def test_06_a_half_open_or_silent_stream_is_given_up_and_resumed(server: ScriptedServer) -> None:
    server.watches += [lambda exchange: exchange.begin().bookmark(12).stay_open(), the_change]
    silence_s = 0.2

    with following(server, pace=Pace(quiet_s=silence_s)) as (sink, _):
        sink.wait_for(lambda told: told.data("a") == {"is": "new"}, within_s=silence_s + A_SECOND)

    assert server.asked(watch=True)[1].query["resourceVersion"] == "12"


def test_06_an_answer_that_never_begins_is_given_up(server: ScriptedServer) -> None:
    server.watches += [Exchange.stay_open, the_change]

    with following(server, pace=Pace(head_s=0.2)) as (sink, _):
        sink.wait_for(lambda told: told.data("a") == {"is": "new"}, within_s=0.2 + A_SECOND)

    assert sink.states[0] == ("lost", "127.0.0.1 gave no answer within 0.2 s")


def test_06_chunks_of_one_byte(server: ScriptedServer) -> None:
    line = json.dumps({"type": "MODIFIED", "object": an_object("a", 20, data={"is": "new ✓"})}).encode() + b"\n"

    def drip(exchange: Exchange) -> None:
        exchange.begin()
        for byte in line:
            exchange.chunk(bytes([byte]))
        exchange.stay_open()

    server.watches.append(drip)
    with following(server) as (sink, _):
        sink.wait_for(lambda told: told.data("a") == {"is": "new ✓"}, within_s=A_SECOND)


def test_06_one_chunk_of_8_mb_with_2000_events(server: ScriptedServer) -> None:
    filling = {"pad": "x" * 4000}
    lines = [{"type": "ADDED", "object": an_object(f"o{n}", 100 + n, data=filling)} for n in range(2000)]
    chunk = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    assert len(chunk) > 8_000_000
    sent_at: list[float] = []

    def flood(exchange: Exchange) -> None:
        exchange.begin()
        sent_at.append(time.monotonic())
        exchange.chunk(chunk)
        exchange.stay_open()

    server.watches.append(flood)
    with following(server) as (sink, _):
        sink.wait_for(lambda told: len(told.held) == 2001, within_s=10)

    # 40 µs an event here; the quadratic way of the official client takes 290 µs.
    assert time.monotonic() - sent_at[0] < A_SECOND


def test_06_a_line_without_end_fills_no_memory(server: ScriptedServer) -> None:
    def endless(exchange: Exchange) -> None:
        exchange.begin()
        for _ in range(20):
            exchange.chunk(b"x" * 1_000_000)
        exchange.stay_open()

    server.watches += [endless, the_change]
    with following(server) as (sink, _):
        sink.wait_for(lambda told: told.data("a") == {"is": "new"})


def test_06_a_duplicate_is_told_once(server: ScriptedServer) -> None:
    def double(exchange: Exchange) -> None:
        exchange.begin()
        for _ in range(2):
            exchange.event("MODIFIED", an_object("a", 20)).event("ADDED", an_object("b", 21))
        exchange.event("DELETED", an_object("b", 22)).event("DELETED", an_object("b", 22))
        exchange.event("ADDED", an_object("end", 23)).stay_open()

    server.watches.append(double)
    with following(server) as (sink, _):
        sink.wait_for(lambda told: "end" in told.held, within_s=A_SECOND)

    assert sink.changes == [
        ("MODIFIED", "a", "20"),
        ("ADDED", "b", "21"),
        ("DELETED", "b", "22"),
        ("ADDED", "end", "23"),
    ]


def closed_at_once(exchange: Exchange) -> None:
    """What a stale version of Events gets: 200 and nothing (kubernetes#104171)."""
    exchange.begin().end()


def test_06_closed_at_once_a_hundred_times(server: ScriptedServer) -> None:
    clock = FakeClock()
    server.lists += [listing(an_object("a", 5), version=10)] * 200
    server.watches += [closed_at_once] * 100 + [the_change]

    with following(server, clock=clock) as (sink, _):
        sink.wait_for(lambda told: told.data("a") == {"is": "new"}, within_s=20)
        assert len(server.requests) <= clock.monotonic() + 3, "at most a request a second"

    assert sink.state_names[:2] == ["synced", "lost"], "and somebody is told"
    assert sink.state_names[-1] == "synced"
    assert len(sink.state_names) == 3, "once, not each time"


def test_06_closed_at_once_with_a_change_each_time_still_makes_no_hot_loop(server: ScriptedServer) -> None:
    clock = FakeClock()

    def one_more(version: int) -> Callable[[Exchange], None]:
        return lambda exchange: exchange.begin().event("MODIFIED", an_object("a", version)).end()

    server.watches += [one_more(version) for version in range(20, 120)]
    with following(server, clock=clock) as (sink, _):
        sink.wait_for(lambda told: told.changes and told.changes[-1][2] == "119", within_s=20)
        assert len(server.requests) <= clock.monotonic() + 3

    assert sink.state_names == ["synced"]


def test_06_after_a_bad_time_a_quiet_watch_that_lives_is_trusted_again(server: ScriptedServer) -> None:
    clock = FakeClock()

    def live_as_long_as_asked(exchange: Exchange) -> None:
        exchange.begin()
        clock.advance(int(exchange.query["timeoutSeconds"]))
        exchange.end()

    server.watches += [closed_at_once] * 3 + [live_as_long_as_asked]
    with following(server, clock=clock) as (sink, _):
        sink.wait_for(lambda told: told.state_names == ["synced", "lost", "synced"])
        eventually(lambda: len(server.asked(watch=True)) == 5)

    wishes = [int(request.query["timeoutSeconds"]) for request in server.asked(watch=True)]
    assert wishes[3] == 5, "it is tried for five seconds"
    assert wishes[4] >= 240
