"""Small reads beside the loops: is it really gone, and why is this pod in trouble? Answers come back by the queue."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Protocol

import structlog

from app.clock import Clock
from app.kube.connection import Connection
from app.kube.errors import ApiStatusError, KubeError
from app.kube.listing import PARTIAL
from app.kube.objects import KNOWN, KubeObject
from app.resources.evidence import object_evidence, pod_evidence
from app.resources.status.pods import PodFacts
from app.resources.status.related import Evidence
from app.resources.view import Subject

log = structlog.get_logger(__name__)

THREADS: Final = 4
AGAIN_AFTER_S: Final = 5.0
"""While one reading is under way, and a little after; when evidence is too old is the status functions' business."""
REMEMBER: Final = 10_000


class Confirmed(Protocol):
    """Told whether an object that left the watch lives on."""

    def __call__(self, subject: Subject, obj: KubeObject, *, lives: bool) -> None: ...


class Reader:
    """A small pool; what it finds is put back into the shard's queue."""

    def __init__(
        self,
        connection: Callable[[], Connection],
        clock: Clock,
        put: Callable[[Callable[[], None]], None],
        on_evidence: Callable[[str, Evidence], None],
    ) -> None:
        self._connection, self._clock, self._put, self._on_evidence = connection, clock, put, on_evidence
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="reading")
        self._read_at: dict[str, float] = {}

    def submit(self, work: Callable[[], None]) -> None:
        """Have something else done that takes time."""
        self._pool.submit(self._guarded, work)

    def confirm(self, subject: Subject, obj: KubeObject, confirmed: Confirmed) -> None:
        """Ask the cluster whether an object lives on."""

        def work() -> None:
            lives = self._lives(subject, obj)
            self._put(lambda: confirmed(subject, obj, lives=lives))

        self.submit(work)

    def read(self, pods: Iterable[PodFacts], objects: Iterable[tuple[str, str]]) -> None:
        """Read evidence about these, those that are due."""
        for pod in pods:
            if self._is_due(pod.uid):
                self.submit(partial(self._read_pod, pod))
        for namespace, uid in objects:
            if self._is_due(uid):
                self.submit(partial(self._read_object, namespace, uid))

    def close(self) -> None:
        """What hasn't begun doesn't begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _read_pod(self, pod: PodFacts) -> None:
        self._found(pod.uid, pod_evidence(self._connection(), pod, self._clock))

    def _read_object(self, namespace: str, uid: str) -> None:
        self._found(uid, object_evidence(self._connection(), namespace, uid))

    def _found(self, uid: str, evidence: Evidence) -> None:
        self._put(lambda: self._on_evidence(uid, evidence))

    def _is_due(self, uid: str) -> bool:
        now = self._clock.monotonic()
        if now - self._read_at.get(uid, float("-inf")) < AGAIN_AFTER_S:
            return False
        if len(self._read_at) > REMEMBER:
            self._read_at.clear()
        self._read_at[uid] = now
        return True

    def _lives(self, subject: Subject, obj: KubeObject) -> bool:
        resource = next(known for known in KNOWN.values() if known.kind == subject.kind)
        try:
            path = resource.path(subject.namespace or None, subject.name)
            found = self._connection().request("GET", path, accept=PARTIAL)
        except ApiStatusError as error:
            return error.status != 404
        except KubeError:
            return False  # the cluster is away: the next list tells
        return bool(found["metadata"]["uid"] == obj["metadata"]["uid"])

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # the edge of a pool's task: nobody asks its future
            log.exception("reading_failed")
