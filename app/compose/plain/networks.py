"""Services, Ingresses and NetworkPolicies → their nodes."""

from collections.abc import Mapping
from typing import Any, Final

from app.compose.plain.board import Board, Placed
from app.compose.plain.holdings import set_labels
from app.compose.plain.objects import Obj, entries, inner, labels, mapping, picked, text, texts

KINDS: Final[Mapping[str, str]] = {"Service": "service", "Ingress": "ingress", "NetworkPolicy": "networkpolicy"}


def fill_network(board: Board, one: Placed) -> None:
    """All fields but what edges say."""
    match one.node["type"]:
        case "service":
            _service(one)
        case "ingress":
            _ingress(board, one)
        case _:
            _policy(board, one)
    set_labels(one)


def _service(one: Placed) -> None:
    spec, data = one.manifest.spec, one.data
    kind = text(spec.get("type")) or "ClusterIP"
    data["serviceType"] = "Headless" if spec.get("clusterIP") == "None" and kind == "ClusterIP" else kind
    ports = [picked(port, "name", "protocol", "port", "targetPort", "nodePort") for port in entries(spec.get("ports"))]
    if len(ports) == 1 and "name" not in ports[0] and ports[0].get("port") != 80:
        data |= ports[0]
    elif ports or kind != "ExternalName":
        data["ports"] = ports
    if selector := labels(spec.get("selector")):
        data["selector"] = selector
    data |= picked(
        spec, "externalName", "sessionAffinity", "loadBalancerIP", "loadBalancerSourceRanges", "externalTrafficPolicy"
    )
    seconds = inner(spec, "sessionAffinityConfig", "clientIP", "timeoutSeconds")
    if seconds is not None:
        data["sessionAffinityTimeout"] = seconds


# --- ingresses --------------------------------------------------------------------------------------------------


def one_host_each(obj: Obj) -> list[Obj]:
    """An Ingress of several hosts as several: a node has one host."""
    rules = entries(inner(obj, "spec", "rules"))
    if len(rules) < 2:
        return [obj]
    spec, metadata = mapping(obj.get("spec")), mapping(obj.get("metadata"))
    found: list[Obj] = []
    for n, rule in enumerate(rules):
        host = text(rule.get("host"))
        tls = [entry for entry in entries(spec.get("tls")) if host in (texts(entry.get("hosts")) or [host])]
        name = metadata.get("name") if n == 0 else f"{metadata.get('name')}-{n + 1}"
        own = {**spec, "rules": [rule]} | ({"tls": tls} if tls else {})
        own = own if tls else {key: part for key, part in own.items() if key != "tls"}
        found.append({**obj, "metadata": {**metadata, "name": name}, "spec": own})
    return found


def _ingress(board: Board, one: Placed) -> None:
    spec, data = one.manifest.spec, one.data
    rule = next(iter(entries(spec.get("rules"))), {})
    data |= picked(rule, "host") | picked(spec, "ingressClassName")
    data["paths"] = [_path(board, path) for path in entries(inner(rule, "http", "paths"))]
    tls = entries(spec.get("tls"))
    if tls:
        data |= {"tlsEnabled": True, "tlsSecretName": text(tls[0].get("secretName"))}
        hosts = texts(tls[0].get("hosts"))
        if hosts and hosts != [data.get("host")]:
            data["tlsHosts"] = hosts
    if len(tls) > 1:
        board.say("warning", one.manifest, "has several certificates: only the first is taken", key="tls")


def _path(board: Board, path: Obj) -> dict[str, Any]:
    backend = mapping(path.get("backend"))
    service = mapping(backend.get("service"))
    port = mapping(service.get("port"))
    number = port.get("number", port.get("name"))
    return {
        "id": next(board.ids),
        "path": text(path.get("path")) or "/",
        "pathType": text(path.get("pathType")) or "ImplementationSpecific",
        "serviceName": text(service.get("name") or backend.get("serviceName")),
        "servicePort": number if number is not None else backend.get("servicePort"),
    }


# --- policies ---------------------------------------------------------------------------------------------------


def _policy(board: Board, one: Placed) -> None:
    spec = one.manifest.spec
    types = texts(spec.get("policyTypes")) or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    one.data.update({"podSelector": mapping(spec.get("podSelector")), "policyTypes": types})
    for key, field, peers in (("ingress", "ingressRules", "from"), ("egress", "egressRules", "to")):
        if isinstance(spec.get(key), list):
            one.data[field] = [_rule(board, rule, peers) for rule in entries(spec[key])]


def _rule(board: Board, rule: Obj, peers: str) -> dict[str, Any]:
    found: dict[str, Any] = {"id": next(board.ids)}
    if given := entries(rule.get(peers)):
        found[peers] = [_peer(board, peer) for peer in given]
    found["ports"] = [
        {"id": next(board.ids), **picked(port, "protocol", "port", "endPort")} for port in entries(rule.get("ports"))
    ]
    return found


def _peer(board: Board, peer: Obj) -> dict[str, Any]:
    kind = "ipBlock" if "ipBlock" in peer else "podSelector" if "podSelector" in peer else "namespaceSelector"
    found: dict[str, Any] = {"id": next(board.ids), "type": kind}
    for key in ("podSelector", "namespaceSelector", "ipBlock"):
        if isinstance(peer.get(key), dict):
            # An empty selector means all; a node says that by naming no label.
            found[key] = peer[key] or {"matchLabels": {}}
    return found
