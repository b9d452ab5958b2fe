"""The ticker: heartbeats, ended sessions, expired tokens, the drain. Time passes in a line."""

from collections.abc import Iterable
from datetime import timedelta

import fakeredis
import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect

from app.errors import NotFoundError
from app.events.message import Event, Message, encoded
from app.events.subscription import Framed, Gap, Subscription
from app.http.frames import HEARTBEAT, frame_error, frame_message
from app.http.principal import Principal
from app.http.sse import EventStream, Snapshot
from app.http.streams import AFTER_EXPIRY_S, RESTARTING, SESSION_ENDED, SLOTS, Streams
from tests.fake_clock import FakeClock


class Sessions:
    """An `Authenticator` whose sessions live until they are put into `ended`."""

    def __init__(self) -> None:
        self.ended: set[str] = set()

    def authenticate(self, token: str) -> Principal:
        raise NotImplementedError(token)

    def prefetch(self, principals: Iterable[Principal]) -> None:
        """Nothing to fetch."""

    def alive(self, principal: Principal) -> bool:
        return principal.session_id not in self.ended


class Document:
    """A `StreamSource`."""

    channel = "workflow:w"

    def __init__(self, rev: int = 1) -> None:
        self.rev = rev
        self.fault: Exception | None = None

    def snapshot(self) -> Snapshot:
        return Snapshot([Event("state", self.rev)], self.rev)

    def sync(self) -> Snapshot:
        if self.fault is not None:
            raise self.fault
        return Snapshot([Event("sync", self.rev)], self.rev)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def registry(clock: FakeClock, sessions: Sessions) -> Streams:
    redis = fakeredis.FakeRedis()
    return Streams(redis, clock, authenticator=lambda: sessions, heartbeat_s=15, drain_s=60)


def opened(registry: Streams, principal: Principal | None = None, document: Document | None = None) -> EventStream:
    """A stream that has sent its first state, without a server."""
    source = document or Document()
    stream = EventStream(registry, source, Subscription(source.channel), principal, None)
    stream.begin("")
    registry.add(stream)
    assert b"event: state" in next(stream)
    return stream


def a_principal(clock: FakeClock, session: str = "s1", *, life_s: float = 3600) -> Principal:
    expires_at = clock.now() + timedelta(seconds=life_s)
    return Principal(ObjectId("6" * 24), "user", session, "ada@example.org", "Ada", expires_at)


def event(rev: int, *, final: bool = False) -> Framed:
    message = Message("workflow:w", f"{rev - 1}-0", f"{rev}-0", rev, (encoded(Event("count", rev, final)),))
    return Framed(message, frame_message(message))


def tick_for(registry: Streams, clock: FakeClock, seconds: float) -> None:
    for _ in range(round(seconds * 2)):
        clock.advance(0.5)
        registry.tick()


def test_each_stream_gets_a_heartbeat_each_15_seconds_and_not_all_at_once(registry: Streams, clock: FakeClock) -> None:
    streams = [opened(registry) for _ in range(SLOTS)]

    tick_for(registry, clock, 0.5)
    assert sum(not stream.subscription.is_empty() for stream in streams) == 1

    tick_for(registry, clock, 14.5)
    assert [stream.subscription.get() for stream in streams] == [[HEARTBEAT]] * SLOTS


def test_a_stream_ends_with_its_session(registry: Streams, clock: FakeClock, sessions: Sessions) -> None:
    ending, staying = opened(registry, a_principal(clock, "s1")), opened(registry, a_principal(clock, "s2"))
    ending.subscription.put(event(2))

    sessions.ended.add("s1")
    registry.look_at_sessions()

    assert list(ending) == [SESSION_ENDED], "what still waits is not for them any more"
    assert staying.subscription.is_empty()


def test_a_stream_outlives_its_token_by_less_than_a_minute(registry: Streams, clock: FakeClock) -> None:
    stream = opened(registry, a_principal(clock, life_s=10))

    clock.advance(10 + AFTER_EXPIRY_S)
    registry.look_at_sessions()
    assert stream.subscription.is_empty()

    clock.advance(60 - AFTER_EXPIRY_S - 1)
    registry.look_at_sessions()
    assert list(stream) == [SESSION_ENDED]


def test_a_stopping_process_keeps_its_streams_for_the_drain(registry: Streams, clock: FakeClock) -> None:
    stream = opened(registry)
    registry.stopping = lambda: True
    tick_for(registry, clock, 59)
    stream.subscription.put(event(2))
    assert b"event: count" in b"".join(next(stream) for _ in range(1))

    tick_for(registry, clock, 2)

    assert list(stream)[-1] == RESTARTING


def test_a_closed_stream_is_forgotten(registry: Streams, clock: FakeClock) -> None:
    stream = opened(registry, a_principal(clock))
    assert registry.count == 1

    stream.close()
    stream.close()

    assert registry.count == 0


def test_events_above_the_rev_are_sent_old_ones_dropped(registry: Streams) -> None:
    stream = opened(registry, document=Document(rev=5))
    for rev in (4, 5, 6, 7):
        stream.subscription.put(event(rev))

    assert next(stream) == event(6).frame + event(7).frame


def test_a_final_event_is_the_last(registry: Streams) -> None:
    stream = opened(registry)
    for item in (event(2, final=True), event(3)):
        stream.subscription.put(item)

    assert list(stream) == [event(2, final=True).frame]


def test_a_hole_is_filled_with_the_newest_state_and_old_events_after_it_dropped(registry: Streams) -> None:
    document = Document()
    stream = opened(registry, document=document)
    document.rev = 4
    for rev in (3, 4, 5):
        stream.subscription.put(event(rev))

    assert next(stream) == b"id: 4\nevent: sync\ndata: 4\n\n" + event(5).frame


def test_a_gap_that_the_viewer_has_passed_costs_nothing(registry: Streams) -> None:
    document = Document(rev=5)
    stream = opened(registry, document=document)
    document.fault = AssertionError("it must not be read")
    stream.subscription.put_gap(Gap(rev=5))
    stream.subscription.put(event(6))

    assert next(stream) == event(6).frame


def test_a_store_that_is_away_does_not_end_the_stream(registry: Streams, clock: FakeClock) -> None:
    document = Document()
    stream = opened(registry, document=document)
    document.rev, document.fault = 4, AutoReconnect("away")
    stream.subscription.put_gap(Gap())
    stream.subscription.put_bytes(HEARTBEAT)
    assert next(stream) == HEARTBEAT

    document.fault = None
    tick_for(registry, clock, 1)

    assert next(stream) == b"id: 4\nevent: sync\ndata: 4\n\n"


def test_a_document_that_has_gone_ends_the_stream_with_its_reason(registry: Streams) -> None:
    document = Document()
    stream = opened(registry, document=document)
    document.fault = NotFoundError("Workflow not found")
    stream.subscription.put_gap(Gap())

    assert list(stream) == [frame_error("Workflow not found")]
