"""Volumes of a service → claims, files in configmaps, empty folders; what reaches out to the machine is left out.

Whatever form a mount was written in, it comes here in the long one: the verdict is the same for all.
"""

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from app.compose.files import is_host_path
from app.compose.images import DATA_IN_PART, short_name
from app.compose.mounted_files import mounted_files
from app.compose.names import object_name
from app.compose.units import quantity, size_bytes
from app.compose.work import Part, Work, inner, truth
from app.manifests.data_folders import data_folder
from app.manifests.graph import Node
from app.manifests.problems import Problems
from app.manifests.syntax import host_path, mount_path, sub_path

_NOT: Final = "KEY_NOT_CONVERTED"
_BIND: Final = "BIND_MOUNT_NOT_SUPPORTED"
_SOCKETS: Final = ("/var/run/docker.sock", "/run/docker.sock")
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108  # a place in the container, not a file of ours
_DATA_FOLDERS: Final = frozenset({"/var/lib/postgresql/data", "/var/lib/mysql"})


def set_volumes(work: Work, part: Part) -> None:
    """All mounts of a service, each place once."""
    taken: set[str] = set()
    for mount in part.service.get("volumes") or ():
        target = str(mount.get("target") or "")
        if not _usable_target(work, part, target, taken, "volumes"):
            continue
        match mount.get("type"):
            case "volume" | "cluster":
                _volume(work, part, mount, target)
            case "bind":
                _bind(work, part, mount, target)
            case "tmpfs":
                size = inner(mount, "tmpfs", "size")
                _empty(work, part, target, medium="Memory", size=size, key="volumes")
            case other:
                message = f"{target}: a mount of type {other} has no counterpart: it is left out"
                work.findings.warn(_NOT, message, service=part.key, key="volumes")
    for entry in part.service.get("tmpfs") or ():
        target, _, options = str(entry).partition(":")
        size = next((o.removeprefix("size=") for o in options.split(",") if o.startswith("size=")), None)
        if _usable_target(work, part, posixpath.normpath(target), taken, "tmpfs"):
            _empty(work, part, posixpath.normpath(target), medium="Memory", size=size, key="tmpfs")
    if part.service.get("shm_size") is not None and _usable_target(work, part, _SHARED_MEMORY, taken, "shm_size"):
        _empty(work, part, _SHARED_MEMORY, medium="Memory", size=part.service["shm_size"], key="shm_size")
    if truth(part.service.get("use_api_socket")):
        _say_socket(work, part, "use_api_socket")
    _say_image_volumes(work, part, taken)


def _say_image_volumes(work: Work, part: Part, taken: set[str]) -> None:
    """Where the image keeps data and nothing is mounted: Docker makes a volume there, a pod's is gone with the pod."""
    facts = work.options.image_facts.get(part.image)
    places = [place for place in (facts.volumes if facts else ()) if not any(_is_within(place, one) for one in taken)]
    if places and part.kind in ("deployment", "statefulset", "daemonset"):
        message = (
            f"its image keeps data in {', '.join(places)[:200]}, which end with the pod: add a volume to keep them"
        )
        work.findings.info(_NOT, message, service=part.key, key="volumes")


def _is_within(place: str, mounted: str) -> bool:
    """Is the place, or a folder around it, mounted?"""
    inner_path, outer = posixpath.normpath(place), posixpath.normpath(mounted)
    return inner_path == outer or inner_path.startswith(f"{outer}/")


def _usable_target(work: Work, part: Part, target: str, taken: set[str], key: str) -> bool:
    if mount_path(target, Problems().at("target")) is None or target == "/":
        message = f"'{target[:60]}' is no place to mount at: write an absolute path"
        work.findings.error("INVALID_COMPOSE_SYNTAX", message, service=part.key, key=key)
        return False
    if target in taken:
        message = f"{target} is mounted twice: remove one, the first is taken"
        work.findings.error("INVALID_COMPOSE_SYNTAX", message, service=part.key, key=key)
        return False
    taken.add(target)
    return True


