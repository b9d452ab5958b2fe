"""What a service says about its one container → fields of the workload: command, user, limits, terminal, build."""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.compose.builds import UNBUILT, build_of
from app.compose.choices import ServiceChoice
from app.compose.hosts import replaced
from app.compose.images import image_problem
from app.compose.units import seconds
from app.compose.work import Part, Work, inner, truth, whole
from app.manifests.formats import missing
from app.manifests.names import hostname, label_key_problem, label_value
from app.manifests.problems import Problems
from app.manifests.syntax import ip

_NOT: Final = "KEY_NOT_CONVERTED"
_PULL: Final = {"always": "Always", "never": "Never", "missing": "IfNotPresent", "build": "IfNotPresent"}
_ARCHITECTURES: Final = {
    "amd64": "amd64", "x86_64": "amd64", "arm64": "arm64", "aarch64": "arm64", "arm": "arm", "386": "386",
    "s390x": "s390x", "ppc64le": "ppc64le", "riscv64": "riscv64",
}  # fmt: skip
_CONSTRAINT: Final = re.compile(r"\s*([A-Za-z0-9_./-]+)\s*(==|!=)\s*(.+?)\s*")


def image_of(work: Work, key: str, service: Mapping[str, Any], choice: ServiceChoice) -> str | None:
    """The image of a service; blank for one that has to be built, `None` for none at all."""
    image = str(choice.image or service.get("image") or "").strip()
    if image.endswith(":"):
        image = image.removesuffix(":")
        work.findings.warn("VARIABLE_NOT_SET", f"its tag is blank: {image} is used", service=key, key="image")
    if "provider" in service and (image or service.get("build") is not None):
        message = "is not asked: the image is run as it is"
        work.findings.warn(_NOT, message, service=key, key="provider")
    build = service.get("build")
    if build is not None and (not image or choice.use == "build"):
        return ""
    if not image:
        if "provider" in service:
            message = "is provided by something outside Compose: it is left out, add what stands for it by hand"
            work.findings.error("SERVICE_NO_IMAGE", message, service=key, key="provider")
        else:
            message = "has neither image nor build: give it one, it is left out"
            work.findings.error("SERVICE_NO_IMAGE", message, service=key)
        return None
    problem = image_problem(image)
    if problem is not None:
        work.findings.error("SERVICE_NO_IMAGE", f"{problem}; the service is left out", service=key, key="image")
        return None
    if build is not None:
        message = f"image and build are given: {image} is used, choose build to have it built"
        work.findings.info(_NOT, message, service=key, key="build")
    return image


def describe_container(work: Work, part: Part) -> None:
    """Fill the fields that need no other node."""
    data, service = part.data, part.service
    if part.image:
        data["image"] = part.image
    else:
        data["image"] = UNBUILT.format(name=part.name)
        data["_build"] = build_of(work, part)
    data["enableServiceLinks"] = False
    _commands(work, part)
    _places(work, part)
    _pulling(work, part)
    if "stop_grace_period" in service:
        grace = seconds(service["stop_grace_period"])
        if grace is None:
            message = f"'{str(service['stop_grace_period'])[:40]}' is no duration: write 30s or 1m30s, left out"
            work.findings.warn("INVALID_COMPOSE_SYNTAX", message, service=part.key, key="stop_grace_period")
        else:
            data["terminationGracePeriodSeconds"] = min(round(grace), 86400)
    for key, field in (("stdin_open", "stdin"), ("tty", "tty")):
        if truth(service.get(key)):
            data[field] = True
    if isinstance(service.get("working_dir"), str) and service["working_dir"]:
        data["workingDir"] = service["working_dir"]
    annotations = _annotations(work, part)
    if annotations:
        data["annotations"] = annotations


def _commands(work: Work, part: Part) -> None:
    """Compose's entrypoint is Kubernetes' command, its command are the args. `$(` would be a variable there."""
    for key, field in (("entrypoint", "command"), ("command", "args")):
        words = part.service.get(key)
        if words is None:
            continue
        if not words:
            message = "is emptied here, Kubernetes takes that of the image: write it out if the image has one"
            work.findings.info(_NOT, message, service=part.key, key=key)
            continue
        spans = work.hosts.in_command(words)
        for word, places in zip(words, spans, strict=True):
            for start, end in places:
                note_host(work, part, word[start:end])
        renamed = [replaced(word, places, work.hosts.by_name) for word, places in zip(words, spans, strict=True)]
        if renamed != list(words):
            message = "host names in it follow the services' new names"
            work.findings.info("RENAMED", message, service=part.key, key=key)
        part.data[field] = [word.replace("$(", "$$(") for word in renamed]
    if "entrypoint" in part.service and part.service["entrypoint"] and "command" not in part.service:
        part.data.pop("args", None)


def note_host(work: Work, part: Part, host: str) -> None:
    """This service names another one's host."""
    owner = work.host_owners.get(host)
    if owner is not None and owner != part.key:
        part.needs[owner] = None
        work.used_hosts[host] = None


