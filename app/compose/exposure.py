"""Who may reach a service → Services, Ingresses."""

import re
from typing import Any, Final

from app.compose.choices import Expose
from app.compose.findings import refused
from app.compose.images import is_store
from app.compose.listening import is_loopback
from app.compose.work import Part, Port, Work
from app.manifests.graph import Node
from app.manifests.names import ingress_host
from app.manifests.problems import Problems

_NOT: Final = "KEY_NOT_CONVERTED"
_NODE_PORTS: Final = range(30000, 32768)
_TYPES: Final = {
    "clusterip": "ClusterIP",
    "nodeport": "NodePort",
    "loadbalancer": "LoadBalancer",
    "ingress": "ClusterIP",
}
_HOST_RULE: Final = re.compile(r"Host\(\s*[`\"']([^`\"')]+)[`\"']")


def add_services(work: Work) -> None:
    """A Service for each workload that listens or that another one names; further ones for aliases."""
    wanted = {other for part in work.parts.values() for other in part.needs}
    wanted |= {other for part in work.parts.values() for other in part.service.get("depends_on") or ()}
    wanted |= set(work.aliases.values())
    modes = {part.key: _mode(work, part, part.key in wanted) for part in work.parts.values() if part.served}
    _need_domain(work, [part for part in work.parts.values() if modes.get(part.key) == "ingress"])
    for part in work.parts.values():
        if not part.served:
            if part.key in wanted and part.service.get("ports"):
                message = f"no Service leads to a {part.kind}: its ports are reached by nobody"
                work.findings.warn(_NOT, message, service=part.key, key="ports")
            continue
        mode = modes[part.key]
        listens = bool(part.service.get("ports") or part.service.get("expose"))
        if mode == "none" or not (listens or part.key in wanted or mode == "ingress"):
            continue
        part.service_node = _service(work, part, mode)
        if mode == "ingress" and part.ports:
            _ingress(work, part)
    for alias, key in work.aliases.items():
        owner = work.parts[key]
        if owner.service_node is not None:
            _alias(work, owner, work.hosts.by_name[alias])


def _mode(work: Work, part: Part, named: bool) -> Expose:
    """How it is exposed: as chosen for it, as chosen for all, else by how Compose publishes it."""
    if part.choice.expose is not None:
        return part.choice.expose
    published = part.service.get("ports") or ()
    general = work.options.expose
    if general == "none":
        return "clusterip" if named else "none"
    if not published:
        return "clusterip"
    if all(is_loopback(str(entry.get("host_ip") or "")) for entry in published):
        message = "is published on the loopback address only: reachable inside the cluster only"
        work.findings.info(_NOT, message, service=part.key, key="ports")
        return "clusterip"
    if is_store(part.image) and general is None:
        message = "is a data store: reachable inside the cluster only. Choose nodeport to publish it"
        work.findings.info(_NOT, message, service=part.key, key="ports")
        return "clusterip"
    return general or work.options.published


def _service(work: Work, part: Part, mode: Expose) -> Node:
    name = part.name
    data: dict[str, Any] = {"targetApp": name, "_linkedDeployment": part.node["id"]}
    outside = mode in ("nodeport", "loadbalancer")
    ports = _service_ports(part, node_ports=mode == "nodeport", outside=outside)
    if outside:
        _say_open(work, part)
    if not ports:
        data |= {"serviceType": "Headless", "ports": []}
    else:
        first = ports[0]
        data |= {"serviceType": _TYPES[mode], "port": first["port"], "targetPort": first["targetPort"]}
        if len(ports) > 1:
            data["ports"] = ports
        else:
            if first["protocol"] != "TCP":
                data["protocol"] = first["protocol"]
            if "nodePort" in first:
                data["nodePort"] = first["nodePort"]
    node = work.new_node("service", name, **data)
    work.nodes.append(node)
    work.edge(node, part.node)
    return node


