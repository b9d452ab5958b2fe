"""Bodies in protobuf, which is all that `kubectl create namespace|configmap|secret|deployment|job ...` sends. Pure.

Only kinds and fields that those commands set; everything else comes in JSON.
"""

import base64
from collections.abc import Iterator
from typing import Any, Final

from practice_cluster.errors import ApiError
from practice_cluster.kinds import load_rules
from practice_cluster.objects import Obj

MAGIC: Final = b"k8s\x00"

_MESSAGES: Final[dict[str, dict[int, str]]] = load_rules("protobuf.yaml")


def read(body: bytes) -> Obj:
    """The object in a body.

    Raises:
        ApiError: 415, it is of a kind that isn't known here, or cut off.
    """
    try:
        envelope = dict(_fields(body[len(MAGIC) :]))
        about = dict(_fields(envelope[1]))
        kind = about[2].decode()
        content: Obj = _message(kind, envelope.get(2, b""))
        return {"apiVersion": about[1].decode(), "kind": kind} | content
    except (IndexError, KeyError, ValueError, TypeError, AttributeError):
        text = "the practice cluster takes this in JSON or YAML only: add --dry-run=client -o yaml and pipe it into "
        raise ApiError(415, "UnsupportedMediaType", text + "kubectl apply -f -") from None


def _message(name: str, data: bytes) -> Any:
    found: Obj = {}
    for number, value in _fields(data):
        field, kind = _MESSAGES[name].get(number, " ").split(" ")
        if kind.startswith("*"):
            found.setdefault(field, []).append(_value(kind[1:], value))
        elif kind in ("m", "d"):
            entry = dict(_fields(value))
            content = entry.get(2, b"")
            text = base64.b64encode(content) if kind == "d" else content
            found.setdefault(field, {})[entry[1].decode()] = text.decode()
        elif kind and (value or kind not in "si"):  # Go writes what isn't set as empty
            found[field] = _value(kind, value)
    if name == "IntOrString":
        return found["text"] if found.get("isText") else found.get("number", 0)
    return found


def _value(kind: str, value: Any) -> Any:
    return value.decode() if kind == "s" else value if kind == "i" else _message(kind, value)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each: an integer, or bytes."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        value: Any
        value, position = _varint(data, position)
        if tag & 7 == 2:
            value, position = data[position : position + value], position + value
        yield tag >> 3, value


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if not byte & 0x80:
            return value, position
