"""Where the parts are put together: one cached property a service, importing inside.

An entry point (`wsgi.py`, `workers/`) makes one `Services` from the settings and reaches for what it needs, so that a
watcher loads no accounts and a worker no Flask. Hooks that let a lower domain call a higher one are registered here.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pymongo.database import Database

from app.clock import Clock, SystemClock
from app.settings import Settings

if TYPE_CHECKING:
    import redis

    from app.accounts.invites import Invites
    from app.accounts.passwords import Passwords
    from app.accounts.profiles import Profiles
    from app.accounts.sessions import Sessions
    from app.accounts.sign_in import SignIn
    from app.accounts.sign_up import SignUp
    from app.accounts.standing import Standings
    from app.accounts.store import UserStore
    from app.accounts.tokens import Tokens
    from app.clusters.additions import ClusterAdditions
    from app.clusters.candidate import Rules
    from app.clusters.changes import ClusterChanges
    from app.clusters.clusters import Clusters
    from app.clusters.own_account import OwnAccount
    from app.clusters.removals import Removals
    from app.clusters.trial import Trial
    from app.events.bus import EventBus
    from app.http.principal import Authenticator
    from app.jobs.claimed import Jobs
    from app.jobs.doorbell import CeleryDoorbell
    from app.jobs.kinds import JobKind
    from app.jobs.leases import Leases
    from app.jobs.queues import BrokerQueues
    from app.jobs.slots import Duty
    from app.kube.access import Access
    from app.kube.connection import Connection
    from app.net.guard import AddressGuard
    from app.storage.mongo import Indexes
    from app.storage.sealed import Sealer
    from app.workflows.cleaner import Cleaner
    from app.workflows.cleanups import CleanupJobs, Cleanups
    from app.workflows.deploy import Deploys
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


class Services:
    """All services of one process, made when first asked for."""

    def __init__(
        self,
        settings: Settings,
        *,
        application: str = "kubeorch",
        clock: Clock | None = None,
        owner: str = "",
        stopping: Callable[[], bool] = bool,
    ) -> None:
        self.settings = settings
        self.application = application
        self.clock: Clock = clock or SystemClock()
        self.owner = owner or application
        self.stopping = stopping

    # --- storage ---

    @cached_property
    def db(self) -> Database[dict[str, Any]]:
        from app.storage.mongo import connect

        return connect(self.settings.mongo_uri, application=self.application)

    @cached_property
    def sealer(self) -> "Sealer":
        from app.storage.sealed import Sealer

        return Sealer(self.settings.encryption_key, self.settings.encryption_keys_old)

    def prepare_store(self) -> None:
        """Make the indexes that every domain declares. Idempotent: each process calls it at start."""
        from app.storage.mongo import ensure_indexes

        ensure_indexes(self.db, *self._indexes())
        self._bring_accounts_up_to_date()

    def _indexes(self) -> "Sequence[Indexes]":
        from app.accounts.store import INDEXES as ACCOUNTS
        from app.clusters.connection_log import indexes as cluster_logs
        from app.clusters.store import INDEXES as CLUSTERS
        from app.jobs.leases import INDEXES as LEASES
        from app.jobs.slots import INDEXES as SLOTS
        from app.workflows.cleanups import INDEXES as CLEANUPS
        from app.workflows.run_store import INDEXES as RUNS
        from app.workflows.state_store import INDEXES as STATES
        from app.workflows.store import INDEXES as WORKFLOWS
        from app.workflows.version_store import INDEXES as VERSIONS

        cluster_log = cluster_logs(self.settings.cluster_log_ttl_hours)
        return [LEASES, SLOTS, ACCOUNTS, CLUSTERS, cluster_log, WORKFLOWS, VERSIONS, RUNS, STATES, CLEANUPS]

    # --- jobs ---

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
    def job_kinds(self) -> "Sequence[JobKind]":
        """Every kind of job that there is; each domain adds its own."""
        return [self.deploys, self.cleanup_jobs]

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
            hold_s=self.settings.lease_seconds,
        )

    @cached_property
    def duties(self) -> "Sequence[Duty]":
        """What schedulers do from time to time; each domain adds its own."""
        from app.jobs.slots import Duty

        return [
            Duty("check_clusters", 15, lambda: self.ring_unless_full("maintenance.check_clusters")),
        ]

    @cached_property
    def queues(self) -> "BrokerQueues":
        from app.jobs.queues import BrokerQueues

        return BrokerQueues(self.settings.broker_url)

    def ring_unless_full(self, task_name: str) -> None:
        """Ring for a task that needs no job. Without workers its messages mustn't fill the broker."""
        if not self.queues.is_full(task_name):
            self.doorbell(task_name, "due")

    # --- events ---

    @cached_property
    def events_redis(self) -> "redis.Redis":
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # Short times: an event is a copy of something already written, nobody may wait for it. One try more, at once:
        # the first tells that a pooled connection is dead. Not after a timeout: the call may have been carried out.
        once_more: Retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        return redis.Redis.from_url(
            self.settings.events_url,
            socket_connect_timeout=2,
            socket_timeout=5,
            health_check_interval=25,
            retry=once_more,
        )

    @cached_property
    def bus(self) -> "EventBus":
        """What domains publish with, in every kind of process."""
        from app.events.bus import EventBus

        return EventBus(self.events_redis, self.clock)

    # --- accounts ---

    @cached_property
    def users(self) -> "UserStore":
        from app.accounts.store import UserStore

        return UserStore(self.db)

    @cached_property
    def tokens(self) -> "Tokens":
        from app.accounts.tokens import Tokens

        return Tokens(self.settings.jwt_secret, self.settings.jwt_secrets_old, self.clock)

    @cached_property
    def standings(self) -> "Standings":
        from app.accounts.standing import Standings
        from app.accounts.store import SessionStore

        return Standings(SessionStore(self.db), self.users, self.clock)

    @cached_property
    def authenticator(self) -> "Authenticator":
        from app.accounts.authenticator import SessionAuthenticator

        return SessionAuthenticator(self.tokens, self.standings, self.clock)

    @cached_property
    def passwords(self) -> "Passwords":
        from app.accounts.passwords import Passwords
        from app.http.offload import offload

        return Passwords(run=offload, min_length=self.settings.password_min_length)

    @cached_property
    def sessions(self) -> "Sessions":
        from app.accounts.sessions import Sessions
        from app.accounts.store import SessionStore

        refresh_for = timedelta(days=self.settings.token_refresh_max_age_days)
        return Sessions(
            SessionStore(self.db), self.users, self.tokens, self.standings, self.sealer, refresh_for, self.clock
        )

    @cached_property
    def invites(self) -> "Invites":
        from app.accounts.invites import Invites
        from app.accounts.store import InviteStore

        return Invites(
            InviteStore(self.db),
            self.sealer,
            self.clock,
            life=timedelta(days=self.settings.invite_code_ttl_days),
            first_code=self.settings.invite_code,
            first_regenerates=self.settings.regenerate_invite_after_signup,
        )

    @cached_property
    def sign_up(self) -> "SignUp":
        from app.accounts.sign_up import SignUp

        settings = self.settings
        return SignUp(
            self.users,
            self.invites,
            self.passwords,
            self.sessions,
            self.clock,
            enabled=settings.auth_builtin_enabled and settings.auth_builtin_signup_enabled,
            allowed_domains=frozenset(domain.lower() for domain in settings.auth_builtin_allowed_domains),
            first_admin_email=settings.first_admin_email.strip().lower(),
        )

    @cached_property
    def sign_in(self) -> "SignIn":
        from app.accounts.sign_in import SignIn

        return SignIn(self.users, self.passwords, self.sessions, self.clock, enabled=self.settings.auth_builtin_enabled)

    @cached_property
    def profiles(self) -> "Profiles":
        from app.accounts.profiles import Profiles

        return Profiles(self.users, self.passwords, self.sessions, self.clock)

    def _bring_accounts_up_to_date(self) -> None:
        from app.accounts.startup import AccountsStartUp

        AccountsStartUp(self.users, self.invites).run()

    # --- clusters ---

    def connect_to_cluster(self, access: "Access") -> "Connection":
        """A new connection, behind the guard for addresses of clusters."""
        from app.kube.connection import Connection

        return Connection(
            access,
            self.cluster_guard,
            connect_timeout_s=self.settings.cluster_connect_timeout_seconds,
            request_timeout_s=self.settings.cluster_request_timeout_seconds,
            clock=self.clock,
        )

    @cached_property
    def cluster_guard(self) -> "AddressGuard":
        from app.net.guard import AddressGuard

        return AddressGuard(
            allow_private=self.settings.cluster_allow_private,
            allow_loopback=self.settings.cluster_allow_loopback,
            allowlist=self.settings.outbound_allowlist,
        )

    @cached_property
    def clusters(self) -> "Clusters":
        from app.clusters.clusters import Clusters
        from app.clusters.connection_log import ConnectionLog
        from app.clusters.connections import ClusterConnections
        from app.clusters.events import publisher
        from app.clusters.health import ClusterHealth
        from app.clusters.store import AccessStore, ClusterStore

        store = ClusterStore(self.db, self.clock)
        connections = ClusterConnections(
            store,
            self.sealer,
            self.connect_to_cluster,
            self.clock,
            allow_insecure_tls=self.settings.cluster_allow_insecure_tls,
            own_account=self.own_account,
        )
        health = ClusterHealth(
            store,
            connections,
            ConnectionLog(self.db, self.clock),
            self.clock,
            interval_s=self.settings.cluster_health_interval_seconds,
            metadata_ttl_s=self.settings.cluster_metadata_ttl_seconds,
            on_changed=[publisher(self.bus)],
        )
        return Clusters(store, AccessStore(self.db, self.clock), connections, health)

    @cached_property
    def cluster_removals(self) -> "Removals":
        from app.clusters.removals import Removals
        from app.clusters.store import DefaultStore

        clusters = self.clusters
        return Removals(
            clusters.store,
            clusters.access,
            DefaultStore(self.db),
            clusters.connections,
            clusters.health.log,
            self.clock,
            clusters.on_removed,
        )

    @cached_property
    def own_account(self) -> "OwnAccount | None":
        """The service account we run as, where the operator lets admins use it."""
        from app.clusters.own_account import OwnAccount

        return OwnAccount() if self.settings.cluster_allow_in_cluster else None

    @cached_property
    def cluster_trial(self) -> "Trial":
        from app.clusters.trial import Trial

        return Trial(self.connect_to_cluster, self.clock, self.own_account)

    @cached_property
    def cluster_rules(self) -> "Rules":
        from app.clusters.candidate import Rules

        return Rules(self.settings.cluster_allow_http, self.settings.cluster_allow_insecure_tls)

    @cached_property
    def cluster_additions(self) -> "ClusterAdditions":
        from app.clusters.additions import ClusterAdditions

        return ClusterAdditions(
            self.clusters,
            self.cluster_removals.defaults,
            self.cluster_trial,
            self.clock,
            self.cluster_rules,
            self.settings.cluster_max_per_user,
        )

    @cached_property
    def cluster_changes(self) -> "ClusterChanges":
        from app.clusters.changes import ClusterChanges

        return ClusterChanges(
            self.clusters,
            self.cluster_removals.defaults,
            self.cluster_trial,
            self.cluster_removals,
            self.clock,
            self.cluster_rules,
            workflows_naming=[self.workflow_store.count_on_cluster],
        )

    # --- workflows ---

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
            self.workflow_store, self.state_store, self.clusters, self.runs, self.cleanups, self.workflow_events
        )

    @cached_property
    def workflow_upkeep(self) -> "WorkflowUpkeep":
        from app.workflows.upkeep import WorkflowUpkeep

        return WorkflowUpkeep(
            self.workflow_store,
            self.run_store,
            self.versions,
            self.run_ends,
            self.cleanups,
            self.clock,
            keep=self.settings.run_keep,
            retention=timedelta(days=self.settings.run_retention_days),
        )
