"""Environment of a container → `env`, `envFrom`, and a secret of its own for what is secret or taken from one."""

from dataclasses import dataclass, field
from typing import Any, Final

from app.compose.findings import Level
from app.compose.plain.board import Board, Placed
from app.compose.plain.objects import Obj, entries, inner, mapping, text
from app.compose.secrecy import is_secret
from app.manifests.graph import Node

_NAMED: Final = 10  # entries in one message
_TYPES: Final = {"configMapRef": ("configMap", "configmap"), "secretRef": ("secret", "secret")}


@dataclass(slots=True)
class _Found:
    """Of one container."""

    plain: dict[str, str] = field(default_factory=dict)
    secret: dict[str, str | None] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)
    said: dict[tuple[Level, str], list[str]] = field(default_factory=dict)
    """Remarks, each with the entries that it is about."""

    def say(self, level: Level, remark: str, name: str) -> None:
        """Note a remark about an entry."""
        self.said.setdefault((level, remark), []).append(name)


def set_environment(board: Board, one: Placed, container: Obj, into: dict[str, Any]) -> None:
    """Plain values stay; a value that looks secret is in no graph.

    Args:
        board: of the import.
        one: the workload.
        container: its container, or one of its init containers.
        into: the node's data, or the init container's entry in it.
    """
    found = _Found(sources=[_source(board, one, entry) for entry in entries(container.get("envFrom"))])
    for entry in entries(container.get("env")):
        name = text(entry.get("name"))
        if "valueFrom" in entry:
            board.told.setdefault(one.node["id"], set()).add(name)
            _referred(board, one, name, mapping(entry["valueFrom"]), found)
            continue
        value = text(entry.get("value"))
        if is_secret(name, value):
            found.secret[name] = value
            board.told.setdefault(one.node["id"], set()).add(name)
            found.say("info", "looks secret, the value is in a secret of its own, not on the canvas", name)
        else:
            found.plain[name] = value
    if found.plain:
        into["env"] = found.plain
    if found.secret:
        node = _own_secret(board, one, found.secret)
        found.sources.append({"type": "secret", "name": node["data"]["name"], "nodeId": node["id"]})
    sources = {tuple(source.items()): source for source in found.sources if source}
    if sources:
        into["envFrom"] = list(sources.values())
    for (level, remark), names in found.said.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        board.say(level, one.manifest, f"{', '.join(names[:_NAMED])[:200]}{more}: {remark}", key="env")


def _source(board: Board, one: Placed, entry: Obj) -> dict[str, Any]:
    for key, (mount, kind) in _TYPES.items():
        name = text(inner(entry, key, "name"))
        if name:
            found = _reference(board, one, mount, kind, name)
            return found | ({"prefix": text(entry["prefix"])} if text(entry.get("prefix")) else {})
    return {}


def _reference(board: Board, one: Placed, mount: str, kind: str, name: str) -> dict[str, Any]:
    other = board.find(kind, name, one.namespace)
    if other is None:
        return {"type": mount, "name": name}
    board.edge(other.node, one.node)
    return {"type": mount, "name": name, "nodeId": other.node["id"]}


def _referred(board: Board, one: Placed, name: str, source: Obj, found: _Found) -> None:
    for key, (mount, kind) in (("configMapKeyRef", _TYPES["configMapRef"]), ("secretKeyRef", _TYPES["secretRef"])):
        reference = mapping(source.get(key))
        if not reference:
            continue
        holder, wanted = text(reference.get("name")), text(reference.get("key"))
        known = _known(board, board.find(kind, holder, one.namespace), wanted)
        if kind == "configmap" and known is not None:
            found.plain[name] = known
            found.say("info", "the value is written out, a node can't take single keys", name)
        elif name == wanted:
            found.sources.append(_reference(board, one, mount, kind, holder))
            found.say("info", f"all keys of the {kind} {holder} become environment, not this one only", name)
        elif kind == "secret":
            found.secret[name] = known
            found.say("info", "the value is in a secret of its own, a node can't take keys under other names", name)
        else:
            found.say("warning", f"left out, the configmap {holder} isn't among the files: write the value", name)
        return
    found.say("warning", "left out, nodes can't take values from the pod itself", name)


def _known(board: Board, held: Placed | None, key: str) -> str | None:
    if held is None:
        return None
    if held.node["type"] == "configmap":
        value = mapping(held.data.get("data")).get(key)
        return value if isinstance(value, str) else None
    return board.secret_values.get(held.node["id"], {}).get(key)


def _own_secret(board: Board, one: Placed, entries_: dict[str, str | None]) -> Node:
    """One a workload; init containers put theirs into it too."""
    node = board.own_secrets.get(one.node["id"])
    if node is None:
        name = board.names.give("secret", f"{one.manifest.name}-env")
        node = board.new_node("secret", name, one.namespace, secretType="Opaque", keys=[])
        board.own_secrets[one.node["id"]] = node
        board.edge(node, one.node)
    known = board.secret_values.setdefault(node["id"], {})
    listed = {entry["name"] for entry in node["data"]["keys"]}
    for key, value in entries_.items():
        if key not in listed:
            node["data"]["keys"].append({"id": key, "name": key})
        if value is not None:
            known[key] = value
    return node
