"""How the fields of an object are merged: which lists are maps in disguise, which maps are one value. Pure.

The API server has this from its types; here it stands by field name, which in the built-in kinds is enough.
"""

from collections.abc import Mapping
from typing import Any, Final

from practice_cluster.errors import bad_request
from practice_cluster.kinds import KIND, Kind
from practice_cluster.objects import Obj

_LIST_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "hostAliases": ("ip",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
_SETS: Final = frozenset({"finalizers"})
_ATOMIC: Final = frozenset(
    {"selector", "nodeSelector", "podSelector", "namespaceSelector", "labelSelector"}
    | {"secretKeyRef", "configMapKeyRef", "fieldRef"}
)
KEY_DEFAULTS: Final = {"protocol": "TCP"}


def list_keys(kind: Kind, path: tuple[str, ...]) -> tuple[str, ...]:
    """The keys that tell the items of the list at this path apart; none: the list is one value.

    Args:
        path: names of fields, without the items between them.
    """
    if kind.is_custom and path[0] != "metadata":
        return ()
    if path[-1] == "ports":
        if kind == KIND["Service"]:
            return ("port", "protocol")
        return ("containerPort", "protocol") if path[-2] in ("containers", "initContainers") else ()
    return _LIST_KEYS.get(path[-1], ())


def is_set(path: tuple[str, ...]) -> bool:
    """A list of different texts, each of which may have an owner."""
    return path[-1] in _SETS


def is_atomic(kind: Kind, path: tuple[str, ...]) -> bool:
    """A map that is one value."""
    return not kind.is_custom and path[-1] in _ATOMIC


def item_key(item: Any, keys: tuple[str, ...]) -> tuple[Any, ...]:
    """What tells this item apart.

    Raises:
        ApiError: 400, it is no object.
    """
    if not isinstance(item, dict):
        raise bad_request(f"each item of this list must be an object with {keys[0]}, not {item!r}")
    return tuple(item.get(key, KEY_DEFAULTS.get(key)) for key in keys)


def merged(kind: Kind, live: Any, new: Any, path: tuple[str, ...] = ()) -> Any:
    """What is live with what is new laid over it, items of keyed lists one by one."""
    if isinstance(live, dict) and isinstance(new, dict) and not (path and is_atomic(kind, path)):
        result: Obj = dict(live)
        for key, value in new.items():
            result[key] = merged(kind, live.get(key), value, (*path, key))
        return result
    if isinstance(live, list) and isinstance(new, list):
        if is_set(path):
            return live + [item for item in new if item not in live]
        if keys := list_keys(kind, path):
            items = {item_key(item, keys): item for item in live}
            for item in new:
                key_values = item_key(item, keys)
                items[key_values] = merged(kind, items.get(key_values), item, path)
            return list(items.values())
    return new
