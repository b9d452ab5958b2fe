"""A repository that is one program, by its Dockerfile or by Nixpacks → a project of one service. Pure.

Called by `detection.py`. The service is written as Compose would have it, so that all that follows is one way.
"""

import posixpath
from collections.abc import Mapping
from typing import Any

from app.compose.candidates import Candidate
from app.compose.dockerfiles import listening_ports
from app.compose.files import decoded, read_file
from app.compose.findings import Findings
from app.compose.names import object_name
from app.compose.nixpacks import OTHER_PORT, Plan
from app.compose.options import Options
from app.compose.project import Project


def dockerfile_project(
    files: Mapping[str, bytes], candidate: Candidate, options: Options, findings: Findings
) -> Project:
    """The image of a Dockerfile, with the ports that it exposes."""
    content = read_file(files, candidate.path) or b""
    name = _name(candidate.folder, options)
    ports = listening_ports(decoded(content, candidate.path))
    if not ports:
        message = f"{candidate.path} exposes no port: {OTHER_PORT} is taken. Add EXPOSE, or give PORT"
        findings.info("KEY_NOT_CONVERTED", message, service=name)
        ports = [str(OTHER_PORT)]
    build = {"context": candidate.folder, "dockerfile": posixpath.basename(candidate.path)}
    return _project(files, name, {"build": build, "ports": [_published(port) for port in ports]}, options)


def nixpacks_project(files: Mapping[str, bytes], candidate: Candidate, plan: Plan, options: Options) -> Project:
    """What Nixpacks builds; it is told where to listen."""
    service = {
        "build": {"context": candidate.folder},
        "ports": [_published(str(plan.port))],
        "environment": {"PORT": str(plan.port)},
    }
    return _project(files, _name(candidate.folder, options), service, options, by_nixpacks=True)


def _project(
    files: Mapping[str, bytes], name: str, service: dict[str, Any], options: Options, *, by_nixpacks: bool = False
) -> Project:
    entries = {**service.get("environment", {}), **options.env}
    return Project(
        name=name,
        services={name: {**service, "environment": entries} if entries else service},
        values=options.env,
        files=files,
        by_nixpacks=by_nixpacks,
    )


def _published(port: str) -> dict[str, Any]:
    """An image says where it listens so that this is published."""
    number, _, protocol = port.partition("/")
    return {"mode": "ingress", "target": int(number), "published": number, "protocol": protocol or "tcp"}


def _name(folder: str, options: Options) -> str:
    repository = options.repository.name if options.repository else ""
    return object_name(posixpath.basename(folder) if folder != "." else repository or "app")
