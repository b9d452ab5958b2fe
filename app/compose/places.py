"""Relative paths of a document, seen from the root of the upload or clone."""

import re
from typing import Any, Final

from app.compose.files import resolved

_REMOTE: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://|git@|github\.com/|service:|docker-image:|oci-layout:|target:)")


def with_places(document: dict[str, Any], base: str) -> dict[str, Any]:
    """The document (in long forms) with its relative paths resolved; what is resolved already stays."""
    found = dict(document)
    for section in ("services", "jobs"):
        entries = found.get(section)
        if isinstance(entries, dict):
            found[section] = {name: _service(one, base) for name, one in entries.items()}
    for section in ("configs", "secrets"):
        entries = found.get(section)
        if isinstance(entries, dict):
            found[section] = {name: _file(one, base) for name, one in entries.items()}
    volumes = found.get("volumes")
    if isinstance(volumes, dict):
        found["volumes"] = {name: _volume(one, base) for name, one in volumes.items()}
    return found


def _context(base: str, path: Any) -> Any:
    return path if not isinstance(path, str) or _REMOTE.match(path) else resolved(base, path)


def _file(resource: Any, base: str) -> Any:
    if isinstance(resource, dict) and isinstance(resource.get("file"), str):
        return {**resource, "file": resolved(base, resource["file"])}
    return resource


def _volume(volume: Any, base: str) -> Any:
    """A volume of the local driver that stands for a folder of the machine."""
    options = volume.get("driver_opts") if isinstance(volume, dict) else None
    if not isinstance(options, dict) or volume.get("driver") != "local" or options.get("o") != "bind":
        return volume
    device = options.get("device")
    return {**volume, "driver_opts": {**options, "device": resolved(base, device)}} if device else volume


def _service(service: Any, base: str) -> Any:
    if not isinstance(service, dict):
        return service
    found = dict(service)
    build = found.get("build")
    if isinstance(build, dict):
        found["build"] = build = dict(build)
        if "context" in build:
            build["context"] = _context(base, build["context"])
        contexts = build.get("additional_contexts")
        if isinstance(contexts, dict):
            build["additional_contexts"] = {name: _context(base, path) for name, path in contexts.items()}
    if isinstance(found.get("env_file"), list):
        found["env_file"] = [
            {**one, "path": resolved(base, one["path"])} if isinstance(one.get("path"), str) else one
            for one in found["env_file"]
        ]
    if isinstance(found.get("label_file"), list):
        found["label_file"] = [resolved(base, one) if isinstance(one, str) else one for one in found["label_file"]]
    if isinstance(found.get("volumes"), list):
        found["volumes"] = [_mount(one, base) for one in found["volumes"]]
    watches = (found.get("develop") or {}).get("watch") if isinstance(found.get("develop"), dict) else None
    if isinstance(watches, list):
        placed = [{**one, "path": resolved(base, one["path"])} if isinstance(one, dict) and "path" in one else one
                  for one in watches]  # fmt: skip
        found["develop"] = {**found["develop"], "watch": placed}
    return found


def _mount(mount: Any, base: str) -> Any:
    if isinstance(mount, dict) and mount.get("type") == "bind" and isinstance(mount.get("source"), str):
        return {**mount, "source": resolved(base, mount["source"])}
    return mount
