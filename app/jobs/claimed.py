"""Claiming jobs, working them off, cancelling them. Called by the thin tasks, by services and by the scheduler."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import structlog
from bson import ObjectId
from pymongo.errors import ConnectionFailure, PyMongoError

from app.clock import Clock
from app.errors import CancelledError, DeadlineError, KubeOrchError, LeaseLostError, StoppingError
from app.jobs.doorbell import Doorbell
from app.jobs.job import RETRY_EVERY_S, Job
from app.jobs.kinds import JobKind
from app.jobs.leases import Leases
from app.jobs.store import Outcome, Raw
from app.jobs.waiting import Waiting, waiting

log = structlog.get_logger(__name__)

# Observed deaths without progress between them: then the job, not the machine, is what kills its owners.
MAX_ATTEMPTS: Final = 3
GIVEN_UP: Final = Outcome(
    "failed",
    f"Given up after {MAX_ATTEMPTS} attempts: each time the worker died or hit an internal error before any progress. "
    "The workers' logs say why; then start it again.",
)
TOO_LONG: Final = Outcome("failed", "It took longer than its time limit and was stopped. Start it again to go on.")
CANCELLED: Final = Outcome("cancelled")

# Two tasks may go for the same job; the loser looks again, not for ever.
LOOKS: Final = 3
# Further work of one lease is done by the same task, but a task must end some time.
JOBS_PER_TASK: Final = 10


def never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Jobs:
    """What a process does with jobs.

    Args:
        kinds: all kinds; those that share a lease must be here together.
        owner: names this process in the leases, for people.
        stopping: has this process been told to stop?
    """

    leases: Leases
    kinds: Sequence[JobKind]
    ring: Doorbell
    clock: Clock
    owner: str
    stopping: Callable[[], bool] = never
    beat_s: float = 2.5
    hold_s: float = 10.0

    # --- in a worker ---

    def work_off(self, kind: JobKind, job_id: str) -> int:
        """What a task does: the named job or, failing that, the next; then what waited for the same lease.

        Args:
            job_id: as the message has it; anything else than an id means "look for work".

        Returns:
            How many jobs were in our hands.
        """
        worked = self._work_named(kind, job_id) or self._work_next(kind)
        if worked is None:
            return 0
        tried = {worked.id}
        # After the release: whoever found the lease held before it left its job in the store for us to see.
        while len(tried) < JOBS_PER_TASK and not self.stopping() and (found := self._next_of(worked.lease.id, tried)):
            next_kind, next_id = found
            tried.add(next_id)
            self._work(next_kind, next_id)
        return len(tried)

    @contextmanager
    def claimed(self, kind: JobKind, job_id: ObjectId) -> Iterator[Job | None]:
        """Own a job for a while: `None` if it can't be had. Renews, binds ids to the log, and releases at the end.

        Leaving it by CancelledError, DeadlineError or a KubeOrchError ends the job accordingly; StoppingError, or the
        store being away, hands it back; any other error is logged, counts as an attempt and hands it back.
        """
        job = self._claim(kind, job_id)
        if job is None:
            yield None
            return
        ids = {"job": kind.name, "job_id": str(job.id), "lease": job.lease.id, "fence": job.fence}
        with structlog.contextvars.bound_contextvars(**ids, user_id=str(job.raw["user_id"])), self._beating(job):
            log.info("job_claimed", attempts=job.raw["attempts"])
            try:
                yield job
            except LeaseLostError:
                log.warning("job_lost")
            except CancelledError:
                self.end(kind, job, CANCELLED)
            except DeadlineError:
                self.end(kind, job, TOO_LONG)
            except KubeOrchError as error:
                self.end(kind, job, Outcome("failed", str(error)))
            except ConnectionFailure:
                self._hand_back_when_possible(kind, job)
            except StoppingError:
                self._hand_back(kind, job)
            except (KeyboardInterrupt, SystemExit):
                self._hand_back(kind, job)
                raise
            except Exception:  # the edge of the job
                log.exception("job_crashed")
                kind.store.hand_back(job.id, job.fence, attempts=1)
            finally:
                # If this fails, the observers free the lease; the job isn't ours any more in either case.
                with suppress(PyMongoError):
                    self.leases.release(job.lease)

    def end(self, kind: JobKind, job: Job, outcome: Outcome) -> bool:
        """Write how it ended and tell its kind. False: it wasn't ours any more."""
        if not kind.store.end(job.id, job.fence, outcome):
            log.warning("job_lost", outcome=outcome.status)
            return False
        log.info("job_ended", outcome=outcome.status)
        kind.ended(job.raw, outcome)
        return True

    # --- anywhere ---

    def cancel(self, kind: JobKind, where: Raw) -> ObjectId | None:
        """Ask for the end of one unfinished job that matches `where`: at once if it waits, else within seconds.

        Returns:
            Its id; `None` when there is none.
        """
        job_id = kind.store.request_cancel(where)
        if job_id is not None:
            self._end_queued(kind, job_id, CANCELLED)
        return job_id

    def waiting(self, kind: JobKind) -> list[Waiting]:
        """What could be taken now, in the order to be served."""
        return waiting(kind.store, self.leases)

    def end_overdue(self, kind: JobKind) -> None:
        """End what waited past its deadline or for its cancel; what has an owner sees to both itself."""
        now = self.clock.now()
        for raw in kind.store.queued():
            if raw.get("cancel_requested"):
                self._end_queued(kind, raw["_id"], CANCELLED)
            elif (deadline_at := raw.get("deadline_at")) is not None and deadline_at <= now:
                self._end_queued(kind, raw["_id"], TOO_LONG)

    # --- steps ---

    def _work_named(self, kind: JobKind, job_id: str) -> Job | None:
        return self._work(kind, ObjectId(job_id)) if ObjectId.is_valid(job_id) else None

    def _work_next(self, kind: JobKind) -> Job | None:
        for _ in range(LOOKS):
            found = self.waiting(kind)
            if not found or self.stopping():
                return None
            if job := self._work(kind, found[0].id):
                return job
        return None

    def _work(self, kind: JobKind, job_id: ObjectId) -> Job | None:
        """The job, if it has been in our hands."""
        with self.claimed(kind, job_id) as job:
            if job is not None:
                self.end(kind, job, self._run(kind, job))
        if job is not None and job.handed_back:
            # Only now that the lease is free: who hears it can take it.
            self.ring(kind.name, str(job_id))
        return job

    def _run(self, kind: JobKind, job: Job) -> Outcome:
        if job.raw["attempts"] >= MAX_ATTEMPTS:
            return GIVEN_UP
        job.check()
        return kind.run(job)

    def _claim(self, kind: JobKind, job_id: ObjectId) -> Job | None:
        raw = kind.store.takeable(job_id)
        if raw is None:
            return None
        claimed_at = self.clock.monotonic()
        lease = self.leases.claim(raw["lease"], self.owner, above=raw["fence"])
        if lease is None:
            return None
        taken = kind.store.take(job_id, lease)
        if taken is None:
            self.leases.release(lease)
            return None
        return Job(
            taken,
            lease,
            store=kind.store,
            leases=self.leases,
            clock=self.clock,
            stopping=self.stopping,
            claimed_at=claimed_at,
            hold_s=self.hold_s,
        )

    @contextmanager
    def _beating(self, job: Job) -> Iterator[None]:
        """Renew in a thread of its own until the block is left."""
        done = threading.Event()

        def beat() -> None:
            while not done.wait(self.beat_s):
                job.renew()

        thread = threading.Thread(target=beat, name=f"beat-{job.id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _hand_back(self, kind: JobKind, job: Job) -> None:
        if kind.store.hand_back(job.id, job.fence):
            log.info("job_handed_back")
            job.handed_back = True

    def _hand_back_when_possible(self, kind: JobKind, job: Job) -> None:
        """The store was away, which is no fault of the job: wait until it's back or we have to go."""
        log.warning("job_interrupted")
        while not job.renew():
            if self.stopping():
                return
            self.clock.sleep(RETRY_EVERY_S)
        self._hand_back(kind, job)

    def _next_of(self, lease_id: str, tried: set[ObjectId]) -> tuple[JobKind, ObjectId] | None:
        found = [(raw, kind) for kind in self.kinds for raw in kind.store.of_lease(lease_id) if raw["_id"] not in tried]
        if not found:
            return None
        raw, kind = min(found, key=lambda pair: pair[0]["queued_at"])
        return kind, raw["_id"]

    def _end_queued(self, kind: JobKind, job_id: ObjectId, outcome: Outcome) -> None:
        raw = kind.store.find(job_id)
        if raw is not None and kind.store.end_queued(job_id, outcome):
            log.info("job_ended", job=kind.name, job_id=str(job_id), outcome=outcome.status)
            kind.ended(raw, outcome)
