"""Services: an EndpointSlice with the pods behind each, and addresses for load balancers and Ingresses."""

import zlib
from collections.abc import Iterable
from typing import Final

from practice_cluster.controllers.loop import Owning
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, at, is_ready, owned_by
from practice_cluster.store import Change, Key

MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"


def example_address(text: str) -> str:
    """An address that belongs to nobody (RFC 5737): it leads nowhere, as everything here."""
    return f"198.51.100.{1 + zlib.crc32(text.encode()) % 254}"


class Services(Owning):
    """Follows the pods of each Service."""

    kind, owns = "Service", ("endpointslices.discovery.k8s.io",)

    def concerns(self, change: Change) -> Iterable[Key]:
        """Besides its own: those that select a pod which came, went or became ready."""
        yield from super().concerns(change)
        entry = change.entry
        if entry.key[0] != "pods" or (change.type == "MODIFIED" and change.before is None):
            return
        for service in self.cluster.store.entries("services", entry.key[1]):
            selector = at(service.load(), "spec", "selector")
            if any(selector and selector.items() <= labels.items() for labels in _labels(change)):
                yield service.key

    def reconcile(self, obj: Obj) -> float | None:
        spec, metadata = obj["spec"], obj["metadata"]
        if spec["type"] == "LoadBalancer" and not at(obj, "status", "loadBalancer", "ingress"):
            ingress = [{"ip": example_address(metadata["uid"]), "ipMode": "VIP"}]
            self.cluster.set_status("Service", obj, loadBalancer={"ingress": ingress})
        if not spec.get("selector"):
            return None
        pods = [
            entry.load()
            for entry in self.cluster.store.entries("pods", metadata["namespace"])
            if spec["selector"].items() <= entry.labels.items()
        ]
        endpoints = [_endpoint(pod) for pod in pods if pod["status"].get("podIP") and not _is_over(pod)]
        ports = [_port(port, pods) for port in spec.get("ports") or []]
        slices = self.cluster.store.dependents(metadata["uid"], "endpointslices.discovery.k8s.io")
        if slices:
            current = slices[0].load()
            content = {"endpoints": endpoints, "ports": ports}
            self.cluster.update(KIND["EndpointSlice"], current, lambda each: each | content)
            return None
        labels = (metadata.get("labels") or {}) | {MANAGED_BY: "endpointslice-controller.k8s.io"}
        labels |= {"kubernetes.io/service-name": metadata["name"]}
        labels |= {"service.kubernetes.io/headless": ""} if spec.get("clusterIP") == "None" else {}
        about = {"generateName": f"{metadata['name']}-", "labels": labels, "ownerReferences": owned_by(obj)}
        new = {"metadata": about, "addressType": "IPv4", "endpoints": endpoints, "ports": ports}
        self.cluster.create(KIND["EndpointSlice"], metadata["namespace"], new)
        return None


class Ingresses(Owning):
    """Gives an Ingress of our class (or of none) its address."""

    kind = "Ingress"

    def reconcile(self, obj: Obj) -> float | None:
        if obj["spec"].get("ingressClassName") in (None, "practice") and not at(
            obj, "status", "loadBalancer", "ingress"
        ):
            address = {"ingress": [{"ip": example_address("ingress")}]}
            self.cluster.set_status("Ingress", obj, loadBalancer=address)
        return None


class Claims(Owning):
    """Binds PersistentVolumeClaims to volumes of their own, and lets them grow."""

    kind = "PersistentVolumeClaim"

    def reconcile(self, obj: Obj) -> float | None:
        spec, status, metadata = obj["spec"], obj.get("status") or {}, obj["metadata"]
        if "deletionTimestamp" in metadata or self.cluster.find("StorageClass", "", spec["storageClassName"]) is None:
            return 5.0
        capacity = {"storage": spec["resources"]["requests"]["storage"]}
        if status.get("phase") == "Bound":
            if status.get("capacity") != capacity:
                self.cluster.set_status(self.kind, obj, capacity=capacity)
            return None
        name = f"pvc-{metadata['uid']}"
        about = {"namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}
        claim = {"apiVersion": "v1", "kind": self.kind} | about
        volume = {
            "capacity": capacity,
            "accessModes": spec["accessModes"],
            "claimRef": claim,
            "volumeMode": "Filesystem",
        }
        volume |= {"persistentVolumeReclaimPolicy": "Delete", "storageClassName": spec["storageClassName"]}
        volume |= {"hostPath": {"path": f"/practice/{name}"}}
        if self.cluster.find("PersistentVolume", "", name) is None:
            made = self.cluster.create(KIND["PersistentVolume"], "", {"metadata": {"name": name}, "spec": volume})
            self.cluster.set_status("PersistentVolume", made, phase="Bound")
        obj = self.cluster.update(
            KIND[self.kind], obj, lambda each: each | {"spec": each["spec"] | {"volumeName": name}}
        )
        modes = spec["accessModes"]
        self.cluster.set_status(self.kind, obj, phase="Bound", accessModes=modes, capacity=capacity)
        return None


class Volumes(Owning):
    """Takes a volume away when its claim has gone."""

    kind = "PersistentVolume"

    def concerns(self, change: Change) -> Iterable[Key]:
        yield from super().concerns(change)
        if change.type == "DELETED" and change.entry.key[0] == "persistentvolumeclaims":
            yield ("persistentvolumes", "", f"pvc-{change.entry.uid}")

    def reconcile(self, obj: Obj) -> float | None:
        uid = at(obj, "spec", "claimRef", "uid")
        if uid and self.cluster.store.by_uid(uid) is None and at(obj, "status", "phase") == "Bound":
            self.cluster.delete(KIND["PersistentVolume"], obj)
        return None


def _labels(change: Change) -> list[dict[str, str]]:
    return [change.entry.labels, *([change.before.labels] if change.before else [])]


def _is_over(pod: Obj) -> bool:
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def _endpoint(pod: Obj) -> Obj:
    metadata, leaves = pod["metadata"], "deletionTimestamp" in pod["metadata"]
    target = {"kind": "Pod", "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]}
    conditions = {"ready": is_ready(pod), "serving": is_ready(pod), "terminating": leaves}
    addresses = {"addresses": [pod["status"]["podIP"]], "conditions": conditions}
    return addresses | {"nodeName": pod["spec"].get("nodeName"), "targetRef": target}


def _port(port: Obj, pods: list[Obj]) -> Obj:
    """Of a slice; a target by name is looked up in the pods."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, str):
        named = (p for pod in pods for each in pod["spec"]["containers"] for p in each.get("ports") or [])
        target = next((p["containerPort"] for p in named if p.get("name") == target), port["port"])
    return {"name": port.get("name", ""), "port": target, "protocol": port["protocol"]}
