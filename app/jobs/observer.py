"""Frees the lease of an owner that stands still, by this process's own monotonic clock alone.

Every scheduler runs one; any number may. Touches only the leases.
"""

from dataclasses import dataclass
from typing import Final

from app.clock import Clock
from app.jobs.leases import Held, Leases

# Between two looks. With a longer gap nobody knows whether owners could have renewed (the store or this process may
# have been away), so what was seen before counts no more.
LONGEST_GAP_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Seen:
    fence: int
    beat: int
    since: float


class LeaseObserver:
    """Remembers since when each held lease has stood still.

    Args:
        still_s: how long (fence, beat) must stand still before it's freed.
    """

    def __init__(self, leases: Leases, clock: Clock, *, still_s: float = 10.0) -> None:
        self._leases, self._clock, self._still_s = leases, clock, still_s
        self._seen: dict[str, _Seen] = {}
        self._looked_at: float | None = None

    def observe(self) -> list[str]:
        """Look once; to be called each second.

        Returns:
            Ids of the leases that this call has freed.

        Raises:
            PyMongoError: the read failed. Every owner gets the whole time again: they couldn't renew either.
        """
        asked_at = self._clock.monotonic()
        try:
            held = self._leases.held()
        except BaseException:
            self._forget()
            raise
        read_at = self._clock.monotonic()
        if self._looked_at is None or read_at - self._looked_at > LONGEST_GAP_S:
            self._seen = {}
        self._looked_at = read_at
        # Seen from when the answer was there, judged by when the question was asked: never too early.
        self._seen = {lease.id: self._seen_now(lease, read_at) for lease in held}
        return [lease.id for lease in held if self._is_still(lease, asked_at) and self._free(lease)]

    def _seen_now(self, lease: Held, now: float) -> _Seen:
        before = self._seen.get(lease.id)
        if before and (before.fence, before.beat) == (lease.fence, lease.beat):
            return before
        return _Seen(lease.fence, lease.beat, now)

    def _is_still(self, lease: Held, now: float) -> bool:
        return now - self._seen[lease.id].since >= self._still_s

    def _free(self, lease: Held) -> bool:
        return self._leases.free(lease.id, fence=lease.fence, beat=lease.beat)

    def _forget(self) -> None:
        self._seen, self._looked_at = {}, None
