"""What is due at a time, once, whatever number of schedulers there is: a slot is a unique insert.

`slots {_id: "<duty>:<slot>", duty, slot, until}`: the slot is the wall time divided by the duty's interval. A slot that
passes while no scheduler runs is skipped, the next one comes soon enough. Called by `workers/scheduler.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo import IndexModel
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.clock import Clock
from app.storage.mongo import Indexes

INDEXES: Final[Indexes] = {"slots": [IndexModel([("until", 1)], expireAfterSeconds=0)]}
# Longer than any two schedulers' clocks are apart; few enough slots for a small store.
KEPT_AT_LEAST: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do again and again. Quick (it runs in the scheduler), or it rings for a task; idempotent.

    Args:
        name: of its slots, for people too.
    """

    name: str
    every_s: float
    run: Callable[[], None]


class Slots:
    """All queries on `slots`. One a process: it remembers what it has already asked for."""

    def __init__(self, db: Database[dict[str, Any]], clock: Clock) -> None:
        self._slots, self._clock = db["slots"], clock
        self._asked: dict[str, int] = {}

    def win(self, duty: str, every_s: float) -> bool:
        """Is it ours to do now? At most one of all that ask gets each slot."""
        now = self._clock.now()
        slot = int(now.timestamp() // every_s)
        asked = self._asked.get(duty)
        if asked == slot:
            return False
        if asked is not None and asked - slot > 1:
            # The clock was set back: the slots until it has caught up are done already, and would be skipped.
            self._slots.delete_many({"duty": duty, "slot": {"$gt": slot}})
        won = self._insert(duty, slot, now + max(KEPT_AT_LEAST, 2 * timedelta(seconds=every_s)))
        self._asked[duty] = slot  # not before: if the store couldn't be asked, it's asked again
        return won

    def _insert(self, duty: str, slot: int, until: datetime) -> bool:
        try:
            self._slots.insert_one({"_id": f"{duty}:{slot}", "duty": duty, "slot": slot, "until": until})
        except DuplicateKeyError:
            return False
        return True
