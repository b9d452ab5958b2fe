"""DaemonSets: one pod on the node, if the node is one that it wants."""

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.events import Recorder
from practice_cluster.controllers.loop import Owning
from practice_cluster.controllers.replicas import available_in, is_active, pod_from, pods_of
from practice_cluster.controllers.statefulset import REVISION, template_revision
from practice_cluster.first_objects import NODE
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, is_ready


class DaemonSets(Owning):
    """Keeps its pod there, and replaces an old one."""

    kind, owns = "DaemonSet", ("pods",)

    def __init__(self, cluster: Cluster, recorder: Recorder) -> None:
        super().__init__(cluster)
        self._recorder = recorder

    def reconcile(self, obj: Obj) -> float | None:
        if "deletionTimestamp" in obj["metadata"]:
            return None
        revision = template_revision(obj).rpartition("-")[2]
        node = self.cluster.find("Node", "", NODE) or {"metadata": {}}
        labels, selector = (
            node["metadata"].get("labels") or {},
            obj["spec"]["template"]["spec"].get("nodeSelector") or {},
        )
        wanted = int(selector.items() <= labels.items())
        for pod in pods_of(self.cluster, obj):
            is_old = pod["metadata"]["labels"].get(REVISION) != revision
            replaces = obj["spec"]["updateStrategy"]["type"] == "RollingUpdate" and is_old
            if "deletionTimestamp" not in pod["metadata"] and (not is_active(pod) or replaces or not wanted):
                self.cluster.delete(KIND["Pod"], pod)
        pods = pods_of(self.cluster, obj)
        if wanted and not pods:
            pod = pod_from(obj, obj["spec"]["template"], labels={REVISION: revision, "pod-template-generation": "1"})
            made = self.cluster.create(KIND["Pod"], obj["metadata"]["namespace"], pod)
            text = f"Created pod: {made['metadata']['name']}"
            self._recorder.normal(obj, "SuccessfulCreate", text, "daemonset-controller")
            pods = [made]
        ready, waits = sum(map(is_ready, pods)), [available_in(pod, obj, self.cluster.clock()) for pod in pods]
        self.cluster.set_status(
            "DaemonSet",
            obj,
            desiredNumberScheduled=wanted,
            currentNumberScheduled=min(wanted, len(pods)),
            numberMisscheduled=0,
            numberReady=ready,
            numberAvailable=waits.count(0.0) or None,
            numberUnavailable=wanted - waits.count(0.0) or None,
            updatedNumberScheduled=sum(pod["metadata"]["labels"].get(REVISION) == revision for pod in pods) or None,
            observedGeneration=obj["metadata"]["generation"],
        )
        return min((wait for wait in waits if 0 < wait < float("inf")), default=None)
