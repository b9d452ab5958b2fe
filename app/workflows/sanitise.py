"""A graph as the canvas sends it → the graph that is stored. Everything in it is a stranger's until here. Pure.

Called by a save, a PUT and an import. Kept is what the canvas needs back, unknown fields too; dropped is what is only
view state, and every value that is secret. `healing.py` mends the ids inside imported nodes.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, cast

from app.errors import InvalidError
from app.manifests.graph import Edge, Graph, Node
from app.workflows.healing import healed

MAX_NODES: Final = 2000
MAX_EDGES: Final = 10000
MAX_DEPTH: Final = 40  # of data; the store takes 100 levels for a whole document
_MAX_ID: Final = 256
_INT64: Final = 2**63

_TRIMMED: Final = frozenset({"name", "namespace", "image", "serviceName", "host"})
_VIEW_OF_NODE: Final = frozenset({"selected", "dragging", "resizing", "positionAbsolute", "measured", "internals"})
_VIEW_OF_EDGE: Final = frozenset({"selected"})
_VIEW_OF_DATA: Final = frozenset(
    {"_status", "hasValidationError", "validationErrors", "selected", "dragging", "isSelected", "isDragging"}
)
# What a secret's values could hide in, besides `keys`.
_VALUES_OF_SECRET: Final = frozenset({"data", "stringData", "value", "values", "secretData", "secretValues"})


def sanitised(nodes: object, edges: object, *, before: Graph | None = None) -> Graph:
    """The graph to store.

    Args:
        nodes, edges: from the request.
        before: what is stored now; heals what a canvas that was opened earlier sends back.

    Raises:
        InvalidError: it isn't a graph; `details` says what is wrong where.
    """
    problems: dict[str, str] = {}
    found = [_node(node, f"nodes[{i}]", problems) for i, node in enumerate(_items(nodes, "nodes", MAX_NODES, problems))]
    ids: set[str] = set()
    for i, node in enumerate(found):
        if node is not None and node["id"] in ids:
            problems.setdefault(f"nodes[{i}].id", f"another node has the id {node['id']!r} too: ids must differ")
        elif node is not None:
            ids.add(node["id"])
    lines = [
        _edge(edge, f"edges[{i}]", ids, problems) for i, edge in enumerate(_items(edges, "edges", MAX_EDGES, problems))
    ]
    if problems:
        place, text = next(iter(problems.items()))
        raise InvalidError(f"{place}: {text}", problems)
    graph = Graph([node for node in found if node is not None], [line for line in lines if line is not None])
    return healed(graph, before)


def _items(value: object, place: str, limit: int, problems: dict[str, str]) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        problems[place] = "must be a list"
        return []
    if len(value) > limit:
        problems[place] = f"holds {len(value)} entries: a workflow takes at most {limit}"
        return []
    return value


def _node(value: object, place: str, problems: dict[str, str]) -> Node | None:
    if not isinstance(value, dict):
        problems[place] = "must be a mapping with id, type, position and data"
        return None
    node_id = _identity(value.get("id"), f"{place}.id", problems)
    node_type = _identity(value.get("type"), f"{place}.type", problems)
    position = _position(value.get("position"), f"{place}.position", problems)
    data = value.get("data")
    if data is None:
        data = {}
    if not isinstance(data, dict):
        problems[f"{place}.data"] = "must be a mapping"
        data = {}
    kept = {key: part for key, part in value.items() if key not in _VIEW_OF_NODE}
    _storable({**kept, "data": data}, place, problems)
    if node_id is None or node_type is None or position is None:
        return None
    return cast(Node, {**kept, "id": node_id, "type": node_type, "position": position, "data": _data(node_type, data)})


def _edge(value: object, place: str, ids: set[str], problems: dict[str, str]) -> Edge | None:
    if not isinstance(value, dict):
        problems[place] = "must be a mapping with id, source and target"
        return None
    edge_id = _identity(value.get("id"), f"{place}.id", problems)
    for end in ("source", "target"):
        node_id = _identity(value.get(end), f"{place}.{end}", problems)
        if node_id is not None and node_id not in ids:
            problems[f"{place}.{end}"] = f"there is no node {node_id!r}: remove the edge or add the node"
    for handle in ("sourceHandle", "targetHandle"):
        if not isinstance(value.get(handle), str | None):
            problems[f"{place}.{handle}"] = "must be text"
    _storable(value, place, problems)
    return cast(Edge, {key: part for key, part in value.items() if key not in _VIEW_OF_EDGE}) if edge_id else None


def _identity(value: object, place: str, problems: dict[str, str]) -> str | None:
    if not isinstance(value, str) or not value.strip():
        problems[place] = "is required and must be text" if value in (None, "") else "must be text that isn't blank"
        return None
    if len(value) > _MAX_ID:
        problems[place] = f"is too long: at most {_MAX_ID} characters"
        return None
    return value


def _position(value: object, place: str, problems: dict[str, str]) -> dict[str, Any] | None:
    if value is None:
        return {"x": 0, "y": 0}
    if not isinstance(value, dict):
        problems[place] = "must be a mapping with x and y"
        return None
    for axis in ("x", "y"):
        number = value.get(axis)
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            problems[f"{place}.{axis}"] = "must be a number"
            return None
    return {"x": value["x"], "y": value["y"]}


# --- data -------------------------------------------------------------------------------------------------------


def _data(node_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in data.items() if key not in _VIEW_OF_DATA}
    for key in _TRIMMED & kept.keys():
        if isinstance(kept[key], str):
            kept[key] = kept[key].strip()
    if isinstance(kept.get("paths"), list):
        kept["paths"] = [_trimmed_path(path) for path in kept["paths"]]
    if "envKeys" in kept:
        kept["envKeys"] = _names_only(kept["envKeys"])
    if node_type == "secret" or _names_template(kept, "secret"):
        kept = {key: value for key, value in kept.items() if key not in _VALUES_OF_SECRET}
        if "keys" in kept:
            kept["keys"] = _names_only(kept["keys"])
    return kept


def _names_template(data: Mapping[str, Any], name: str) -> bool:
    template = data.get("templateId")
    return isinstance(template, str) and template.strip().removeprefix("core/") == name


def _trimmed_path(path: Any) -> Any:
    if not isinstance(path, dict):
        return path
    return {k: v.strip() if k in _TRIMMED and isinstance(v, str) else v for k, v in path.items()}


def _names_only(keys: Any) -> list[dict[str, Any]]:
    """`[{id, name}]` and nothing else: whatever stands beside the name could be its value."""
    if isinstance(keys, dict):
        keys = list(keys)  # names to values: the values go
    if not isinstance(keys, list):
        return []
    found: list[dict[str, Any]] = []
    for entry in keys:
        if isinstance(entry, str):
            found.append({"id": entry, "name": entry.strip()})
        elif isinstance(entry, dict):
            name = entry.get("name")
            key_id = entry.get("id")
            found.append(
                {
                    "id": key_id if isinstance(key_id, str | int) else str(name),
                    "name": name.strip() if isinstance(name, str) else "",
                }
            )
    return found


def _storable(value: Any, place: str, problems: dict[str, str], depth: int = 0) -> None:
    """The store can't hold everything that JSON can say; better a clear answer than a failed write."""
    if depth > MAX_DEPTH:
        problems.setdefault(place, f"is nested deeper than {MAX_DEPTH} levels")
        return
    match value:
        case dict():
            for key, part in value.items():
                if not isinstance(key, str) or "\0" in key or not _encodable(key):
                    problems.setdefault(place, "holds a key that can't be stored: use plain text")
                    return
                _storable(part, f"{place}.{key}", problems, depth + 1)
        case list():
            for i, part in enumerate(value):
                _storable(part, f"{place}[{i}]", problems, depth + 1)
        case str() if not _encodable(value):
            problems.setdefault(place, "holds half a character (a lone surrogate): type the text again")
        case bool() | None:
            pass
        case int() if not -_INT64 <= value < _INT64:
            problems.setdefault(place, "is a number too large to store")
        case float() if not math.isfinite(value):
            problems.setdefault(place, "must be a finite number")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