def _pulling(work: Work, part: Part) -> None:
    policy = str(part.service.get("pull_policy") or "")
    if not policy:
        return
    if policy in _PULL:
        part.data["imagePullPolicy"] = _PULL[policy]
    else:
        part.data["imagePullPolicy"] = "Always"
        message = f"{policy} has no counterpart: the image is looked up at each start (Always)"
        work.findings.info(_NOT, message, service=part.key, key="pull_policy")


# --- where it runs, what it is called ---------------------------------------------------------------------------


def _places(work: Work, part: Part) -> None:
    data, service = part.data, part.service
    name = service.get("hostname")
    if isinstance(name, str) and name:
        if hostname(name, Problems().at("hostname")) is not None and len(name) <= 63 and "." not in name:
            data["hostname"] = name
        else:
            message = f"{name[:60]} is no host name for a pod (a-z, 0-9, '-', no dots): it is left out"
            work.findings.warn(_NOT, message, service=part.key, key="hostname")
    aliases = _host_aliases(work, part)
    if aliases:
        data["hostAliases"] = aliases
    selector = _platform(work, part) | _placement(work, part)
    if selector:
        data["nodeSelector"] = selector


def _host_aliases(work: Work, part: Part) -> list[dict[str, Any]]:
    found: dict[str, list[str]] = {}
    for host, addresses in (part.service.get("extra_hosts") or {}).items():
        for address in addresses:
            ok = not missing(address) and ip(address, Problems().at("ip")) is not None
            if ok and hostname(host, Problems().at("host")) is not None:
                found.setdefault(address, []).append(host)
            else:
                message = (
                    f"{host}={address} is left out: it needs a host name and an address (host-gateway is a machine's)"
                )
                work.findings.warn(_NOT, message, service=part.key, key="extra_hosts")
    return [{"ip": address, "hostnames": hosts} for address, hosts in found.items()]


def _platform(work: Work, part: Part) -> dict[str, str]:
    platform = str(part.service.get("platform") or "")
    if not platform:
        return {}
    system, _, rest = platform.partition("/")
    architecture = _ARCHITECTURES.get(rest.partition("/")[0] or system)
    found = {}
    if rest and system in ("linux", "windows"):
        found["kubernetes.io/os"] = system
    if architecture:
        found["kubernetes.io/arch"] = architecture
    if not found:
        message = f"{platform[:60]} is no platform that is known: write linux/amd64 or linux/arm64"
        work.findings.warn(_NOT, message, service=part.key, key="platform")
    return found


def _placement(work: Work, part: Part) -> dict[str, str]:
    found: dict[str, str] = {}
    for constraint in inner(part.service, "deploy", "placement", "constraints") or ():
        match = _CONSTRAINT.fullmatch(str(constraint))
        label = _label_of(match[1]) if match and match[2] == "==" else None
        if match and label and not label_key_problem(label) and label_value(match[3], Problems().at("v")) is not None:
            found[label] = match[3]
        else:
            message = f"'{str(constraint)[:60]}' is not taken over: set a node selector that says the same"
            work.findings.warn(_NOT, message, service=part.key, key="deploy.placement.constraints")
    return found


def _label_of(name: str) -> str | None:
    if name.startswith("node.labels."):
        return name.removeprefix("node.labels.")
    return {
        "node.hostname": "kubernetes.io/hostname",
        "node.platform.os": "kubernetes.io/os",
        "node.platform.arch": "kubernetes.io/arch",
    }.get(name)


def _annotations(work: Work, part: Part) -> dict[str, str]:
    """A Compose label is seldom a valid Kubernetes label: labels become annotations."""
    given: dict[str, str] = {}
    for labels in (
        inner(part.service, "deploy", "labels"),
        part.service.get("labels"),
        part.service.get("annotations"),
    ):
        given |= labels or {}
    found = {key: value for key, value in given.items() if not label_key_problem(key)}
    left_out = sorted(given.keys() - found.keys())
    if left_out:
        message = f"{', '.join(left_out)[:200]}: no valid keys of annotations, they are left out"
        work.findings.warn(_NOT, message, service=part.key, key="labels")
    if sum(len(key) + len(value.encode("utf-8", "replace")) for key, value in found.items()) > 256 * 1024:
        work.findings.warn("LIMIT_EXCEEDED", "are larger than 256 KiB in all: left out", service=part.key, key="labels")
        return {}
    return found


def scale(work: Work, part: Part) -> None:
    """`replicas`, and how a job runs."""
    wanted = part.choice.replicas
    for value in (part.service.get("scale"), inner(part.service, "deploy", "replicas")):
        wanted = whole(value) if wanted is None and value is not None else wanted
    if wanted is not None and not 0 <= wanted <= 100:
        message = f"{wanted} replicas are not possible: 0 to 100, {100 if wanted > 100 else 0} are used"
        work.findings.warn("LIMIT_EXCEEDED", message, service=part.key, key="deploy.replicas")
        wanted = max(0, min(wanted, 100))
    part.replicas = wanted
    if part.kind in ("deployment", "statefulset"):
        part.data["replicas"] = 1 if wanted is None else wanted
    elif part.kind == "job":
        if wanted is not None and wanted > 1:
            part.data.update(completions=wanted, parallelism=wanted)
    elif wanted is not None:
        message = f"a {part.kind} has no number of replicas: left out"
        work.findings.info(_NOT, message, service=part.key, key="deploy.replicas")
