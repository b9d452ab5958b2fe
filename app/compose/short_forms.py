"""Every short form of a document in its long form, and values in one type: what merging and converting go by.

What can't be read becomes a finding and is left out; the rest goes on.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.compose.findings import Findings
from app.compose.mounts import parse_mount
from app.compose.ports import parse_ports
from app.compose.scalars import as_text

_SYNTAX: Final = "INVALID_COMPOSE_SYNTAX"
Say = Callable[[str, str], None]
"""Key and message of what can't be used."""


def long_forms(document: dict[str, Any], findings: Findings) -> dict[str, Any]:
    """The document with services, jobs and resources in their long forms."""
    found = dict(document)
    for section in ("services", "jobs"):
        entries = found.get(section)
        if isinstance(entries, dict):
            found[section] = {name: service_long(one, name, findings) for name, one in entries.items()}
    for section in ("volumes", "networks", "secrets", "configs"):
        resources = found.get(section)
        if isinstance(resources, dict):
            found[section] = {name: _external(one) for name, one in resources.items()}
    return found


def service_long(service: Any, name: str, findings: Findings) -> Any:
    """A service in its long form."""
    if not isinstance(service, dict):
        return service

    def say(key: str, message: str) -> None:
        findings.error(_SYNTAX, message, service=name, key=key)

    found = {key: part for key, part in service.items() if part is not None or key in ("command", "entrypoint")}
    for key, read in _READERS.items():
        if found.get(key) is not None:
            found[key] = read(found[key], key, say)
    return found


def _strings(value: Any, _key: str, _say: Say) -> Any:
    return [value] if isinstance(value, str) else value


def _texts(value: Any, _key: str, _say: Say) -> Any:
    return [as_text(part) for part in value] if isinstance(value, list) else value


def mapping_of(value: Any) -> dict[str, Any]:
    """`KEY=value` lists and mappings as one mapping; `None` for a key without a value."""
    if isinstance(value, list):
        pairs = (as_text(entry).partition("=") for entry in value)
        return {key: text if equals else None for key, equals, text in pairs}
    if isinstance(value, dict):
        return {key: None if part is None else as_text(part) for key, part in value.items()}
    return {}


def labels_of(value: Any) -> dict[str, str]:
    """As `mapping_of`; a label without a value is blank."""
    return {key: part or "" for key, part in mapping_of(value).items()}


def _mapping(value: Any, _key: str, _say: Say) -> Any:
    return mapping_of(value)


def _labels(value: Any, _key: str, _say: Say) -> Any:
    return labels_of(value)


def _names(value: Any, _key: str, _say: Say) -> Any:
    return dict.fromkeys(map(str, value)) if isinstance(value, list) else value


def _build(value: Any, _key: str, say: Say) -> Any:
    build = {"context": value} if isinstance(value, str) else dict(value) if isinstance(value, dict) else {}
    for key, read in (("args", _mapping), ("labels", _labels), ("extra_hosts", _hosts),
                      ("additional_contexts", _mapping), ("ssh", _mapping), ("no_cache_filter", _strings),
                      ("secrets", _granted), ("ulimits", _ulimits)):  # fmt: skip
        if build.get(key) is not None:
            build[key] = read(build[key], f"build.{key}", say)
    for key in ("provenance", "sbom"):
        if key in build:
            build[key] = as_text(build[key])
    return build


def _depends_on(value: Any, _key: str, _say: Say) -> Any:
    entries = value if isinstance(value, dict) else dict.fromkeys(value if isinstance(value, list) else (), None)
    started = {"condition": "service_started", "required": True}
    return {name: {**started, **(one or {})} for name, one in entries.items()}


def _env_file(value: Any, _key: str, _say: Say) -> Any:
    entries = value if isinstance(value, list) else [value]
    return [{"required": True, **(one if isinstance(one, dict) else {"path": one})} for one in entries]


def _gpus(value: Any, _key: str, _say: Say) -> Any:
    return [{"count": "all"}] if isinstance(value, str) else value


def _granted(value: Any, _key: str, _say: Say) -> Any:
    return [one if isinstance(one, dict) else {"source": str(one)} for one in value]


