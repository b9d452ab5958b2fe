"""JSON of every answer: orjson, ids as hex, times as RFC 3339 in UTC."""

from datetime import datetime
from pathlib import PurePath
from typing import Any, Final

import orjson
from bson import ObjectId
from flask import Flask, Response
from flask.json.provider import JSONProvider
from pydantic import BaseModel

from app.clock import rfc3339

OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


def encode(value: Any) -> bytes:
    """Compact JSON in UTF-8, in one line."""
    return orjson.dumps(value, default=_encode_special, option=OPTIONS)


def _encode_special(value: Any) -> Any:
    match value:
        case ObjectId():
            return str(value)
        case datetime():
            return rfc3339(value)
        case BaseModel():
            return value.model_dump(by_alias=True, exclude_none=True)
        case frozenset() | set():
            return sorted(value)
        case PurePath():
            return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


class OrjsonProvider(JSONProvider):
    """Flask's `jsonify` and the dicts that views return."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)

    def dumps(self, obj: Any, **_: Any) -> str:
        return encode(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Any:
        value = args[0] if args else kwargs
        return Response(encode(value), mimetype="application/json")
