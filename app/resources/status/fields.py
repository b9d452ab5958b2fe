"""Reading the cluster's JSON without ever failing: whatever stands there, an absent or odd value is the default.

Status functions run inside the watch loop on objects of strangers' controllers, where one bad field must not stop
a cluster's watch. Used by everything in this package.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.kube.objects import KubeObject

MESSAGE_CHARS: Final = 500  # a message is a sentence on the canvas; the cluster's own texts can be pages
_NOTHING: Final[KubeObject] = {}
_YEARS: Final = range(1970, 2200)  # so that adding a grace to a nonsensical time can't overflow


def mapping(value: Any) -> KubeObject:
    """It, when it is an object; otherwise an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def at(obj: Any, *path: str) -> Any:
    """The value at a path of keys, or `None`."""
    for key in path:
        if not isinstance(obj, dict):  # parsed JSON is; asking for a Mapping costs ten times as much
            return None
        obj = obj.get(key)
    return obj


def section(obj: Any, *path: str) -> KubeObject:
    """The object at a path of keys, empty when there is none."""
    return mapping(at(obj, *path))


def items(obj: Any, *path: str) -> list[KubeObject]:
    """The objects in the list at a path of keys; anything else in it is left out."""
    found = at(obj, *path)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def integer(obj: Any, *path: str, default: int = 0) -> int:
    """The whole number at a path of keys."""
    found = at(obj, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def text(obj: Any, *path: str, default: str = "") -> str:
    """The text at a path of keys."""
    found = at(obj, *path)
    return found if isinstance(found, str) else default


def flag(obj: Any, *path: str) -> bool:
    """Whether `true` stands there."""
    return at(obj, *path) is True


def instant(obj: Any, *path: str) -> datetime | None:
    """The time at a path of keys, aware."""
    found = at(obj, *path)
    if not isinstance(found, str):
        return None
    try:
        parsed = datetime.fromisoformat(found)
        if parsed.tzinfo is not UTC:
            parsed = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return parsed if parsed.year in _YEARS else None


def after(start: datetime | None, seconds: float) -> datetime | None:
    """So many seconds later; `None` for an unknown start."""
    return start + timedelta(seconds=seconds) if start else None


def earliest(*instants: datetime | None) -> datetime | None:
    """The first of those that are known."""
    return min((each for each in instants if each), default=None)


def condition(obj: Any, kind: str) -> KubeObject:
    """The condition of this type, empty when the object has none."""
    conditions = at(obj, "status", "conditions")
    for each in conditions if isinstance(conditions, list) else ():
        if isinstance(each, dict) and each.get("type") == kind:
            return each
    return _NOTHING


def is_true(obj: Any, kind: str) -> bool:
    """Whether the object has this condition with status True."""
    return condition(obj, kind).get("status") == "True"


def clean(words: str, limit: int = MESSAGE_CHARS) -> str:
    """On one line, without control characters, no longer than it should be."""
    line = " ".join("".join(char if char.isprintable() else " " for char in words[: limit * 4]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