def add_mount(part: Part, **entry: Any) -> None:
    """An entry of `volumeMounts`; what is `None` is left out."""
    mounts = part.data.setdefault("volumeMounts", [])
    mounts.append({key: value for key, value in entry.items() if value is not None})


def _empty(work: Work, part: Part, target: str, *, medium: str | None, size: Any, key: str) -> None:
    limit = None
    if size is not None:
        amount = size_bytes(size)
        if amount is None:
            message = f"'{str(size)[:40]}' is no size: left without a limit"
            work.findings.warn(_NOT, message, service=part.key, key=key)
        elif amount > 0:
            limit = quantity(amount)
    add_mount(part, type="emptyDir", mountPath=target, medium=medium, sizeLimit=limit)


# --- named volumes ----------------------------------------------------------------------------------------------


def _volume(work: Work, part: Part, mount: Mapping[str, Any], target: str) -> None:
    source = str(mount.get("source") or "")
    read_only = True if truth(mount.get("read_only")) else None
    inside = _part_of(work, part, mount, target)
    if not source:
        _empty(work, part, target, medium=None, size=None, key="volumes")
        return
    volume = work.project.volumes.get(source) or {}
    device = _device_of(volume)
    if device is not None:
        _host(work, part, device, target, read_only=read_only, choice=source)
        return
    if truth(volume.get("external")):
        name = object_name(str(volume.get("name") or source))
        message = f"{source} is external: the claim {name} must be there before the run"
        work.findings.info(_NOT, message, service=part.key, key="volumes")
        add_mount(part, type="persistentVolumeClaim", name=name, mountPath=target, readOnly=read_only, subPath=inside)
        return
    if _own_disks(work, part, source, read_only):
        _claim_template(work, part, source, target, inside)
        return
    node = _claim(work, source)
    mount_claim(work, part, node, target, read_only=read_only, inside=inside)


def mount_claim(
    work: Work, part: Part, node: Node, target: str, *, read_only: bool | None = None, inside: str | None = None
) -> None:
    """A claim into a workload."""
    work.edge(node, part.node)
    add_mount(
        part, type="persistentVolumeClaim", name=node["data"]["name"], mountPath=target, nodeId=node["id"],
        readOnly=read_only, subPath=inside,
    )  # fmt: skip


def _part_of(work: Work, part: Part, mount: Mapping[str, Any], target: str) -> str | None:
    """Which folder of the disk: as written, else one where the image refuses a disk that isn't empty."""
    written = inner(mount, "volume", "subpath")
    if written:
        if sub_path(str(written), Problems().at("p")) is not None:
            return str(written)
        message = f"subpath '{str(written)[:40]}' leads out of the volume: left out"
        work.findings.error("PATH_OUTSIDE", message, service=part.key, key="volumes")
        return None
    known = data_folder(part.image)
    folders = {*_DATA_FOLDERS, *([known.path] if known and known.sub_path else [])}
    return "data" if short_name(part.image) in DATA_IN_PART and target in folders else None


def _device_of(volume: Mapping[str, Any]) -> str | None:
    """A volume of the local driver that stands for a folder of the machine."""
    options = volume.get("driver_opts") or {}
    bound = "bind" in str(options.get("o") or "").split(",") or str(options.get("type") or "") == "none"
    device = str(options.get("device") or "")
    return device if device and bound else None


def _own_disks(work: Work, part: Part, source: str, read_only: bool | None) -> bool:
    """Several pods of a statefulset, each with a disk of its own."""
    users = sum(
        1
        for other in work.parts.values()
        if any(mount.get("source") == source for mount in other.service.get("volumes") or ())
    )
    return part.kind == "statefulset" and (part.replicas or 1) > 1 and users == 1 and not read_only


def _claim_template(work: Work, part: Part, source: str, target: str, inside: str | None) -> None:
    choice = work.options.of_volume(source)
    entry: dict[str, Any] = {
        "id": source,
        "name": object_name(source),
        "storage": choice.size or work.options.storage,
        "accessModes": list(choice.access_modes) or ["ReadWriteOnce"],
        "mountPath": target,
    }
    if choice.storage_class:
        entry["storageClassName"] = choice.storage_class
    if inside:
        entry["subPath"] = inside
    templates = part.data.setdefault("volumeClaimTemplates", [])
    if any(other["name"] == entry["name"] for other in templates):
        entry["name"] = object_name(f"{source}-{len(templates) + 1}")
    templates.append(entry)


