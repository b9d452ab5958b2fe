"""Volumes of a pod and mounts of a container → `volumeMounts`, and the disks of a StatefulSet."""

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from app.compose.plain.board import Board, Placed
from app.compose.plain.objects import Obj, entries, inner, mapping, picked, text

_DEFAULT_MODE: Final = 420  # 0644
_HELD: Final[Mapping[str, tuple[str, str, str]]] = {
    "configMap": ("configMap", "configmap", "name"),
    "secret": ("secret", "secret", "secretName"),
    "persistentVolumeClaim": ("persistentVolumeClaim", "persistentvolumeclaim", "claimName"),
}


def mounts_of(board: Board, one: Placed, container: Obj, disks: Mapping[str, Obj]) -> list[dict[str, Any]]:
    """The container's mounts; those of a StatefulSet's own disks aren't among them.

    Args:
        board: of the import.
        one: the workload.
        container: its container, or one of its init containers.
        disks: the claim templates by name.
    """
    volumes = {text(volume.get("name")): volume for volume in entries(inner(one.pod, "spec", "volumes"))}
    found: list[dict[str, Any]] = []
    for mount in entries(container.get("volumeMounts")):
        name = text(mount.get("name"))
        if name in disks:
            continue
        found += _mounted(board, one, volumes.get(name, {}), mount)
    return found


def _mounted(board: Board, one: Placed, volume: Obj, mount: Obj) -> list[dict[str, Any]]:
    place = picked(mount, "mountPath", "subPath", "readOnly")
    for key, (kind, node_type, name_key) in _HELD.items():
        source = volume.get(key)
        if not isinstance(source, dict):
            continue
        name = text(source.get(name_key))
        entry: dict[str, Any] = {"type": kind, "name": name}
        other = board.find(node_type, name, one.namespace)
        if other is not None:
            board.edge(other.node, one.node)
            entry["nodeId"] = other.node["id"]
        if source.get("readOnly") is True:
            place["readOnly"] = True
        if source.get("defaultMode") not in (None, _DEFAULT_MODE):
            entry["defaultMode"] = source["defaultMode"]
        return _per_item(entry, place, entries(source.get("items")))
    if isinstance(volume.get("emptyDir"), dict) or "emptyDir" in volume:
        return [{"type": "emptyDir", **place, **picked(mapping(volume.get("emptyDir")), "medium", "sizeLimit")}]
    if isinstance(volume.get("hostPath"), dict):
        path = text(volume["hostPath"].get("path"))
        message = f"{path} of whichever machine the pod runs on is mounted"
        board.say("warning", one.manifest, message, key="volumes", code="BIND_MOUNT_NOT_SUPPORTED")
        wanted = text(volume["hostPath"].get("type"))
        return [{"type": "hostPath", "hostPath": path, **({"hostPathType": wanted} if wanted else {}), **place}]
    source_kind = next((key for key in volume if key != "name"), "unknown volume")
    message = f"{mount.get('mountPath')} is left out: nodes can't mount a {source_kind}"
    board.say("warning", one.manifest, message, key="volumes")
    return []


def _per_item(entry: dict[str, Any], place: dict[str, Any], items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A volume of some keys only: each is mounted for itself."""
    if not items:
        return [{**entry, **place}]
    wanted = place.get("subPath")
    chosen = [item for item in items if wanted is None or item.get("path") == wanted]
    found = []
    for item in chosen:
        target = text(place.get("mountPath"))
        path = target if wanted is not None else posixpath.join(target, text(item.get("path")))
        found.append({**entry, **place, "mountPath": path, "subPath": text(item.get("key"))})
    return found


def disks_of(manifest_spec: Obj) -> dict[str, Obj]:
    """The claim templates of a StatefulSet, by name."""
    templates = entries(manifest_spec.get("volumeClaimTemplates"))
    return {text(inner(template, "metadata", "name")): template for template in templates}


def claim_templates(disks: Mapping[str, Obj], container: Obj) -> list[dict[str, Any]]:
    """The disks as a node has them, each where the container mounts it."""
    places = {text(mount.get("name")): mount for mount in entries(container.get("volumeMounts"))}
    found = []
    for name, template in disks.items():
        spec = mapping(template.get("spec"))
        found.append(
            {
                "id": name,
                "name": name,
                "storage": text(inner(spec, "resources", "requests", "storage")),
                **picked(spec, "accessModes", "storageClassName"),
                **picked(places.get(name, {}), "mountPath", "subPath"),
            }
        )
    return found
