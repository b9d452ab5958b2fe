"""Files of the upload that a service mounts → configmaps; top-level configs and secrets likewise."""

import posixpath
import re
from collections.abc import Mapping
from typing import Any, Final

from app.compose.files import decoded, files_under, read_file
from app.compose.names import object_name
from app.compose.work import Part, Work, truth
from app.errors import InvalidError
from app.manifests.graph import Node

MAX_TOTAL_BYTES: Final = 900 * 1024
"""Of the files in one configmap: the API server takes 1 MiB of everything."""
MAX_FILES: Final = 20
_SCRIPT: Final = "#!"
_RUNNABLE: Final = "0755"
_NOT: Final = "KEY_NOT_CONVERTED"
_BIND: Final = "BIND_MOUNT_NOT_SUPPORTED"


def mounted_files(work: Work, part: Part, source: str, target: str, *, read_only: bool | None) -> bool:
    """Mount a file or flat folder that was given; True when that is settled, also by leaving it out."""
    names = [source] if source in work.project.files else files_under(work.project.files, source)
    if _is_source_code(part, source, names):
        message = f"{source} is source code over the image's folder {target}: left out, the image has it"
        work.findings.warn(_BIND, message, service=part.key, key="volumes")
        return True
    if not names:
        if not _names_a_file(source, target):
            return False
        message = f"the file {source} was not given: {target} is left out. Add it to the upload"
        work.findings.warn("FILE_NOT_FOUND", message, service=part.key, key="volumes")
        return True
    folder = names != [source]
    if folder and (len(names) > MAX_FILES or any(posixpath.dirname(name) != source.rstrip("/") for name in names)):
        message = f"{source} has folders or more than {MAX_FILES} files: {target} is left out, use a volume or an image"
        work.findings.warn(_BIND, message, service=part.key, key="volumes")
        return True
    texts = _texts(work, part, names)
    if texts is None:
        message = f"{source} is no text of at most 900 KiB: {target} is left out, use a volume or an image"
        work.findings.warn(_BIND, message, service=part.key, key="volumes")
        return True
    node = _files_node(work, part)
    for name, text in texts.items():
        key = _free_key(node["data"]["data"], posixpath.basename(name), text)
        node["data"]["data"][key] = text
        place = posixpath.join(target, posixpath.basename(name)) if folder else target
        _mount(part, node, "configMap", place, key, read_only=read_only, runs=text.startswith(_SCRIPT))
    work.edge(node, part.node)
    return True


def _is_source_code(part: Part, source: str, names: list[str]) -> bool:
    """The folder that the image is built from, or one in it that holds more than settings."""
    context = str((part.service.get("build") or {}).get("context") or "")
    if not context or source in names:
        return False
    inside = source == context or source.startswith(f"{context.rstrip('/')}/") or context == "."
    return inside or context.startswith(f"{source.rstrip('/')}/") or source == "."


def _names_a_file(source: str, target: str) -> bool:
    ends = [posixpath.splitext(posixpath.basename(path))[1] for path in (source, target)]
    return all(re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]{0,9}", end) for end in ends) and not target.endswith(".d")


def _texts(work: Work, part: Part, names: list[str]) -> dict[str, str] | None:
    """The files' texts, `None` when one is none or they are too large."""
    found: dict[str, str] = {}
    held = sum(len(text.encode()) for text in _held(work, part).values())
    for name in names:
        try:
            content = read_file(work.project.files, name)
            text = decoded(content, name) if content is not None else None
        except InvalidError:
            return None
        if text is None or "\0" in text:
            return None
        held += len(text.encode())
        if held > MAX_TOTAL_BYTES:
            return None
        found[name] = text
    return found


def _held(work: Work, part: Part) -> Mapping[str, str]:
    node = work.shared.get(("files", part.key))
    return node["data"]["data"] if node is not None else {}


def _files_node(work: Work, part: Part) -> Node:
    node = work.shared.get(("files", part.key))
    if node is None:
        node = work.shared["files", part.key] = work.add("configmap", f"{part.name}-files", data={})
    return node


def _free_key(data: Mapping[str, str], name: str, text: str) -> str:
    """A valid key: the file's name, and a number when another file has it."""
    wanted = re.sub(r"[^-._a-zA-Z0-9]", "-", name)[:200].lstrip(".") or "file"
    key, n = wanted, 2
    while key in data and data[key] != text:
        key, n = f"{n}-{wanted}", n + 1
    return key


