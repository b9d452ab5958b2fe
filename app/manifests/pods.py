"""The pod that the five workloads share: what `templates/core/_shared/pod.yaml` needs beside the fields themselves."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from app.manifests.problems import Problems
from app.manifests.structures import without_nulls
from app.manifests.volumes import Volumes, claim_mounts

WAIT_IMAGE: Final = "busybox:1.36"
"""What waits for a dependency; IMPORT_WAIT_IMAGE says another."""

# Some builds of busybox have no `nc -z`; those can run a program once connected.
_ASK_UNTIL_IT_ANSWERS: Final = (
    'until nc -z -w 2 "$0" "$1" 2>/dev/null || nc -w 2 "$0" "$1" -e true 2>/dev/null;'
    ' do echo "waiting for $0:$1"; sleep 1; done'
)

_POD_SECURITY: Final = frozenset(
    {
        "runAsUser", "runAsGroup", "runAsNonRoot", "supplementalGroups", "fsGroup", "fsGroupChangePolicy",
        "seccompProfile", "sysctls",
    }
)  # fmt: skip
_PORT_NAMES: Final = {"deployment": "http", "daemonset": "http", "statefulset": "tcp"}


class Wait(NamedTuple):
    """A Service that must answer before the pod starts."""

    name: str
    host: str
    port: int


def pod_of(
    type_name: str,
    fields: Mapping[str, Any],
    problems: Problems,
    *,
    labels: Mapping[str, str],
    waits: Sequence[Wait] = (),
    wait_image: str = WAIT_IMAGE,
) -> dict[str, Any]:
    """Everything of a pod that isn't a field as typed."""
    volumes = Volumes(problems)
    ports = pod_ports(type_name, fields)
    security = fields["securityContext"] or {}
    disks = claim_mounts(fields.get("volumeClaimTemplates") or (), fields["image"] or "")
    mounts = volumes.mount(fields["volumeMounts"] or (), "volumeMounts")
    _no_shared_place(disks, mounts, problems)
    version = {"version": fields["version"]} if fields.get("version") else {}
    return {
        "labels": version | dict(labels),
        "restart_policy": fields.get("restartPolicy"),
        "pull_secrets": [{"name": name} for name in fields["imagePullSecrets"] or ()] or None,
        "host_network": fields.get("hostNetwork") or None,
        "host_pid": fields.get("hostPID") or None,
        "dns_policy": "ClusterFirstWithHostNet" if fields.get("hostNetwork") else None,
        "tolerations": fields.get("tolerations"),
        "security_context": {k: v for k, v in security.items() if k in _POD_SECURITY} or None,
        "container_security_context": {k: v for k, v in security.items() if k not in _POD_SECURITY} or None,
        "init_containers": [
            *(_wait_container(wait, wait_image) for wait in waits),
            *_init_containers(fields["initContainers"] or (), volumes, problems),
        ]
        or None,
        "container_name": fields["name"].replace(".", "-"),
        "ports": [without_nulls(port) for port in ports] or None,
        "env": _env(fields["env"]),
        "env_from": _env_from(fields["envFrom"]),
        "liveness_probe": _probe(fields["livenessProbe"], ports, problems, "livenessProbe"),
        "readiness_probe": _probe(fields["readinessProbe"], ports, problems, "readinessProbe"),
        "mounts": [*disks, *mounts] or None,
        "volumes": volumes.as_list(),
    }


def pod_ports(type_name: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The container's ports: `ports` as listed (an empty list means none), else `port`."""
    listed = fields["ports"]
    main = fields.get("port")
    if listed is None:
        if main is None:
            return []
        return [{"name": _PORT_NAMES.get(type_name), "containerPort": main, "protocol": "TCP"}]
    names = {entry["name"] for entry in listed}
    found = []
    for entry in listed:
        wanted = _PORT_NAMES.get(type_name) if entry["containerPort"] == main and entry["protocol"] == "TCP" else None
        found.append({**entry, "name": entry["name"] or (wanted if wanted not in names else None)})
    return found


def _env(env: Mapping[str, str] | None) -> list[dict[str, str]] | None:
    return [{"name": name, "value": value} for name, value in (env or {}).items()] or None


def _env_from(entries: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]] | None:
    return [
        without_nulls(
            {
                "prefix": entry["prefix"],
                "configMapRef" if entry["type"] == "configMap" else "secretRef": {"name": entry["name"]},
            }
        )
        for entry in entries or ()
    ] or None


def _probe(
    probe: Mapping[str, Any] | None, ports: Sequence[Mapping[str, Any]], problems: Problems, field: str
) -> dict[str, Any] | None:
    if probe is None:
        return None
    port = probe["port"] if probe["port"] is not None else next((p["containerPort"] for p in ports), None)
    kind = probe["type"]
    if port is None and kind != "exec":
        problems.at(field).key("port").bad("port is required: the container has none of its own")
    match kind:
        case "httpGet":
            action: dict[str, Any] = {"path": probe["path"] or "/", "port": port}
        case "exec":
            action = {"command": probe["command"]}
        case _:
            action = {"port": port}
    times = ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold")
    return {kind: action} | without_nulls({key: probe[key] for key in times})


def _wait_container(wait: Wait, image: str) -> dict[str, Any]:
    """The host and port are arguments, not part of the script: no name can become a command."""
    return {
        "name": f"wait-for-{wait.name}"[:63].rstrip("-"),
        "image": image,
        "command": ["sh", "-c", _ASK_UNTIL_IT_ANSWERS, wait.host, str(wait.port)],
        "resources": {
            "requests": {"cpu": "5m", "memory": "16Mi"},
            "limits": {"cpu": "100m", "memory": "32Mi"},
        },
        # So that it also starts where only restricted pods may run.
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def _init_containers(
    entries: Sequence[Mapping[str, Any]], volumes: Volumes, problems: Problems
) -> list[dict[str, Any]]:
    found = []
    for i, entry in enumerate(entries):
        security = {k: v for k, v in (entry["securityContext"] or {}).items() if not k.startswith(("fsGroup", "sys"))}
        security.pop("supplementalGroups", None)
        container = {
            **{key: entry[key] for key in ("name", "image", "imagePullPolicy", "command", "args", "workingDir")},
            "env": _env(entry["env"]),
            "envFrom": _env_from(entry["envFrom"]),
            "resources": entry["resources"],
            "securityContext": security or None,
            "volumeMounts": volumes.mount(entry["volumeMounts"] or (), f"initContainers[{i}].volumeMounts") or None,
        }
        found.append(without_nulls(container))
    seen: set[str] = set()
    for i, entry in enumerate(entries):
        if entry["name"] in seen:
            problems.at(f"initContainers[{i}]").key("name").bad(f"'{entry['name']}' is listed twice")
        seen.add(entry["name"])
    return found


def _no_shared_place(
    disks: Sequence[Mapping[str, Any]], mounts: Sequence[Mapping[str, Any]], problems: Problems
) -> None:
    taken = {mount["mountPath"].rstrip("/"): i for i, mount in enumerate(mounts)}
    for disk in disks:
        place = disk["mountPath"].rstrip("/")
        if place in taken:
            problems.at(f"volumeMounts[{taken[place]}]").key("mountPath").bad(
                f"the disk {disk['name']} is mounted at {place} too: give one another path"
            )
        taken.setdefault(place, -1)
