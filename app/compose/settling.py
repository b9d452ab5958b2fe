"""A merged document → a `Project`: profiles, environment files, defaults, and what references must find."""

import posixpath
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from app.compose.dotenv import read_dotenv
from app.compose.files import RootPath, decoded, is_host_path, read_file
from app.compose.findings import Findings, refused
from app.compose.layers import Reading
from app.compose.project import Project
from app.compose.units import split_command

_SYNTAX: Final = "INVALID_COMPOSE_SYNTAX"
_SHARED_WITH: Final = "service:"


def settled(
    reading: Reading, document: Mapping[str, Any], *, base: str, values: Mapping[str, str], profiles: Sequence[str]
) -> Project:
    """The project of a merged document.

    Raises:
        InvalidError: services wait for each other in a circle.
    """
    findings = reading.findings
    sections = {name: _section(document, name) for name in ("volumes", "networks", "configs", "secrets", "models")}
    wanted = list(profiles) or [name.strip() for name in values.get("COMPOSE_PROFILES", "").split(",") if name.strip()]
    services, left_out = _chosen(_section(document, "services"), wanted, findings)
    jobs, jobs_out = _chosen(_section(document, "jobs"), wanted, findings)
    _say_extensions(document, services, findings)
    done = {name: _service(reading, name, one, base, values) for name, one in services.items()}
    _declare(done, sections, findings)
    _known_dependencies(done, left_out, findings)
    _no_circle(done)
    for section in ("configs", "secrets"):
        sections[section] = {name: _from_environment(one, values) for name, one in sections[section].items()}
    return Project(
        name=str(document.get("name") or values.get("COMPOSE_PROJECT_NAME") or ""),
        services=done,
        jobs={name: _service(reading, name, one, base, values) for name, one in jobs.items()},
        left_out=(*left_out, *jobs_out),
        values=values,
        files=reading.files,
        volumes=sections["volumes"],
        networks=sections["networks"],
        configs=sections["configs"],
        secrets=sections["secrets"],
        models=sections["models"],
    )


def _say_extensions(document: Mapping[str, Any], services: Mapping[str, Any], findings: Findings) -> None:
    top = [key for key in document if key.startswith("x-")]
    if top:
        findings.info("KEY_NOT_CONVERTED", f"{', '.join(top)[:200]}: extensions mean nothing here, left out")
    for name, service in services.items():
        for key in service:
            if key.startswith("x-"):
                findings.info("KEY_NOT_CONVERTED", "an extension, means nothing here", service=name, key=key)


