"""A conversion in the form that an import answers with: services as the file has them, nodes, edges, findings."""

from collections.abc import Mapping
from typing import Any, Final

from app.compose.converting import Conversion
from app.compose.names import object_name
from app.compose.options import Options
from app.compose.project import Project, Service
from app.compose.secrecy import is_secret
from app.compose.units import seconds
from app.compose.work import inner, truth, whole

_BUILD_DEFAULTS: Final = {"buildContext": ".", "useNixpacks": False}


def analysis_of(conversion: Conversion, options: Options) -> dict[str, Any]:
    """The contract's `analysis`, without what only a session knows. Values that look secret are blank."""
    project = conversion.project
    errors = [finding for finding in conversion.findings if finding.level == "error"]
    builds = _builds(conversion, options)
    answer: dict[str, Any] = {
        "detectedType": "docker-compose",
        "services": [_service(name, one, conversion) for name, one in {**project.services, **project.jobs}.items()],
        "volumes": [_resource(name, one) for name, one in project.volumes.items()],
        "networks": [_resource(name, one) for name, one in project.networks.items()],
        "warnings": [str(finding) for finding in conversion.findings if finding.level == "warning"],
        "errors": [
            {"code": one.code, "message": one.message}
            | ({"service": one.service} if one.service else {})
            | ({"field": one.key} if one.key else {})
            for one in errors
        ],
        "suggestedNodes": list(conversion.graph.nodes),
        "suggestedEdges": list(conversion.graph.edges),
        "layoutPositions": {node["id"]: dict(node["position"]) for node in conversion.graph.nodes},
        "needsBuild": bool(builds),
        "findings": [finding.as_json() for finding in conversion.findings],
        "builds": builds,
        "suggestedName": _name(project),
    }
    if builds:
        answer["sourceBuildConfig"] = {k: v for k, v in builds[0].items() if k not in ("service", "nodeId")}
    return answer


def _name(project: Project) -> str:
    first = next(iter({**project.services, **project.jobs}), "import")
    return object_name(project.name or first)


def _resource(name: str, resource: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name}
    if resource.get("driver"):
        found["driver"] = str(resource["driver"])
    if truth(resource.get("external")):
        found["external"] = True
    return found


def _builds(conversion: Conversion, options: Options) -> list[dict[str, Any]]:
    """What has to be built; only a known repository can be."""
    if options.repository is None:
        return []
    names = {node_id: service for service, node_id in conversion.nodes.items()}
    found = []
    for node in conversion.graph.nodes:
        build = node["data"].get("_build")
        if isinstance(build, dict):
            entry = _BUILD_DEFAULTS | {
                "repoUrl": options.repository.url,
                "branch": options.repository.branch,
                "buildContext": build.get("context", "."),
                "service": names.get(node["id"], ""),
                "nodeId": node["id"],
            }
            found.append(entry | _given(build, {"dockerfile": "dockerfile", "args": "buildArgs"}))
    return found


def _given(source: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    return {new: source[old] for old, new in keys.items() if source.get(old)}


def _service(name: str, service: Service, conversion: Conversion) -> dict[str, Any]:
    node_id = conversion.nodes.get(name)
    node = next((node for node in conversion.graph.nodes if node["id"] == node_id), None)
    found: dict[str, Any] = {"name": name, "included": node is not None, "nodes": [node_id] if node_id else []}
    if node is not None:
        found["kind"] = node["type"]
    found |= _given(
        service,
        {"image": "image", "command": "command", "entrypoint": "entrypoint", "restart": "restart",
         "working_dir": "workingDir", "labels": "labels"},
    )  # fmt: skip
    found["ports"] = [_port(port) for port in service.get("ports") or ()]
    environment = service.get("environment") or {}
    found["environment"] = {key: "" if is_secret(key, value) else value or "" for key, value in environment.items()}
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
        found["build"] = {"context": str(build.get("context", ".")), **_given(build, {"dockerfile": "dockerfile",
                          "target": "target"}), **({"args": args} if args else {})}  # fmt: skip
    replicas = whole(service.get("scale") if service.get("scale") is not None else inner(service, "deploy", "replicas"))
    if replicas is not None:
        found["replicas"] = replicas
    return found | _checks_and_limits(service)


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
