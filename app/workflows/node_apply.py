"""Apply one node's objects: read, decide whose it is, apply at the version that was read, again on a conflict.

Called by `deploy.py`, several nodes at a time. Whatever goes wrong with one node is a `NodeFailedError` with the
cluster's own reason; only the job's own ends (lease lost, cancelled, ...) pass through.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from app.clock import Clock
from app.errors import InvalidError
from app.jobs.job import Job
from app.kube.client import KubeClient
from app.kube.errors import ApiStatusError, KubeError
from app.kube.objects import KubeObject, ObjectRef
from app.manifests.jobs import split_ttl
from app.manifests.labels import CHECKSUM
from app.manifests.pod_template import with_pod_annotations
from app.manifests.scaling import with_replicas_of
from app.workflows.existing import Existing, is_ours
from app.workflows.inventory import Noted, ObjectKey
from app.workflows.patience import Answer, Patience
from app.workflows.plan import PlannedNode
from app.workflows.values import CONFIG_HASH, content_of, filled_secret, joined, with_kept_env

CONFLICT_TRIES: Final = 12
"""A controller that writes status in between costs one each; more than a few means somebody fights us."""
GONE_WITHIN_S: Final = 120.0
POLL_S: Final = 0.5


class NodeFailedError(Exception):
    """The node couldn't be applied; the message is for the person whose node it is."""