def _section(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return {key: one or {} for key, one in found.items()} if isinstance(found, dict) else {}


def _chosen(
    services: Mapping[str, Any], profiles: Sequence[str], findings: Findings
) -> tuple[dict[str, Any], tuple[str, ...]]:
    chosen, left_out = {}, []
    for name, service in services.items():
        own = service.get("profiles") or []
        if own and "*" not in profiles and not set(own) & set(profiles):
            left_out.append(name)
            message = f"is left out: it belongs to the profile {', '.join(map(str, own))}. Choose that to have it"
            findings.info("KEY_NOT_CONVERTED", message, service=name, key="profiles")
        else:
            chosen[name] = service
    return chosen, tuple(left_out)


def _service(
    reading: Reading, name: str, service: Mapping[str, Any], base: str, values: Mapping[str, str]
) -> dict[str, Any]:
    found = dict(service)
    for key in ("command", "entrypoint"):
        if found.get(key) is None:
            found.pop(key, None)
        else:
            found[key] = _words(found[key], name, key, reading.findings)
    if isinstance(found.get("build"), dict):
        found["build"] = _build(found["build"], base, values)
    environment = _environment(reading, name, found, values)
    if environment or "environment" in found:
        found["environment"] = environment
    labels = _labels(reading, name, found)
    if labels:
        found["labels"] = labels
    if isinstance(found.get("ports"), list):
        found["ports"] = [{"mode": "ingress", "protocol": "tcp", **port} for port in found["ports"]]
    if found.get("pull_policy") == "if_not_present":
        found["pull_policy"] = "missing"
    if "network_mode" not in found and not found.get("networks") and "provider" not in found:
        found["networks"] = {"default": None}
    depends_on = dict(found.get("depends_on") or {})
    for other, restart in _implied(found):
        depends_on.setdefault(other, {"condition": "service_started", "required": True, "restart": restart})
    if depends_on:
        found["depends_on"] = depends_on
    if isinstance(found.get("volumes"), list):
        found["volumes"] = [_clean_target(mount) for mount in found["volumes"]]
    return found


def _words(value: Any, service: str, key: str, findings: Findings) -> list[str]:
    if isinstance(value, list):
        return [str(word) for word in value]
    split = split_command(str(value))
    if split is None:
        findings.error(_SYNTAX, "a quote is never closed: close it, or write a list", service=service, key=key)
        return []
    words, dropped = split
    if dropped:
        message = f"Compose ends the command before '{dropped[:40]}': for a shell write ['sh', '-c', '…']"
        findings.warn(_SYNTAX, message, service=service, key=key)
    return words


def _build(build: Mapping[str, Any], base: str, values: Mapping[str, str]) -> dict[str, Any]:
    found = {"context": RootPath(base), **build}
    if "dockerfile" not in found and "dockerfile_inline" not in found:
        found["dockerfile"] = "Dockerfile"
    if isinstance(found.get("args"), dict):
        args = {name: values.get(name) if value is None else value for name, value in found["args"].items()}
        found["args"] = {name: value for name, value in args.items() if value is not None}
    return found


def _environment(
    reading: Reading, name: str, service: Mapping[str, Any], values: Mapping[str, str]
) -> dict[str, str | None]:
    own = {
        key: values.get(key) if value is None else value for key, value in (service.get("environment") or {}).items()
    }
    from_files: dict[str, str | None] = {}
    for entry in service.get("env_file") or ():
        text = _named_file(reading, name, "env_file", str(entry.get("path", "")), required=entry.get("required"))
        if text is None:
            continue
        path = str(entry["path"])
        if entry.get("format") == "raw":
            found = _raw(text)
        else:
            outer = {**{k: v for k, v in own.items() if v is not None}, **values}
            found = read_dotenv(text, path, {**_known(from_files), **outer})
        from_files |= {key: values.get(key) if value is None else value for key, value in found.items()}
        reading.grow(found)
    return _without_unknown(from_files) | own


def _known(found: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in found.items() if value is not None}


def _without_unknown(found: Mapping[str, str | None]) -> dict[str, str | None]:
    """A key that stands alone in an env file and has no value outside is not there."""
    return {key: value for key, value in found.items() if value is not None}


def _raw(text: str) -> dict[str, str | None]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return {key: value if equals else None for key, equals, value in (line.partition("=") for line in lines)}


def _labels(reading: Reading, name: str, service: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in service.get("label_file") or ():
        text = _named_file(reading, name, "label_file", str(path), required=True)
        if text is not None:
            found |= _known(read_dotenv(text, str(path), found))
            reading.grow(found)
    return found | (service.get("labels") or {})


def _named_file(reading: Reading, service: str, key: str, path: str, *, required: Any) -> str | None:
    content = read_file(reading.files, path)
    if content is not None:
        return decoded(content, path)
    if is_host_path(path) or path == ".." or path.startswith("../"):
        message = f"{path} lies outside the project and is not read: put the file into the project"
        reading.findings.error("PATH_OUTSIDE", message, service=service, key=key)
    elif str(required).lower() != "false":
        message = f"the file {path} was not given: add it to the upload, or its values are missing"
        reading.findings.error("FILE_NOT_FOUND", message, service=service, key=key)
    return None


def _implied(service: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """What a service also waits for: linked ones, and those whose namespaces or volumes it uses."""
    found = [(str(link).partition(":")[0], True) for link in service.get("links") or ()]
    for key in ("network_mode", "ipc", "pid", "uts", "cgroup"):
        value = service.get(key)
        if isinstance(value, str) and value.startswith(_SHARED_WITH):
            found.append((value.removeprefix(_SHARED_WITH), True))
    mounted = [str(entry) for entry in service.get("volumes_from") or ()]
    found += [(entry.partition(":")[0], False) for entry in mounted if not entry.startswith("container:")]
    return found


def _clean_target(mount: Mapping[str, Any]) -> dict[str, Any]:
    target = mount.get("target")
    return {**mount, "target": posixpath.normpath(target)} if isinstance(target, str) and target else dict(mount)


def _declare(services: Mapping[str, dict[str, Any]], sections: dict[str, dict[str, Any]], findings: Findings) -> None:
    """Volumes and networks that are used but not listed: Compose refuses those, here they are taken as meant."""
    for name, service in services.items():
        for mount in service.get("volumes") or ():
            source = mount.get("source")
            if mount.get("type") == "volume" and source and source not in sections["volumes"]:
                sections["volumes"][source] = {}
                message = f"the volume {source} is not listed under volumes: taken as an empty one, list it there"
                findings.warn(_SYNTAX, message, service=name, key="volumes")
        for network in service.get("networks") or {}:
            if network not in sections["networks"]:
                sections["networks"][network] = {}
                if network != "default":
                    message = f"the network {network} is not listed under networks: list it there"
                    findings.warn(_SYNTAX, message, service=name, key="networks")


def _known_dependencies(services: dict[str, dict[str, Any]], left_out: Sequence[str], findings: Findings) -> None:
    for name, service in services.items():
        kept = {}
        for other, entry in (service.get("depends_on") or {}).items():
            if other in services:
                kept[other] = entry
            elif other in left_out:
                message = f"{other} is left out with its profile: {name} doesn't wait for it"
                findings.warn("KEY_NOT_CONVERTED", message, service=name, key="depends_on")
            else:
                message = f"there is no service {other}: mend the name, it is not waited for"
                findings.error(_SYNTAX, message, service=name, key="depends_on")
        if "depends_on" in service:
            service["depends_on"] = kept


def _no_circle(services: Mapping[str, Mapping[str, Any]]) -> None:
    try:
        TopologicalSorter({name: list(one.get("depends_on") or ()) for name, one in services.items()}).prepare()
    except CycleError as error:
        circle = error.args[1]
        shown = [*circle[:12], "…"] if len(circle) > 13 else circle
        message = f"services wait for each other in a circle ({' → '.join(shown)}): remove one depends_on or link"
        raise refused("CIRCULAR_DEPENDENCY", message) from error


def _from_environment(resource: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    name = resource.get("environment")
    found = dict(resource)
    if isinstance(name, str) and name in values:
        found["content"] = values[name]
    return found
