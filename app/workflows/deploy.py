"""A run, carried out: plan, read what exists, apply level by level, remove what has been renamed. Called by a worker.

Idempotent from any line on: the next owner plans and applies again, and the cluster changes only where it differs.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import structlog

from app.clock import Clock
from app.clusters.clusters import Clusters
from app.errors import CancelledError, DeadlineError, InvalidError, NotFoundError, StoppingError, UnavailableError
from app.jobs.job import Job
from app.jobs.store import JobStore, Outcome, Raw
from app.kube.client import KubeClient
from app.kube.errors import KubeError
from app.kube.objects import ObjectRef
from app.storage.sealed import Sealer, UnreadableError
from app.workflows.cleaner import Cleaner
from app.workflows.existing import read_existing
from app.workflows.imported import ImportedSecrets, Pending, with_pending
from app.workflows.inventory import InventoryStore, Notes, ObjectKey
from app.workflows.models import Run
from app.workflows.node_apply import Applied, NodeApplier, NodeFailedError
from app.workflows.patience import AT_START_S, Patience
from app.workflows.plan import Plan, PlannedNode
from app.workflows.progress import EVERY_S, RunProgress
from app.workflows.run_end import RunEnds
from app.workflows.run_store import RunStore
from app.workflows.runs import TASK, Runs
from app.workflows.state_store import StateStore
from app.workflows.stream_events import WorkflowEvents
from app.workflows.versions import Versions

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Deploys:
    """The kind of job that a run is.

    Args:
        parallelism: nodes applied at the same time.
    """

    store: JobStore
    service: Runs
    runs: RunStore
    versions: Versions
    states: StateStore
    inventory: InventoryStore
    clusters: Clusters
    cleaner: Cleaner
    ends: RunEnds
    events: WorkflowEvents
    imported: ImportedSecrets
    sealer: Sealer
    clock: Clock
    parallelism: int

    name: str = TASK

    def run(self, job: Job) -> Outcome:
        """Raises what `JobKind.run` says."""
        run = self.versions.of_run(Run.of(job.raw))
        pending = self.imported.pending(run.workflow_id)
        plan = self._plan(run, pending)
        progress = RunProgress(job, run, plan, states=self.states, runs=self.runs, events=self.events, clock=self.clock)
        progress.begin()
        for warning in plan.warnings:
            progress.log(f"warning: {warning}")
        try:
            self._apply(job, run, plan, progress)
        except (CancelledError, DeadlineError, StoppingError):
            progress.flush()  # what was applied before the end is shown as applied
            raise
        finally:
            self.imported.applied(run.workflow_id, pending, progress.applied_ids)
        if not progress.failed:
            return Outcome("completed")
        first = next(node for node in plan.nodes if node.id in progress.failed)
        return Outcome("failed", f"{first.name}: {progress.failed[first.id]}")

    def _apply(self, job: Job, run: Run, plan: Plan, progress: RunProgress) -> None:
        notes = Notes(self.inventory, run.workflow_id, job)
        wanted = [ObjectKey.of(run.cluster_id, obj) for node in plan.nodes for obj in node.objects]
        notes.want(wanted)
        notes.save()  # before anything is applied: a crash leaves a note too many, never an object too many
        applier = self._applier(job, run, plan, notes)
        with ThreadPoolExecutor(self.parallelism, thread_name_prefix="apply") as pool:
            for level in plan.levels:
                self._apply_level(pool, applier, level, progress, notes)
        notes.save()
        for node in plan.nodes:
            if node.type == "job" and node.id not in progress.failed:
                try:
                    applier.give_ttl(node)
                except NodeFailedError as error:
                    progress.failure(node, str(error))
        if not progress.failed:
            self._remove_surplus(job, run, notes, frozenset(wanted), progress)
        progress.flush()

    def ended(self, raw: Raw, outcome: Outcome) -> None:
        """Show and count how it ended."""
        del outcome  # read again: the write may have been somebody else's
        self.ends.announce(raw["_id"])

    def _plan(self, run: Run, pending: Sequence[Pending]) -> Plan:
        cluster = self.clusters.by_id(run.cluster_id)
        if cluster is None:
            raise _removed(run)
        try:
            given = with_pending(self.service.given(run), pending)
        except UnreadableError:
            raise InvalidError("The values given for this run can't be decrypted any more: run it again") from None
        return self.service.plan(run.workflow_id, self.versions.graph(run), cluster.namespace, given)

    def _applier(self, job: Job, run: Run, plan: Plan, notes: Notes) -> NodeApplier:
        objects = [obj for node in plan.nodes for obj in node.objects]
        patience = Patience(job, self._client(run), self.clock, self._on_refused(run))
        try:
            existing = patience.call(
                lambda client: read_existing(client, objects, str(run.workflow_id)), for_s=AT_START_S
            )
        except KubeError as error:
            raise UnavailableError(f'Cluster "{run.cluster_name}" can\'t be read: {error.message}') from error
        return NodeApplier(
            job=job,
            workflow_id=str(run.workflow_id),
            client=self._client(run),
            existing=existing,
            noted=dict(notes.entries),
            key_of=lambda obj: ObjectKey.of(run.cluster_id, obj),
            clock=self.clock,
            jobs={node.id: ObjectRef.of(node.objects[-1]) for node in plan.nodes if node.type == "job"},
            on_refused=self._on_refused(run),
            mac=lambda message: self.sealer.mac(message, purpose=f"config of workflow {run.workflow_id}")[:32],
        )

    def _on_refused(self, run: Run) -> Callable[[], None]:
        return lambda: self.clusters.report(run.cluster_id, "error", "unauthorized")

    def _client(self, run: Run) -> Callable[[], KubeClient]:
        def client() -> KubeClient:
            try:
                return self.clusters.client(run.cluster_id)
            except NotFoundError:
                raise _removed(run) from None

        return client

    def _apply_level(
        self,
        pool: ThreadPoolExecutor,
        applier: NodeApplier,
        level: tuple[PlannedNode, ...],
        progress: RunProgress,
        notes: Notes,
    ) -> None:
        """Side by side; a failure stops only what needs it."""
        futures: dict[Future[Applied], PlannedNode] = {}
        for node in level:
            if broken := node.needs & progress.failed.keys():
                progress.skipped(node, broken)
            else:
                futures[pool.submit(applier.apply, node)] = node
        try:
            for future in _finished(futures, progress):
                node = futures[future]
                try:
                    applied = future.result()
                except NodeFailedError as error:
                    progress.failure(node, str(error))
                else:
                    notes.put(applied.objects)
                    progress.applied(node, text=f"{node.name}: {node.type} applied")
        finally:
            for future in futures:
                future.cancel()  # the job is over: what hasn't begun doesn't begin

    def _remove_surplus(
        self, job: Job, run: Run, notes: Notes, wanted: frozenset[ObjectKey], progress: RunProgress
    ) -> None:
        """Objects of an earlier run that this graph names otherwise, and all on a cluster that it has left."""
        surplus = [entry for key, entry in notes.entries.items() if key not in wanted]
        if not surplus:
            return
        removal = self.cleaner.remove_noted(job, str(run.workflow_id), surplus)
        for text in removal.log:
            progress.log(text)
        left = {entry.key for entry in removal.left}
        notes.drop(entry.key for entry in surplus if entry.key not in left)
        notes.save()


def _removed(run: Run) -> InvalidError:
    return InvalidError(f'The cluster "{run.cluster_name}" was removed: choose another one for this workflow')


def _finished(futures: Collection[Future[Applied]], progress: RunProgress) -> Iterator[Future[Applied]]:
    """As they finish; what has come together is written at least every `EVERY_S`."""
    finished: SimpleQueue[Future[Applied]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(finished.put)
    waiting = len(futures)
    while waiting:
        try:
            future = finished.get(timeout=EVERY_S)
        except Empty:
            progress.flush()
            continue
        waiting -= 1
        yield future
        progress.flush_if_due()
