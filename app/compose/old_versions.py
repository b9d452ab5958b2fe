"""Compose files of the first versions → today's form: v1 without `services`, keys that are called otherwise now."""

import re
from typing import Any, Final

from app.compose.findings import Findings

_KNOWN_TOP: Final = frozenset(
    {"version", "name", "include", "services", "models", "networks", "volumes", "secrets", "configs", "jobs"}
)
_VERSION: Final = re.compile(r"[123](?:\.\d+)*")


def modernised(document: dict[str, Any], findings: Findings) -> dict[str, Any]:
    """The document in today's form. Only v1 files, `version` and v1's own keys change."""
    found: dict[str, Any] = dict(document)
    if "version" in found:
        found["version"] = _version(found["version"], findings)
    if _is_v1(found):
        findings.info("RENAMED", "the file has the form of Compose's first version (no services key): read as such")
        extensions = {key: part for key, part in found.items() if key.startswith("x-")}
        services = {key: part for key, part in found.items() if key not in extensions and key != "version"}
        found = {"services": services, "volumes": _named_volumes(services), **extensions}
    given = found.get("services")
    if isinstance(given, dict):
        found["services"] = {
            name: _service(one, name, findings) if isinstance(one, dict) else one for name, one in given.items()
        }
    return found


def _version(value: Any, findings: Findings) -> str:
    text = str(value)
    if _VERSION.fullmatch(text):
        findings.info("KEY_NOT_CONVERTED", f"version: '{text}' has no meaning any more: remove the line")
    else:
        message = f"version: '{text[:40]}' is no version of Compose files: read as a file of today"
        findings.warn("UNSUPPORTED_COMPOSE_VERSION", message)
    return text


def _is_v1(document: dict[str, Any]) -> bool:
    if document.keys() & (_KNOWN_TOP - {"version"}) or not document:
        return False
    entries = [part for key, part in document.items() if not key.startswith("x-") and key != "version"]
    return bool(entries) and all(
        isinstance(part, dict) and part.keys() & {"image", "build", "extends"} for part in entries
    )


def _named_volumes(services: dict[str, Any]) -> dict[str, Any]:
    """v1 had no list of volumes: what is mounted by name exists."""
    found: dict[str, Any] = {}
    for service in services.values():
        volumes = service.get("volumes")
        for entry in volumes if isinstance(volumes, list) else ():
            name, colon, _ = str(entry).partition(":")
            if colon and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]+", name):
                found[name] = None
    return found


def _service(service: dict[str, Any], name: str, findings: Findings) -> dict[str, Any]:
    found = dict(service)
    if "net" in found:
        found.setdefault("network_mode", found.pop("net"))
        findings.info("RENAMED", "is called network_mode today: read as that", service=name, key="net")
    logging = {new: found.pop(old) for old, new in (("log_driver", "driver"), ("log_opt", "options")) if old in found}
    if logging:
        found.setdefault("logging", logging)
        findings.info("RENAMED", "is called logging today: read as that", service=name, key="log_driver")
    if "dockerfile" in found and "build" in found:
        build = found["build"]
        found["build"] = {**(build if isinstance(build, dict) else {"context": build}),
                          "dockerfile": found.pop("dockerfile")}  # fmt: skip
        findings.info("RENAMED", "belongs under build today: read as that", service=name, key="dockerfile")
    if "volume_driver" in found:
        del found["volume_driver"]
        message = "is not taken over: the claims get the cluster's default storage class, choose another there"
        findings.warn("KEY_NOT_CONVERTED", message, service=name, key="volume_driver")
    return found
