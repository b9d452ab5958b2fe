"""When nodes get other ids or names, what refers to them follows: one node's data in, the same data anew out. Pure.

Called by `placing.py`. Only known fields are touched: an id may be a word that stands elsewhere with another meaning.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.compose.hosts import Hosts, replaced

WORKLOADS: Final = frozenset({"deployment", "statefulset", "daemonset", "job", "cronjob"})
_KIND_OF_MOUNT: Final = {"configMap": "configmap", "secret": "secret", "persistentVolumeClaim": "persistentvolumeclaim"}
_NAMED_BY: Final = {
    "targetApp": "workload", "scaleTargetName": "workload", "serviceName": "service", "tlsSecretName": "secret",
}  # fmt: skip


def space_of(kind: str) -> str:
    """Names are unique in a space: workloads share one, because Services select them by name."""
    return "workload" if kind in WORKLOADS else kind


@dataclass(slots=True)
class Changes:
    """Of the nodes that hang together: new ids, new names by space."""

    ids: dict[str, str] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def hosts(self) -> Hosts:
        """The Services' names that changed, as hosts."""
        return Hosts.of({old: new for (space, old), new in self.names.items() if space == "service"})


def follow(kind: str, data: Mapping[str, Any], changes: Changes, hosts: Hosts) -> dict[str, Any]:
    """A node's data with all references as they are now; its own name isn't one."""
    found: dict[str, Any] = _with_ids(dict(data), changes.ids)
    if not changes.names:
        return found

    def name(space: str, old: Any) -> Any:
        return changes.names.get((space, old), old) if isinstance(old, str) else old

    for key, space in _NAMED_BY.items():
        if key in found:
            found[key] = name(space, found[key])
    if isinstance(found.get("imagePullSecrets"), list):
        found["imagePullSecrets"] = [name("secret", entry) for entry in found["imagePullSecrets"]]
    if isinstance(found.get("initContainers"), list):
        inner = found["initContainers"]
        found["initContainers"] = [follow("", one, changes, hosts) if isinstance(one, dict) else one for one in inner]
    for key in ("envFrom", "volumeMounts"):
        _each(found, key, lambda entry: {"name": name(_KIND_OF_MOUNT.get(str(entry.get("type")), ""), entry["name"])})
    _each(found, "dependsOn", lambda entry: {"name": name("workload", entry["name"])})
    _each(found, "paths", lambda entry: {"serviceName": name("service", entry.get("serviceName"))})
    if kind == "networkpolicy":
        found = _selectors(found, lambda old: name("workload", old))
    return _with_hosts(kind, found, hosts)


def followed_values(values: Mapping[str, str], hosts: Hosts) -> dict[str, str]:
    """Entries of an environment, or of a file."""
    return {key: replaced(text, hosts.in_value(key, text), hosts.by_name) for key, text in values.items()}


def _each(data: dict[str, Any], key: str, changed: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Entries of a list that have a name (or, as paths, what stands for one)."""
    entries = data.get(key)
    if isinstance(entries, list):
        data[key] = [
            {**entry, **changed(entry)} if isinstance(entry, dict) and (key == "paths" or "name" in entry) else entry
            for entry in entries
        ]


def _with_ids(value: Any, ids: Mapping[str, str], key: str = "") -> Any:
    match value:
        case dict():
            # `_import` names a node of the session, not of this graph.
            return {k: part if k == "_import" else _with_ids(part, ids, k) for k, part in value.items()}
        case list():
            return [_with_ids(part, ids, key) for part in value]
        case str() if key == "nodeId" or key.startswith("_linked"):
            return ids.get(value, value)
        case _:
            return value


def _selectors(value: Any, name: Callable[[Any], Any]) -> Any:
    match value:
        case dict() if isinstance(value.get("matchLabels"), dict) and "app" in value["matchLabels"]:
            return {**value, "matchLabels": {**value["matchLabels"], "app": name(value["matchLabels"]["app"])}}
        case dict():
            return {key: _selectors(part, name) for key, part in value.items()}
        case list():
            return [_selectors(part, name) for part in value]
        case _:
            return value


def _with_hosts(kind: str, data: dict[str, Any], hosts: Hosts) -> dict[str, Any]:
    if hosts.pattern is None:
        return data
    texts = "data" if kind == "configmap" else "env"
    if isinstance(data.get(texts), dict):
        data[texts] = _texts(data[texts], hosts)
    for key in ("command", "args"):
        data = _with_words(data, key, hosts)
    for key in ("readinessProbe", "livenessProbe", "startupProbe"):
        if isinstance(data.get(key), dict):
            data[key] = _with_words(data[key], "command", hosts)
    return data


def _texts(values: Mapping[str, Any], hosts: Hosts) -> dict[str, Any]:
    return {**values, **followed_values({k: v for k, v in values.items() if isinstance(v, str)}, hosts)}


def _with_words(data: dict[str, Any], key: str, hosts: Hosts) -> dict[str, Any]:
    words = data.get(key)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return data
    places = hosts.in_command(words)
    return {**data, key: [replaced(word, spans, hosts.by_name) for word, spans in zip(words, places, strict=True)]}
