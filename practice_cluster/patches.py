"""Merge patch, strategic merge patch and JSON patch. Pure. Server-side apply is in `ownership`."""

import copy
from typing import Any

from practice_cluster.errors import ApiError, bad_request
from practice_cluster.kinds import Kind
from practice_cluster.objects import Obj
from practice_cluster.schema import is_set, item_key, list_keys


def merge_patch(live: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result: Obj = dict(live) if isinstance(live, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def strategic_patch(kind: Kind, live: Any, patch: Any, path: tuple[str, ...] = ()) -> Any:
    """Kubernetes' own: items of keyed lists are merged, `$patch: delete` removes."""
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    result: Obj = dict(live) if isinstance(live, dict) else {}
    if "$retainKeys" in patch:
        result = {key: value for key, value in result.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.partition("/")[2]
            result[field] = [item for item in result.get(field) or [] if item not in value]
        elif key.startswith("$"):  # the order of items, for instance: merging appends new ones, which will do
            continue
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, list):
            result[key] = _list(kind, result.get(key) or [], value, (*path, key))
        else:
            result[key] = strategic_patch(kind, result.get(key), value, (*path, key))
    return result


def _list(kind: Kind, live: list[Any], patch: list[Any], path: tuple[str, ...]) -> list[Any]:
    keys = list_keys(kind, path)[:1]  # of a port, its number alone
    if is_set(path):
        return live + [item for item in patch if item not in live]
    if not keys or {"$patch": "replace"} in patch:
        return [item for item in patch if item != {"$patch": "replace"}]
    items = {item_key(item, keys): item for item in live}
    for item in patch:
        key = item_key(item, keys)
        if item.get("$patch") == "delete":
            items.pop(key, None)
        else:
            items[key] = strategic_patch(kind, items.get(key), item, path)
    return list(items.values())


def json_patch(live: Obj, operations: Any) -> Any:
    """RFC 6902.

    Raises:
        ApiError: 400 or 422: an operation can't be done.
    """
    result: Any = copy.deepcopy(live)
    if not isinstance(operations, list):
        raise bad_request("a JSON patch is a list of operations")
    for operation in operations:
        try:
            result = _operate(result, operation)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError):
            path = operation.get("path") if isinstance(operation, dict) else operation
            text = f"the server rejected our request due to an error in our request: can't do the operation at {path}"
            raise ApiError(422, "Invalid", text) from None
    return result


def _operate(document: Any, operation: Obj) -> Any:
    name, path = operation["op"], operation["path"]
    if name in ("move", "copy"):
        value = copy.deepcopy(_find(document, operation["from"]))
        if name == "move":
            document = _operate(document, {"op": "remove", "path": operation["from"]})
        return _operate(document, {"op": "add", "path": path, "value": value})
    if name == "test":
        if _find(document, path) != operation["value"]:
            raise ValueError("test failed")
        return document
    if not path:
        return operation["value"]
    above, _, last = path.rpartition("/")
    parent, last = _find(document, above), _unescape(last)
    if isinstance(parent, list):
        index = len(parent) if last == "-" else int(last)
        if name == "add":
            parent.insert(index, operation["value"])
        elif name == "replace":
            parent[index] = operation["value"]
        else:
            del parent[index]
    elif name == "remove":
        del parent[last]
    elif name in ("add", "replace"):
        parent[last] = operation["value"]
    else:
        raise ValueError(name)
    return document


def _find(document: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        name = _unescape(part)
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


def _unescape(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
