"""Texts that stand where a number or switch is wanted (`${REPLICAS}`) → that number or switch."""

from collections.abc import Callable
from typing import Any, Final

_SWITCHES: Final = {
    "true": True, "y": True, "yes": True, "on": True, "false": False, "n": False, "no": False, "off": False,
}  # fmt: skip


def _whole(text: str) -> Any:
    try:
        return int(text) if len(text) < 20 else text
    except ValueError:
        return text


def _number(text: str) -> Any:
    try:
        return float(text) if len(text) < 40 else text
    except ValueError:
        return text


def _switch(text: str) -> Any:
    return _SWITCHES.get(text.lower(), text)


def _table() -> dict[str, Callable[[str], Any]]:
    found: dict[str, Callable[[str], Any]] = {}
    for key in (
        "cpu_count", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares", "deploy.replicas",
        "deploy.update_config.parallelism", "deploy.rollback_config.parallelism", "deploy.restart_policy.max_attempts",
        "deploy.placement.max_replicas_per_node", "healthcheck.retries", "oom_score_adj", "pids_limit",
        "ports.*.target", "scale", "ulimits.*", "ulimits.*.hard", "ulimits.*.soft",
    ):  # fmt: skip
        found[f"services.*.{key}"] = _whole
    for key in (
        "cpu_percent", "cpus", "deploy.update_config.max_failure_ratio", "deploy.rollback_config.max_failure_ratio",
    ):  # fmt: skip
        found[f"services.*.{key}"] = _number
    for key in (
        "init", "healthcheck.disable", "oom_kill_disable", "privileged", "read_only", "stdin_open", "tty",
        "volumes.*.read_only", "volumes.*.volume.nocopy", "volumes.*.bind.create_host_path",
    ):  # fmt: skip
        found[f"services.*.{key}"] = _switch
    for key in ("external", "internal", "attachable", "enable_ipv4", "enable_ipv6"):
        found[f"networks.*.{key}"] = _switch
    for section in ("volumes", "secrets", "configs"):
        found[f"{section}.*.external"] = _switch
    return found


_CASTS: Final = _table()
_LISTS: Final = frozenset({"ports", "volumes", "ulimits"})


def cast_for(path: tuple[str | int, ...], text: str) -> Any:
    """The text as its key wants it; as it is where the key wants text, or it is no number."""
    if len(path) < 3:
        return text
    parts = [str(part) for part in path]
    if parts[0] == "jobs":
        parts[0] = "services"
    parts[1] = "*"
    if len(parts) > 3 and parts[2] in _LISTS:
        parts[3] = "*"
    cast = _CASTS.get(".".join(parts))
    return cast(text) if cast is not None else text