@dataclass(slots=True)
class Applied:
    """What became of a node."""

    objects: list[Noted] = field(default_factory=list)
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class NodeApplier:
    """Applies nodes of one run.

    Args:
        client: makes a client with the newest credentials; asked before each attempt.
        jobs: the Jobs of job nodes, by node id: some nodes are applied only once one has completed.
        mac: keyed hash of this workflow, for the mark that restarts pods.
        on_refused: the cluster doesn't take our credentials any more.
        contents: what configmap and secret nodes hold, by node id; filled as they are applied.
    """

    job: Job
    workflow_id: str
    client: Callable[[], KubeClient]
    existing: Existing
    noted: Mapping[ObjectKey, Noted]
    key_of: Callable[[KubeObject], ObjectKey]
    clock: Clock
    jobs: Mapping[str, ObjectRef]
    mac: Callable[[bytes], str]
    on_refused: Callable[[], None]
    contents: dict[str, bytes] = field(default_factory=dict)

    def apply(self, node: PlannedNode) -> Applied:
        """Make the cluster have this node's objects.

        Raises:
            NodeFailedError: it can't; the text says why.
            LeaseLostError, CancelledError, StoppingError, DeadlineError: from the job.
        """
        applied = Applied()
        try:
            for node_id in sorted(node.completes):
                self._await_job(self.jobs[node_id])
            for obj in node.objects:
                applied.objects.append(self._put(node, obj, own=obj is node.objects[-1]))
        except KubeError as error:
            raise NodeFailedError(_reason(error)) from error
        return applied

    def _put(self, node: PlannedNode, obj: KubeObject, *, own: bool) -> Noted:
        ref = ObjectRef.of(obj)
        seen = self.existing.find(ref)
        for _ in range(CONFLICT_TRIES):
            self._refuse_foreign(ref, seen)
            try:
                ready = self._ready(node, obj, seen) if own else obj
                if obj["kind"] == "Job":
                    return self._put_job(ready, seen)
                return self._note(ready, self._send(ready, seen))
            except ApiStatusError as error:
                if error.status != 409:
                    raise
                # Somebody wrote in between: read again under our lease, and decide again.
                self.job.check()
                seen = self._patiently(lambda client: client.find(ref, metadata_only=True))
        raise NodeFailedError(f'{obj["kind"]} "{ref.name}" is being changed by something else all the time')

    def _ready(self, node: PlannedNode, obj: KubeObject, seen: KubeObject | None) -> KubeObject:
        """The object with what only the cluster or this run knows."""
        held = self._full(obj, seen) if node.secret_keys or node.env_kept or node.scaled else None
        if node.secret_keys:
            try:
                obj = filled_secret(obj, node.secret_keys, held)
            except InvalidError as error:
                raise NodeFailedError(error.message) from error
        if obj["kind"] in ("ConfigMap", "Secret"):
            self.contents[node.id] = content_of(obj)
        if node.env_kept:
            obj = with_kept_env(obj, node.env_kept, held)
        if node.scaled:
            obj = with_replicas_of(obj, held)
        if used := {node_id: self.contents[node_id] for node_id in node.uses if node_id in self.contents}:
            obj = with_pod_annotations(obj, {CONFIG_HASH: self.mac(joined(used))})
        return obj

    def _full(self, obj: KubeObject, seen: KubeObject | None) -> KubeObject | None:
        if seen is None:
            return None
        ref = ObjectRef.of(obj)
        held: KubeObject | None = self._patiently(lambda client: client.find(ref))
        self._refuse_foreign(ref, held)
        return held

    def _send(self, obj: KubeObject, seen: KubeObject | None) -> KubeObject:
        # Without a version there is nothing to compare with: a stranger's object made meanwhile must not be forced.
        version = None if seen is None else seen["metadata"].get("resourceVersion")
        return self._patiently(lambda client: client.apply(obj, resource_version=version, force=seen is not None))

    def _put_job(self, obj: KubeObject, seen: KubeObject | None) -> Noted:
        """A Job can't be changed: one made from something else is deleted and waited for, an equal one stays.

        It gets its TTL only after it is noted, so that one that has gone by its TTL isn't taken for never run.
        """
        checksum = obj["metadata"]["annotations"][CHECKSUM]
        key, ttl = self.key_of(obj), split_ttl(obj)[1]
        if seen is None and ttl is not None and (noted := self.noted.get(key)) and noted.checksum == checksum:
            return noted
        if seen is not None:
            annotations = seen["metadata"].get("annotations") or {}
            if annotations.get(CHECKSUM) == checksum and not seen["metadata"].get("deletionTimestamp"):
                return Noted(key, seen["metadata"].get("uid", ""), checksum)
            self._remove_job(ObjectRef.of(obj), seen)
        made = self._send(split_ttl(obj)[0], None)
        return Noted(key, made["metadata"]["uid"], checksum)

    def give_ttl(self, node: PlannedNode) -> None:
        """Once the Job is noted, let it go by itself as the node says."""
        ttl = split_ttl(node.objects[-1])[1]
        if ttl is None:
            return
        ref = ObjectRef.of(node.objects[-1])
        try:
            self._patiently(lambda client: client.patch(ref, {"spec": {"ttlSecondsAfterFinished": ttl}}))
        except KubeError as error:
            if not isinstance(error, ApiStatusError) or error.status != 404:
                raise NodeFailedError(_reason(error)) from error

    def _await_job(self, ref: ObjectRef) -> None:
        """Until it has completed; one that has gone by its TTL had. The run's deadline bounds the wait."""
        while (held := self._patiently(lambda client: client.find(ref))) is not None:
            conditions = (held.get("status") or {}).get("conditions") or []
            holds = {
                entry.get("type"): entry.get("message", "") for entry in conditions if entry.get("status") == "True"
            }
            if "Complete" in holds:
                return
            if "Failed" in holds:
                raise NodeFailedError(f'Job "{ref.name}", which has to complete first, failed: {holds["Failed"]}')
            self.clock.sleep(POLL_S)

    def _remove_job(self, ref: ObjectRef, seen: KubeObject) -> None:
        # In the foreground: its pods go too (a plain delete leaves them running), and the name is free afterwards.
        uid = seen["metadata"]["uid"]
        try:
            self._patiently(lambda client: client.delete(ref, uid=uid, propagation="Foreground"))
        except ApiStatusError as error:
            if error.status != 404:
                raise
        until = self.clock.monotonic() + GONE_WITHIN_S
        while (held := self._patiently(lambda client: client.find(ref, metadata_only=True))) is not None:
            if held["metadata"]["uid"] != uid or self.clock.monotonic() > until:
                raise NodeFailedError(f'the earlier Job "{ref.name}" doesn\'t go away: what holds it (finalizers)?')
            self.clock.sleep(POLL_S)

    def _refuse_foreign(self, ref: ObjectRef, seen: KubeObject | None) -> None:
        if seen is not None and not is_ours(seen, self.workflow_id):
            place = f" in namespace {ref.namespace}" if ref.namespace else ""
            raise NodeFailedError(
                f"{ref.kind} \"{ref.name}\"{place} exists already and isn't this workflow's: "
                "give the node another name, or remove that object"
            )

    def _note(self, obj: KubeObject, result: KubeObject) -> Noted:
        return Noted(self.key_of(obj), result["metadata"].get("uid", ""))

    def _patiently(self, call: Callable[[KubeClient], Answer]) -> Answer:
        return Patience(self.job, self.client, self.clock, self.on_refused).call(call)


def _reason(error: KubeError) -> str:
    if isinstance(error, ApiStatusError) and error.status == 401:
        return "the cluster refused our credentials: update them in the cluster's settings"
    return error.message
