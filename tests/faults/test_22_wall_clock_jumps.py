"""Fault 22: the wall clock jumps by an hour. Leases don't notice: nothing about them reads it."""

from typing import Any

import pytest
from pymongo.database import Database

from app.jobs.leases import Leases
from app.jobs.observer import LeaseObserver
from tests.fake_clock import FakeClock

HOUR = 3600


class NoWallClock(FakeClock):
    """Whoever asks it for the time of day fails."""

    def now(self) -> Any:
        raise AssertionError("a lease has nothing to do with the time of day")


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_lease_that_beats_stays_and_one_that_doesn_t_is_freed(db: Database[dict[str, Any]], jump: int) -> None:
    clock = FakeClock()
    leases = Leases(db)
    observer = LeaseObserver(leases, clock, still_s=10)
    alive, dead = leases.claim("toy:alive", "a"), leases.claim("toy:dead", "b")
    assert alive and dead

    freed = []
    for second in range(12):
        if second == 5:
            clock.jump_wall_time(jump)
        leases.renew(alive)
        freed += observer.observe()
        clock.advance(1)

    assert freed == [dead.id]


def test_nothing_about_leases_reads_the_time_of_day(db: Database[dict[str, Any]]) -> None:
    clock = NoWallClock()
    leases = Leases(db)
    observer = LeaseObserver(leases, clock, still_s=10)
    lease = leases.claim("toy:1", "a")
    assert lease and leases.renew(lease)

    for _ in range(12):
        observer.observe()
        clock.advance(1)

    assert leases.held() == []
    stored = db["leases"].find_one({"_id": lease.id})
    assert stored is not None
    assert {name: type(value) for name, value in stored.items()} == {
        "_id": str,
        "owner": type(None),
        "fence": int,
        "beat": int,
    }
