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
_LABEL: Final = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")
_CAUSE: Final = {
    "Required": "FieldValueRequired",
    "Not found": "FieldValueNotFound",
    "Forbidden": "FieldValueForbidden",
}
_NAME_TEXT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_NAME.pattern}')"
)
_LABEL_TEXT: Final = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'"
_TEMPLATES: Final = {"Job": "spec.template.spec", "CronJob": "spec.jobTemplate.spec.template.spec", "Pod": "spec"}
Mistakes = Iterator[tuple[str, str]]
"""Field and message of each."""


def complete(kind: Kind, obj: Obj, before: Obj | None) -> None:
    """Fill in defaults and refuse what can't be stored.

    Raises:
        ApiError: 422 with every cause, or 400: its shape is wrong.
    """
    try:
        _fill(obj, kind.rules.get("defaults") or {})
        _fill_specially(kind.kind, obj) if not kind.is_custom else None
        causes = [
            {"field": field, "message": text, "reason": _CAUSE.get(text.partition(" value")[0].partition(":")[0], _BAD)}
            for field, text in (*_metadata(kind, obj), *_content(kind, obj), *_changes(kind, obj, before))
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        shown = f"missing field {error}" if isinstance(error, KeyError) else str(error)
        raise bad_request(f"{kind.kind} in version {kind.version} cannot be handled: {shown}") from None
    if causes:
        raise invalid(kind.resource, kind.kind, obj["metadata"].get("name", ""), causes)


_BAD: Final = "FieldValueInvalid"


def _fill(target: Obj, defaults: Obj) -> None:
    for key, value in defaults.items():
        if key.endswith("[]"):
            for item in target.get(key[:-2]) or ():
                _fill(item, value)
        elif key.endswith("?"):
            if target.get(key[:-1]) is not None:
                _fill(target[key[:-1]], value)
        elif target.get(key) is None:
            target[key] = {} if isinstance(value, dict) else copy.deepcopy(value)
        if key in target and isinstance(value, dict):
            _fill(target[key], value)


def _fill_specially(kind: str, obj: Obj) -> None:
    spec, uid = obj.get("spec") or {}, obj["metadata"]["uid"]
    for strategy in filter(None, (spec.get("strategy"), spec.get("updateStrategy"))):
        rolling = {"Deployment": {"maxSurge": "25%", "maxUnavailable": "25%"}, "StatefulSet": {"partition": 0}}
        if strategy["type"] == "RollingUpdate":
            _fill(strategy, {"rollingUpdate": rolling.get(kind, {"maxSurge": 0, "maxUnavailable": 1})})
    pod = _pod_spec(kind, obj) or {}
    for container in (*(pod.get("initContainers") or ()), *(pod.get("containers") or ())):
        image = container.get("image") or ""
        is_latest = image.endswith(":latest") or (":" not in image.rpartition("/")[2] and "@" not in image)
        _fill(container, {"imagePullPolicy": "Always" if is_latest else "IfNotPresent"})
        if limits := container["resources"].get("limits"):
            _fill(container["resources"], {"requests": limits})
    match kind:
        case "Job":
            labels = {"controller-uid": uid, "job-name": obj["metadata"]["name"]}
            labels |= {f"batch.kubernetes.io/{key}": value for key, value in labels.items()}
            _fill(spec, {"completions": 1} if spec["parallelism"] == 1 else {})
            _fill(spec, {"selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}})
            spec["template"]["metadata"]["labels"] = (spec["template"]["metadata"].get("labels") or {}) | labels
        case "Service":
            _fill_service(spec, uid)
        case "Secret":
            strings = (obj.pop("stringData", None) or {}).items()
            _fill(obj, {"data": {}} if strings else {})
            obj.get("data", {}).update({key: base64.b64encode(text.encode()).decode() for key, text in strings})
        case "Namespace":
            _fill(obj["metadata"], {"labels": {"kubernetes.io/metadata.name": obj["metadata"]["name"]}})
        case "CustomResourceDefinition":
            names = spec["names"]
            _fill(names, {"listKind": f"{names['kind']}List", "singular": names["kind"].lower()})


def _fill_service(spec: Obj, uid: str) -> None:
    for port in spec.get("ports") or []:
        _fill(port, {"targetPort": port["port"]})
        if spec["type"] in ("NodePort", "LoadBalancer"):  # from what stays the same: an update doesn't move it
            _fill(port, {"nodePort": 30_000 + zlib.crc32(f"{uid}/{port['port']}".encode()) % 2768})
    if spec["type"] != "ExternalName":
        seed = zlib.crc32(uid.encode())
        _fill(spec, {"internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"})
        _fill(spec, {"clusterIP": f"10.96.{1 + seed % 250}.{1 + seed // 250 % 250}"})
        _fill(spec, {"clusterIPs": [spec["clusterIP"]]})


def _pod_spec(kind: str, obj: Obj) -> Any:
    """Of a pod or its template; `None` for other kinds."""
    path = _TEMPLATES.get(kind, "spec.template.spec")
    return found if "containers" in (found := at(obj, path) or {}) else None


def _metadata(kind: Kind, obj: Obj) -> Mistakes:
    metadata = obj["metadata"]
    name = metadata.get("name") or ""
    if not name:
        yield "metadata.name", "Required value: name or generateName is required"
    elif not _NAME.fullmatch(name) and kind.group != "rbac.authorization.k8s.io":
        yield "metadata.name", f'Invalid value: "{name}": {_NAME_TEXT}'
    elif len(name) > (63 if kind.kind in ("Namespace", "Service") else 253):
        yield "metadata.name", f'Invalid value: "{name}": must be no more than 63 (or 253) characters'
    for value in (metadata.get("labels") or {}).values():
        if not isinstance(value, str) or not _LABEL.fullmatch(value):
            yield "metadata.labels", f'Invalid value: "{value}": {_LABEL_TEXT}'


def _content(kind: Kind, obj: Obj) -> Mistakes:
    if kind.is_custom:
        return
    for path in kind.rules.get("required", ()):
        if not at(obj, path):
            yield path, "Required value"
    spec, selector = obj.get("spec") or {}, at(obj, "spec.selector")
    if kind.kind in ("ConfigMap", "Secret"):
        for key, value in (obj.get("data") or {}).items():
            base64.b64decode(value, validate=kind.kind == "Secret") if kind.kind == "Secret" else None
            if not re.fullmatch(r"[-._a-zA-Z0-9]+", key):
                yield (
                    f"data[{key}]",
                    f'Invalid value: "{key}": a valid config key must consist of alphanumeric characters',
                )
    elif kind.kind == "HorizontalPodAutoscaler" and spec.get("maxReplicas", 1) < spec["minReplicas"]:
        yield "spec.maxReplicas", f"Invalid value: {spec['maxReplicas']}: must be greater than or equal to minReplicas"
    elif kind.kind == "Service" and not spec.get("ports") and spec.get("clusterIP") not in (None, "None"):
        yield "spec.ports", "Required value"
    if pod := _pod_spec(kind.kind, obj):
        path = _TEMPLATES.get(kind.kind, "spec.template.spec")
        allowed = ("OnFailure", "Never") if "Job" in kind.kind else ("Always",)
        if kind.kind != "Pod" and pod["restartPolicy"] not in allowed:
            yield f"{path}.restartPolicy", f'Unsupported value: "{pod["restartPolicy"]}": supported: {allowed}'
        if selector and not selects(selector, at(spec, "template.metadata.labels") or {}):
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
    for values in container["resources"].values():
        for value in values.values() if isinstance(values, dict) else ():
            quantity(value)  # or ValueError: its shape is wrong


def _changes(kind: Kind, obj: Obj, before: Obj | None) -> Mistakes:
    if before is None:
        return
    for path in kind.rules.get("fixed", ()):
        if at(before, path) is not None and at(obj, path) != at(before, path):
            yield path, f"Invalid value: {at(obj, path)}: field is immutable"
    if before.get("immutable") and (obj.get("data"), obj.get("immutable")) != (before.get("data"), True):
        yield "data", "Forbidden: field is immutable when `immutable` is set"


def first_status(kind: Kind, obj: Obj, now: float) -> Obj | None:
    """What a new object says before any controller has looked at it."""
    if kind.kind == "CustomResourceDefinition" and not kind.is_custom:
        names, since = obj["spec"]["names"], {"status": "True", "lastTransitionTime": stamp(now)}
        told = [{"type": each, "reason": each, "message": "", **since} for each in ("NamesAccepted", "Established")]
        stored = [each["name"] for each in obj["spec"]["versions"] if each.get("storage")]
        return {"acceptedNames": names, "storedVersions": stored, "conditions": told}
    status: Obj | None = copy.deepcopy(kind.rules.get("status"))
    if kind.kind == "Pod":
        needs = [each.get("resources") for each in obj["spec"]["containers"] if each.get("resources")]
        return {"phase": "Pending", "qosClass": "Burstable" if needs else "BestEffort"}
    return status
