"""Fault 21: two schedulers, and one that was away: the job of a time slot is done once, a missed slot is skipped."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from app.jobs.slots import INDEXES, Slots
from app.storage.mongo import ensure_indexes
from launcher.processes import kill_group
from tests.fake_clock import FakeClock
from tests.toy_processes import Toys, toys
from tests.waiting import eventually

__all__ = ["toys"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_each_slot_is_done_by_one_of_many_schedulers(db: Database[dict[str, Any]], clock: FakeClock) -> None:
    ensure_indexes(db, INDEXES)
    schedulers = [Slots(db, clock) for _ in range(8)]
    done: Counter[tuple[str, int]] = Counter()
    guard = threading.Lock()

    def look(slots: Slots) -> None:
        for duty, every_s in (("each_10_s", 10.0), ("each_minute", 60.0)):
            if slots.win(duty, every_s):
                with guard:
                    done[duty, int(clock.now().timestamp() // every_s)] += 1

    with ThreadPoolExecutor(8) as threads:
        for _ in range(120):
            list(threads.map(look, schedulers))
            clock.advance(1)

    assert set(done.values()) == {1}
    assert Counter(duty for duty, _ in done) == {"each_10_s": 13, "each_minute": 3}


def test_missed_slots_are_skipped(db: Database[dict[str, Any]], clock: FakeClock) -> None:
    slots = Slots(db, clock)
    assert slots.win("duty", 10)

    clock.advance(60)

    assert [slots.win("duty", 10) for _ in range(7)] == [True] + [False] * 6


def test_a_scheduler_whose_clock_is_set_back_goes_on_at_once(db: Database[dict[str, Any]], clock: FakeClock) -> None:
    slots = Slots(db, clock)
    for _ in range(360):
        slots.win("duty", 10)
        clock.advance(10)

    clock.jump_wall_time(-timedelta(hours=1).total_seconds() + 30)
    won = 0
    for _ in range(10):
        won += slots.win("duty", 10)
        clock.advance(10)

    assert won >= 9


def test_with_two_schedulers_a_dead_owner_s_job_is_taken_once_and_one_of_them_is_enough(toys: Toys) -> None:
    first = toys.scheduler()
    toys.scheduler()
    dying = toys.worker()
    (job_id,) = toys.queue(steps=40, step_s=0.1)
    eventually(lambda: toys[job_id].get("done", 0) >= 3, within_s=40)
    toys.ready()

    kill_group(first.pid)
    kill_group(dying.pid)
    old_fence = toys[job_id]["fence"]
    toys.worker()

    eventually(lambda: toys[job_id]["status"] == "completed", within_s=30)
    assert toys[job_id]["fence"] == old_fence + 2, "freed once, claimed once"
