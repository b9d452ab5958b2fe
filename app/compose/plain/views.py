"""A workload of manifests as an import's answer lists services: values that look secret are blank."""

from typing import Any

from app.compose.plain.board import Board, Placed
from app.compose.plain.containers import first_container
from app.compose.plain.objects import entries, inner, mapping, text, texts
from app.compose.secrecy import is_secret


def service_views(board: Board) -> list[dict[str, Any]]:
    """One for each workload, in the files' order."""
    return [_view(board, one) for one in board.placed if one.pod]


def _view(board: Board, one: Placed) -> dict[str, Any]:
    container = first_container(one.pod)
    fed_by = [edge["source"] for edge in board.edges if edge["target"] == one.node["id"]]
    found: dict[str, Any] = {
        "name": one.manifest.name,
        "included": True,
        "nodes": [one.node["id"], *fed_by],
        "kind": one.node["type"],
        "image": text(container.get("image")),
        "ports": [
            _port(port) for port in entries(container.get("ports")) if isinstance(port.get("containerPort"), int)
        ],
        "environment": {
            text(entry.get("name")): _shown(text(entry.get("name")), text(entry.get("value")))
            for entry in entries(container.get("env"))
        },
        "envFile": [],
        "volumes": [],
        "dependsOn": [],
        "networks": [],
        "command": texts(container.get("args")),
        "entrypoint": texts(container.get("command")),
    }
    more = {"replicas": one.data.get("replicas"), "workingDir": container.get("workingDir")}
    found |= {key: value for key, value in more.items() if isinstance(value, int | str) and value != ""}
    resources = _resources(mapping(container.get("resources")))
    return found | ({"resources": resources} if resources else {})


def _shown(name: str, value: str) -> str:
    return "" if is_secret(name, value) else value


def _port(port: dict[str, Any]) -> dict[str, Any]:
    return {"containerPort": int(text(port["containerPort"])), "protocol": text(port.get("protocol")).lower() or "tcp"}


def _resources(given: dict[str, Any]) -> dict[str, Any]:
    sides = (("limits", "limits"), ("requests", "reservations"))
    found = {
        new: {name: text(inner(given, old, key)) for key, name in (("cpu", "cpus"), ("memory", "memory"))}
        for old, new in sides
        if isinstance(given.get(old), dict)
    }
    return {side: {key: part for key, part in amounts.items() if part} for side, amounts in found.items()}
