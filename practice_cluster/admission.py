"""What the API server fills in, and what it refuses: the rules of `kinds.yaml`, and what rules can't say. Pure.

The usual mistakes, not the whole schema: fields that don't exist are kept as they are.
"""

import base64
import copy
import re
import zlib
from collections.abc import Iterator
from typing import Any, Final

from practice_cluster.errors import bad_request, invalid
from practice_cluster.kinds import Kind
from practice_cluster.objects import Obj, at, quantity, selects, stamp

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")
_LABEL: Final = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")
_NAME_TEXT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_NAME.pattern}')"
)
_LABEL_TEXT: Final = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'"
_KEY_TEXT: Final = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
_TEMPLATES: Final = {"Job": "spec.template.spec", "CronJob": "spec.jobTemplate.spec.template.spec", "Pod": "spec"}
_ROLLING: Final = {
    "Deployment": {"maxSurge": "25%", "maxUnavailable": "25%"},
    "StatefulSet": {"partition": 0},
    "DaemonSet": {"maxSurge": 0, "maxUnavailable": 1},
}
Mistakes = Iterator[tuple[str, str]]
"""Field and message of each."""


def complete(kind: Kind, obj: Obj, before: Obj | None) -> None:
    """Fill in defaults and refuse what can't be stored.

    Raises:
        ApiError: 422 with every cause, or 400: its shape is wrong.
    """
    try:
        _fill(obj, kind.rules.get("defaults") or {})
        if not kind.is_custom:
            _fill_specially(kind.kind, obj)
        mistakes = [*_metadata(kind, obj), *_content(kind, obj), *_changes(kind, obj, before)]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        shown = f"missing field {error}" if isinstance(error, KeyError) else str(error)
        raise bad_request(f"{kind.kind} in version {kind.version} cannot be handled: {shown}") from None
    if mistakes:
        causes = [{"field": each, "message": text, "reason": _reason(text)} for each, text in mistakes]
        raise invalid(kind.resource, kind.kind, obj["metadata"].get("name", ""), causes)


def _reason(text: str) -> str:
    return "FieldValue" + text.partition(":")[0].removesuffix(" value").title().replace(" ", "")


def _fill(target: Obj, defaults: Obj) -> None:
    for key, value in defaults.items():
        name = key.rstrip("[]?")
        if key.endswith("[]"):
            for item in target.get(name) or ():
                _fill(item, value)
        elif key == name and target.get(name) is None:
            target[name] = {} if isinstance(value, dict) else copy.deepcopy(value)
        if not key.endswith("[]") and isinstance(value, dict) and target.get(name) is not None:
            _fill(target[name], value)


