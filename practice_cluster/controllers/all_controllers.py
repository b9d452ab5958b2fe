"""Which controllers there are."""

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.autoscaler import Autoscalers
from practice_cluster.controllers.daemonset import DaemonSets
from practice_cluster.controllers.deployment import Deployments
from practice_cluster.controllers.events import Recorder
from practice_cluster.controllers.housekeeping import Garbage, Namespaces
from practice_cluster.controllers.jobs import CronJobs, Jobs
from practice_cluster.controllers.kubelet import Pods
from practice_cluster.controllers.loop import Controller, Loop
from practice_cluster.controllers.replicas import ReplicaSets
from practice_cluster.controllers.services import Claims, Ingresses, Services, Volumes
from practice_cluster.controllers.statefulset import StatefulSets


def make_loop(cluster: Cluster) -> Loop:
    """All of them, in the order in which one's work wakes the next."""
    recorder = Recorder(cluster)
    controllers: list[Controller] = [
        Namespaces(cluster),
        Claims(cluster),
        Volumes(cluster),
        Deployments(cluster, recorder),
        Autoscalers(cluster, recorder),
        CronJobs(cluster, recorder),
        Jobs(cluster, recorder),
        StatefulSets(cluster, recorder),
        DaemonSets(cluster, recorder),
        ReplicaSets(cluster, recorder),
        Pods(cluster, recorder),
        Services(cluster),
        Ingresses(cluster),
        Garbage(cluster, recorder),
    ]
    return Loop(cluster, controllers)
