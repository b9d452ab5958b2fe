"""A line of a watch → an event, narrowed. Pure. Called by the watch loop for each line: no models here."""

from typing import Any, Literal, NamedTuple

import orjson

from app.kube.answers import api_status_error

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]


class WatchEvent(NamedTuple):
    """What one line says."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    obj: dict[str, Any]
    metadata: dict[str, Any]
    """Of the object."""


class GarbageError(Exception):
    """The line is no watch event: a proxy's page, or half a line."""


def parse_event(line: bytes | bytearray) -> WatchEvent:
    """Take a line apart.

    Raises:
        GarbageError: it isn't an event.
        ApiStatusError: it is the API server's ERROR event.
    """
    try:
        event = orjson.loads(line)
        kind, obj = event["type"], event["object"]
        if kind == "ERROR":
            raise api_status_error(obj, 500)
        metadata = obj["metadata"]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise GarbageError("not a watch event") from error
    if kind not in {"ADDED", "MODIFIED", "DELETED", "BOOKMARK"} or not isinstance(metadata, dict):
        raise GarbageError("not a watch event")
    if not isinstance(metadata.get("resourceVersion"), str):  # it couldn't be resumed from
        raise GarbageError("an event without a version")
    return WatchEvent(kind, obj, metadata)
