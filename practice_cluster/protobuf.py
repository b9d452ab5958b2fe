"""Bodies in protobuf: what `kubectl create namespace|configmap|secret|deployment|service|job ...` sends. Pure.

Only kinds and fields that those commands set; everything else comes in JSON.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final

from practice_cluster.errors import ApiError
from practice_cluster.objects import Obj

MAGIC: Final = b"k8s\x00"

# By message: field number → name and type. Types: s(tring), i(nteger), b(oolean), m(ap of strings), d (map of bytes),
# q (map of quantities), o (integer or string), or another message; `*` in front: repeated.
_TABLE: Final = """
Meta: 1 name s, 2 generateName s, 3 namespace s, 11 labels m, 12 annotations m
Namespace: 1 metadata Meta
ServiceAccount: 1 metadata Meta
ConfigMap: 1 metadata Meta, 2 data m, 3 binaryData d, 4 immutable b
Secret: 1 metadata Meta, 2 data d, 3 type s, 4 stringData m, 5 immutable b
Service: 1 metadata Meta, 2 spec ServiceSpec
ServiceSpec: 1 ports *Port, 2 selector m, 3 clusterIP s, 4 type s, 10 externalName s
Port: 1 name s, 2 protocol s, 3 port i, 4 targetPort o, 5 nodePort i
Deployment: 1 metadata Meta, 2 spec DeploymentSpec
DeploymentSpec: 1 replicas i, 2 selector Selector, 3 template Template
Selector: 1 matchLabels m
Template: 1 metadata Meta, 2 spec PodSpec
PodSpec: 2 containers *Container, 3 restartPolicy s, 8 serviceAccountName s
Container: 1 name s, 2 image s, 3 command *s, 4 args *s, 6 ports *ContainerPort, 8 resources Resources
ContainerPort: 1 name s, 3 containerPort i, 4 protocol s
Resources: 1 limits q, 2 requests q
Job: 1 metadata Meta, 2 spec JobSpec
JobSpec: 1 parallelism i, 2 completions i, 6 template Template, 7 backoffLimit i
CronJob: 1 metadata Meta, 2 spec CronJobSpec
CronJobSpec: 1 schedule s, 3 concurrencyPolicy s, 4 suspend b, 5 jobTemplate JobTemplate
JobTemplate: 1 metadata Meta, 2 spec JobSpec
DeleteOptions: 1 gracePeriodSeconds i, 4 propagationPolicy s
"""


def _messages() -> Iterator[tuple[str, dict[int, tuple[str, str]]]]:
    for line in _TABLE.strip().splitlines():
        name, _, listed = line.partition(":")
        fields = [field.split() for field in listed.split(",")]
        yield name, {int(number): (field, kind) for number, field, kind in fields}


_MESSAGES: Final[Mapping[str, Mapping[int, tuple[str, str]]]] = dict(_messages())


def read(body: bytes) -> Obj:
    """The object in a body.

    Raises:
        ApiError: 415, it is of a kind that isn't known here; 400, it is cut off.
    """
    try:
        envelope = dict(_fields(body[len(MAGIC) :]))
        about = dict(_fields(envelope[1]))
        api_version, kind = about[1].decode(), about[2].decode()
        if kind not in _MESSAGES:
            text = (
                f"the practice cluster takes a {kind} in JSON or YAML only: add --dry-run=client -o yaml and pipe it "
            )
            text += "into kubectl apply -f -"
            raise ApiError(415, "UnsupportedMediaType", text)
        return {"apiVersion": api_version, "kind": kind} | _message(kind, envelope.get(2, b""))
    except (IndexError, KeyError, ValueError, TypeError, AttributeError):
        raise ApiError(400, "BadRequest", "the body isn't protobuf as Kubernetes writes it") from None


def _message(name: str, data: bytes) -> Obj:
    found: Obj = {}
    for number, value in _fields(data):
        field, kind = _MESSAGES[name].get(number, ("", ""))
        if kind.startswith("*"):
            found.setdefault(field, []).append(_value(kind[1:], value))
        elif kind in ("m", "d", "q"):
            entry = dict(_fields(value))
            content = entry.get(2, b"")
            if kind == "d":
                content = base64.b64encode(content)
            elif kind == "q":
                content = dict(_fields(content))[1]
            found.setdefault(field, {})[entry[1].decode()] = content.decode()
        elif field and not (kind in ("s", "i") and not value):  # Go writes what isn't set as empty
            found[field] = _value(kind, value)
    return found


def _value(kind: str, value: Any) -> Any:
    match kind:
        case "s":
            return value.decode()
        case "i":
            return value
        case "b":
            return bool(value)
        case "o":
            parts = dict(_fields(value))
            return parts[3].decode() if parts.get(1) else parts.get(2, 0)
    return _message(kind, value)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each: an integer, or bytes."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        if tag & 7 == 0:
            value, position = _varint(data, position)
            yield tag >> 3, value
        elif tag & 7 == 2:
            size, position = _varint(data, position)
            if position + size > len(data):
                raise ValueError("cut off")
            yield tag >> 3, data[position : position + size]
            position += size
        else:
            raise ValueError("a type of field that Kubernetes doesn't use here")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if not byte & 0x80:
            return value, position
