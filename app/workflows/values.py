"""Secrets, kept environment values and the mark that restarts pods when a value changes. Pure.

Values pass through here in memory only; what comes out is either the object for the cluster or a keyed hash.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from app.errors import InvalidError
from app.kube.objects import KubeObject
from app.manifests.pod_template import pod_template, with_pod_template

CONFIG_HASH: Final = "kubeorch.io/config"
"""Annotation of a pod template: a keyed hash over all configmaps and secrets that its containers read."""


def filled_secret(obj: KubeObject, keys: Iterable[str], held: KubeObject | None) -> dict[str, Any]:
    """A Secret with all its keys: this run's value, else what the cluster holds. Keys no longer listed fall away.

    Raises:
        InvalidError: a key has no value anywhere.
    """
    given = obj.get("data") or {}
    kept = (held or {}).get("data") or {}
    data = {key: given[key] if key in given else kept.get(key) for key in keys}
    if missing := sorted(key for key, value in data.items() if value is None):
        raise InvalidError(f"no values given for {', '.join(missing)}: give them with the run")
    return {**obj, "data": data}


def with_kept_env(obj: KubeObject, names: Iterable[str], held: KubeObject | None) -> KubeObject:
    """A workload whose first container keeps what the cluster has for these variables."""
    template, there = pod_template(obj), pod_template(held) if held else None
    if template is None or there is None:
        return obj
    wanted = set(names)
    kept = [entry for entry in _containers(there)[0].get("env") or [] if entry.get("name") in wanted]
    if not kept:
        return obj
    first, *others = _containers(template)
    present = {entry["name"] for entry in first.get("env") or []}
    env = [*(first.get("env") or []), *(entry for entry in kept if entry["name"] not in present)]
    spec = {**template["spec"], "containers": [{**first, "env": env}, *others]}
    return with_pod_template(obj, {**template, "spec": spec})


def content_of(obj: KubeObject) -> bytes:
    """What pods read of a ConfigMap or Secret, in one canonical form."""
    content = {
        "data": {key: _encoded(value) for key, value in (obj.get("data") or {}).items()}
        if obj.get("kind") == "ConfigMap"
        else dict(obj.get("data") or {}),
        "binaryData": dict(obj.get("binaryData") or {}),
    }
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def joined(contents: Mapping[str, bytes]) -> bytes:
    """Several contents as one message to hash, in an order that doesn't depend on the drawing."""
    return b"\0".join(node_id.encode() + b"\0" + contents[node_id] for node_id in sorted(contents))


def _encoded(value: str) -> str:
    return base64.b64encode(str(value).encode()).decode()


def _containers(template: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return (template.get("spec") or {}).get("containers") or [{}]
