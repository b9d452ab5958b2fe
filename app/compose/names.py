"""Names of Compose → names that Kubernetes takes, valid and unique."""

import hashlib
import re
from typing import Final

LONGEST: Final = 63
_SHORTER: Final = {"statefulset": 52, "cronjob": 52}
_WORKLOADS: Final = frozenset({"deployment", "statefulset", "daemonset", "job", "cronjob"})


def object_name(text: str, limit: int = LONGEST) -> str:
    """A valid name: lower case, `_`, `.` and blanks become `-`, the rest goes; a cut one ends in a hash."""
    name = re.sub(r"[_.\s]+", "-", text.lower())
    name = re.sub(r"[^a-z0-9-]", "", name).strip("-")
    if not name:
        name = "svc-" + _tail(text)
    if name[0].isdigit():
        name = f"svc-{name}"
    if len(name) > limit:
        name = f"{name[: limit - 5].rstrip('-')}-{_tail(text)}"
    return name


def _tail(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:4]


def limit_of(kind: str) -> int:
    """How long the name of such a node may be."""
    return _SHORTER.get(kind, LONGEST)


class Names:
    """Gives each name once a kind of object. Workloads share one space: services select them by name."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, str]] = set()

    def give(self, kind: str, wanted: str) -> str:
        """A valid name close to the wanted one; `-2`, `-3` when it is taken."""
        limit = limit_of(kind)
        space = "workload" if kind in _WORKLOADS else kind
        first = name = object_name(wanted, limit)
        n = 2
        while (space, name) in self._taken or (space == "workload" and ("service", name) in self._taken):
            tail = f"-{n}"
            name = first[: limit - len(tail)].rstrip("-") + tail
            n += 1
        self._taken.add((space, name))
        if space == "workload":  # its Service is called the same
            self._taken.add(("service", name))
        return name

    def taken(self, name: str) -> bool:
        """Is a workload or Service called that?"""
        return ("service", name) in self._taken
