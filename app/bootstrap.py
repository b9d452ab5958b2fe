"""Where the parts are put together: one cached property a service, importing inside.

An entry point (`wsgi.py`, `workers/`) makes one `Services` from the settings and reaches for what it needs, so that a
watcher loads no accounts and a worker no Flask. The services themselves are in `app/composition/`, a module a layer;
here is what needs to know all of them: indexes, kinds of jobs, the scheduler's duties.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from app.composition.accounts import AccountServices
from app.composition.notifications import NotificationServices

if TYPE_CHECKING:
    from app.jobs.kinds import JobKind
    from app.jobs.slots import Duty
    from app.storage.mongo import Indexes


class Services(AccountServices, NotificationServices):
    """All services of one process, made when first asked for."""

    def prepare_store(self) -> None:
        """Make the indexes that every domain declares. Idempotent: each process calls it at start."""
        from app.storage.mongo import ensure_indexes

        ensure_indexes(self.db, *self._indexes())
        self.bring_accounts_up_to_date()

    def _indexes(self) -> "Sequence[Indexes]":
        from app.accounts.store import INDEXES as ACCOUNTS
        from app.clusters.connection_log import indexes as cluster_logs
        from app.clusters.store import INDEXES as CLUSTERS
        from app.imports.store import INDEXES as IMPORTS
        from app.jobs.leases import INDEXES as LEASES
        from app.jobs.slots import INDEXES as SLOTS
        from app.notifications.store import INDEXES as NOTIFICATIONS
        from app.sources.store import INDEXES as GIT_CREDENTIALS
        from app.workflows.cleanups import INDEXES as CLEANUPS
        from app.workflows.pending_store import INDEXES as PENDING
        from app.workflows.run_store import INDEXES as RUNS
        from app.workflows.state_store import INDEXES as STATES
        from app.workflows.store import INDEXES as WORKFLOWS
        from app.workflows.version_store import INDEXES as VERSIONS

        cluster_log = cluster_logs(self.settings.cluster_log_ttl_hours)
        shared = [LEASES, SLOTS, ACCOUNTS, CLUSTERS, cluster_log, GIT_CREDENTIALS]
        return [*shared, WORKFLOWS, VERSIONS, RUNS, STATES, CLEANUPS, PENDING, IMPORTS, NOTIFICATIONS]

    @cached_property
    def job_kinds(self) -> "Sequence[JobKind]":
        """Every kind of job that there is; each domain adds its own."""
        return [self.deploys, self.cleanup_jobs, self.import_jobs]

    @cached_property
    def duties(self) -> "Sequence[Duty]":
        """What schedulers do from time to time; each domain adds its own."""
        from app.jobs.slots import Duty

        return [
            Duty("check_clusters", 15, lambda: self.ring_unless_full("maintenance.check_clusters")),
            Duty("finish_runs", 5, self.workflow_upkeep.finish_runs),
            Duty("ensure_cleanups", 30, self.workflow_upkeep.ensure_cleanups),
            Duty("announce_imports", 5, self.announce_imports),
            Duty("trim_runs", 3600, self.workflow_upkeep.trim_runs),
        ]
