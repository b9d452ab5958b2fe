"""The contract's `analysis`: what was found in the files, as an import answers with it. Pure. Values that look secret
are in none of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.compose.converting import Conversion
from app.compose.estimate import estimate_of
from app.compose.findings import Finding
from app.compose.names import object_name
from app.compose.nixpacks import Plan
from app.compose.options import Options
from app.compose.plain.reading import Plain
from app.compose.project import Project
from app.compose.service_views import service_view
from app.compose.work import truth
from app.manifests.graph import Graph, Node

_CONFIG: Final[Mapping[str, str]] = {"dockerfile": "dockerfile", "args": "buildArgs", "target": "target"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the files, whatever they were."""

    detected_type: str
    name: str
    graph: Graph
    findings: Sequence[Finding]
    services: Sequence[Mapping[str, Any]]
    secret_values: Mapping[str, Mapping[str, str]] = field(repr=False)
    volumes: Sequence[Mapping[str, Any]] = ()
    networks: Sequence[Mapping[str, Any]] = ()
    plan: Plan | None = None
    """What Nixpacks said."""

    @classmethod
    def of_project(cls, conversion: Conversion, options: Options, detected_type: str = "docker-compose") -> "Outcome":
        """Of a Compose project, or of what was made to look like one."""
        project = conversion.project
        return cls(
            detected_type=detected_type,
            name=_name(project),
            graph=conversion.graph,
            findings=conversion.findings,
            services=_services(conversion, options),
            secret_values=conversion.secret_values,
            volumes=[_resource(name, one) for name, one in project.volumes.items()],
            networks=[_resource(name, one) for name, one in project.networks.items()],
        )

    @classmethod
    def of_manifests(cls, plain: Plain, name: str) -> "Outcome":
        """Of plain manifests; `name` is the workflow's."""
        return cls(
            detected_type="manifests",
            name=name,
            graph=plain.graph,
            findings=plain.findings,
            services=plain.services,
            secret_values=plain.secret_values,
        )


def analysis_of(conversion: Conversion, options: Options) -> dict[str, Any]:
    """Of a converted Compose project."""
    return answer_of(Outcome.of_project(conversion, options), options)


def answer_of(outcome: Outcome, options: Options) -> dict[str, Any]:
    """The contract's fields; `detected` is added by who looked around. Arrays are never null."""
    graph, findings = outcome.graph, outcome.findings
    builds = _builds(outcome)
    answer: dict[str, Any] = {
        "detectedType": outcome.detected_type,
        "services": list(outcome.services),
        "volumes": list(outcome.volumes),
        "networks": list(outcome.networks),
        "warnings": [str(finding) for finding in findings if finding.level == "warning"],
        "errors": [_error(finding) for finding in findings if finding.level == "error"],
        "suggestedNodes": list(graph.nodes),
        "suggestedEdges": list(graph.edges),
        "layoutPositions": {node["id"]: dict(node["position"]) for node in graph.nodes},
        "needsBuild": bool(builds),
        "findings": [finding.as_json() for finding in findings],
        "detected": [],
        "builds": builds,
        "estimate": estimate_of(graph.nodes),
        "suggestedName": outcome.name,
        "options": options.as_json(),
    }
    if builds:
        answer["sourceBuildConfig"] = {k: v for k, v in builds[0].items() if k not in ("service", "nodeId")}
    return answer


def _error(finding: Finding) -> dict[str, Any]:
    places = {"service": finding.service, "field": finding.key}
    return {"code": finding.code, "message": finding.message} | {k: v for k, v in places.items() if v}


def _name(project: Project) -> str:
    first = next(iter({**project.services, **project.jobs}), "import")
    return object_name(project.name or first)


def _resource(name: str, resource: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name}
    if resource.get("driver"):
        found["driver"] = str(resource["driver"])
    if truth(resource.get("external")):
        found["external"] = True
    labels = resource.get("labels")
    if isinstance(labels, dict) and labels:
        found["labels"] = {str(key): str(value) for key, value in labels.items()}
    return found


def _services(conversion: Conversion, options: Options) -> list[dict[str, Any]]:
    """In the file's order, left-out ones too; each with the nodes that it became, its workload first."""
    by_id = {node["id"]: node for node in conversion.graph.nodes}
    workloads = set(conversion.nodes.values())
    own: dict[str, list[str]] = {node_id: [node_id] for node_id in workloads}
    for edge in conversion.graph.edges:
        if edge["target"] in workloads and edge["source"] not in workloads:
            own[edge["target"]].append(edge["source"])
    project, found = conversion.project, []
    for name, service in {**project.services, **project.jobs}.items():
        node_id = conversion.nodes.get(name)
        ids = own[node_id] if node_id else []
        found.append(service_view(name, service, by_id[node_id] if node_id else None, ids, options.of_service(name)))
    return found


def _builds(outcome: Outcome) -> list[dict[str, Any]]:
    """What has to be built; only a known repository can be."""
    found = []
    for node in outcome.graph.nodes:
        build = node["data"].get("_build")
        if isinstance(build, dict) and build.get("repoUrl"):
            entry: dict[str, Any] = {
                "repoUrl": build["repoUrl"],
                "branch": build.get("branch", "main"),
                "buildContext": build.get("context", "."),
                "useNixpacks": build.get("useNixpacks", False),
            }
            entry |= {new: build[old] for old, new in _CONFIG.items() if build.get(old)}
            if outcome.plan is not None:
                told = {"provider": outcome.plan.provider, "framework": outcome.plan.framework}
                entry |= {key: value for key, value in told.items() if value}
            found.append(entry | {"service": _service_of(outcome, node), "nodeId": node["id"]})
    return found


def _service_of(outcome: Outcome, node: Node) -> str:
    for service in outcome.services:
        if node["id"] in service["nodes"]:
            return str(service["name"])
    return ""
