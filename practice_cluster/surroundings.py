"""A container's environment and files, from the ConfigMaps and Secrets that its pod names. Used by kubelet and exec."""

import base64
from collections.abc import Iterator

from practice_cluster.cluster import Cluster
from practice_cluster.objects import Obj, at
from practice_cluster.shell import Surroundings


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
        kind = "ConfigMap" if source.get("configMapRef") else "Secret"
        reference = source.get("configMapRef") or source.get("secretRef") or {}
        found = contents(cluster, kind, namespace, reference)
        environment |= {source.get("prefix", "") + key: value for key, value in (found or {}).items()}
    for variable in container.get("env") or []:
        value = _value(cluster, pod, variable)
        if value is not None:
            environment[variable["name"]] = value
    files = dict(_files(cluster, pod, container))
    return Surroundings(name, str(container.get("image")), environment, files)


def missing_mount(cluster: Cluster, pod: Obj) -> str:
    """Why a volume can't be mounted, in the kubelet's words; empty when all can."""
    for volume in pod["spec"].get("volumes") or []:
        for kind, field, name_field in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
            if source := volume.get(field):
                reference = {"name": source.get(name_field, ""), "optional": source.get("optional")}
                try:
                    contents(cluster, kind, pod["metadata"]["namespace"], reference)
                except MissingError as error:
                    return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}'
    return ""


def contents(cluster: Cluster, kind: str, namespace: str, reference: Obj) -> dict[str, str] | None:
    """The values of a ConfigMap or Secret, decoded; `None`: it isn't there and needn't be.

    Raises:
        MissingError: it must be there.
    """
    found = cluster.find(kind, namespace, reference.get("name", ""))
    if found is None:
        if reference.get("optional"):
            return None
        raise MissingError(f'{kind.lower()} "{reference.get("name", "")}" not found')
    data = found.get("data") or {}
    if kind == "ConfigMap":
        return {key: str(value) for key, value in data.items()}
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}


def _value(cluster: Cluster, pod: Obj, variable: Obj) -> str | None:
    source = variable.get("valueFrom") or {}
    for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        if reference := source.get(field):
            found = contents(cluster, kind, pod["metadata"]["namespace"], reference)
            if found is not None and reference["key"] in found:
                return found[reference["key"]]
            if reference.get("optional"):
                return None
            place = f"{pod['metadata']['namespace']}/{reference['name']}"
            raise MissingError(f"couldn't find key {reference['key']} in {kind} {place}")
    if path := at(source, "fieldRef", "fieldPath"):
        return str(at(pod, *path.split(".")) or "")
    return str(variable.get("value") or "")


def _files(cluster: Cluster, pod: Obj, container: Obj) -> Iterator[tuple[str, str]]:
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
    yield "/etc/hostname", f"{pod['metadata']['name']}\n"
    yield "/etc/os-release", 'PRETTY_NAME="practice (simulated)"\n'
    for mount in container.get("volumeMounts") or []:
        volume = volumes.get(mount["name"], {})
        for kind, field, name_field in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
            if source := volume.get(field):
                reference = {"name": source.get(name_field, ""), "optional": True}
                found = contents(cluster, kind, pod["metadata"]["namespace"], reference) or {}
                renamed = {item["key"]: item["path"] for item in source.get("items") or []}
                for key, value in found.items():
                    path = renamed.get(key, key)
                    if mount.get("subPath") in (None, "", path):
                        yield mount["mountPath"] if mount.get("subPath") else f"{mount['mountPath']}/{path}", value
