"""One claimed job in the hands of its owner: progress, and when to stop. Made by `claimed.py`, given to the domain.

`check()` may be called from several threads: nodes of a level are applied in parallel.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import pymongo
import structlog
from bson import ObjectId
from pymongo.errors import PyMongoError

from app.clock import Clock
from app.errors import CancelledError, DeadlineError, LeaseLostError, StoppingError
from app.jobs.leases import Lease, Leases
from app.jobs.store import JobStore, Raw

log = structlog.get_logger(__name__)

# A renewal that hangs longer is tried again: it has to come through within `hold_s`.
RENEWAL_TIMEOUT_S: Final = 3.0
# While the store is away.
RETRY_EVERY_S: Final = 0.5


class Job:
    """A job that we own as long as renewals succeed.

    Args:
        raw: the document as it was taken.
        stopping: has this process been told to stop?
        hold_s: without a renewal for so long, `check()` waits for one before it lets anything out.
    """

    def __init__(
        self,
        raw: Raw,
        lease: Lease,
        *,
        store: JobStore,
        leases: Leases,
        clock: Clock,
        stopping: Callable[[], bool],
        claimed_at: float,
        hold_s: float = 10.0,
    ) -> None:
        self.raw, self.lease = raw, lease
        self._store, self._leases, self._clock = store, leases, clock
        self._stopping, self._hold_s = stopping, hold_s
        self._lock = threading.Lock()  # one renewal at a time; guards the four below
        self._renewed_at = claimed_at
        self._lost, self._cancelled = False, bool(raw["cancel_requested"])
        self.handed_back = False
        deadline_at = raw.get("deadline_at")
        # Wall time is looked at once: a clock that jumps afterwards doesn't end the job.
        self._deadline = None if deadline_at is None else claimed_at + (deadline_at - clock.now()).total_seconds()

    @property
    def id(self) -> ObjectId:
        job_id: ObjectId = self.raw["_id"]
        return job_id

    @property
    def fence(self) -> int:
        """In the filter of every write that this job makes anywhere."""
        return self.lease.fence

    def check(self) -> None:
        """May this job go on? To be called before each outward call and between steps; blocks while that is unknown.

        Raises:
            LeaseLostError: another owner has it; write nothing more.
            CancelledError: somebody asked for its end.
            DeadlineError: it has taken longer than it may.
            StoppingError: this process has been told to stop; the job is handed back.
        """
        self._raise_if_over()
        while self._clock.monotonic() - self._renewed_at > self._hold_s:
            if not self.renew():
                self._clock.sleep(RETRY_EVERY_S)
            self._raise_if_over()

    def progress(self, update: Mapping[str, Mapping[str, Any]]) -> None:
        """Write to the job's document, with its fence, and mark that it got on.

        Args:
            update: a Mongo update document, such as `{"$set": {"done": 3}}`.

        Raises:
            LeaseLostError: another owner has it, nothing was written.
        """
        if not self._store.record(self.id, self.fence, update):
            self._lost = True
            raise LeaseLostError(self.lease.id)

    def renew(self) -> bool:
        """Raise the beat and read the flags; `claimed.py` does so every 2.5 s. False: the store can't be reached."""
        with self._lock:
            asked_at = self._clock.monotonic()
            try:
                with pymongo.timeout(RENEWAL_TIMEOUT_S):
                    if not self._leases.renew(self.lease):
                        self._lost = True
                        return True
                    self._renewed_at = asked_at
                    self._read_flags()
            except PyMongoError as error:
                log.warning("lease_not_renewed", lease=self.lease.id, error=type(error).__name__)
                return False
            return True

    def _read_flags(self) -> None:
        flags = self._store.flags(self.id)
        if flags is None or flags.fence != self.fence or flags.ended:
            self._lost = True
        elif flags.cancel_requested:
            self._cancelled = True

    def _raise_if_over(self) -> None:
        if self._lost:
            raise LeaseLostError(self.lease.id)
        if self._cancelled:
            raise CancelledError(str(self.id))
        if self._deadline is not None and self._clock.monotonic() >= self._deadline:
            raise DeadlineError(str(self.id))
        if self._stopping():
            raise StoppingError(str(self.id))
