"""The short form of a volume mount, `source:target:options`, → its long form."""

import posixpath
import re
from typing import Any, Final

_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/]")
_PROPAGATIONS: Final = frozenset({"rprivate", "private", "rshared", "shared", "rslave", "slave"})


def parse_mount(text: str) -> dict[str, Any] | None:
    """The long form, `None` when it is none."""
    parts = _split(text)
    if not text or len(parts) > 3 or any(not part for part in parts):
        return None
    mount: dict[str, Any] = {"type": "volume", "target": posixpath.normpath(parts[0])}
    if len(parts) > 1:
        mount |= {"source": parts[0], "target": posixpath.normpath(parts[1])}
    source = mount.get("source", "")
    extra: dict[str, Any] = {}
    if source.startswith((".", "/", "~", "\\\\")) or _DRIVE.match(source):
        mount["type"] = "bind"
        extra["create_host_path"] = True
    for option in parts[2].split(",") if len(parts) > 2 else ():
        if option == "ro":
            mount["read_only"] = True
        elif option == "nocopy" and mount["type"] == "volume":
            extra["nocopy"] = True
        elif option in _PROPAGATIONS:
            mount.setdefault("bind", {})["propagation"] = option
        elif option in ("z", "Z"):
            mount.setdefault("bind", {})["selinux"] = option
    mount[mount["type"]] = {**mount.get(mount["type"], {}), **extra}
    return mount


def _split(text: str) -> list[str]:
    """At colons, but for the one behind the letter of a Windows drive."""
    parts = text.split(":")
    found: list[str] = []
    while parts:
        part = parts.pop(0)
        if len(part) == 1 and part.isalpha() and parts:
            part = f"{part}:{parts.pop(0)}"
        found.append(part)
    return found
