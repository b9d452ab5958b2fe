"""Publishing can't fail and can't be slow."""

from typing import Any

import fakeredis
import pytest
from redis.exceptions import ConnectionError as LostError

from app.events.bus import QUIET_S, EventBus
from app.events.message import Event
from tests.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class AwayRedis:
    """A Redis that is away until `away` is False; counts who tried."""

    def __init__(self) -> None:
        self.away, self.tries, self.befores = True, 0, list[str]()

    def register_script(self, _script: str) -> Any:
        def call(keys: list[str], args: list[Any]) -> int:
            self.tries += 1
            if self.away:
                raise LostError("refused")
            self.befores.append(args[-1])
            return 1

        return call


def test_publishers_do_not_queue_up_for_a_redis_that_is_away(clock: FakeClock) -> None:
    redis = AwayRedis()
    bus = EventBus(redis, clock)  # type: ignore[arg-type]  # a fake

    published = [bus.publish("build:b", [Event("log", n)]) for n in range(100)]

    assert not any(published)
    assert redis.tries == 1
    clock.advance(QUIET_S)
    bus.publish("build:b", [Event("log", 100)])
    assert redis.tries == 2


def test_what_was_lost_is_said_with_the_next_event_of_that_channel(clock: FakeClock) -> None:
    redis = AwayRedis()
    bus = EventBus(redis, clock)  # type: ignore[arg-type]  # a fake
    bus.publish("build:b", [Event("log", "lost")])
    redis.away = False
    clock.advance(QUIET_S)

    for channel in ("build:b", "build:b", "build:other"):
        bus.publish(channel, [Event("log", "next")])

    assert redis.befores == ["?", "", ""]


def test_nothing_to_say_is_not_sent() -> None:
    redis = fakeredis.FakeRedis()

    assert EventBus(redis).publish("workflow:w", [], rev=3)
    assert redis.keys() == []
