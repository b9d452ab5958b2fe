"""A project → a graph of the canvas, findings, and the values of its secrets (which are in no graph). Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from app.compose.choices import ServiceChoice
from app.compose.container import describe_container, image_of, scale
from app.compose.dependencies import add_dependencies
from app.compose.environment import say_plain_secrets, set_environment
from app.compose.exposure import add_services, proposed_host
from app.compose.findings import Finding, Findings, refused
from app.compose.hosts import Hosts
from app.compose.jobs import restart_remark, set_job
from app.compose.kinds import Usage, kind_of
from app.compose.layout import laid_out
from app.compose.limits import set_resources, set_security
from app.compose.listening import find_ports
from app.compose.mounted_files import set_grants
from app.compose.names import limit_of, object_name
from app.compose.options import Options
from app.compose.policies import add_policies
from app.compose.probes import set_probe
from app.compose.project import Project, Service
from app.compose.remarks import remark_on, remark_on_sections
from app.compose.storage import set_volumes, share_claims
from app.compose.work import Part, Work, numbered_ids
from app.manifests.graph import Graph

_NOT: Final = "KEY_NOT_CONVERTED"
_HOST: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of a project."""

    graph: Graph
    findings: tuple[Finding, ...]
    nodes: Mapping[str, str]
    """By service: the id of its workload."""
    project: Project
    secret_values: Mapping[str, Mapping[str, str]] = field(repr=False)
    """By node id: values of secrets that the files hold. Encrypted by whoever keeps them, shown to nobody."""


def convert(
    project: Project, options: Options | None = None, findings: Findings | None = None, ids: Iterator[str] | None = None
) -> Conversion:
    """The graph of a project: a function of its arguments.

    Args:
        project: as `reading.py` gives it.
        options: what a person chose.
        findings: of the reading; further ones go behind them.
        ids: of nodes and edges. An import gives random ones: several are put on one canvas.

    Raises:
        InvalidError: there is no usable service, or the options contradict the project.
    """
    work = Work(project, options or Options(), findings if findings is not None else Findings(), ids or numbered_ids())
    _find_parts(work)
    if not work.parts:
        reason = "all services are left out" if work.project.services or work.project.left_out else "it has no services"
        raise refused("NOTHING_FOUND", f"there is nothing to deploy: {reason}{_why(work)}")
    _find_hosts(work)
    for part in work.parts.values():
        _fill(work, part)
    _use_container_names(work)
    add_services(work)
    add_dependencies(work)
    share_claims(work)
    say_plain_secrets(work)
    add_policies(work)
    remark_on_sections(work)
    return Conversion(
        graph=laid_out(work.graph()),
        findings=tuple(work.findings),
        nodes={part.key: part.node["id"] for part in work.parts.values()},
        project=project,
        secret_values=work.secret_values,
    )


def _why(work: Work) -> str:
    errors = work.findings.of_level("error")
    return f" ({errors[0]})" if errors else ""


def _find_parts(work: Work) -> None:
    usage = Usage.of(work.project)
    found: list[tuple[str, Service, ServiceChoice, str, str]] = []
    for key, service in (*work.project.services.items(), *work.project.jobs.items()):
        choice = work.options.of_service(key)
        if not choice.include:
            work.findings.info(_NOT, "is left out, as chosen", service=key)
            continue
        if any(key == other[0] for other in found) and key in work.project.jobs:
            message = "a service and a job have this name: the job is left out, rename one"
            work.findings.error("INVALID_COMPOSE_SYNTAX", message, service=key)
            continue
        image = image_of(work, key, service, choice)
        if image is not None:
            kind = kind_of(key, service, work.project, usage, choice, image=image)
            found.append((key, service, choice, kind, image))
    # Names that are valid already stay: `upper` isn't renamed because of an `UPPER` before it.
    in_order = sorted(found, key=lambda one: object_name(one[0], limit_of(one[3])) != one[0])
    names = {key: work.names.give(kind, key) for key, _, _, kind, _ in in_order}
    for key, service, choice, kind, image in found:
        name = names[key]
        if name != key:
            work.findings.info("RENAMED", f"is called {name}: Kubernetes takes a-z, 0-9 and '-' only", service=key)
        work.parts[key] = Part(key, service, choice, kind, name, image, work.new_node(kind, name))