def _fill_specially(kind: str, obj: Obj) -> None:
    spec, uid, (_, pod) = obj.get("spec") or {}, obj["metadata"]["uid"], _pod(kind, obj)
    for name in ("strategy", "updateStrategy"):
        if at(spec, f"{name}.type") == "RollingUpdate":
            _fill(spec[name], {"rollingUpdate": _ROLLING[kind]})
    for container in (*(pod.get("initContainers") or ()), *(pod.get("containers") or ())):
        image, resources = container.get("image") or "", container["resources"]
        is_latest = image.endswith(":latest") or (":" not in image.rpartition("/")[2] and "@" not in image)
        _fill(container, {"imagePullPolicy": "Always" if is_latest else "IfNotPresent"})
        _fill(resources, {"requests": resources["limits"]} if resources.get("limits") else {})
    match kind:
        case "Job":
            labels = {"controller-uid": uid, "job-name": obj["metadata"]["name"]}
            labels |= {f"batch.kubernetes.io/{key}": value for key, value in labels.items()}
            _fill(spec, {"completions": 1} if spec["parallelism"] == 1 else {})
            _fill(spec, {"selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}})
            spec["template"]["metadata"]["labels"] = (spec["template"]["metadata"].get("labels") or {}) | labels
        case "Service":
            _fill_service(spec, zlib.crc32(uid.encode()))
        case "Secret":
            strings = obj.pop("stringData", None) or {}
            data = {key: base64.b64encode(text.encode()).decode() for key, text in strings.items()}
            obj |= {"data": (obj.get("data") or {}) | data} if data else {}
        case "Namespace":
            _fill(obj["metadata"], {"labels": {"kubernetes.io/metadata.name": obj["metadata"]["name"]}})
        case "CustomResourceDefinition":
            names = spec["names"]
            _fill(names, {"listKind": f"{names['kind']}List", "singular": names["kind"].lower()})


def _fill_service(spec: Obj, seed: int) -> None:
    """Addresses are made from what stays the same, so that an update without them doesn't move it."""
    for port in spec.get("ports") or []:
        node_port = {"nodePort": 30_000 + (seed + port["port"]) % 2768}
        _fill(port, {"targetPort": port["port"]} | (node_port if spec["type"] in ("NodePort", "LoadBalancer") else {}))
    if spec["type"] != "ExternalName":
        _fill(spec, {"internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"})
        _fill(spec, {"clusterIP": f"10.96.{1 + seed % 250}.{1 + seed // 250 % 250}"})
        _fill(spec, {"clusterIPs": [spec["clusterIP"]]})


def _pod(kind: str, obj: Obj) -> tuple[str, Any]:
    """Where its pod or template of pods is, and that; empty for other kinds."""
    path = _TEMPLATES.get(kind, "spec.template.spec")
    return path, found if "containers" in (found := at(obj, path) or {}) else {}


def _metadata(kind: Kind, obj: Obj) -> Mistakes:
    name = obj["metadata"].get("name") or ""
    if not name:
        yield "metadata.name", "Required value: name or generateName is required"
    elif not _NAME.fullmatch(name) and kind.group != "rbac.authorization.k8s.io":
        yield "metadata.name", f'Invalid value: "{name}": {_NAME_TEXT}'
    elif len(name) > (63 if kind.kind in ("Namespace", "Service") else 253):
        yield "metadata.name", f'Invalid value: "{name}": must be no more than 63 (or 253) characters'
    for value in (obj["metadata"].get("labels") or {}).values():
        if not isinstance(value, str) or not _LABEL.fullmatch(value):
            yield "metadata.labels", f'Invalid value: "{value}": {_LABEL_TEXT}'


def _content(kind: Kind, obj: Obj) -> Mistakes:
    spec, (path, pod) = obj.get("spec") or {}, ("", {}) if kind.is_custom else _pod(kind.kind, obj)
    for required in kind.rules.get("required", ()):
        if not at(obj, required):
            yield required, "Required value"
    for key, value in (obj.get("data") or {}).items() if kind.resource in ("configmaps", "secrets") else ():
        base64.b64decode(value if kind.kind == "Secret" else "", validate=True)  # or ValueError: its shape is wrong
        if not _KEY.fullmatch(key):
            yield f"data[{key}]", f'Invalid value: "{key}": {_KEY_TEXT}'
    if kind.kind == "Service" and not spec.get("ports") and spec.get("clusterIP") not in (None, "None"):
        yield "spec.ports", "Required value"
    for index, port in enumerate(spec.get("ports") or [] if kind.resource == "services" else ()):
        if not 1 <= port["port"] <= 65535:
            yield f"spec.ports[{index}].port", f"Invalid value: {port['port']}: must be between 1 and 65535, inclusive"
        if not _NAME.fullmatch(port.get("name") or "a"):
            yield f"spec.ports[{index}].name", f'Invalid value: "{port["name"]}": {_NAME_TEXT}'
    allowed = ("OnFailure", "Never") if "Job" in kind.kind else ("Always",)
    if pod and kind.kind != "Pod" and pod["restartPolicy"] not in allowed:
        yield f"{path}.restartPolicy", f'Unsupported value: "{pod["restartPolicy"]}": supported: {allowed}'
    if pod and spec.get("selector") and not selects(spec["selector"], at(spec, "template.metadata.labels") or {}):
        yield "spec.template.metadata.labels", "Invalid value: `selector` does not match template `labels`"
    claims = [each["metadata"] for each in spec.get("volumeClaimTemplates") or []]
    volumes = {volume["name"] for volume in (*(pod.get("volumes") or []), *claims)}
    for field in ("initContainers", "containers"):
        for index, container in enumerate(pod.get(field) or []):
            yield from _container(f"{path}.{field}[{index}]", container, volumes)


def _container(path: str, container: Obj, volumes: set[str]) -> Mistakes:
    for name in ("name", "image"):
        if not container.get(name):
            yield f"{path}.{name}", "Required value"
    for index, variable in enumerate(container.get("env") or []):
        if not variable.get("name"):
            yield f"{path}.env[{index}].name", "Required value"
    for index, mount in enumerate(container.get("volumeMounts") or []):
        if mount.get("name") not in volumes:
            yield f"{path}.volumeMounts[{index}].name", f'Not found: "{mount.get("name")}"'
    for name in ("requests", "limits"):
        for value in (container["resources"].get(name) or {}).values():
            quantity(value)  # or ValueError: its shape is wrong


def _changes(kind: Kind, obj: Obj, before: Obj | None) -> Mistakes:
    fixed = ("data", "immutable") if before and before.get("immutable") else kind.rules.get("fixed", ())
    for path in fixed if before else ():
        if at(before, path) is not None and at(obj, path) != at(before, path):
            yield path, f"Invalid value: {at(obj, path)}: field is immutable"


def first_status(kind: Kind, obj: Obj, now: float) -> Obj | None:
    """What a new object says before any controller has looked at it."""
    if kind.resource == "customresourcedefinitions.apiextensions.k8s.io":
        names, since = obj["spec"]["names"], {"status": "True", "lastTransitionTime": stamp(now)}
        told = [{"type": each, "reason": each, "message": "", **since} for each in ("NamesAccepted", "Established")]
        stored = [each["name"] for each in obj["spec"]["versions"] if each.get("storage")]
        return {"acceptedNames": names, "storedVersions": stored, "conditions": told}
    if kind.resource == "pods":
        needs = any(each.get("resources") for each in obj["spec"]["containers"])
        return {"phase": "Pending", "qosClass": "Burstable" if needs else "BestEffort"}
    status: Obj | None = copy.deepcopy(kind.rules.get("status"))
    return status
