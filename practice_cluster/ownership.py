"""Who owns which field: server-side apply with its conflicts, and managedFields in general. Pure.

A field set is a set of paths, each a tuple of elements as FieldsV1 spells them: `f:spec`, `k:{"name":"web"}`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from practice_cluster.errors import ApiError
from practice_cluster.kinds import Kind
from practice_cluster.objects import Obj, stamp
from practice_cluster.schema import KEY_DEFAULTS, is_atomic, is_set, item_key, list_keys, merged

Path = tuple[str, ...]
Flat = dict[Path, Any]
Owner = tuple[str, str, str]
"""Manager, operation, subresource."""

_SELF: Final = "."
_SERVERS_OWN: Final = frozenset(
    {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"}
    | {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generateName"}
)


def flatten(kind: Kind, obj: Obj) -> Flat:
    """Every field that can have an owner, with its value."""
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _SERVERS_OWN}
    content = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "status")}
    return dict(_walk(kind, content | {"metadata": metadata}, (), ()))


def _walk(kind: Kind, value: Any, path: Path, names: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and (not path or (value and not is_atomic(kind, names))):
        for key, inner in value.items():
            if inner is not None:
                yield from _walk(kind, inner, (*path, f"f:{key}"), (*names, key))
    elif isinstance(value, list) and value and is_set(names):
        for item in value:
            yield (*path, f"v:{orjson.dumps(item).decode()}"), item
    elif isinstance(value, list) and value and (keys := list_keys(kind, names)):
        for item in value:
            about = {key: part for key, part in zip(keys, item_key(item, keys), strict=True) if part is not None}
            here = (*path, f"k:{orjson.dumps(about).decode()}")
            yield (*here, _SELF), True
            for key, inner in item.items():
                yield from _walk(kind, inner, (*here, f"f:{key}"), (*names, key))
    elif path and not (value == {} and len(path) == 1):
        yield path, value


def read_fields(fields: Mapping[str, Any]) -> set[Path]:
    """FieldsV1 → paths."""
    found: set[Path] = set()

    def walk(node: Mapping[str, Any], path: Path) -> None:
        if path and (not node or _SELF in node):
            found.add((*path, _SELF) if path[-1].startswith("k:") else path)
        for key, inner in node.items():
            if key != _SELF:
                walk(inner, (*path, key))

    walk(fields, ())
    return found


def write_fields(paths: Iterable[Path]) -> Obj:
    """Paths → FieldsV1."""
    root: Obj = {}
    for path in sorted(paths):
        node = root
        for element in path:
            node = node.setdefault(element, {})
    return root


def owners_of(obj: Obj | None) -> dict[Owner, set[Path]]:
    entries = ((obj or {}).get("metadata") or {}).get("managedFields") or []
    return {
        (each["manager"], each["operation"], each.get("subresource", "")): read_fields(each.get("fieldsV1") or {})
        for each in entries
    }


def with_owners(kind: Kind, obj: Obj, owners: Mapping[Owner, set[Path]], before: Obj | None, now: float) -> Obj:
    """The object with these owners in its managedFields; an entry that says the same keeps its time."""
    old = {
        (each["manager"], each["operation"], each.get("subresource", "")): each
        for each in ((before or {}).get("metadata") or {}).get("managedFields") or []
    }
    entries = []
    for owner, paths in owners.items():
        if not paths:
            continue
        fields = write_fields(paths)
        if (known := old.get(owner)) and known["fieldsV1"] == fields:
            entries.append(known)
            continue
        manager, operation, subresource = owner
        entry: Obj = {"manager": manager, "operation": operation, "apiVersion": kind.api_version, "time": stamp(now)}
        entry |= {"fieldsType": "FieldsV1", "fieldsV1": fields}
        entries.append(entry | ({"subresource": subresource} if subresource else {}))
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return obj | {"metadata": metadata | ({"managedFields": entries} if entries else {})}


def updated(kind: Kind, before: Obj | None, after: Obj, owner: Owner, now: float) -> Obj:
    """After a create, update or patch: whoever changed a field owns it, alone."""
    old, new = flatten(kind, before) if before else {}, flatten(kind, after)
    changed = {path for path, value in new.items() if old.get(path) != value}
    lost = changed | (old.keys() - new.keys())
    owners = {each: paths - lost for each, paths in owners_of(before).items()}
    owners[owner] = owners.get(owner, set()) | changed
    return with_owners(kind, after, owners, before, now)


def applied(kind: Kind, live: Obj, wanted: Obj, manager: str, *, force: bool) -> tuple[Obj, dict[Owner, set[Path]]]:
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
    result = merged(kind, live, wanted)
    kept: set[Path] = set().union(*others.values())
    # Sorted, so that an item goes before its key fields: without those it wouldn't be found.
    for path in sorted(mine - wants.keys() - kept):
        whole = path[:-1] if path[-1] == _SELF else path
        if not any(each[: len(whole)] == whole for each in (*kept, *wants)):
            result = _without(result, whole)
    return result, others | {me: set(wants)}


def _without(value: Any, path: Path) -> Any:
    """The value without what is at a path; maps that get empty go too, as Go's `omitempty` has it."""
    element, rest = path[0], path[1:]
    if element.startswith("f:") and isinstance(value, dict):
        name = element[2:]
        if name not in value:
            return value
        inner = _without(value[name], rest) if rest else None
        kept = {key: each for key, each in value.items() if key != name}
        return kept if inner in (None, {}, []) else {**value, name: inner}
    if isinstance(value, list):
        about = orjson.loads(element[2:])
        result = []
        for item in value:
            is_it = item == about if element.startswith("v:") else _has(item, about)
            if not is_it:
                result.append(item)
            elif rest:
                result.append(_without(item, rest))
        return result
    return value


def _has(item: Obj, about: Mapping[str, Any]) -> bool:
    return all(item.get(key, KEY_DEFAULTS.get(key)) == value for key, value in about.items())


def _conflict(conflicts: list[tuple[Path, Owner]], kind: Kind) -> ApiError:
    causes = []
    for path, (manager, operation, subresource) in conflicts:
        text = f'conflict with "{manager}"' + (f' with subresource "{subresource}"' if subresource else "")
        text += f" using {kind.api_version}" if operation == "Update" else ""
        field = "".join(_shown(element) for element in path)
        causes.append({"reason": "FieldManagerConflict", "message": text, "field": field})
    listed = "\n- ".join(f"{each['message']}: {each['field']}" for each in causes)
    plural = "conflicts" if len(causes) > 1 else "conflict"
    text = f"Apply failed with {len(causes)} {plural}: {listed if len(causes) == 1 else chr(10) + '- ' + listed}"
    return ApiError(409, "Conflict", text, {"causes": causes})


def _shown(element: str) -> str:
    if element.startswith("f:"):
        return f".{element[2:]}"
    if element.startswith("k:"):
        about = ",".join(f"{key}={orjson.dumps(value).decode()}" for key, value in orjson.loads(element[2:]).items())
        return f"[{about}]"
    return "" if element == _SELF else f"[={element[2:]}]"
