"""Leases, jobs and the doorbell."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from app.composition.base import BaseServices

if TYPE_CHECKING:
    from app.jobs.claimed import Jobs
    from app.jobs.doorbell import CeleryDoorbell
    from app.jobs.kinds import JobKind
    from app.jobs.leases import Leases
    from app.jobs.queues import BrokerQueues


class JobServices(BaseServices):
    """What any process does with jobs."""

    @cached_property
    def job_kinds(self) -> "Sequence[JobKind]":
        """Every kind of job that there is: `app/bootstrap.py` names them, this layer knows none."""
        return []

    @cached_property
    def leases(self) -> "Leases":
        from app.jobs.leases import Leases

        return Leases(self.db)

    @cached_property
    def doorbell(self) -> "CeleryDoorbell":
        """Rings for a job: `doorbell("deploys.run", str(run.id))`."""
        from app.jobs.doorbell import CeleryDoorbell

        return CeleryDoorbell(self.settings.broker_url)

    @cached_property
    def jobs(self) -> "Jobs":
        """Working off, claiming and cancelling jobs."""
        from app.jobs.claimed import Jobs

        return Jobs(
            leases=self.leases,
            kinds=self.job_kinds,
            ring=self.doorbell,
            clock=self.clock,
            owner=self.owner,
            stopping=self.stopping,
            beat_s=min(2.5, self.settings.lease_seconds / 4),
            hold_s=self.settings.lease_seconds,
        )

    @cached_property
    def queues(self) -> "BrokerQueues":
        from app.jobs.queues import BrokerQueues

        return BrokerQueues(self.settings.broker_url)

    def ring_unless_full(self, task_name: str) -> None:
        """Ring for a task that needs no job. Without workers its messages mustn't fill the broker."""
        if not self.queues.is_full(task_name):
            self.doorbell(task_name, "due")