def _find_hosts(work: Work) -> None:
    """Every name that a container would resolve: services', aliases', links', containers'."""
    by_name: dict[str, str] = {}
    for part in work.parts.values():
        if part.served:
            by_name[part.key] = part.name
            work.host_owners[part.key] = part.key
    for part in work.parts.values():
        for network in (part.service.get("networks") or {}).values():
            for alias in (network or {}).get("aliases") or ():
                _alias(work, by_name, str(alias), part, "networks.aliases", always=True)
        for link in part.service.get("links") or ():
            key, _, alias = str(link).partition(":")
            if alias and key in work.parts:
                _alias(work, by_name, alias, work.parts[key], "links", always=True)
    for part in work.parts.values():
        name = part.service.get("container_name")
        if isinstance(name, str):
            _alias(work, by_name, name, part, "container_name", always=False)
    work.hosts = Hosts.of(by_name)


def _alias(work: Work, by_name: dict[str, str], alias: str, owner: Part, key: str, *, always: bool) -> None:
    if work.host_owners.get(alias) == owner.key or not owner.served:
        return
    if not _HOST.fullmatch(alias):
        message = f"'{alias[:60]}' is no host name: left out"
        work.findings.warn("INVALID_COMPOSE_SYNTAX", message, service=owner.key, key=key)
        return
    if alias in work.host_owners:
        message = f"{alias} means {work.host_owners[alias]} already: one name leads to one service"
        work.findings.warn(_NOT, message, service=owner.key, key=key)
        return
    work.host_owners[alias] = owner.key
    if object_name(alias) == owner.name:
        by_name[alias] = owner.name  # its own Service will do
        return
    by_name[alias] = work.names.give("service", alias)
    if always:
        work.aliases[alias] = owner.key
        _say_renamed(work, alias, by_name[alias], owner, key)


def _say_renamed(work: Work, alias: str, name: str, owner: Part, key: str) -> None:
    if name != alias:
        work.findings.info("RENAMED", f"the host name {alias} is called {name}", service=owner.key, key=key)


def _use_container_names(work: Work) -> None:
    """A container's name is a host name only where somebody uses it."""
    for part in work.parts.values():
        name = part.service.get("container_name")
        if not isinstance(name, str) or work.host_owners.get(name) != part.key or name == part.key:
            continue
        if name in work.used_hosts:
            if work.hosts.by_name[name] != part.name:
                work.aliases.setdefault(name, part.key)
            _say_renamed(work, name, work.hosts.by_name[name], part, "container_name")
        else:
            work.findings.info(_NOT, "pods have names of their own: left out", service=part.key, key="container_name")


def _fill(work: Work, part: Part) -> None:
    """All fields of a workload that need no other workload; its configmaps, secrets and claims."""
    if part.kind == "daemonset":
        if part.service.get("network_mode") == "host":
            part.data["hostNetwork"] = True
        if part.service.get("pid") == "host":
            part.data["hostPID"] = True
    if part.kind == "statefulset":
        part.data["serviceName"] = part.name
    describe_container(work, part)
    scale(work, part)
    find_ports(work, part)
    set_environment(work, part)
    set_volumes(work, part)
    set_grants(work, part)
    set_probe(work, part)
    set_resources(work, part)
    set_security(work, part)
    if part.kind in ("job", "cronjob"):
        set_job(work, part)
    else:
        restart_remark(work, part)
    host = proposed_host(part)
    if host is not None and (part.choice.expose or work.options.expose) != "ingress":
        message = f"{host} is the host that a proxy had for it: choose an ingress to have it here"
        work.findings.info(_NOT, message, service=part.key, key="labels")
    remark_on(work, part)
    work.nodes.append(part.node)
