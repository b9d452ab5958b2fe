"""Leases on the real store: one winner, and no answer that depends on a clock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import PyMongoError

from app.jobs.leases import Lease, Leases
from app.jobs.observer import LeaseObserver
from tests.fake_clock import FakeClock

THREADS = 32


@pytest.fixture
def leases(db: Database[dict[str, Any]]) -> Leases:
    return Leases(db)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def observer(leases: Leases, clock: FakeClock) -> LeaseObserver:
    return LeaseObserver(leases, clock, still_s=10)


def pass_time(
    observer: LeaseObserver, clock: FakeClock, seconds: int, each_second: Callable[[], Any] = list
) -> list[str]:
    """A scheduler looks each second; gives all that it has freed."""
    freed = observer.observe()
    for _ in range(seconds):
        clock.advance(1)
        each_second()
        freed += observer.observe()
    return freed


def claimed(leases: Leases, owner: str = "a", lease_id: str = "workflow:1") -> Lease:
    lease = leases.claim(lease_id, owner)
    assert lease is not None
    return lease


def test_of_many_that_claim_a_new_lease_one_gets_it(leases: Leases) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        claims = list(threads.map(lambda n: leases.claim("workflow:1", f"owner-{n}"), range(THREADS)))

    won = [claim for claim in claims if claim]
    assert len(won) == 1
    assert [held.owner for held in leases.held()] == [won[0].owner]


def test_of_many_that_claim_a_free_lease_one_gets_it_with_a_higher_fence(leases: Leases) -> None:
    fences = []
    for _ in range(10):
        with ThreadPoolExecutor(THREADS) as threads:
            claims = list(threads.map(lambda n: leases.claim("workflow:1", f"owner-{n}"), range(THREADS)))
        (won,) = [claim for claim in claims if claim]
        assert leases.release(won)
        fences.append(won.fence)

    assert fences == list(range(1, 11))


def test_two_claims_under_the_same_name_are_two_owners(leases: Leases) -> None:
    first = claimed(leases, "same")
    leases.free(first.id, fence=first.fence, beat=0)
    second = claimed(leases, "same")

    assert second.fence > first.fence
    assert not leases.renew(first)
    assert not leases.release(first)
    assert leases.renew(second)


def test_a_lease_made_anew_starts_above_what_the_job_has_seen(leases: Leases) -> None:
    first = claimed(leases)
    assert leases.release(first)
    assert leases.forget(first.id)

    second = leases.claim(first.id, "b", above=7)

    assert second is not None
    assert second.fence == 8


def test_a_held_lease_is_not_forgotten(leases: Leases) -> None:
    lease = claimed(leases)

    assert not leases.forget(lease.id)
    assert leases.renew(lease)


def test_a_lease_that_stands_still_for_10_s_is_freed(leases: Leases, observer: LeaseObserver, clock: FakeClock) -> None:
    dead = claimed(leases)

    assert pass_time(observer, clock, 9) == []
    assert leases.claim(dead.id, "b") is None
    assert pass_time(observer, clock, 1) == [dead.id]

    heir = claimed(leases, "heir")
    assert heir.fence > dead.fence
    assert not leases.renew(dead), "who wakes late learns it from the fence"
    assert pass_time(observer, clock, 5) == []


def test_a_lease_that_beats_stays(leases: Leases, observer: LeaseObserver, clock: FakeClock) -> None:
    lease = claimed(leases)

    assert pass_time(observer, clock, 60, each_second=lambda: leases.renew(lease)) == []


def test_wall_clocks_don_t_matter(leases: Leases, observer: LeaseObserver, clock: FakeClock) -> None:
    lease = claimed(leases)
    pass_time(observer, clock, 3)

    clock.jump_wall_time(3600)
    assert pass_time(observer, clock, 3) == []
    clock.jump_wall_time(-7200)
    assert pass_time(observer, clock, 3) == []

    assert pass_time(observer, clock, 1) == [lease.id]


def test_several_schedulers_free_a_lease_once(leases: Leases, clock: FakeClock) -> None:
    lease = claimed(leases)
    observers = [LeaseObserver(leases, clock, still_s=10) for _ in range(8)]
    for _ in range(10):
        assert [observer.observe() for observer in observers] == [[]] * 8
        clock.advance(1)

    with ThreadPoolExecutor(8) as threads:
        freed = [ids for ids in threads.map(LeaseObserver.observe, observers) if ids]

    assert freed == [[lease.id]]
    assert claimed(leases, "heir").fence == lease.fence + 2


def test_after_a_failed_read_everybody_gets_the_whole_time_again(
    leases: Leases, clock: FakeClock, db: Database[dict[str, Any]]
) -> None:
    class Away(Leases):
        away = False

        def held(self) -> Any:
            if self.away:
                raise PyMongoError("the store is away")
            return super().held()

    store = Away(db)
    observer = LeaseObserver(store, clock, still_s=10)
    lease = claimed(leases)
    pass_time(observer, clock, 9)

    store.away = True
    with pytest.raises(PyMongoError):
        observer.observe()
    store.away = False

    assert pass_time(observer, clock, 9) == []
    assert pass_time(observer, clock, 1) == [lease.id]


def test_an_observer_that_slept_itself_frees_nothing_at_once(
    leases: Leases, observer: LeaseObserver, clock: FakeClock
) -> None:
    lease = claimed(leases)
    pass_time(observer, clock, 5)

    clock.advance(60)

    assert pass_time(observer, clock, 9) == []
    assert pass_time(observer, clock, 1) == [lease.id]
