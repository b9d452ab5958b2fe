"""What a domain supplies so that its documents are jobs. Bootstrap lists the kinds; nothing here knows one."""

from typing import Protocol

from app.jobs.job import Job
from app.jobs.store import JobStore, Outcome, Raw


class JobKind(Protocol):
    """One kind of job, such as runs."""

    @property
    def name(self) -> str:
        """The task's name, `<queue>.<task>`: what is rung for a job of this kind."""
        ...

    @property
    def store(self) -> JobStore: ...

    def run(self, job: Job) -> Outcome:
        """Do it, from wherever the last owner left it. Each step idempotent; `job.check()` before each outward call.

        Raises:
            KubeOrchError: the job fails with this message.
            LeaseLostError, CancelledError, StoppingError, DeadlineError: passed on from `job`.
        """
        ...

    def ended(self, raw: Raw, outcome: Outcome) -> None:
        """Called after the write that ended it, by whoever made it; may be lost when that process dies.

        Args:
            raw: the document as it was taken.
        """
        ...
