"""StatefulSets: pods with names of their own, started and replaced in order, each with its claims."""

import zlib
from typing import Final

import orjson

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.events import Recorder
from practice_cluster.controllers.loop import Owning
from practice_cluster.controllers.replicas import available_in, pod_from, pods_of
from practice_cluster.errors import ApiError
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, is_ready, safe_hash

REVISION: Final = "controller-revision-hash"


def template_revision(obj: Obj) -> str:
    """The name of a template's revision, as the pods' label has it."""
    content = orjson.dumps(obj["spec"]["template"], option=orjson.OPT_SORT_KEYS)
    return f"{obj['metadata']['name']}-{safe_hash(zlib.crc32(content))}"


class StatefulSets(Owning):
    """One step at a time: what isn't there is made, what is too much or old goes from the highest number down."""

    kind, owns = "StatefulSet", ("pods",)

    def __init__(self, cluster: Cluster, recorder: Recorder) -> None:
        super().__init__(cluster)
        self._recorder = recorder

    def reconcile(self, obj: Obj) -> float | None:
        if "deletionTimestamp" in obj["metadata"]:
            return None
        revision, wanted = template_revision(obj), obj["spec"]["replicas"]
        pods = {_ordinal(pod): pod for pod in pods_of(self.cluster, obj)}
        again_s = self._step(obj, pods, wanted, revision)
        self._tell(obj, revision)
        return again_s

    def _step(self, obj: Obj, pods: dict[int, Obj], wanted: int, revision: str) -> float | None:
        in_order, now = obj["spec"]["podManagementPolicy"] == "OrderedReady", self.cluster.clock()
        waits = [wait for pod in pods.values() if 0 < (wait := available_in(pod, obj, now)) < float("inf")]
        for ordinal in range(wanted):
            pod = pods.get(ordinal)
            if pod is None:
                if not self._create(obj, ordinal, revision):
                    return 5.0
            elif pod["status"].get("phase") in ("Failed", "Succeeded") and "deletionTimestamp" not in pod["metadata"]:
                self.cluster.delete(KIND["Pod"], pod)
            if in_order and (pod is None or available_in(pod, obj, now) > 0):
                return min(waits, default=None)
        for ordinal in sorted((each for each in pods if each >= wanted), reverse=True):
            self._delete(obj, pods[ordinal])
            if in_order:
                return None
        self._replace_old(obj, pods, wanted, revision)
        return min(waits, default=None)

    def _replace_old(self, obj: Obj, pods: dict[int, Obj], wanted: int, revision: str) -> None:
        strategy = obj["spec"]["updateStrategy"]
        if strategy["type"] == "OnDelete":
            return
        for ordinal in range(wanted - 1, strategy["rollingUpdate"]["partition"] - 1, -1):
            pod = pods.get(ordinal)
            if pod and pod["metadata"]["labels"].get(REVISION) != revision:
                self._delete(obj, pod)
                return
            if pod is None or not is_ready(pod):
                return

    def _create(self, obj: Obj, ordinal: int, revision: str) -> bool:
        namespace, name = obj["metadata"]["namespace"], f"{obj['metadata']['name']}-{ordinal}"
        labels = {"statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": str(ordinal)}
        pod = pod_from(obj, obj["spec"]["template"], name=name, labels=labels | {REVISION: revision})
        spec, volumes = dict(pod["spec"]), list(pod["spec"].get("volumes") or [])
        try:
            for template in obj["spec"].get("volumeClaimTemplates") or []:
                claim = f"{template['metadata']['name']}-{name}"
                if self.cluster.find("PersistentVolumeClaim", namespace, claim) is None:
                    labels = obj["spec"]["selector"].get("matchLabels") or {}
                    about = template["metadata"] | {"name": claim, "labels": labels}
                    new = {"metadata": about, "spec": template["spec"]}
                    self.cluster.create(KIND["PersistentVolumeClaim"], namespace, new)
                volume = {"name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim}}
                volumes = [each for each in volumes if each["name"] != volume["name"]] + [volume]
            spec |= {"hostname": name, "subdomain": obj["spec"]["serviceName"]} | (
                {"volumes": volumes} if volumes else {}
            )
            self.cluster.create(KIND["Pod"], namespace, pod | {"spec": spec})
        except ApiError as error:
            text = f"create Pod {name} in StatefulSet {obj['metadata']['name']} failed error: {error}"
            self._recorder.warning(obj, "FailedCreate", text, "statefulset-controller")
            return False
        text = f"create Pod {name} in StatefulSet {obj['metadata']['name']} successful"
        self._recorder.normal(obj, "SuccessfulCreate", text, "statefulset-controller")
        return True

    def _delete(self, obj: Obj, pod: Obj) -> None:
        if "deletionTimestamp" not in pod["metadata"]:
            self.cluster.delete(KIND["Pod"], pod)
            text = f"delete Pod {pod['metadata']['name']} in StatefulSet {obj['metadata']['name']} successful"
            self._recorder.normal(obj, "SuccessfulDelete", text, "statefulset-controller")

    def _tell(self, obj: Obj, revision: str) -> None:
        pods, now = pods_of(self.cluster, obj), self.cluster.clock()
        before = (obj.get("status") or {}).get("currentRevision") or revision
        of = {name: sum(pod["metadata"]["labels"].get(REVISION) == name for pod in pods) for name in (before, revision)}
        is_done = of[revision] == len(pods) == obj["spec"]["replicas"] and all(is_ready(pod) for pod in pods)
        before = revision if is_done else before
        self.cluster.set_status(
            "StatefulSet",
            obj,
            replicas=len(pods),
            readyReplicas=sum(is_ready(pod) for pod in pods) or None,
            availableReplicas=sum(available_in(pod, obj, now) == 0 for pod in pods),
            currentReplicas=(of[revision] if is_done else of[before]) or None,
            updatedReplicas=of[revision] or None,
            currentRevision=before,
            updateRevision=revision,
            collisionCount=0,
            observedGeneration=obj["metadata"]["generation"],
        )


def _ordinal(pod: Obj) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])
