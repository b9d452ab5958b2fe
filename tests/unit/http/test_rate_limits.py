"""How many requests somebody may make, counted for all processes together."""

import pytest

from app.http.rate_limits import RateLimits
from tests.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def without_redis(clock: FakeClock) -> RateLimits:
    """Nothing listens on port 1."""
    return RateLimits("redis://127.0.0.1:1/0", clock, rps=10, burst=20)


def test_without_redis_each_process_counts_for_itself(clock: FakeClock) -> None:
    limits = without_redis(clock)

    answers = [limits.wait_s("user:ada") for _ in range(25)]

    assert answers[:20] == [0] * 20
    assert all(wait >= 1 for wait in answers[20:])
    assert limits.wait_s("user:bob") == 0, "others are not held up"


def test_many_clients_cost_bounded_memory(clock: FakeClock) -> None:
    limits = RateLimits("redis://127.0.0.1:1/0", clock, rps=10, burst=20, remembered_at_most=50)

    for number in range(500):
        limits.wait_s(f"net:{number}")

    assert len(limits._clients) <= 50
