"""Who owns which field: server-side apply with its conflicts, and managedFields in general. Pure.

A field set is a set of paths, each a tuple of elements as FieldsV1 spells them: `f:spec`, `k:{"name":"web"}`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from practice_cluster.errors import ApiError, bad_request
from practice_cluster.kinds import Kind
from practice_cluster.objects import Obj, stamp

Path = tuple[str, ...]
Owner = tuple[str, str, str]
"""Manager, operation, subresource."""
Owners = dict[Owner, set[Path]]

_SELF: Final = "."
# The API server has these from its types; by the field's name is enough for the built-in kinds.
_LIST_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("containers", "initContainers", "volumes", "env", "imagePullSecrets", "secrets"), ("name",)),
    "volumeMounts": ("mountPath",),
    "hostAliases": ("ip",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
}
_ATOMIC: Final = frozenset(
    {"selector", "nodeSelector", "podSelector", "namespaceSelector", "secretKeyRef", "configMapKeyRef", "fieldRef"}
)
_KEY_DEFAULTS: Final = {"protocol": "TCP"}
_SERVERS_OWN: Final = frozenset(
    {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"}
    | {"deletionTimestamp", "deletionGracePeriodSeconds", "generateName"}
)


def list_keys(kind: Kind, names: Path) -> tuple[str, ...]:
    """The keys that tell the items of the list at this path of names apart; none: the list is one value."""
    if kind.is_custom and names[0] != "metadata":
        return ()
    if names[-1] == "ports":
        if kind.kind == "Service":
            return ("port", "protocol")
        return ("containerPort", "protocol") if names[-2] in ("containers", "initContainers") else ()
    return _LIST_KEYS.get(names[-1], ())


def item_key(item: Any, keys: tuple[str, ...]) -> str:
    """What tells this item apart, as FieldsV1 has it.

    Raises:
        ApiError: 400, it is no object.
    """
    if not isinstance(item, dict):
        raise bad_request(f"each item of this list must be an object with {keys[0]}, not {item!r}")
    about = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in keys}
    return "k:" + orjson.dumps({key: value for key, value in about.items() if value is not None}).decode()


def flatten(kind: Kind, obj: Obj) -> dict[Path, Any]:
    """Every field that can have an owner, with its value."""
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _SERVERS_OWN}
    content = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "status")}
    return dict(_walk(kind, content | {"metadata": metadata}, (), ()))


def _walk(kind: Kind, value: Any, path: Path, names: Path) -> Iterator[tuple[Path, Any]]:
    is_atomic = bool(names) and names[-1] in _ATOMIC and not kind.is_custom
    if isinstance(value, dict) and (not path or (value and not is_atomic)):
        for key, inner in value.items():
            if inner is not None:
                yield from _walk(kind, inner, (*path, f"f:{key}"), (*names, key))
    elif isinstance(value, list) and value and names[-1] == "finalizers":
        for item in value:
            yield (*path, f"v:{orjson.dumps(item).decode()}"), item
    elif isinstance(value, list) and value and (keys := list_keys(kind, names)):
        for item in value:
            here = (*path, item_key(item, keys))
            yield (*here, _SELF), True
            for key, inner in item.items():
                yield from _walk(kind, inner, (*here, f"f:{key}"), (*names, key))
    elif not (value == {} and len(path) == 1):
        yield path, value


def merged(kind: Kind, live: Any, new: Any, names: Path = ()) -> Any:
    """What is live with what is new laid over it, items of keyed lists one by one."""
    if isinstance(live, dict) and isinstance(new, dict) and not (names and names[-1] in _ATOMIC and not kind.is_custom):
        return live | {key: merged(kind, live.get(key), value, (*names, key)) for key, value in new.items()}
    if isinstance(live, list) and isinstance(new, list):
        if names[-1] == "finalizers":
            return live + [item for item in new if item not in live]
        if keys := list_keys(kind, names):
            items = {item_key(item, keys): item for item in live}
            items |= {(key := item_key(each, keys)): merged(kind, items.get(key), each, names) for each in new}
            return list(items.values())
    return new


def _read(node: Mapping[str, Any], path: Path = ()) -> Iterator[Path]:
    """FieldsV1 → paths."""
    if path and (not node or _SELF in node):
        yield (*path, _SELF) if path[-1].startswith("k:") else path
    for key, inner in node.items():
        if key != _SELF:
            yield from _read(inner, (*path, key))


def _written(paths: set[Path]) -> Obj:
    """Paths → FieldsV1."""
    root: Obj = {}
    for path in sorted(paths):
        node = root
        for element in path:
            node = node.setdefault(element, {})
    return root


def _entries(obj: Obj | None) -> dict[Owner, Obj]:
    listed = ((obj or {}).get("metadata") or {}).get("managedFields") or []
    return {(each["manager"], each["operation"], each.get("subresource", "")): each for each in listed}


def owners_of(obj: Obj | None) -> Owners:
    return {owner: set(_read(entry.get("fieldsV1") or {})) for owner, entry in _entries(obj).items()}


def set_owners(kind: Kind, obj: Obj, owners: Owners, before: Obj | None, now: float) -> None:
    """Write them into the object's managedFields; an entry that says the same keeps its time."""
    old, entries = _entries(before), []
    for owner, paths in owners.items():
        fields, (manager, operation, subresource) = _written(paths), owner
        entry: Obj = {"manager": manager, "operation": operation, "apiVersion": kind.api_version, "time": stamp(now)}
        entry |= {"fieldsType": "FieldsV1", "fieldsV1": fields} | ({"subresource": subresource} if subresource else {})
        if paths:
            entries.append(old[owner] if owner in old and old[owner]["fieldsV1"] == fields else entry)
    obj["metadata"].pop("managedFields", None)
    obj["metadata"] |= {"managedFields": entries} if entries else {}