def _mount(
    part: Part, node: Node, kind: str, target: str, key: str, *, read_only: bool | None = None, runs: bool = False
) -> None:
    """A file of a node into the container. The cluster's own mode would let nobody run it."""
    entry: dict[str, Any] = {
        "type": kind, "name": node["data"]["name"], "mountPath": target, "nodeId": node["id"], "subPath": key,
    }  # fmt: skip
    if read_only:
        entry["readOnly"] = True
    if runs:
        entry["defaultMode"] = _RUNNABLE
    part.data.setdefault("volumeMounts", []).append(entry)


# --- top-level configs and secrets ------------------------------------------------------------------------------


def set_grants(work: Work, part: Part) -> None:
    """Configs and secrets of the project that the service may read, each as a file."""
    for section, folder in (("configs", ""), ("secrets", "/run/secrets")):
        for entry in part.service.get(section) or ():
            source = str(entry.get("source") or "")
            target = str(entry.get("target") or "") or f"{folder}/{source}"
            target = posixpath.normpath(target if target.startswith("/") else f"{folder}/{target}")
            taken = {mount["mountPath"] for mount in part.data.get("volumeMounts") or ()}
            if target in taken or ":" in target:
                message = f"{target} is mounted already, or no place to mount at: left out"
                work.findings.error("INVALID_COMPOSE_SYNTAX", message, service=part.key, key=section)
                continue
            _grant(work, part, section, source, target)
            if {"uid", "gid", "mode"} & entry.keys():
                message = f"{source}: owner and mode of the file are not taken over, it is readable"
                work.findings.info(_NOT, message, service=part.key, key=section)


def _grant(work: Work, part: Part, section: str, source: str, target: str) -> None:
    resources: Mapping[str, Mapping[str, Any]] = getattr(work.project, section)
    resource = resources.get(source)
    if resource is None:
        message = f"{source} is not listed under {section}: list it there, it is left out"
        work.findings.error("INVALID_COMPOSE_SYNTAX", message, service=part.key, key=section)
        return
    kind = "configMap" if section == "configs" else "secret"
    if truth(resource.get("external")):
        name = object_name(str(resource.get("name") or source))
        message = f"{source} is external: the {kind} {name} with the key {source} must be there before the run"
        work.findings.info(_NOT, message, service=part.key, key=section)
        mounts = part.data.setdefault("volumeMounts", [])
        mounts.append({"type": kind, "name": name, "mountPath": target, "subPath": _key_of(source)})
        return
    node = _shared_node(work, part, section, source, resource)
    if node is not None:
        work.edge(node, part.node)
        held = str(node["data"].get("data", {}).get(_key_of(source), ""))
        _mount(part, node, kind, target, _key_of(source), runs=held.startswith(_SCRIPT))


def _key_of(source: str) -> str:
    return re.sub(r"[^-._a-zA-Z0-9]", "-", source)[:250].lstrip(".") or "file"


def _shared_node(work: Work, part: Part, section: str, source: str, resource: Mapping[str, Any]) -> Node | None:
    if (section, source) in work.shared:
        return work.shared[section, source]
    text = _content(work, part, section, source, resource)
    node: Node | None = None
    key = _key_of(source)
    if section == "secrets":
        node = work.add("secret", source, secretType="Opaque", keys=[{"id": key, "name": key}])
        if text is not None:
            work.secret_values[node["id"]] = {key: text}
    elif text is not None:
        node = work.add("configmap", source, data={key: text})
    work.shared[section, source] = node
    return node


def _content(work: Work, part: Part, section: str, source: str, resource: Mapping[str, Any]) -> str | None:
    if resource.get("content") is not None:
        return str(resource["content"])
    path = str(resource.get("file") or "")
    if path and not path.startswith(("..", "/", "~")):
        found = _texts(work, part, [path])
        if found is not None:
            return found[path]
    what = f"the file {path}" if path else f"the variable {resource.get('environment')}"
    later = "the run asks for it" if section == "secrets" else "it is left out"
    outside = path.startswith(("..", "/", "~"))
    reason = "lies outside the project and is not read" if outside else "was not given, or is no text"
    message = f"{source}: {what} {reason}: {later}"
    code = "PATH_OUTSIDE" if outside else "FILE_NOT_FOUND" if path else "VARIABLE_NOT_SET"
    work.findings.warn(code, message, service=part.key, key=section)
    return None
