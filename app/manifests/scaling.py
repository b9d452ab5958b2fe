"""Replicas of a workload that an autoscaler looks after."""

from app.kube.objects import KubeObject


def with_replicas_of(obj: KubeObject, held: KubeObject | None) -> KubeObject:
    """The rendered workload with as many replicas as the cluster has now.

    Leaving them out isn't enough: a server-side apply that stops naming a field which the one before named removes it,
    and the workload falls to the API's default of 1 until the autoscaler wakes (seen: 4 → 1).

    Args:
        obj: rendered without replicas.
        held: as read from the cluster; apply the result at its resourceVersion, so that no change gets lost.
    """
    replicas = ((held or {}).get("spec") or {}).get("replicas")
    if replicas is None:
        return obj
    return {**obj, "spec": {"replicas": replicas, **obj["spec"]}}
