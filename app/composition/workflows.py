"""Workflows, runs, live states."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from app.composition.clusters import ClusterServices
from app.composition.jobs import JobServices

if TYPE_CHECKING:
    from bson import ObjectId

    from app.workflows.cleaner import Cleaner
    from app.workflows.cleanups import CleanupJobs, Cleanups
    from app.workflows.deploy import Deploys
    from app.workflows.imported import ImportedSecrets, SessionValues
    from app.workflows.inventory import InventoryStore
    from app.workflows.run_end import RunEnds
    from app.workflows.run_store import RunStore
    from app.workflows.runs import Runs
    from app.workflows.service import Workflows
    from app.workflows.state_store import StateStore
    from app.workflows.store import WorkflowStore
    from app.workflows.stream_events import WorkflowEvents
    from app.workflows.upkeep import WorkflowUpkeep
    from app.workflows.version_store import VersionStore
    from app.workflows.versions import Versions


class WorkflowServices(ClusterServices, JobServices):
    """What people draw and run."""

    @cached_property
    def workflow_store(self) -> "WorkflowStore":
        from app.workflows.store import WorkflowStore

        return WorkflowStore(self.db, self.clock)

    @cached_property
    def run_store(self) -> "RunStore":
        from app.workflows.run_store import RunStore

        return RunStore(self.db, self.clock, timeout_s=self.settings.run_timeout_seconds)

    @cached_property
    def version_store(self) -> "VersionStore":
        from app.workflows.version_store import VersionStore

        return VersionStore(self.db, self.clock)

    @cached_property
    def state_store(self) -> "StateStore":
        from app.workflows.state_store import StateStore

        return StateStore(self.db)

    @cached_property
    def inventory(self) -> "InventoryStore":
        from app.workflows.inventory import InventoryStore

        return InventoryStore(self.db)

    @cached_property
    def workflow_events(self) -> "WorkflowEvents":
        from app.workflows.stream_events import WorkflowEvents

        return WorkflowEvents(self.bus, self.clock)

    @cached_property
    def versions(self) -> "Versions":
        from app.workflows.versions import Versions

        return Versions(self.workflow_store, self.run_store, self.version_store)

    @cached_property
    def run_ends(self) -> "RunEnds":
        from app.workflows.run_end import RunEnds

        return RunEnds(
            self.workflow_store,
            self.run_store,
            self.versions,
            self.version_store,
            self.state_store,
            self.workflow_events,
            self.clock,
        )

    @cached_property
    def runs(self) -> "Runs":
        from app.workflows.runs import Runs

        return Runs(
            workflows=self.workflow_store,
            store=self.run_store,
            end_job=lambda where: self.jobs.cancel(self.deploys, where),
            versions=self.versions,
            states=self.state_store,
            clusters=self.clusters,
            sealer=self.sealer,
            ring=self.doorbell,
            instance=self.instance,
            wait_image=self.settings.import_wait_image,
        )

    @cached_property
    def instance(self) -> str:
        """Which installation made an object: those that share a key are one."""
        return self.sealer.mac(b"instance", purpose="instance")[:16]

    @cached_property
    def cleaner(self) -> "Cleaner":
        from app.workflows.cleaner import Cleaner

        return Cleaner(self.clusters, self.clock)

    @cached_property
    def deploys(self) -> "Deploys":
        from app.jobs.store import JobStore
        from app.workflows.deploy import Deploys
        from app.workflows.run_store import COLLECTION

        return Deploys(
            store=JobStore(self.db, COLLECTION, self.clock, drop_at_end=("active_for", "trigger_data")),
            service=self.runs,
            runs=self.run_store,
            versions=self.versions,
            states=self.state_store,
            inventory=self.inventory,
            clusters=self.clusters,
            cleaner=self.cleaner,
            ends=self.run_ends,
            events=self.workflow_events,
            imported=self.imported_secrets,
            sealer=self.sealer,
            clock=self.clock,
            parallelism=self.settings.apply_parallelism,
        )

    @cached_property
    def cleanups(self) -> "Cleanups":
        from app.workflows.cleanups import Cleanups, CleanupStore

        return Cleanups(CleanupStore(self.db, self.clock), self.workflow_store, self.doorbell, self.clock)

    @cached_property
    def cleanup_jobs(self) -> "CleanupJobs":
        from app.jobs.store import JobStore
        from app.workflows.cleanups import COLLECTION, CleanupJobs

        return CleanupJobs(
            JobStore(self.db, COLLECTION, self.clock, drop_at_end=("active_for",)),
            self.workflow_store,
            self.inventory,
            self.state_store,
            self.run_store,
            self.cleaner,
            self.workflow_events,
        )

    @cached_property
    def workflows(self) -> "Workflows":
        from app.workflows.service import Workflows

        return Workflows(
            self.workflow_store,
            self.state_store,
            self.clusters,
            self.runs,
            self.cleanups,
            self.workflow_events,
            self.imported_secrets,
        )

    @cached_property
    def imported_secrets(self) -> "ImportedSecrets":
        from app.workflows.imported import ImportedSecrets
        from app.workflows.pending_store import PendingStore

        return ImportedSecrets(
            PendingStore(self.db),
            self.sealer,
            self.clock,
            self.session_values,
            timedelta(days=self.settings.import_secret_ttl_days),
        )

    @cached_property
    def session_values(self) -> "SessionValues":
        """What import sessions hold: a domain above this one knows."""
        return lambda user_id, session_id: None

    @cached_property
    def workflow_upkeep(self) -> "WorkflowUpkeep":
        from app.workflows.upkeep import WorkflowUpkeep

        return WorkflowUpkeep(
            self.workflow_store,
            self.run_store,
            self.versions,
            self.run_ends,
            self.cleanups,
            self.leases,
            self.clock,
            keep=self.settings.run_keep,
            retention=timedelta(days=self.settings.run_retention_days),
        )

    @cached_property
    def workflows_naming(self) -> "Sequence[Callable[[ObjectId, str], int]]":
        return [self.workflow_store.count_on_cluster]
