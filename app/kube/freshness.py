"""Keeps a watch from going back in time when a stale API server answers (one of several that lags behind). Pure.

Versions are opaque by contract but in fact etcd's revision, a number that grows, and since Kubernetes 1.35 they may be
compared; where one isn't a number, nothing is held back.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

_GONE_KEPT: Final = 4096
"""Deletions remembered: a stale server would bring those objects back."""


class Freshness:
    """The newest version seen of each object of one watch, by uid, and of all of them."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._gone: OrderedDict[str, int] = OrderedDict()
        self._newest = 0

    def is_older(self, resource_version: str) -> bool:
        """Whether a list of this version would take us back."""
        return (_number(resource_version) or self._newest) < self._newest

    def replaced(self, versions: Mapping[str, int], resource_version: str) -> None:
        """A list has been taken over: from now on these are the objects."""
        self._held = dict(versions)
        self.seen(resource_version)

    def seen(self, resource_version: str) -> None:
        """A bookmark, or the version of a list."""
        self._newest = max(self._newest, _number(resource_version) or 0)

    def admits(self, event_type: str, metadata: Mapping[str, Any]) -> bool:
        """Whether this event says something newer than what is known of its object; it is known from then on."""
        uid, version = metadata.get("uid", ""), _number(metadata.get("resourceVersion", ""))
        if version is None:
            return True
        if event_type == "DELETED":
            # Servers before 1.20 or so send a deletion with the object's last version: equal counts as newer.
            if version < self._held.get(uid, 0) or version <= self._gone.get(uid, 0):
                return False
            self._held.pop(uid, None)
            self._bury(uid, version)
        else:
            if version <= max(self._held.get(uid, 0), self._gone.get(uid, 0)):
                return False
            self._held[uid] = version
        self._newest = max(self._newest, version)
        return True

    def _bury(self, uid: str, version: int) -> None:
        self._gone[uid] = version
        if len(self._gone) > _GONE_KEPT:
            self._gone.popitem(last=False)


def version_of(metadata: Mapping[str, Any]) -> tuple[str, int]:
    """Uid and version, for `replaced`."""
    return metadata.get("uid", ""), _number(metadata.get("resourceVersion", "")) or 0


def _number(resource_version: str) -> int | None:
    return int(resource_version) if resource_version.isascii() and resource_version.isdecimal() else None