def _say_open(work: Work, part: Part) -> None:
    """A Service that is open to the outside is so with all its ports."""
    own = ", ".join(str(port.number) for port in _for_this_machine(part))
    if own:
        message = (
            f"{own} was for the machine itself only (127.0.0.1): the Service, which is open to the outside, has it not"
        )
        work.findings.warn(_NOT, message, service=part.key, key="ports")
    published = {port.number for port in part.ports if port.published is not None}
    inside = ", ".join(str(port.number) for port in part.ports if port.number not in published and not port.loopback)
    if inside and part.service.get("expose"):
        message = (
            f"{inside} is open to the outside too, as all ports of a Service: choose clusterip or ingress if it mustn't"
        )
        work.findings.warn(_NOT, message, service=part.key, key="expose")


def _for_this_machine(part: Part) -> list[Port]:
    """Ports that are published on the loopback address only, where others of the service are for everybody."""
    public = {(port.number, port.protocol) for port in part.ports if not port.loopback}
    return [port for port in part.ports if (port.number, port.protocol) not in public] if public else []


def _service_ports(part: Part, *, node_ports: bool, outside: bool) -> list[dict[str, Any]]:
    """Container ports first, then published numbers that differ and are free."""
    left_out = {(port.number, port.protocol) for port in _for_this_machine(part)} if outside else set()
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for port in part.ports:
        if (port.number, port.protocol) not in left_out:
            found.setdefault((port.number, port.protocol), _entry(port.number, port))
    for port in part.ports:
        if port.published is None or port.loopback:
            continue
        if port.published in _NODE_PORTS:
            if node_ports:
                found[port.number, port.protocol].setdefault("nodePort", port.published)
        elif 0 < port.published <= 65535:
            found.setdefault((port.published, port.protocol), _entry(port.published, port))
    return list(found.values())


def _entry(number: int, port: Port) -> dict[str, Any]:
    return {
        "name": f"{port.protocol.lower()}-{number}",
        "protocol": port.protocol,
        "port": number,
        "targetPort": port.number,
    }


def _alias(work: Work, owner: Part, name: str) -> None:
    assert owner.service_node is not None
    copied = ("serviceType", "port", "targetPort", "protocol", "ports")
    data = {key: owner.service_node["data"][key] for key in copied if key in owner.service_node["data"]}
    if data["serviceType"] != "Headless":
        data["serviceType"] = "ClusterIP"
    if "ports" in data:
        data["ports"] = [{k: v for k, v in port.items() if k != "nodePort"} for port in data["ports"]]
    node = work.new_node("service", name, targetApp=owner.name, _linkedDeployment=owner.node["id"], **data)
    work.nodes.append(node)
    work.edge(node, owner.node)


# --- ingresses --------------------------------------------------------------------------------------------------


def _need_domain(work: Work, parts: list[Part]) -> None:
    hostless = [part for part in parts if _host(work, part) is None]
    if len(parts) > 1 and hostless:
        names = ", ".join(part.key for part in hostless[:5])
        raise refused("KEY_NOT_CONVERTED", f"{names}: several Ingresses need a host each: give a domain, or a host")


def proposed_host(part: Part) -> str | None:
    """The host that labels or variables of a proxy name."""
    labels = part.data.get("annotations") or {}
    for key, value in labels.items():
        if key.startswith("traefik.") and (match := _HOST_RULE.search(value)):
            return match[1].strip().lower()
    virtual = (part.service.get("environment") or {}).get("VIRTUAL_HOST")
    return virtual.split(",")[0].strip().lower() if isinstance(virtual, str) and virtual else None


def _host(work: Work, part: Part) -> str | None:
    candidates = (
        part.choice.host,
        proposed_host(part),
        f"{part.name}.{work.options.domain}" if work.options.domain else None,
    )
    for host in candidates:
        if host and ingress_host(host, Problems().at("host")) is not None:
            return host
    return None


def _ingress(work: Work, part: Part) -> None:
    assert part.service_node is not None
    path_id = next(work.ids)
    path = {
        "id": path_id, "path": "/", "pathType": "Prefix", "serviceName": part.service_node["data"]["name"],
        "servicePort": part.service_node["data"]["port"], "_linkedService": part.service_node["id"],
    }  # fmt: skip
    host = _host(work, part)
    data: dict[str, Any] = {"paths": [path]}
    if host:
        data["host"] = host
    if work.options.ingress_class:
        data["ingressClassName"] = work.options.ingress_class
    node = work.add("ingress", f"{part.name}-ingress", **data)
    work.edge(node, part.service_node, source_handle=path_id, target_handle="input")
