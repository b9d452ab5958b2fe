"""An object as the API's JSON, and the few things that everything here does with it. Pure."""

import math
import secrets
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import orjson

Obj = dict[str, Any]

_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_UNITS: Final = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def stamp(seconds: float) -> str:
    """As the API writes times: whole seconds, UTC."""
    return datetime.fromtimestamp(math.floor(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: object) -> float:
    """What `stamp` wrote; 0 for anything else."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0


def random_suffix() -> str:
    """Of generated names: no vowels, so that no words come out."""
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


def hash_of(value: Any) -> str:
    """Of a template: the same text for the same content, in the letters of generated names."""
    number = zlib.crc32(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
    return "".join(_LETTERS[number // 27**place % 27] for place in range(7))


def at(obj: Any, path: str) -> Any:
    """The value at a path of keys (`spec.replicas`), or `None`."""
    for key in path.split("."):
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj


def without_nulls(value: Any) -> Any:
    """As Go reads it: a null is as good as nothing."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def merge_patch(live: Any, patch: Any) -> Any:
    """RFC 7386. The result shares with both what isn't changed."""
    if not isinstance(patch, dict):
        return patch
    result: Obj = dict(live) if isinstance(live, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def quantity(value: object) -> Decimal:
    """`250m`, `64Mi`, `2`.

    Raises:
        ValueError: it is none.
    """
    text = str(value)
    try:
        if text[-2:] in _BINARY:
            return Decimal(text[:-2]) * Decimal(1024) ** _BINARY[text[-2:]]
        return Decimal(text[:-1]).scaleb(_UNITS[text[-1]]) if text[-1:] in _UNITS else Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no quantity") from None


def share(value: object, whole: int, *, up: bool) -> int:
    """A number or a percentage of a whole, as maxSurge (rounded up) and maxUnavailable have it."""
    text = str(value)
    return (math.ceil if up else math.floor)(whole * int(text[:-1]) / 100) if text.endswith("%") else int(text)


def owned_by(owner: Obj) -> list[Obj]:
    """The owner references of what this object controls."""
    about = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
    return [about | {"uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}]


def condition(obj: Obj | None, kind: str) -> Obj:
    """The condition of this type; empty when there is none."""
    return next((each for each in at(obj, "status.conditions") or [] if each.get("type") == kind), {})


def with_condition(conditions: list[Obj], now: float, kind: str, status: object, /, **about: Any) -> list[Obj]:
    """The list with this condition in it; its times change with its status only."""
    new = {"type": kind, "status": str(status), **about}
    old = next((each for each in conditions if each["type"] == kind), None)
    if old and all(old.get(key) == new.get(key) for key in ("status", "reason", "message")):
        return conditions
    since = old["lastTransitionTime"] if old and old["status"] == new["status"] else stamp(now)
    new |= {"lastTransitionTime": since} | ({"lastUpdateTime": stamp(now)} if "lastUpdateTime" in new else {})
    return [new if each is old else each for each in conditions] + ([] if old else [new])


def is_ready(pod: Obj) -> bool:
    """A pod that is Ready and not about to leave."""
    return condition(pod, "Ready").get("status") == "True" and not is_leaving(pod)


def is_leaving(obj: Obj) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def is_over(pod: Obj) -> bool:
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector inside an object selects these labels."""
    for each in (selector or {}).get("matchExpressions") or []:
        has, values = labels.get(each["key"]), each.get("values") or []
        fits = {"In": has in values, "NotIn": has not in values, "Exists": has is not None, "DoesNotExist": has is None}
        if not fits[each["operator"]]:
            return False
    return bool(((selector or {}).get("matchLabels") or {}).items() <= labels.items())
