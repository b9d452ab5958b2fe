"""What every cluster has from the start: namespaces, a node, a class for disks. Made where it is missing."""

from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, stamp

NODE: Final = "practice-node"
CAPACITY: Final = {"cpu": "16", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "6000"}


def make_first_objects(cluster: Cluster) -> None:
    """Also after an update of this program brought new ones."""
    for name in ("default", "kube-system", "kube-public", "kube-node-lease"):
        _make(cluster, "Namespace", "", {"metadata": {"name": name}})
    _make(cluster, "Node", "", _node())
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    class_ = {"metadata": {"name": "standard", "annotations": default}, "provisioner": "practice.kubeorch.io/disk"}
    immediate = {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate", "allowVolumeExpansion": True}
    _make(cluster, "StorageClass", "", class_ | immediate)
    ingress = {"metadata": {"name": "practice"}, "spec": {"controller": "practice.kubeorch.io/ingress"}}
    _make(cluster, "IngressClass", "", ingress)
    ports = [{"name": "https", "port": 443, "targetPort": 6443}]
    service = {"metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}}}
    _make(cluster, "Service", "default", service | {"spec": {"clusterIP": "10.96.0.1", "ports": ports}})
    node = cluster.find("Node", "", NODE)
    assert node is not None
    if not node.get("status"):
        cluster.set_status("Node", node, **_node_status(cluster.clock()))


def _make(cluster: Cluster, kind: str, namespace: str, obj: Obj) -> None:
    if cluster.find(kind, namespace, obj["metadata"]["name"]) is None:
        cluster.create(KIND[kind], namespace, obj)


def _node() -> Obj:
    labels = {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    spec = {"podCIDR": "10.244.0.0/16", "podCIDRs": ["10.244.0.0/16"], "providerID": f"practice://{NODE}"}
    return {"metadata": {"name": NODE, "labels": labels}, "spec": spec}


def _node_status(now: float) -> Obj:
    healthy = (
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available", "False"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", "False"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available", "False"),
        ("Ready", "KubeletReady", "kubelet is posting ready status", "True"),
    )
    times = {"lastHeartbeatTime": stamp(now), "lastTransitionTime": stamp(now)}
    conditions = [
        {"type": kind, "reason": reason, "message": message, "status": status} | times
        for kind, reason, message, status in healthy
    ]
    about = {"architecture": "amd64", "operatingSystem": "linux", "osImage": "practice (simulated)"}
    about |= {"kubeletVersion": "v1.34.0-practice", "containerRuntimeVersion": "practice://1", "kubeProxyVersion": ""}
    about |= dict.fromkeys(("bootID", "kernelVersion", "machineID", "systemUUID"), "practice")
    addresses = [{"type": "InternalIP", "address": "10.200.0.1"}, {"type": "Hostname", "address": NODE}]
    return {"capacity": CAPACITY, "allocatable": CAPACITY, "addresses": addresses} | {
        "conditions": conditions,
        "nodeInfo": about,
    }
