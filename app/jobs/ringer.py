"""Ringing again for what waits: its message may be lost, but the job is in the store. Run by every scheduler."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from bson import ObjectId

from app.clock import Clock
from app.jobs.claimed import Jobs
from app.jobs.kinds import JobKind
from app.jobs.queues import queue_of
from app.jobs.waiting import Waiting

FIRST_AFTER_S: Final = 10.0
LONGEST_AFTER_S: Final = 300.0


@dataclass(slots=True)
class _Patience:
    """When to ring for a job, and how long to wait after that."""

    due_at: float
    pause_s: float = FIRST_AFTER_S


@dataclass(slots=True)
class Ringer:
    """Rings for a job after 10 s, then ever more seldom; for one whose owner died at once.

    Args:
        queued_messages: how many messages wait in a queue of the broker.
    """

    jobs: Jobs
    clock: Clock
    queued_messages: Callable[[str], int]
    _patience: dict[tuple[str, ObjectId], _Patience] = field(default_factory=dict)

    def ring_again(self, freed: Collection[str] = ()) -> int:
        """Look once; to be called every second or so.

        Args:
            freed: leases that an observer has taken from a dead owner since the last look.

        Returns:
            How many rings that made.
        """
        now = self.clock.monotonic()
        found = [(kind, job) for kind in self.jobs.kinds for job in self.jobs.waiting(kind)]
        self._patience = {(kind.name, job.id): self._patience_for(kind, job, now, freed) for kind, job in found}
        in_queues: dict[str, list[tuple[JobKind, Waiting]]] = {}
        for kind, job in found:
            in_queues.setdefault(queue_of(kind.name), []).append((kind, job))
        return sum(self._ring(queue, waiting, now) for queue, waiting in in_queues.items())

    def _patience_for(self, kind: JobKind, job: Waiting, now: float, freed: Collection[str]) -> _Patience:
        if job.lease in freed:
            return _Patience(now)
        return self._patience.get((kind.name, job.id)) or _Patience(now + FIRST_AFTER_S)

    def _ring(self, queue: str, found: Sequence[tuple[JobKind, Waiting]], now: float) -> int:
        due = [(kind, job) for kind, job in found if self._patience[kind.name, job.id].due_at <= now]
        if not due:
            return 0
        # As many messages as jobs: each job will be looked for, whichever job its message names.
        missing = max(0, len(found) - self.queued_messages(queue))
        for kind, job in due[:missing]:
            patience = self._patience[kind.name, job.id]
            self.jobs.ring(kind.name, str(job.id))
            patience.due_at = now + patience.pause_s
            patience.pause_s = min(2 * patience.pause_s, LONGEST_AFTER_S)
        return len(due[:missing])