def _claim(work: Work, source: str, wanted: str | None = None) -> Node:
    node = work.claims.get(source)
    if node is None:
        choice = work.options.of_volume(source)
        node = work.claims[source] = work.add(
            "persistentvolumeclaim",
            wanted or source,
            storage=choice.size or work.options.storage,
            accessModes=list(choice.access_modes) or ["ReadWriteOnce"],
            storageClassName=choice.storage_class or "",
            volumeMode="Filesystem",
        )
    return node


def share_claims(work: Work) -> None:
    """A claim that several pods write needs a disk that several machines can mount."""
    for source, node in work.claims.items():
        writers = [
            part
            for part in work.parts.values()
            for mount in part.data.get("volumeMounts") or ()
            if mount.get("nodeId") == node["id"] and not mount.get("readOnly")
        ]
        users = [edge for edge in work.edges if edge["source"] == node["id"]]
        many = len(users) > 1 or any((part.replicas or 1) > 1 or part.kind == "daemonset" for part in writers)
        if many and writers and not work.options.of_volume(source).access_modes:
            node["data"]["accessModes"] = ["ReadWriteMany"]
            keys = ", ".join(dict.fromkeys(part.key for part in writers))
            message = f"the volume {source} is shared: it needs a storage class that can ReadWriteMany"
            work.findings.warn(_NOT, message, service=keys.partition(",")[0], key="volumes")


# --- bind mounts ------------------------------------------------------------------------------------------------


def _bind(work: Work, part: Part, mount: Mapping[str, Any], target: str) -> None:
    source = str(mount.get("source") or "")
    read_only = True if truth(mount.get("read_only")) else None
    if not source:
        message = f"{target}: a bind mount needs a source: it is left out"
        work.findings.error("INVALID_COMPOSE_SYNTAX", message, service=part.key, key="volumes")
    elif is_host_path(source):
        _host(work, part, source, target, read_only=read_only, choice=source)
    elif source == ".." or source.startswith("../"):
        message = f"{source} lies outside the project and is not read: put it into the project, {target} is left out"
        work.findings.warn("PATH_OUTSIDE", message, service=part.key, key="volumes")
    elif not mounted_files(work, part, source, target, read_only=read_only):
        node = _claim(work, source, f"{part.name}-{posixpath.basename(source) or 'data'}")
        message = f"{source} is an empty disk in the cluster: copy its files there, if there are any"
        work.findings.warn(_BIND, message, service=part.key, key="volumes")
        mount_claim(work, part, node, target, read_only=read_only, inside=_part_of(work, part, mount, target))


def _host(work: Work, part: Part, source: str, target: str, *, read_only: bool | None, choice: str) -> None:
    """A path of the machine: only when a person says so, and Docker's socket never."""
    normal = posixpath.normpath(source)
    normal = "/" + normal.lstrip("/") if normal.startswith("/") else normal
    holds_socket = normal not in ("/", "/var") and any(socket.startswith(f"{normal}/") for socket in _SOCKETS)
    if normal.endswith("docker.sock") or holds_socket:
        _say_socket(work, part, "volumes")
        return
    wanted = work.options.of_volume(choice).host_path or work.options.of_volume(source).host_path
    if wanted and host_path(normal, Problems().at("p")) is not None:
        add_mount(part, type="hostPath", hostPath=normal, mountPath=target, readOnly=read_only)
        message = f"{normal} of whichever machine the pod runs on is mounted: as chosen"
        work.findings.warn(_BIND, message, service=part.key, key="volumes")
        return
    message = f"{source[:100]} is a path of a machine: {target} is left out. Use a volume, or choose hostPath for it"
    work.findings.warn(_BIND, message, service=part.key, key="volumes")


def _say_socket(work: Work, part: Part, key: str) -> None:
    message = "Docker's socket is never mounted: there is no Docker in a cluster, and it would give all rights"
    work.findings.warn(_BIND, message, service=part.key, key=key)
