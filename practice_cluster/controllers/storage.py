"""PersistentVolumeClaims are bound to volumes of their own at once, and may grow; the volume goes with its claim."""

from practice_cluster.cluster import Cluster
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, at

_CLASS_AGAIN_S = 5.0


def claim(cluster: Cluster, obj: Obj) -> float | None:
    """Bind it, unless there is no such class of disks."""
    spec, metadata = obj["spec"], obj["metadata"]
    if cluster.find("StorageClass", "", spec["storageClassName"]) is None:
        return _CLASS_AGAIN_S
    capacity, name = {"storage": spec["resources"]["requests"]["storage"]}, f"pvc-{metadata['uid']}"
    if cluster.find("PersistentVolume", "", name) is None:
        reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
        reference |= {key: metadata[key] for key in ("name", "namespace", "uid")}
        volume = {"capacity": capacity, "accessModes": spec["accessModes"], "claimRef": reference}
        volume |= {"persistentVolumeReclaimPolicy": "Delete", "storageClassName": spec["storageClassName"]}
        made = cluster.create(KIND["PersistentVolume"], "", {"metadata": {"name": name}, "spec": volume})
        cluster.set_status(made, phase="Bound")
    status = {"phase": "Bound", "accessModes": spec["accessModes"], "capacity": capacity}
    cluster.patch(obj, {"spec": {"volumeName": name}, "status": status})
    return None


def volume(cluster: Cluster, obj: Obj) -> None:
    """Take it away when its claim has gone."""
    uid = at(obj, "spec.claimRef.uid")
    if uid and at(obj, "status.phase") == "Bound" and cluster.store.by_uid(uid) is None:
        cluster.delete(obj)
