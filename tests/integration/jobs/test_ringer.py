"""Ringing again for what waits, on the real store; the broker's queue is a number."""

import pytest

from app.jobs.ringer import Ringer
from tests.fake_clock import FakeClock
from tests.integration.jobs.toy import ToyKind


class Queue:
    """How many messages the broker would say that it holds."""

    def __init__(self) -> None:
        self.messages = 0

    def __call__(self, name: str) -> int:
        assert name == "deploys"
        return self.messages


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def ringer(toys: ToyKind, clock: FakeClock, queue: Queue) -> Ringer:
    return Ringer(toys.worker(), clock, queue)


def ring_times(ringer: Ringer, clock: FakeClock, seconds: int, *, every: int = 1) -> list[float]:
    """When it rang, looking again and again for so long."""
    times = []
    start = clock.monotonic()
    for _ in range(seconds // every):
        times += [clock.monotonic() - start] * ringer.ring_again()
        clock.advance(every)
    return times


def test_it_rings_after_10_s_doubling_to_5_minutes(toys: ToyKind, ringer: Ringer, clock: FakeClock) -> None:
    toys.a_queued_job()

    assert ring_times(ringer, clock, 1300, every=10) == [10, 20, 40, 80, 160, 320, 620, 920, 1220]


def test_not_while_the_queue_holds_as_many_messages_as_jobs_wait(
    toys: ToyKind, ringer: Ringer, clock: FakeClock, queue: Queue
) -> None:
    for number in range(5):
        toys.a_queued_job(lease=f"toy:{number}")
    queue.messages = 5
    assert ring_times(ringer, clock, 60) == []

    queue.messages = 3
    assert ring_times(ringer, clock, 1) == [0, 0], "as many as are missing"
    queue.messages = 0
    assert ring_times(ringer, clock, 1) == [0, 0, 0], "and at once: these have waited long enough"


def test_for_a_dead_owner_s_job_at_once(toys: ToyKind, ringer: Ringer) -> None:
    job_id = toys.a_queued_job()
    lease = toys.leases.claim("toy:1", "killed")
    assert lease and toys.store.take(job_id, lease)
    assert ringer.ring_again() == 0, "its owner may be alive"

    toys.leases.free(lease.id, fence=lease.fence, beat=0)

    assert ringer.ring_again(freed=["toy:1"]) == 1
    assert toys.rings == [(toys.name, str(job_id))]
    assert ringer.ring_again() == 0


def test_not_for_what_waits_behind_a_held_lease(toys: ToyKind, ringer: Ringer, clock: FakeClock) -> None:
    toys.a_queued_job()
    toys.leases.claim("toy:1", "busy")

    assert ring_times(ringer, clock, 60) == []
