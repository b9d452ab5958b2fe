"""Strategic merge patch and JSON patch. Pure. Server-side apply is in `ownership`."""

import copy
from typing import Any

from practice_cluster.errors import ApiError, bad_request
from practice_cluster.kinds import Kind
from practice_cluster.objects import Obj
from practice_cluster.ownership import item_key, list_keys


def strategic_patch(kind: Kind, live: Any, patch: Any, path: tuple[str, ...] = ()) -> Any:
    """What `kubectl apply` and `set` send: items of keyed lists are merged, `$patch: delete` removes."""
    if not isinstance(patch, dict) or patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"} if isinstance(patch, dict) else patch
    result: Obj = dict(live) if isinstance(live, dict) else {}
    if "$retainKeys" in patch:
        result = {key: value for key, value in result.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.partition("/")[2]
            result[field] = [item for item in result.get(field) or [] if item not in value]
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, list) and not key.startswith("$"):
            result[key] = _list(kind, result.get(key) or [], value, (*path, key))
        elif not key.startswith("$"):  # an order of items: new ones are appended, which will do
            result[key] = strategic_patch(kind, result.get(key), value, (*path, key))
    return result


def _list(kind: Kind, live: list[Any], patch: list[Any], path: tuple[str, ...]) -> list[Any]:
    if path[-1] == "finalizers":
        return live + [item for item in patch if item not in live]
    keys = list_keys(kind, path)[:1]  # of a port, its number alone
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
    result: Any = {"": copy.deepcopy(live)}
    if not isinstance(operations, list):
        raise bad_request("a JSON patch is a list of operations")
    for operation in operations:
        try:
            _operate(result, **operation)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError):
            text = f"the server rejected our request due to an error in our request: can't do {operation}"
            raise ApiError(422, "Invalid", text) from None
    return result[""]


def _operate(root: Any, op: str, path: str, value: Any = None, **more: str) -> None:
    if op in ("move", "copy"):
        parent, key = _place(root, more["from"])
        value = copy.deepcopy(parent[key])
        if op == "move":
            del parent[key]
    parent, key = _place(root, path)
    if op == "test":
        if parent[key] != value:
            raise ValueError("test failed")
    elif op == "remove":
        del parent[key]
    elif op not in ("add", "replace", "move", "copy"):
        raise ValueError(op)
    elif isinstance(parent, list) and op != "replace":
        parent.insert(key, value)
    else:
        parent[key] = value


def _place(root: Any, pointer: str) -> tuple[Any, Any]:
    """Whatever holds the place that is meant, and its key there."""
    parent, key = root, ""
    for part in pointer.split("/")[1:]:
        parent, name = parent[key], part.replace("~1", "/").replace("~0", "~")
        key = (len(parent) if name == "-" else int(name)) if isinstance(parent, list) else name  # type: ignore[assignment]
    return parent, key