def updated(kind: Kind, before: Obj | None, after: Obj, owner: Owner) -> Owners:
    """After a create, update or patch: whoever changed a field owns it, alone."""
    old, new = flatten(kind, before) if before else {}, flatten(kind, after)
    changed = {path for path, value in new.items() if old.get(path) != value}
    lost = changed | (old.keys() - new.keys())
    owners = {each: paths - lost for each, paths in owners_of(before).items()}
    return owners | {owner: owners.get(owner, set()) | changed}


def applied(kind: Kind, live: Obj, wanted: Obj, manager: str, *, force: bool) -> tuple[Obj, Owners]:
    """Lay what a manager wants over what is live, and take away what only it had.

    Raises:
        ApiError: 409, other managers have other values and it isn't forced.
    """
    me, owners, had, wants = (manager, "Apply", ""), owners_of(live), flatten(kind, live), flatten(kind, wanted)
    lost = {path for path, value in wants.items() if path in had and had[path] != value}
    conflicts = [(path, owner) for owner, paths in owners.items() if owner != me for path in sorted(lost & paths)]
    if conflicts and not force:
        raise _conflict(conflicts, kind)
    mine, others = owners.pop(me, set()), {owner: paths - lost for owner, paths in owners.items()}
    result, kept = merged(kind, live, wanted), set(wants).union(*others.values())
    # Sorted, so that an item goes before its key fields: without those it wouldn't be found.
    for path in sorted(mine - kept):
        whole = path[:-1] if path[-1] == _SELF else path
        is_key = len(path) > 1 and path[-2].startswith("k:") and f'"{path[-1][2:]}":' in path[-2]
        if not is_key and not any(each[: len(whole)] == whole for each in kept):
            result = _without(result, whole)
    return result, others | {me: set(wants)}


def _without(value: Any, path: Path) -> Any:
    """The value without what is at a path; maps that get empty go too, as Go's `omitempty` has it."""
    (kind, about), rest = path[0].split(":", 1), path[1:]
    if isinstance(value, dict) and about in value:
        inner = _without(value[about], rest) if rest else None
        gone = {key: each for key, each in value.items() if key != about}
        return gone if inner in (None, {}, []) else value | {about: inner}
    if isinstance(value, list) and kind in "kv":
        wanted = orjson.loads(about)
        found = [item for item in value if item == wanted or (kind == "k" and _has(item, wanted))]
        return [_without(item, rest) if item in found else item for item in value if rest or item not in found]
    return value


def _has(item: Obj, about: Obj) -> bool:
    return all(item.get(key, _KEY_DEFAULTS.get(key)) == value for key, value in about.items())


def _conflict(conflicts: list[tuple[Path, Owner]], kind: Kind) -> ApiError:
    causes = []
    for path, (manager, operation, subresource) in conflicts:
        text = f'conflict with "{manager}"' + (f' with subresource "{subresource}"' if subresource else "")
        text += f" using {kind.api_version}" if operation == "Update" else ""
        field = "".join(_shown(element) for element in path)
        causes.append({"reason": "FieldManagerConflict", "message": text, "field": field})
    listed = "\n- ".join(f"{each['message']}: {each['field']}" for each in causes)
    text = f"conflict: {listed}" if len(causes) == 1 else f"conflicts: \n- {listed}"
    return ApiError(409, "Conflict", f"Apply failed with {len(causes)} {text}", {"causes": causes})


def _shown(element: str) -> str:
    kind, _, about = element.partition(":")
    if kind == "k":
        pairs = (f"{key}={orjson.dumps(value).decode()}" for key, value in orjson.loads(about).items())
        return f"[{','.join(pairs)}]"
    return {"f": f".{about}", "v": f"[={about}]"}.get(kind, "")
