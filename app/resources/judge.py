"""Which objects to judge again, and when: after an event, and when a grace ends with no event. For one thread."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime

from app.resources.evidence import needs_evidence, object_needs_evidence
from app.resources.status.model import Status
from app.resources.status.pods import PodFacts
from app.resources.status.registry import status_of
from app.resources.view import ClusterView, Subject


class Judge:
    """The states of a view's subjects."""

    def __init__(self, view: ClusterView) -> None:
        self._view = view
        self._last: dict[Subject, Status] = {}
        self._rechecks: list[tuple[datetime, Subject]] = []

    def judge(
        self, subjects: Iterable[Subject], now: datetime, *, again: bool = False
    ) -> Iterator[tuple[Subject, Status]]:
        """Those whose state differs from the last time.

        Args:
            again: also those whose state is the same: somebody has forgotten what he was told.
        """
        for subject in subjects:
            obj = self._view.objects.get(subject)
            if obj is None:
                continue
            status = status_of(obj, self._view.related(subject, obj), now, kind=subject.kind)
            last = self._last.get(subject)
            if status.recheck_at is not None and (last is None or last.recheck_at != status.recheck_at):
                heapq.heappush(self._rechecks, (status.recheck_at, subject))
            self._last[subject] = status
            if again or last is None or last.as_json() != status.as_json():
                yield subject, status

    def forget(self, subjects: Iterable[Subject]) -> None:
        """They are gone."""
        for subject in subjects:
            self._last.pop(subject, None)

    def due(self, now: datetime) -> set[Subject]:
        """Subjects whose grace has ended."""
        found = set()
        while self._rechecks and self._rechecks[0][0] <= now:
            at, subject = heapq.heappop(self._rechecks)
            last = self._last.get(subject)
            if last is not None and last.recheck_at == at:
                found.add(subject)
        return found

    def next_at(self) -> datetime | None:
        """When the next grace ends."""
        return self._rechecks[0][0] if self._rechecks else None

    def pods_in_need(self, subjects: Iterable[Subject], now: datetime) -> Iterator[PodFacts]:
        """Pods around these that evidence should be read about."""
        for subject in subjects:
            if (obj := self._view.objects.get(subject)) is not None and subject.kind != "NetworkPolicy":
                for pod in self._view.related(subject, obj).pods:
                    if needs_evidence(pod, now, self._view.evidence.get(pod.uid)):
                        yield pod

    def objects_in_need(self, subjects: Iterable[Subject], now: datetime) -> Iterator[tuple[str, str]]:
        """(namespace, uid) of those among these that evidence should be read about."""
        for subject in subjects:
            obj = self._view.objects.get(subject)
            if obj is None:
                continue
            evidence = self._view.evidence.get(obj["metadata"]["uid"])
            if object_needs_evidence(obj, now, evidence, kind=subject.kind):
                yield subject.namespace, obj["metadata"]["uid"]
