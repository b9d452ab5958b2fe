"""Services: an EndpointSlice with the pods behind each; addresses for load balancers and Ingresses."""

import zlib

from practice_cluster.cluster import Cluster
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, at, is_leaving, is_over, is_ready, owned_by

_SLICES = "endpointslices.discovery.k8s.io"


def _address(text: str) -> list[Obj]:
    """One that belongs to nobody (RFC 5737): it leads nowhere, as everything here."""
    return [{"ip": f"198.51.100.{1 + zlib.crc32(text.encode()) % 254}"}]


def ingress(cluster: Cluster, obj: Obj) -> None:
    """Give an Ingress of our class (or of none) its address."""
    if obj["spec"].get("ingressClassName") in (None, "practice"):
        cluster.set_status(obj, loadBalancer={"ingress": _address("ingress")})


def service(cluster: Cluster, obj: Obj) -> None:
    """Follow the pods that it selects."""
    spec, metadata = obj["spec"], obj["metadata"]
    if spec["type"] == "LoadBalancer":
        cluster.set_status(obj, loadBalancer={"ingress": _address(metadata["uid"])})
    if not spec.get("selector"):
        return
    entries = cluster.store.entries("pods", metadata["namespace"])
    pods = [entry.load() for entry in entries if spec["selector"].items() <= entry.labels.items()]
    endpoints = [_endpoint(pod) for pod in pods if at(pod, "status.podIP") and not is_over(pod)]
    content = {"endpoints": endpoints, "ports": [_port(port, pods) for port in spec.get("ports") or []]}
    if slices := cluster.store.dependents(metadata["uid"], _SLICES):
        cluster.patch(slices[0].load(), content)
        return
    labels = {"kubernetes.io/service-name": metadata["name"]}
    labels |= {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
    labels |= {"service.kubernetes.io/headless": ""} if spec.get("clusterIP") == "None" else {}
    about: Obj = {"generateName": f"{metadata['name']}-", "ownerReferences": owned_by(obj)}
    about |= {"labels": (metadata.get("labels") or {}) | labels}
    cluster.create(KIND["EndpointSlice"], metadata["namespace"], {"metadata": about, "addressType": "IPv4"} | content)


def _endpoint(pod: Obj) -> Obj:
    target: Obj = {"kind": "Pod"} | {key: pod["metadata"][key] for key in ("name", "namespace", "uid")}
    conditions = {"ready": is_ready(pod), "serving": is_ready(pod), "terminating": is_leaving(pod)}
    about: Obj = {"addresses": [pod["status"]["podIP"]], "conditions": conditions, "targetRef": target}
    return about | {"nodeName": pod["spec"].get("nodeName")}


def _port(port: Obj, pods: list[Obj]) -> Obj:
    """Of a slice; a target by name is looked up in the pods."""
    named = [each for pod in pods for container in pod["spec"]["containers"] for each in container.get("ports") or []]
    found = {each.get("name"): each["containerPort"] for each in named}
    target = port["targetPort"]
    number = found.get(target, port["port"]) if isinstance(target, str) else target
    return {"name": port.get("name", ""), "port": number, "protocol": port["protocol"]}
