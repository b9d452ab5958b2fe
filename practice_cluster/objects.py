"""An object as the API's JSON, and the few things that everything here does with it. Pure."""

import math
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

Obj = dict[str, Any]
Clock = Callable[[], float]
"""Seconds since 1970; a test passes time by another function."""

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


def random_suffix(length: int = 5) -> str:
    """Of generated names: no vowels, so that no words come out."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def safe_hash(number: int) -> str:
    """A template's hash in the alphabet of generated names."""
    text = ""
    for _ in range(10):
        number, digit = divmod(number, len(_LETTERS))
        text += _LETTERS[digit]
    return text


def at(obj: Any, *path: str) -> Any:
    """The value at a path of keys, or `None`."""
    for key in path:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj


def without_nulls(value: Any) -> Any:
    """As Go reads it: a null is as good as nothing."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def quantity(value: object) -> Decimal:
    """`250m`, `64Mi`, `2`.

    Raises:
        ValueError: it is none.
    """
    text = str(value)
    try:
        if text[-2:] in _BINARY:
            return Decimal(text[:-2]) * Decimal(1024) ** _BINARY[text[-2:]]
        if text[-1:] in _UNITS:
            return Decimal(text[:-1]).scaleb(_UNITS[text[-1]])
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no quantity") from None


def share(value: object, whole: int, *, up: bool) -> int:
    """A number or a percentage of a whole, as maxSurge (rounded up) and maxUnavailable have it."""
    if isinstance(value, str) and value.endswith("%"):
        part = whole * int(value[:-1]) / 100
        return math.ceil(part) if up else math.floor(part)
    return int(str(value))


def controller_of(obj: Obj) -> Obj | None:
    """The owner reference of whoever controls it."""
    return next((owner for owner in obj["metadata"].get("ownerReferences") or [] if owner.get("controller")), None)


def owned_by(owner: Obj) -> list[Obj]:
    """The owner references of what this object controls."""
    about = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
    return [about | {"uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}]


def condition(obj: Obj, kind: str) -> Obj:
    """The condition of this type; empty when there is none."""
    return next((each for each in at(obj, "status", "conditions") or [] if each.get("type") == kind), {})


def with_condition(conditions: list[Obj], new: Obj, now: float) -> list[Obj]:
    """The list with this condition in it; its times change with its status only."""
    old = next((each for each in conditions if each["type"] == new["type"]), None)
    if old and all(old.get(key) == new.get(key) for key in ("status", "reason", "message")):
        return conditions
    kept = old["lastTransitionTime"] if old and old["status"] == new["status"] else stamp(now)
    fresh = {key: value for key, value in new.items() if value is not None} | {"lastTransitionTime": kept}
    if "lastUpdateTime" in new:
        fresh["lastUpdateTime"] = stamp(now)
    return [fresh if each is old else each for each in conditions] + ([] if old else [fresh])


def is_ready(pod: Obj) -> bool:
    """A pod that is Ready and not about to leave."""
    return condition(pod, "Ready").get("status") == "True" and "deletionTimestamp" not in pod["metadata"]
