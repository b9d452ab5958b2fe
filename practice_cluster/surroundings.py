"""A container's environment and files, from the ConfigMaps and Secrets that its pod names. Used by kubelet and exec."""

import base64
from collections.abc import Iterator
from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.objects import Obj, at
from practice_cluster.shell import Surroundings

_VOLUMES: Final = (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName"))


class MissingError(Exception):
    """Something that the pod names isn't there; the message is the kubelet's."""


def surroundings_of(cluster: Cluster, pod: Obj, container: Obj) -> Surroundings:
    """What a process in this container finds.

    Raises:
        MissingError: a ConfigMap, Secret or key that its environment needs isn't there.
    """
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOSTNAME": name, "HOME": "/root"}
    for source in container.get("envFrom") or []:
        kind, field = ("ConfigMap", "configMapRef") if source.get("configMapRef") else ("Secret", "secretRef")
        found = _contents(cluster, kind, namespace, source[field]["name"], source[field].get("optional"))
        environment |= {source.get("prefix", "") + key: value for key, value in found.items()}
    for variable in container.get("env") or []:
        if (value := _value(cluster, pod, variable)) is not None:
            environment[variable["name"]] = value
    return Surroundings(name, environment, dict(_files(cluster, pod, container)))


def missing_mount(cluster: Cluster, pod: Obj) -> str:
    """Why a volume can't be mounted, in the kubelet's words; empty when all can."""
    for volume in pod["spec"].get("volumes") or []:
        for kind, field, key in _VOLUMES:
            if source := volume.get(field):
                try:
                    _contents(cluster, kind, pod["metadata"]["namespace"], source.get(key, ""), source.get("optional"))
                except MissingError as error:
                    return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}'
    return ""


def _contents(cluster: Cluster, kind: str, namespace: str, name: str, optional: object) -> dict[str, str]:
    """The values of a ConfigMap or Secret, decoded; none where it isn't there and needn't be."""
    if (found := cluster.find(kind, namespace, name)) is None and not optional:
        raise MissingError(f'{kind.lower()} "{name}" not found')
    data = (found or {}).get("data") or {}
    if kind == "ConfigMap":
        return {key: str(value) for key, value in data.items()}
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}


def _value(cluster: Cluster, pod: Obj, variable: Obj) -> str | None:
    source, namespace = variable.get("valueFrom") or {}, pod["metadata"]["namespace"]
    for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        if reference := source.get(field):
            found = _contents(cluster, kind, namespace, reference["name"], reference.get("optional"))
            if reference["key"] in found or reference.get("optional"):
                return found.get(reference["key"])
            raise MissingError(f"couldn't find key {reference['key']} in {kind} {namespace}/{reference['name']}")
    path = at(source, "fieldRef.fieldPath")
    return str((at(pod, path) if path else variable.get("value")) or "")


def _files(cluster: Cluster, pod: Obj, container: Obj) -> Iterator[tuple[str, str]]:
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
    yield "/etc/hostname", f"{pod['metadata']['name']}\n"
    for mount in container.get("volumeMounts") or []:
        for kind, field, name in _VOLUMES:
            source, folder = volumes.get(mount["name"], {}).get(field) or {}, mount["mountPath"]
            renamed = {item["key"]: item["path"] for item in source.get("items") or []}
            found = _contents(cluster, kind, pod["metadata"]["namespace"], source.get(name, ""), optional=True)
            for key, value in found.items():
                path = renamed.get(key, key)
                if mount.get("subPath") in (None, "", path):
                    yield folder if mount.get("subPath") else f"{folder}/{path}", value
