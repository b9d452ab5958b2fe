"""What is known of one cluster's labelled objects, kept small: judged objects trimmed, pods and endpoints as tuples.

Fed by the watcher in any order of kinds: a pod that comes before its ReplicaSet waits by its owner's uid. Each change
answers with the subjects whose state may differ now. Pure, for one thread.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from app.kube.objects import KubeObject
from app.resources.status.endpoints import EndpointFacts, count_ready, endpoint_facts
from app.resources.status.pods import PodFacts, pod_facts
from app.resources.status.related import Evidence, Related

Key = TypeVar("Key")


class Subject(NamedTuple):
    """An object that has a state of its own."""

    kind: str
    namespace: str
    name: str


Gone = dict[Subject, KubeObject]
"""Subjects that have left the watch, as they were last seen."""
NO_SUBJECTS: Final[frozenset[Subject]] = frozenset()


class ClusterView:
    """Objects of one cluster, as last seen."""

    def __init__(self) -> None:
        self.objects: dict[Subject, KubeObject] = {}
        self.pods: dict[str, PodFacts] = {}
        self.evidence: dict[str, Evidence] = {}
        self._by_uid: dict[str, Subject] = {}
        self._pods_of: defaultdict[str, set[str]] = defaultdict(set)  # by uid of their controller
        self._deployment_of: dict[str, str] = {}  # uid of a ReplicaSet → uid of its Deployment
        self._sets_of: defaultdict[str, set[str]] = defaultdict(set)  # the other way round
        self._slices: dict[str, EndpointFacts] = {}
        self._slices_of: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._policies_in: defaultdict[str, set[Subject]] = defaultdict(set)

    # --- what the watches say ---

    def replaced(self, kind: str, objects: Sequence[KubeObject]) -> tuple[set[Subject], Gone]:
        """All there is of a kind: (subjects to judge, subjects that are gone)."""
        seen = {obj["metadata"]["uid"] for obj in objects}
        gone: Gone = {}
        touched: set[Subject] = set()
        for uid in self._uids(kind) - seen:
            touched |= self._remove(kind, uid, gone)
        for obj in objects:
            touched |= self.put(kind, obj)
        # One that was made anew under its name is not gone.
        gone = {subject: obj for subject, obj in gone.items() if subject not in self.objects}
        return touched - gone.keys(), gone

    def put(self, kind: str, obj: KubeObject) -> set[Subject]:
        """Added or changed: the subjects to judge."""
        match kind:
            case "Pod":
                return self._put_pod(pod_facts(obj))
            case "ReplicaSet":
                return self._put_replica_set(obj)
            case "EndpointSlice":
                return self._put_slice(endpoint_facts(obj))
        return self._put_subject(kind, obj)

    def removed(self, kind: str, obj: KubeObject) -> tuple[set[Subject], Gone]:
        """It has left the watch: (subjects to judge, subjects that may be gone)."""
        gone: Gone = {}
        touched = self._remove(kind, obj["metadata"]["uid"], gone)
        return touched - gone.keys(), gone

    def add_evidence(self, uid: str, evidence: Evidence) -> set[Subject]:
        """What was read about a pod or an object in trouble."""
        if uid in self.pods:
            self.evidence[uid] = evidence
            return self._subjects_of(self.pods[uid])
        if uid in self._by_uid:
            self.evidence[uid] = evidence
            return {self._by_uid[uid]}
        return set()

    # --- what a state is made of ---

    def related(self, subject: Subject, obj: KubeObject) -> Related:
        """Everything around a subject."""
        uid = obj["metadata"]["uid"]
        pods = self._pods_around(subject, uid)
        evidence = {pod.uid: self.evidence[pod.uid] for pod in pods if pod.uid in self.evidence}
        if uid in self.evidence:
            evidence[uid] = self.evidence[uid]
        ready = None
        if subject.kind == "Service":
            slices = self._slices_of.get((subject.namespace, subject.name), set())
            ready = count_ready(self._slices[each] for each in slices)
        return Related(pods, ready, evidence)

    def _pods_around(self, subject: Subject, uid: str) -> list[PodFacts]:
        if subject.kind == "NetworkPolicy":
            return [pod for pod in self.pods.values() if pod.namespace == subject.namespace]
        owners = [uid]
        if subject.kind == "Deployment":
            owners = list(self._sets_of.get(uid, ()))
        return [self.pods[pod] for owner in owners for pod in self._pods_of.get(owner, ())]

    # --- steps ---

    def _put_subject(self, kind: str, obj: KubeObject) -> set[Subject]:
        metadata = obj["metadata"]
        subject = Subject(kind, metadata.get("namespace", ""), metadata["name"])
        before = self.objects.get(subject)
        if before is not None and before["metadata"]["uid"] != metadata["uid"]:
            self._by_uid.pop(before["metadata"]["uid"], None)
        self.objects[subject] = obj
        self._by_uid[metadata["uid"]] = subject
        if kind == "NetworkPolicy":
            self._policies_in[subject.namespace].add(subject)
        return {subject}

    def _put_pod(self, pod: PodFacts) -> set[Subject]:
        # Evidence about the instance before stays until newer has been read: it is still the best that is known.
        self.pods[pod.uid] = pod
        self._pods_of[pod.owner_uid].add(pod.uid)
        return self._subjects_of(pod)

    def _put_replica_set(self, obj: KubeObject) -> set[Subject]:
        owner = next((ref for ref in obj["metadata"].get("ownerReferences") or [] if ref.get("controller")), None)
        if owner is None:
            return set()
        self._deployment_of[obj["metadata"]["uid"]] = owner["uid"]
        self._sets_of[owner["uid"]].add(obj["metadata"]["uid"])
        return self._known([owner["uid"]])

    def _put_slice(self, facts: EndpointFacts) -> set[Subject]:
        self._slices[facts.uid] = facts
        self._slices_of[facts.namespace, facts.service].add(facts.uid)
        return self._service(facts)

    def _remove(self, kind: str, uid: str, gone: Gone) -> set[Subject]:
        match kind:
            case "Pod":
                pod = self.pods.pop(uid, None)
                self.evidence.pop(uid, None)
                if pod is None:
                    return set()
                _discard(self._pods_of, pod.owner_uid, uid)
                return self._subjects_of(pod)
            case "ReplicaSet":
                deployment = self._deployment_of.pop(uid, "")
                _discard(self._sets_of, deployment, uid)
                return self._known([deployment])
            case "EndpointSlice":
                facts = self._slices.pop(uid, None)
                if facts is None:
                    return set()
                _discard(self._slices_of, (facts.namespace, facts.service), uid)
                return self._service(facts)
        subject = self._by_uid.pop(uid, None)
        self.evidence.pop(uid, None)
        if subject is not None and self.objects[subject]["metadata"]["uid"] == uid:
            gone[subject] = self.objects.pop(subject)
            self._policies_in[subject.namespace].discard(subject)
        return set()

    def _uids(self, kind: str) -> set[str]:
        match kind:
            case "Pod":
                return set(self.pods)
            case "ReplicaSet":
                return set(self._deployment_of)
            case "EndpointSlice":
                return set(self._slices)
        return {uid for uid, subject in self._by_uid.items() if subject.kind == kind}

    def _subjects_of(self, pod: PodFacts) -> set[Subject]:
        owner = self._deployment_of.get(pod.owner_uid, pod.owner_uid)
        return self._known([owner]) | self._policies_in.get(pod.namespace, NO_SUBJECTS)

    def _known(self, uids: Iterable[str]) -> set[Subject]:
        return {self._by_uid[uid] for uid in uids if uid in self._by_uid}

    def _service(self, facts: EndpointFacts) -> set[Subject]:
        subject = Subject("Service", facts.namespace, facts.service)
        return {subject} if subject in self.objects else set()


def _discard(index: defaultdict[Key, set[str]], key: Key, uid: str) -> None:
    index[key].discard(uid)
    if not index[key]:
        del index[key]
