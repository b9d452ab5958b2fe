"""What viewers of an API process get, on a real Redis that is killed and comes back."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis as redis_client

from app.events.bus import EventBus
from app.events.fanout import Fanout
from app.events.message import Event, Message, follows
from app.events.replay import replay
from app.events.subscription import Framed, Gap, Subscription
from tests.mortal_redis import mortal_redis
from tests.waiting import eventually


def text(message: Message) -> bytes:
    return b",".join(event.data for event in message.events)


@pytest.fixture
def fanout(redis: redis_client.Redis) -> Iterator[Fanout]:
    yield from running(redis)


def running(redis: redis_client.Redis) -> Iterator[Fanout]:
    stop = threading.Event()
    fanout = Fanout(redis, text)
    owner = threading.Thread(target=fanout.run, args=[stop], daemon=True)
    owner.start()
    yield fanout
    stop.set()
    fanout.wake()
    owner.join(timeout=5)
    assert not owner.is_alive()


def received(subscription: Subscription, count: int) -> list[bytes | Gap]:
    """The next `count` items, messages as their text."""
    found: list[bytes | Gap] = []

    def take() -> None:
        while len(found) < count:
            found.extend(item.frame if isinstance(item, Framed) else item for item in subscription.get())

    taker = threading.Thread(target=take, daemon=True)
    taker.start()
    taker.join(timeout=5)
    assert len(found) == count, f"got {found}"
    return found


def test_every_viewer_gets_what_is_published_after_it_has_subscribed(fanout: Fanout, redis: redis_client.Redis) -> None:
    bus = EventBus(redis)
    viewers = [fanout.subscribe("workflow:w") for _ in range(3)]

    assert all(bus.publish("workflow:w", [Event("node_update", rev)], rev) for rev in (1, 2))

    for viewer in viewers:
        assert received(viewer, 2) == [b"1", b"2"]


def test_a_message_is_one_object_for_all_viewers(fanout: Fanout, redis: redis_client.Redis) -> None:
    first, second = (fanout.subscribe("alerts:u") for _ in range(2))

    EventBus(redis).publish("alerts:u", [Event("alert", "fired")])

    (seen,), (also_seen,) = first.get(), second.get()
    assert seen is also_seen


def test_an_event_without_a_rev_is_passed_on_but_not_kept(fanout: Fanout, redis: redis_client.Redis) -> None:
    bus, viewer = EventBus(redis), fanout.subscribe("workflow:w")

    bus.publish("workflow:w", [Event("node_update", 1)], rev=1)
    bus.publish("workflow:w", [Event("drift", "changed")])
    bus.publish("workflow:w", [Event("node_update", 2)], rev=2)

    assert received(viewer, 3) == [b"1", b'"changed"', b"2"]
    kept = replay(redis, "workflow:w", 1)
    assert kept is not None
    assert [text(message) for message in kept] == [b"2"]


def test_a_rev_that_is_published_too_late_is_dropped(fanout: Fanout, redis: redis_client.Redis) -> None:
    bus, viewer = EventBus(redis), fanout.subscribe("workflow:w")

    for rev in (1, 3, 2, 4):
        bus.publish("workflow:w", [Event("node_update", rev)], rev)

    assert received(viewer, 3) == [b"1", b"3", b"4"]
    assert replay(redis, "workflow:w", 1) is None, "there is a hole behind 1"
    assert replay(redis, "workflow:w", 3) is not None


def test_a_channel_ends_up_with_a_bounded_stream_that_expires(redis: redis_client.Redis) -> None:
    bus = EventBus(redis)

    for number in range(1000):
        bus.publish("build:b", [Event("log", f"line {number}")])

    (key,) = redis.keys()
    assert redis.xlen(key) <= 512
    assert 0 < redis.pttl(key) <= 15 * 60 * 1000


@pytest.mark.parametrize("channel", ["resource:r", "cluster:c", "alerts:u"])
def test_full_states_leave_nothing_in_redis(redis: redis_client.Redis, channel: str) -> None:
    EventBus(redis).publish(channel, [Event("state", {})])

    assert redis.keys() == []


def test_replay_needs_the_exact_position(redis: redis_client.Redis) -> None:
    bus = EventBus(redis)
    for rev in (5, 6, 7):
        bus.publish("workflow:w", [Event("node_update", rev)], rev)

    found = replay(redis, "workflow:w", 5)

    assert found is not None
    assert [message.rev for message in found] == [6, 7]
    assert replay(redis, "workflow:w", 7) == []
    assert replay(redis, "workflow:w", 4) is None
    assert replay(redis, "workflow:w", 8) is None
    assert replay(redis, "workflow:other", 5) is None


def test_viewers_go_on_without_a_hole_after_a_cut_connection(fanout: Fanout, redis: redis_client.Redis) -> None:
    bus = EventBus(redis)
    by_rev, by_id = fanout.subscribe("workflow:w"), fanout.subscribe("build:b")
    bus.publish("workflow:w", [Event("node_update", 1)], 1)
    bus.publish("build:b", [Event("log", "one")])
    assert (received(by_rev, 1), received(by_id, 1)) == ([b"1"], [b'"one"'])

    redis.client_kill_filter(_type="pubsub")
    for rev in range(2, 40):
        bus.publish("workflow:w", [Event("node_update", rev)], rev)
        bus.publish("build:b", [Event("log", rev)])

    assert received(by_rev, 38) == [b"%d" % rev for rev in range(2, 40)]
    assert received(by_id, 38) == [b"%d" % rev for rev in range(2, 40)]


def test_a_channel_that_is_not_kept_is_read_anew_after_a_cut_connection(
    fanout: Fanout, redis: redis_client.Redis
) -> None:
    viewer = fanout.subscribe("resource:r")

    redis.client_kill_filter(_type="pubsub")

    (gap,) = received(viewer, 1)
    assert isinstance(gap, Gap)


def test_a_redis_that_lost_everything_makes_viewers_read_the_store(tmp_path: Path) -> None:
    with mortal_redis(tmp_path) as server, server.client() as redis:
        for fanout in running(redis):
            viewers = [fanout.subscribe("workflow:w") for _ in range(2)]
            EventBus(redis).publish("workflow:w", [Event("node_update", 7)], 7)
            assert all(received(viewer, 1) == [b"7"] for viewer in viewers)

            server.kill()
            server.start(empty=True)

            gaps = [received(viewer, 1)[0] for viewer in viewers]
            assert isinstance(gaps[0], Gap)
            assert gaps[0] is gaps[1], "one of them reads for both"


def test_a_viewer_that_came_while_redis_was_away_hears_when_it_is_back(tmp_path: Path) -> None:
    with mortal_redis(tmp_path) as server, server.client() as redis:
        server.kill()
        for fanout in running(redis):
            viewer = fanout.subscribe("workflow:w", wait_s=0.2)

            server.start()

            (gap,) = received(viewer, 1)
            assert isinstance(gap, Gap)


def test_publishing_without_redis_fails_at_once_and_viewers_hear_of_it_later(tmp_path: Path) -> None:
    with mortal_redis(tmp_path) as server, server.client() as redis:
        bus = EventBus(redis)
        server.kill()
        assert not bus.publish("build:b", [Event("log", "lost")])
        assert not bus.publish("build:b", [Event("log", "lost too")]), "nobody waits for a Redis that is away"

        server.start()
        for fanout in running(redis):
            viewer = fanout.subscribe("build:b")
            eventually(lambda: bus.publish("build:b", [Event("log", "back")]))

            (item,) = viewer.get()
            assert isinstance(item, Framed)
            assert not follows(item.message, viewer.channel_position)


def test_a_channel_is_kept_open_for_a_while_after_its_last_viewer(
    fanout: Fanout, redis: redis_client.Redis, subscribed: Callable[[str], bool]
) -> None:
    viewer = fanout.subscribe("workflow:w")
    fanout.leave(viewer)

    assert subscribed("workflow:w")


@pytest.fixture
def subscribed(redis: redis_client.Redis) -> Callable[[str], bool]:
    return lambda channel: bool(redis.pubsub_channels(f"*{channel}*"))