def _devices(value: Any, _key: str, _say: Say) -> Any:
    return [one if isinstance(one, dict) else _device(str(one)) for one in value]


def _device(text: str) -> dict[str, str]:
    source, _, rest = text.partition(":")
    target, _, permissions = rest.partition(":")
    return {"source": source, "target": target or source, "permissions": permissions or "rwm"}


def _hosts(value: Any, key: str, say: Say) -> Any:
    found: dict[str, list[str]] = {}
    if isinstance(value, dict):
        pairs = [(host, ip) for host, ips in value.items() for ip in (ips if isinstance(ips, list) else [ips])]
    else:
        pairs = []
        for entry in map(as_text, value if isinstance(value, list) else ()):
            separator = "=" if "=" in entry else ":"
            host, found_it, ips = entry.partition(separator)
            if not found_it:
                say(key, f"'{entry[:60]}' has no address: write host=address")
            pairs += [(host, ip) for ip in ips.split(",") if ip]
    for host, ip in pairs:
        text = as_text(ip)
        found.setdefault(host, []).append(text[1:-1] if text.startswith("[") and text.endswith("]") else text)
    return found


def _mounts(value: Any, key: str, say: Say) -> Any:
    found = []
    for i, entry in enumerate(value if isinstance(value, list) else ()):
        mount = dict(entry) if isinstance(entry, dict) else parse_mount(str(entry))
        if mount is None or (not mount.get("target") and mount.get("type") != "cluster"):
            say(f"{key}[{i}]", f"'{str(entry)[:60]}' is no mount: write source:target, or target alone")
        else:
            found.append(mount)
    return found


def _ports(value: Any, key: str, say: Say) -> Any:
    found: list[dict[str, Any]] = []
    for i, entry in enumerate(value if isinstance(value, list) else ()):
        if isinstance(entry, dict):
            one = _long_port(entry)
            read = [one] if one is not None else None
        else:
            read = parse_ports(as_text(entry))
        if read is None:
            say(f"{key}[{i}]", f"'{_shown(entry)}' is no port: write published:target, each 1 to 65535")
        found.extend(read or ())
    return found


def _shown(entry: Any) -> str:
    return (as_text(entry) if not isinstance(entry, dict) else str(dict(entry)))[:60]


def _long_port(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    port = {key: part for key, part in entry.items() if part is not None}
    try:
        port["target"] = int(as_text(port.get("target", "")))
    except ValueError:
        return None
    if "published" in port:
        port["published"] = as_text(port["published"])
    return port if 0 < port["target"] <= 65535 else None


def _ulimits(value: Any, _key: str, _say: Say) -> Any:
    return value


def _healthcheck(value: Any, _key: str, _say: Say) -> Any:
    check = dict(value)
    if isinstance(check.get("test"), str):
        check["test"] = ["CMD-SHELL", check["test"]]
    return check


def _deploy(value: Any, _key: str, _say: Say) -> Any:
    deploy = dict(value)
    if deploy.get("labels") is not None:
        deploy["labels"] = labels_of(deploy["labels"])
    return deploy


_READERS: Final[Mapping[str, Callable[[Any, str, Say], Any]]] = {
    "annotations": _labels, "build": _build, "configs": _granted, "depends_on": _depends_on, "deploy": _deploy,
    "devices": _devices, "dns": _strings, "dns_search": _strings, "env_file": _env_file, "environment": _mapping,
    "expose": _texts, "extra_hosts": _hosts, "gpus": _gpus, "group_add": _texts, "healthcheck": _healthcheck,
    "label_file": _strings, "labels": _labels, "models": _names, "networks": _names, "ports": _ports,
    "secrets": _granted, "sysctls": _labels, "tmpfs": _strings, "ulimits": _ulimits, "volumes": _mounts,
}  # fmt: skip


def _external(resource: Any) -> Any:
    if not isinstance(resource, dict):
        return resource
    found = dict(resource)
    external = found.get("external")
    if isinstance(external, dict):  # of old: `external: {name: x}`
        found["external"] = True
        if external.get("name"):
            found.setdefault("name", external["name"])
    elif isinstance(external, str):
        found["external"] = external.strip().lower() == "true"
    for key in ("labels",):
        if found.get(key) is not None:
            found[key] = labels_of(found[key])
    return found
