"""A service of a Compose file in the contract's words: as the file has it, values that look secret blank. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from app.compose.choices import ServiceChoice
from app.compose.project import Service
from app.compose.secrecy import is_secret
from app.compose.units import seconds
from app.compose.work import inner, truth, whole
from app.manifests.graph import Node


def service_view(
    name: str, service: Service, node: Node | None, ids: list[str], choice: ServiceChoice
) -> dict[str, Any]:
    """One entry of `services`.

    Args:
        name: in the file.
        service: as read.
        node: the workload that it became; `None`: it was left out.
        ids: of all nodes that it became, the workload first.
        choice: what is secret, where a person has said so.
    """
    found: dict[str, Any] = {"name": name, "included": node is not None, "nodes": ids}
    if node is not None:
        found["kind"] = node["type"]
    found |= _given(
        service,
        {"image": "image", "command": "command", "entrypoint": "entrypoint", "restart": "restart",
         "working_dir": "workingDir", "labels": "labels"},
    )  # fmt: skip
    found["ports"] = [_port(port) for port in service.get("ports") or ()]
    environment = service.get("environment") or {}
    found["environment"] = {key: _shown(key, value, choice) for key, value in environment.items()}
    found["envFile"] = [str(entry.get("path")) for entry in service.get("env_file") or ()]
    found["volumes"] = [
        {"source": str(one.get("source") or ""), "target": str(one.get("target")), "type": str(one.get("type")),
         "readonly": truth(one.get("read_only"))}
        for one in service.get("volumes") or ()
    ]  # fmt: skip
    found["dependsOn"] = list(service.get("depends_on") or ())
    found["networks"] = list(service.get("networks") or ())
    build = service.get("build")
    if isinstance(build, dict):
        args = {key: "" if is_secret(key, value) else value for key, value in (build.get("args") or {}).items()}
        place = {"context": _without_credentials(str(build.get("context", ".")))}
        named = _given(build, {"dockerfile": "dockerfile", "target": "target"})
        found["build"] = {**place, **named, **({"args": args} if args else {})}
    replicas = whole(service.get("scale") if service.get("scale") is not None else inner(service, "deploy", "replicas"))
    if replicas is not None:
        found["replicas"] = replicas
    return found | _checks_and_limits(service)


def _shown(key: str, value: str | None, choice: ServiceChoice) -> str:
    secret = key in choice.secret_keys or (key not in choice.plain_keys and is_secret(key, value))
    return "" if secret else value or ""


def _without_credentials(context: str) -> str:
    return re.sub(r"(://)[^@/\s]*@", r"\1", context)


def _port(port: Mapping[str, Any]) -> dict[str, Any]:
    found = {"containerPort": port["target"], "protocol": str(port.get("protocol") or "tcp")}
    published = whole(str(port.get("published") or "").partition("-")[0])
    return found | ({"hostPort": published} if published else {}) | _given(port, {"host_ip": "hostIp"})


def _checks_and_limits(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = {}
    check = service.get("healthcheck")
    if isinstance(check, dict) and check.get("test"):
        times = {"interval": "interval", "timeout": "timeout", "start_period": "startPeriod"}
        found["healthcheck"] = {"test": check["test"], **_given(check, {"retries": "retries"})} | {
            new: str(check[old]) for old, new in times.items() if seconds(check.get(old) or "") is not None
        }
    resources = {
        side: {key: str(value) for key, value in amounts.items() if key in ("cpus", "memory")}
        for side in ("limits", "reservations")
        if (amounts := inner(service, "deploy", "resources", side))
    }
    if resources:
        found["resources"] = resources
    return found


def _given(source: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    return {new: source[old] for old, new in keys.items() if source.get(old)}
