"""After a merge: of entries that mean the same thing, the last one stays, in the place of the first."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.compose.mounts import parse_mount
from app.compose.scalars import as_text

Index = Callable[[Any], str]


def _key(entry: Any) -> str:
    return entry.partition("=")[0] if isinstance(entry, str) else as_text(entry)


def _target(entry: Any) -> str:
    if isinstance(entry, dict):
        return str(entry.get("target", ""))
    mount = parse_mount(str(entry))
    return str(mount["target"]) if mount is not None else str(entry)


def _device(entry: Any) -> str:
    if isinstance(entry, dict):
        return str(entry.get("target", entry.get("source", "")))
    parts = str(entry).split(":")
    return parts[0] if len(parts) == 1 else parts[1]


def _granted(folder: str) -> Index:
    def index(entry: Any) -> str:
        if isinstance(entry, dict):
            return str(entry.get("target") or f"{folder}/{entry.get('source')}")
        return f"{folder}/{entry}"

    return index


def _port(entry: Any) -> str:
    if not isinstance(entry, dict):
        return as_text(entry)
    everywhere = "0.0.0.0"  # noqa: S104  # how Compose compares ports without an address; nothing listens here
    host, protocol = entry.get("host_ip", everywhere), entry.get("protocol", "tcp")
    return f"{host}:{entry.get('published')}:{entry.get('target')}/{protocol}"


def _path(entry: Any) -> str:
    return str(entry.get("path", "")) if isinstance(entry, dict) else str(entry)


_OF_SERVICE: Final[Mapping[tuple[str, ...], Index]] = {
    ("annotations",): _key, ("build", "args"): _key, ("build", "additional_contexts"): _key,
    ("build", "tags"): _key, ("build", "labels"): _key, ("cap_add",): _key, ("cap_drop",): _key,
    ("devices",): _device, ("configs",): _granted(""), ("deploy", "labels"): _key, ("dns",): _key,
    ("dns_opt",): _key, ("dns_search",): _key, ("environment",): _key, ("env_file",): _path, ("expose",): as_text,
    ("labels",): _key, ("links",): _key, ("ports",): _port, ("profiles",): _key,
    ("secrets",): _granted("/run/secrets"), ("sysctls",): _key, ("tmpfs",): _key, ("volumes",): _target,
}  # fmt: skip


def unique_entries(project: dict[str, Any]) -> dict[str, Any]:
    """The project with each list of a service that is really a set made one."""
    services = project.get("services")
    if not isinstance(services, dict):
        return project
    found = {name: _service(one) if isinstance(one, dict) else one for name, one in services.items()}
    return {**project, "services": found}


def _service(service: dict[str, Any]) -> dict[str, Any]:
    found = dict(service)
    for path, index in _OF_SERVICE.items():
        holder = found
        if len(path) == 2:
            inner = found.get(path[0])
            if not isinstance(inner, dict):
                continue
            holder = found[path[0]] = dict(inner)
        if isinstance(holder.get(path[-1]), list):
            holder[path[-1]] = _last_of_each(holder[path[-1]], index)
    networks = found.get("networks")
    if isinstance(networks, dict):
        found["networks"] = {name: _network(network) for name, network in networks.items()}
    return found


def _network(network: Any) -> Any:
    if not isinstance(network, dict):
        return network
    sets = {key: _last_of_each(network[key], _key) for key in ("aliases", "link_local_ips")
            if isinstance(network.get(key), list)}  # fmt: skip
    return {**network, **sets}


def _last_of_each(entries: list[Any], index: Index) -> list[Any]:
    return list({index(entry): entry for entry in entries}.values())
