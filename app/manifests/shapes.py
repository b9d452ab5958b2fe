"""What a type's template needs beside the fields as typed, and the checks that look at more than one field.

One function a type: checked fields in, the template's further values out. Workloads' pods are in `pods.py`.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.manifests.problems import Problems
from app.manifests.structures import without_nulls

Shape = Callable[[Mapping[str, Any], Problems], dict[str, Any]]

_KEYS_OF_TYPE: Final = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
}
_DEFAULT_INGRESS_PORT: Final = 80


def service(fields: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """A Service in the form of its type: what doesn't belong to the type is left out."""
    kind = fields["serviceType"]
    external, balanced = kind == "ExternalName", kind == "LoadBalancer"
    outside = balanced or kind == "NodePort"
    if external and fields["externalName"] is None:
        problems.at("externalName").bad("externalName is required: the host that the service stands for")
    if not external and not fields["selector"] and fields["targetApp"] is None:
        problems.at("targetApp").bad("targetApp is required: connect the service to a workload or name one")
    sticky = fields["sessionAffinity"] == "ClientIP" and not external
    return {
        "service": {
            "type": "ClusterIP" if kind == "Headless" else kind,
            "cluster_ip": "None" if kind == "Headless" else None,
            "external_name": fields["externalName"] if external else None,
            "selector": None if external else fields["selector"] or {"app": fields["targetApp"]},
            "ports": _service_ports(fields, problems, outside=outside),
            "affinity": fields["sessionAffinity"] if sticky else None,
            "affinity_timeout": fields["sessionAffinityTimeout"] if sticky else None,
            "load_balancer_ip": fields["loadBalancerIP"] if balanced else None,
            "source_ranges": (fields["loadBalancerSourceRanges"] or None) if balanced else None,
            "traffic_policy": fields["externalTrafficPolicy"] if outside else None,
        }
    }


def _service_ports(fields: Mapping[str, Any], problems: Problems, *, outside: bool) -> list[dict[str, Any]] | None:
    listed = fields["ports"]
    portless = fields["serviceType"] in ("Headless", "ExternalName")
    if listed == [] and not portless:
        problems.at("ports").bad("is empty: name at least one port")
    if listed is None:
        if fields["serviceType"] == "ExternalName":
            return None
        listed = [{"name": "http" if fields["port"] == 80 else None, "port": fields["port"],
                   "protocol": fields["protocol"] or "TCP",
                   "targetPort": fields["targetPort"], "nodePort": fields["nodePort"]}]  # fmt: skip
    return [
        without_nulls(
            {
                "name": port["name"],
                "protocol": port["protocol"],
                "port": port["port"],
                "targetPort": port["targetPort"] if port["targetPort"] is not None else port["port"],
                "nodePort": port["nodePort"] if outside else None,
            }
        )
        for port in listed
    ] or None


def ingress(fields: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Paths with their backends. A path that no service stands behind yet is left out and said."""
    only = {key: fields[key] for key in ("path", "pathType", "serviceName", "servicePort")}
    backends = []
    for path in fields["paths"] or [only]:
        if path["serviceName"] is None:
            problems.warnings.append(
                f"{fields['name']}: path {path['path']} is left out: no service is connected to it"
            )
            continue
        port = path["servicePort"] if path["servicePort"] is not None else _DEFAULT_INGRESS_PORT
        backends.append({**path, "port": {"number": port} if isinstance(port, int) else {"name": port}})
        if path["pathType"] != "ImplementationSpecific" and "//" in (path["path"] or ""):
            problems.at("paths").bad(f"'{path['path']}' holds '//': a {path['pathType']} path can't")
    if not backends and not any(key.startswith(("paths", "serviceName")) for key in problems.by_field):
        problems.at("paths").bad("no path has a service: connect the ingress to a service")
    hosts = fields["tlsHosts"] or ([fields["host"]] if fields["host"] else [])
    entry = without_nulls({"secretName": fields["tlsSecretName"], "hosts": hosts or None})
    return {"backends": backends, "tls": [entry] if fields["tlsEnabled"] and entry else None}


def secret(fields: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Only the values given for this run; a deployer adds what the cluster holds."""
    wanted = _KEYS_OF_TYPE.get(fields["secretType"], ())
    keys = fields["keys"] or list(wanted)
    lacking = [key for key in wanted if key not in keys]
    if lacking:
        problems.at("keys").bad(f"a secret of type {fields['secretType']} needs the key {' and '.join(lacking)}")
    given = fields.get("given") or {}
    return {
        "secret_keys": keys,
        "secret_data": {key: base64.b64encode(given[key].encode()).decode() for key in keys if key in given} or None,
    }


def hpa(fields: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Only its limits are to be checked."""
    low, high = fields["minReplicas"], fields["maxReplicas"]
    if low is not None and high is not None and low > high:
        problems.at("minReplicas").bad(f"{low} is above maxReplicas ({high}): lower it or raise maxReplicas")
    return {}


def networkpolicy(fields: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Rules of the directions that the policy is about; a direction without rules lets nothing through."""
    types = fields["policyTypes"] or ()
    for direction, key in (("Ingress", "ingressRules"), ("Egress", "egressRules")):
        if fields[key] and direction not in types:
            problems.warnings.append(f"{fields['name']}: {key} are left out: the policy isn't about {direction}")
    return {
        "policy": {
            "pod_selector": fields["podSelector"] or {},
            "ingress": (fields["ingressRules"] or []) if "Ingress" in types else None,
            "egress": (fields["egressRules"] or []) if "Egress" in types else None,
        }
    }


def daemonset(fields: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """`maxUnavailable` counts for rolling updates only; the machine's network can't be tuned from a pod."""
    for entry in (fields["securityContext"] or {}).get("sysctls", ()) if fields["hostNetwork"] else ():
        if str(entry.get("name")).startswith("net."):
            problems.at("securityContext.sysctls").bad(f"{entry['name']} can't be set with hostNetwork: remove one")
    rolling = fields["updateStrategy"] == "RollingUpdate"
    return {"max_unavailable": fields["maxUnavailable"] if rolling else None}


def plain(_fields: Mapping[str, Any], _problems: Problems) -> dict[str, Any]:
    """Nothing beside the fields."""
    return {}


SHAPES: Final[Mapping[str, Shape]] = {
    "service": service,
    "ingress": ingress,
    "secret": secret,
    "hpa": hpa,
    "networkpolicy": networkpolicy,
    "daemonset": daemonset,
}
