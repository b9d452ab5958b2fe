"""Which jobs wait for an owner, and in which order they are served. Reads only."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bson import ObjectId

from app.jobs.leases import Leases
from app.jobs.store import JobStore, Raw


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that could be taken now: its lease is free.

    Args:
        orphan: it had an owner, which died.
    """

    id: ObjectId
    lease: str
    user_id: ObjectId
    queued_at: datetime
    orphan: bool


def waiting(store: JobStore, leases: Leases) -> list[Waiting]:
    """All that could be taken now, in the order to be served."""
    # Jobs first: a job whose owner ends it between the two reads then looks like an orphan, and taking it just fails.
    queued, running = store.queued(), store.running()
    held = {lease.id for lease in leases.held()}
    return in_order(queued, running, held)


def in_order(queued: Iterable[Raw], running: Sequence[Raw], held: Collection[str]) -> list[Waiting]:
    """Those whose owner died, then those of the user with the fewest running; the oldest first. Pure."""
    at_work = Counter(raw["user_id"] for raw in running if raw["lease"] in held)
    orphans = [_waiting(raw, orphan=True) for raw in running if raw["lease"] not in held]
    others = [_waiting(raw, orphan=False) for raw in queued if raw["lease"] not in held]
    orphans.sort(key=lambda job: job.queued_at)
    others.sort(key=lambda job: (at_work[job.user_id], job.queued_at))
    return orphans + others


def _waiting(raw: Raw, *, orphan: bool) -> Waiting:
    return Waiting(raw["_id"], raw["lease"], raw["user_id"], raw["queued_at"], orphan)
