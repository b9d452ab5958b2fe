"""With `networkPolicies`: networks become rules. Peers that share one may connect, published ports are open."""

from typing import Any

from app.compose.work import Part, Work


def add_policies(work: Work) -> None:
    """A policy for each workload that is in a network."""
    if not work.options.network_policies:
        return
    for part in work.parts.values():
        networks = set(part.service.get("networks") or ())
        if not networks:
            continue
        peers = [
            other
            for other in work.parts.values()
            if other is not part and networks & set(other.service.get("networks") or ())
        ]
        _policy(work, part, peers)


def _policy(work: Work, part: Part, peers: list[Part]) -> None:
    rules: list[dict[str, Any]] = []
    inside = next(work.ids)
    if peers:
        rules.append({"id": inside, "from": [_peer(work, peer) for peer in peers], "ports": []})
    published = {(port.number, port.protocol): None for port in part.ports if part.service.get("ports")}
    if published:
        ports = [{"id": next(work.ids), "protocol": protocol, "port": number} for number, protocol in published]
        rules.append({"id": next(work.ids), "ports": ports})
    node = work.add(
        "networkpolicy",
        f"{part.name}-policy",
        podSelector={"matchLabels": {"app": part.name}},
        policyTypes=["Ingress"],
        ingressRules=rules,
        _linkedWorkloads=[part.node["id"]],
    )
    work.edge(node, part.node, source_handle="output")
    for peer in peers:
        work.edge(node, peer.node, source_handle=inside)


def _peer(work: Work, peer: Part) -> dict[str, Any]:
    return {
        "id": next(work.ids),
        "type": "podSelector",
        "podSelector": {"matchLabels": {"app": peer.name}},
        "_linkedWorkload": peer.node["id"],
    }
