"""Readers of what Services, Ingresses and NetworkPolicies have: ports, paths, rules, peers."""

import ipaddress
from typing import Any, Final

from app.manifests import formats, names, syntax
from app.manifests.formats import Reader, choice, shown
from app.manifests.problems import At
from app.manifests.structures import items, list_of, mapping, record, records, selector, without_nulls
from app.manifests.workload_fields import PROTOCOL

PATH_TYPES: Final = ("Prefix", "Exact", "ImplementationSpecific")


def service_ports(value: Any, at: At) -> list[dict[str, Any]]:
    """Ports of a Service; several need names, made up when missing."""
    readers: dict[str, Reader] = {
        "name": names.label_name_reader(63),
        "protocol": PROTOCOL,
        "port": formats.port,
        "targetPort": formats.port_or_name,
        "nodePort": formats.port,
    }
    found = records(value, at, readers, required=("port",))
    taken = {entry["name"] for entry in found} - {None}
    listed: set[str] = set()
    ports: set[tuple[Any, str]] = set()
    for i, entry in enumerate(found):
        entry["protocol"] = entry["protocol"] or "TCP"
        here = (entry["port"], entry["protocol"])
        if here in ports and here[0] is not None:
            at.item(i).key("port").bad(f"{here[0]}/{here[1]} is listed twice")
        ports.add(here)
        if entry["name"] in listed:
            at.item(i).key("name").bad(f"{shown(entry['name'])} is listed twice")
        if entry["name"] is None and len(found) > 1:
            entry["name"] = _free_name(f"{entry['protocol'].lower()}-{entry['port']}", taken)
            taken.add(entry["name"])
        listed.add(entry["name"] or "")
    return found


def _free_name(wanted: str, taken: set[Any]) -> str:
    name, n = wanted, 2
    while name in taken:
        name, n = f"{wanted}-{n}", n + 1
    return name


def ingress_paths(value: Any, at: At) -> list[dict[str, Any]]:
    """Paths of an Ingress, as typed; those without a service are sorted out later, with a warning."""
    readers: dict[str, Reader] = {
        "id": formats.text,
        "path": syntax.url_path,
        "pathType": choice(PATH_TYPES),
        "serviceName": names.service_name,
        "servicePort": formats.port_or_name,
    }
    found = records(value, at, readers)
    for entry in found:
        entry["path"] = entry["path"] or "/"
        entry["pathType"] = entry["pathType"] or "Prefix"
    return found


def policy_types(value: Any, at: At) -> list[str] | None:
    """Ingress, Egress or both."""
    found = list(dict.fromkeys(list_of(choice(("Ingress", "Egress")))(value, at)))
    return found or at.bad("choose Ingress, Egress or both")


def rules(peers_key: str) -> Reader:
    """Rules of a policy: `from` or `to` peers, and ports. A rule without peers is for everybody."""

    def read(value: Any, at: At) -> list[dict[str, Any]]:
        found = []
        for i, item in enumerate(items(value, at) or ()):
            given = mapping(item, at.item(i))
            if given is None:
                continue
            place = at.item(i)
            peers = [
                _peer(peer, place.key(peers_key).item(n))
                for n, peer in enumerate(items(given.get(peers_key) or [], place.key(peers_key)) or ())
            ]
            ports = _policy_ports(given.get("ports") or [], place.key("ports"))
            found.append({key: part for key, part in ((peers_key, peers), ("ports", ports)) if part})
        return found

    return read


def _policy_ports(value: Any, at: At) -> list[dict[str, Any]]:
    readers: dict[str, Reader] = {
        "protocol": PROTOCOL,
        "port": formats.port_or_name,
        "endPort": formats.port,
    }
    found = records(value, at, readers)
    return [without_nulls({**entry, "protocol": entry["protocol"] or "TCP"}) for entry in found]


def _peer(value: Any, at: At) -> dict[str, Any]:
    """Who may connect. An empty peer would let everybody of the namespace in by accident: refused."""
    given = mapping(value, at)
    if given is None:
        return {}
    wanted = given.get("type")
    kind = choice(("podSelector", "namespaceSelector", "ipBlock"))(wanted, at.key("type")) if wanted else None
    if kind == "ipBlock" or (kind is None and given.get("ipBlock")):
        return {"ipBlock": _ip_block(given.get("ipBlock") or {}, at.key("ipBlock"))}
    found: dict[str, Any] = {}
    for side in ("podSelector", "namespaceSelector"):
        chosen = given.get(side)
        if isinstance(chosen, dict) and chosen:
            found[side] = selector(chosen, at.key(side))
        elif chosen not in (None, "", {}):
            mapping(chosen, at.key(side))
            return {}
    if kind is not None and kind not in found:
        found = {}
    if not found and not (wanted and kind is None):
        at.bad(
            "is empty: connect a workload or write labels; 'matchLabels: {}' under podSelector or"
            " namespaceSelector means all"
        )
    return found


def _ip_block(value: Any, at: At) -> dict[str, Any]:
    readers: dict[str, Reader] = {"cidr": syntax.cidr, "except": list_of(syntax.cidr)}
    found = record(value, at, readers, required=("cidr",)) or {}
    if found.get("cidr"):
        whole = ipaddress.ip_network(found["cidr"])
        for i, part in enumerate(found["except"] or ()):
            inner = ipaddress.ip_network(part)
            inside = inner.version == whole.version and inner.subnet_of(whole)  # type: ignore[arg-type]  # same version
            if not inside or inner == whole:
                at.key("except").item(i).bad(f"{part} must be a smaller network inside {found['cidr']}")
    return {key: part for key, part in found.items() if part}


def peer_of(name: str, namespace: str | None) -> dict[str, Any]:
    """The peer that a linked workload is; in another namespace that one is named too."""
    peer: dict[str, Any] = {"type": "podSelector", "podSelector": {"matchLabels": {"app": name}}}
    if namespace is not None:
        peer["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    return peer
