"""What the API server refuses of an object: names, what is required, what can't be changed. Pure.

The usual mistakes, not the whole schema: fields that don't exist are kept as they are.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from practice_cluster.errors import invalid
from practice_cluster.kinds import Kind
from practice_cluster.objects import Obj, at, quantity
from practice_cluster.selectors import selects

Cause = tuple[str, str, str]

_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE: Final = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_SUBDOMAIN_TEXT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_SUBDOMAIN.pattern}')"
)
_LABEL_TEXT: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL.pattern}')"
)
_FREE_NAMES: Final = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})
_TEMPLATED: Final = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"})
_IMMUTABLE: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "Deployment": (("spec", "selector"),),
    "ReplicaSet": (("spec", "selector"),),
    "DaemonSet": (("spec", "selector"),),
    "Job": (("spec", "selector"), ("spec", "completions"), ("spec", "template"), ("spec", "completionMode")),
    "PersistentVolumeClaim": (("spec", "accessModes"), ("spec", "storageClassName"), ("spec", "volumeName")),
    "StorageClass": (("provisioner",), ("parameters",), ("reclaimPolicy",)),
}
_STATEFULSET_MAY: Final = frozenset(
    {"replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy"}
    | {"minReadySeconds", "revisionHistoryLimit"}
)


def check(kind: Kind, obj: Obj, before: Obj | None) -> None:
    """Refuse what can't be stored.

    Raises:
        ApiError: 422, with every cause.
    """
    causes = [*_metadata(kind, obj)]
    if not kind.is_custom:
        causes += _content(kind.kind, obj)
        causes += _changes(kind.kind, obj, before) if before else ()
    if causes:
        raise invalid(kind.kind, kind.group, obj["metadata"].get("name", ""), causes)


def _metadata(kind: Kind, obj: Obj) -> Iterator[Cause]:
    metadata = obj["metadata"]
    name, is_label = metadata.get("name") or "", kind.kind in ("Namespace", "Service")
    if not name:
        yield "metadata.name", "FieldValueRequired", "Required value: name or generateName is required"
    elif kind.kind not in _FREE_NAMES and not (_LABEL if is_label else _SUBDOMAIN).fullmatch(name):
        text = _LABEL_TEXT if is_label else _SUBDOMAIN_TEXT
        yield "metadata.name", "FieldValueInvalid", f'Invalid value: "{name}": {text}'
    elif len(name) > (63 if is_label else 253):
        text = f"must be no more than {63 if is_label else 253} characters"
        yield "metadata.name", "FieldValueInvalid", f'Invalid value: "{name}": {text}'
    for value in (metadata.get("labels") or {}).values():
        if not isinstance(value, str) or len(value) > 63 or not _LABEL_VALUE.fullmatch(value):
            yield (
                "metadata.labels",
                "FieldValueInvalid",
                f'Invalid value: "{value}": a valid label must be {_VALUE_TEXT}',
            )


_VALUE_TEXT: Final = (
    "an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character, and be no more than 63 characters"
)


def _content(kind: str, obj: Obj) -> Iterator[Cause]:
    if kind in _TEMPLATED:
        yield from _template(obj)
    elif kind == "Pod":
        yield from _pod(obj["spec"], "spec")
    elif kind == "Job":
        yield from _job(obj["spec"], "spec")
    elif kind == "CronJob":
        if len(str(obj["spec"].get("schedule") or "").split()) != 5 and "@" not in str(obj["spec"].get("schedule")):
            text = f'Invalid value: "{obj["spec"].get("schedule")}": expected exactly 5 fields'
            yield "spec.schedule", "FieldValueInvalid", text
        yield from _job(obj["spec"]["jobTemplate"]["spec"], "spec.jobTemplate.spec")
    elif kind == "Service":
        yield from _service(obj["spec"])
    elif kind == "PersistentVolumeClaim":
        if not obj["spec"].get("accessModes"):
            yield "spec.accessModes", "FieldValueRequired", "Required value: at least 1 access mode is required"
        if not at(obj, "spec", "resources", "requests", "storage"):
            yield "spec.resources[storage]", "FieldValueRequired", "Required value"
    elif kind in ("ConfigMap", "Secret"):
        if kind == "Secret":
            for value in (obj.get("data") or {}).values():
                base64.b64decode(value, validate=True)  # or ValueError, which doesn't say the value
        for key in obj.get("data") or {}:
            if not re.fullmatch(r"[-._a-zA-Z0-9]+", key):
                text = f'Invalid value: "{key}": a valid config key must consist of alphanumeric characters'
                yield f"data[{key}]", "FieldValueInvalid", text
    elif kind == "HorizontalPodAutoscaler":
        spec = obj["spec"]
        if spec["maxReplicas"] < spec["minReplicas"]:
            text = f"Invalid value: {spec['maxReplicas']}: must be greater than or equal to `minReplicas`"
            yield "spec.maxReplicas", "FieldValueInvalid", text


def _template(obj: Obj) -> Iterator[Cause]:
    spec = obj["spec"]
    selector = spec.get("selector")
    if not selector:
        yield "spec.selector", "FieldValueRequired", "Required value"
    elif not selects(selector, at(spec, "template", "metadata", "labels") or {}):
        text = (
            f"Invalid value: {at(spec, 'template', 'metadata', 'labels')}: `selector` does not match template `labels`"
        )
        yield "spec.template.metadata.labels", "FieldValueInvalid", text
    if spec.get("replicas", 0) < 0:
        text = f"Invalid value: {spec['replicas']}: must be greater than or equal to 0"
        yield "spec.replicas", "FieldValueInvalid", text
    if spec["template"]["spec"].get("restartPolicy") != "Always":
        text = f'Unsupported value: "{spec["template"]["spec"].get("restartPolicy")}": supported values: "Always"'
        yield "spec.template.spec.restartPolicy", "FieldValueNotSupported", text
    claims = [{"name": claim["metadata"]["name"]} for claim in spec.get("volumeClaimTemplates") or []]
    template = spec["template"]["spec"]
    yield from _pod(template | {"volumes": [*(template.get("volumes") or []), *claims]}, "spec.template.spec")


def _job(spec: Obj, path: str) -> Iterator[Cause]:
    policy = at(spec, "template", "spec", "restartPolicy")
    if policy not in ("OnFailure", "Never"):
        text = f'Required value: valid values: "OnFailure", "Never" (it is "{policy}")'
        yield f"{path}.template.spec.restartPolicy", "FieldValueRequired", text
    yield from _pod(spec["template"]["spec"], f"{path}.template.spec")


def _pod(spec: Obj, path: str) -> Iterator[Cause]:
    containers = spec.get("containers") or []
    if not containers:
        yield f"{path}.containers", "FieldValueRequired", "Required value"
    volumes = {volume.get("name") for volume in spec.get("volumes") or []}
    names = set[Any]()
    every = [("initContainers", each) for each in enumerate(spec.get("initContainers") or [])]
    for field, (index, container) in (*every, *(("containers", each) for each in enumerate(containers))):
        here = f"{path}.{field}[{index}]"
        for required in ("name", "image"):
            if not container.get(required):
                yield f"{here}.{required}", "FieldValueRequired", "Required value"
        if container.get("name") in names:
            yield f"{here}.name", "FieldValueDuplicate", f'Duplicate value: "{container.get("name")}"'
        names.add(container.get("name"))
        for number, mount in enumerate(container.get("volumeMounts") or []):
            if mount.get("name") not in volumes:
                yield f"{here}.volumeMounts[{number}].name", "FieldValueNotFound", f'Not found: "{mount.get("name")}"'
        for kind in ("requests", "limits"):
            for name, value in (container["resources"].get(kind) or {}).items():
                quantity(value)  # or ValueError: the object's shape is wrong
                limit = (container["resources"].get("limits") or {}).get(name)
                if kind == "requests" and limit is not None and quantity(value) > quantity(limit):
                    text = f'Invalid value: "{value}": must be less than or equal to {name} limit of {limit}'
                    yield f"{here}.resources.requests", "FieldValueInvalid", text


def _service(spec: Obj) -> Iterator[Cause]:
    if spec["type"] not in ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"):
        yield "spec.type", "FieldValueNotSupported", f'Unsupported value: "{spec["type"]}"'
    ports = spec.get("ports") or []
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield "spec.ports", "FieldValueRequired", "Required value"
    for index, port in enumerate(ports):
        if not 1 <= port["port"] <= 65535:
            text = f"Invalid value: {port['port']}: must be between 1 and 65535, inclusive"
            yield f"spec.ports[{index}].port", "FieldValueInvalid", text
        if len(ports) > 1 and not port.get("name"):
            yield f"spec.ports[{index}].name", "FieldValueRequired", "Required value"
        elif port.get("name") and not _LABEL.fullmatch(port["name"]):
            text = f'Invalid value: "{port["name"]}": {_LABEL_TEXT}'
            yield f"spec.ports[{index}].name", "FieldValueInvalid", text


def _changes(kind: str, obj: Obj, before: Obj) -> Iterator[Cause]:
    for path in _IMMUTABLE.get(kind, ()):
        if at(before, *path) is not None and at(obj, *path) != at(before, *path):
            yield ".".join(path), "FieldValueInvalid", f"Invalid value: {at(obj, *path)}: field is immutable"
    if kind == "StatefulSet":
        new, old = ({k: v for k, v in each["spec"].items() if k not in _STATEFULSET_MAY} for each in (obj, before))
        if new != old:
            text = "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
            text += "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
            yield "spec", "FieldValueForbidden", text + "'minReadySeconds' are forbidden"
    if kind == "Service" and "ExternalName" not in (obj["spec"]["type"], before["spec"]["type"]):
        old_address = before["spec"].get("clusterIP")
        if old_address and obj["spec"].get("clusterIP") != old_address:
            text = f'Invalid value: "{obj["spec"].get("clusterIP")}": field is immutable'
            yield "spec.clusterIP", "FieldValueInvalid", text
    if before.get("immutable") and any(obj.get(key) != before.get(key) for key in ("data", "binaryData", "immutable")):
        yield "data", "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set"
    if kind == "Pod" and _fixed(obj) != _fixed(before):
        text = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`"
        yield "spec", "FieldValueForbidden", text


def _fixed(pod: Obj) -> Obj:
    """What can't be changed of a pod's spec."""
    free = ("initContainers", "containers", "activeDeadlineSeconds", "tolerations", "nodeName")
    return {key: value for key, value in pod["spec"].items() if key not in free} | {
        key: [{k: v for k, v in each.items() if k != "image"} for each in pod["spec"].get(key) or []]
        for key in ("initContainers", "containers")
    }
