"""Readers of what workloads have: mounts, probes, ports, resources, security, init containers, disks."""

from typing import Any, Final

from app.kube.quantities import parse_quantity
from app.manifests import formats, names, structures, syntax
from app.manifests.formats import Reader, choice, missing, number, shown, switch
from app.manifests.names import label_name_reader, name_reader
from app.manifests.problems import At
from app.manifests.structures import items, list_of, mapping, record, records, without_nulls

PROTOCOL: Final = choice(("TCP", "UDP", "SCTP"))
ACCESS_MODE: Final = choice(("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"))
MOUNT_TYPES: Final = ("configMap", "secret", "persistentVolumeClaim", "hostPath", "emptyDir")
_HOST_PATH_TYPES: Final = (
    "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice",
)  # fmt: skip
_SECONDS: Final = number(0, 86400)

_MOUNT: Final[dict[str, Reader]] = {
    "type": choice(MOUNT_TYPES),
    "name": formats.trimmed,
    "mountPath": syntax.mount_path,
    "nodeId": formats.text,
    "subPath": syntax.sub_path,
    "readOnly": switch,
    "hostPath": syntax.host_path,
    "hostPathType": choice(_HOST_PATH_TYPES),
    "medium": choice(("Memory",)),
    "sizeLimit": syntax.quantity,
    "defaultMode": syntax.file_mode,
}


def resources(value: Any, at: At) -> dict[str, dict[str, str]] | None:
    """Requests and limits; no request above its limit."""
    given = mapping(value, at) or {}
    found: dict[str, dict[str, str]] = {}
    for side in ("requests", "limits"):
        entries = {
            name: amount
            for name, raw in (mapping(given.get(side) or {}, at.key(side)) or {}).items()
            if not missing(raw) and (amount := syntax.quantity(raw, at.key(side).key(name))) is not None
        }
        if entries:
            found[side] = entries
    for name, wanted in found.get("requests", {}).items():
        limit = found.get("limits", {}).get(name)
        if limit is not None and parse_quantity(wanted) > parse_quantity(limit):
            at.key("requests").key(name).bad(f"{wanted} is above the limit of {limit}: lower it or raise the limit")
    return found or None


def volume_mounts(value: Any, at: At) -> list[dict[str, Any]]:
    """Mounts, checked as far as one entry goes; wiring has put names and paths of linked nodes in."""
    found = records(value, at, _MOUNT, required=("type", "mountPath"))
    for i, mount in enumerate(found):
        place = at.item(i)
        if mount["type"] == "hostPath":
            if mount["hostPath"] is None:
                place.key("hostPath").bad("hostPath is required: the path on the machine")
        elif mount["type"] not in ("emptyDir", None):
            if mount["name"] is None:
                place.key("name").bad(f"name is required: which {mount['type']} is mounted")
            else:
                names.subdomain(mount["name"], place.key("name"))
    return found


def env_from(value: Any, at: At) -> list[dict[str, Any]]:
    """Whole configmaps and secrets as environment."""
    readers: dict[str, Reader] = {
        "type": choice(("configMap", "secret")),
        "name": names.subdomain,
        "nodeId": formats.text,
        "prefix": formats.trimmed,
    }
    found = records(value, at, readers, required=("type", "name"))
    for i, entry in enumerate(found):
        if entry["prefix"] and (problem := names.env_name_problem(entry["prefix"])):
            at.item(i).key("prefix").bad(problem)
    return found


def container_ports(value: Any, at: At) -> list[dict[str, Any]]:
    """All ports of a container. An empty list says that there is none."""
    readers: dict[str, Reader] = {"name": formats.trimmed, "containerPort": formats.port, "protocol": PROTOCOL}
    found = records(value, at, readers, required=("containerPort",))
    seen: set[tuple[Any, Any]] = set()
    for i, entry in enumerate(found):
        if entry["name"] is not None and not isinstance(
            formats.port_or_name(entry["name"], at.item(i).key("name")), str
        ):
            at.item(i).key("name").bad(f"{shown(entry['name'])} is not a port's name: at most 15 of a-z, 0-9 and '-'")
        entry["protocol"] = entry["protocol"] or "TCP"
        here = (entry["containerPort"], entry["protocol"])
        if here in seen and here[0] is not None:
            at.item(i).key("containerPort").bad(f"{here[0]}/{here[1]} is listed twice")
        seen.add(here)
    return found


def probe(value: Any, at: At) -> dict[str, Any] | None:
    """A probe; `pods.py` puts the container's port in where none is named."""
    given = mapping(value, at)
    if not given or all(missing(part) for part in given.values()):
        return None
    readers: dict[str, Reader] = {
        "type": choice(("httpGet", "tcpSocket", "exec", "grpc")),
        "path": formats.trimmed,
        "port": formats.port_or_name,
        "command": exec_command,
        "initialDelaySeconds": _SECONDS,
        "periodSeconds": number(1, 86400),
        "timeoutSeconds": number(1, 86400),
        "failureThreshold": number(1, 1000),
        "successThreshold": number(1, 1000),
    }
    found = record(given, at, readers) or {}
    found["type"] = found["type"] or ("exec" if found["command"] and not found["path"] else "httpGet")
    if found["type"] == "exec" and not found["command"]:
        at.key("command").bad('command is required for an exec probe, e.g. ["pg_isready"]')
    if found["type"] == "grpc" and isinstance(found["port"], str):
        at.key("port").bad("a grpc probe needs the port's number")
    return found


def exec_command(value: Any, at: At) -> list[str] | None:
    """What a probe runs: words, or one line for a shell."""
    return ["sh", "-c", value] if isinstance(value, str) else structures.words(value, at)


def security_context(value: Any, at: At) -> dict[str, Any] | None:
    """Whom the container runs as and what it may do."""
    flags = ("privileged", "readOnlyRootFilesystem", "allowPrivilegeEscalation", "runAsNonRoot")
    user = number(0, 2**31 - 1)
    readers: dict[str, Reader] = dict.fromkeys(flags, switch)
    readers |= dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"), user)
    readers |= {
        "supplementalGroups": list_of(user),
        "capabilities": _capabilities,
        "sysctls": _sysctls,
        "seccompProfile": _seccomp,
        "fsGroupChangePolicy": choice(("OnRootMismatch", "Always")),
    }
    found = without_nulls(record(value, at, readers) or {})
    if found.get("runAsNonRoot") and found.get("runAsUser") == 0:
        at.key("runAsUser").bad("0 is root, and runAsNonRoot is set: choose one")
    if found.get("allowPrivilegeEscalation") is False and found.get("privileged"):
        at.key("allowPrivilegeEscalation").bad("can't be off for a privileged container: choose one")
    return found or None


def _capabilities(value: Any, at: At) -> dict[str, list[str]] | None:
    """`{add, drop}`; a bare list adds."""
    given = {"add": value} if isinstance(value, list) else mapping(value, at) or {}
    found: dict[str, list[str]] = {}
    for side in ("add", "drop"):
        entries = list_of(formats.trimmed)(given.get(side) or [], at.key(side))
        if entries:
            found[side] = [entry.upper().removeprefix("CAP_") for entry in entries]
    return found or None


def _sysctls(value: Any, at: At) -> list[dict[str, str]] | None:
    """By name, or the API's own list of `{name, value}`."""
    entries = [{"name": k, "value": v} for k, v in value.items()] if isinstance(value, dict) else value
    readers: dict[str, Reader] = {"name": formats.trimmed, "value": formats.text}
    return [without_nulls(entry) for entry in records(entries, at, readers, required=("name", "value"))] or None


def _seccomp(value: Any, at: At) -> dict[str, str] | None:
    given = {"type": value} if isinstance(value, str) else value
    readers: dict[str, Reader] = {
        "type": choice(("RuntimeDefault", "Unconfined", "Localhost")),
        "localhostProfile": formats.trimmed,
    }
    return without_nulls(record(given, at, readers, required=("type",)) or {}) or None


def init_containers(value: Any, at: At) -> list[dict[str, Any]]:
    """Containers that run to their end first."""
    readers: dict[str, Reader] = {
        "name": label_name_reader(63),
        "image": syntax.image,
        "imagePullPolicy": choice(("Always", "IfNotPresent", "Never")),
        "command": structures.words,
        "args": structures.words,
        "workingDir": formats.text,
        "env": structures.env,
        "envFrom": env_from,
        "resources": resources,
        "securityContext": security_context,
        "volumeMounts": volume_mounts,
    }
    return records(value, at, readers, required=("name", "image"))


def depends_on(value: Any, at: At) -> list[dict[str, Any]]:
    """What must be there first; wiring has left out what no edge confirms."""
    readers: dict[str, Reader] = {
        "nodeId": formats.text,
        "name": formats.text,
        "condition": choice(("started", "healthy", "completed")),
        "required": switch,
    }
    return records(value, at, readers)


def host_aliases(value: Any, at: At) -> list[dict[str, Any]] | None:
    """Lines of /etc/hosts."""
    readers: dict[str, Reader] = {"ip": syntax.ip, "hostnames": list_of(names.hostname)}
    return [without_nulls(entry) for entry in records(value, at, readers, required=("ip", "hostnames"))] or None


def tolerations(value: Any, at: At) -> list[dict[str, Any]] | None:
    """Taints that are no obstacle."""
    readers: dict[str, Reader] = {
        "key": formats.trimmed,
        "operator": choice(("Equal", "Exists")),
        "value": names.label_value,
        "effect": choice(("NoSchedule", "PreferNoSchedule", "NoExecute")),
        "tolerationSeconds": number(0),
    }
    found = records(value, at, readers)
    for i, entry in enumerate(found):
        place = at.item(i)
        if entry["key"] and (problem := names.label_key_problem(entry["key"])):
            place.key("key").bad(problem)
        if entry["key"] is None and entry["operator"] != "Exists":
            place.key("key").bad("key is required, but for the operator Exists (then every taint is tolerated)")
        if entry["operator"] == "Exists" and entry["value"]:
            place.key("value").bad("must be empty for the operator Exists: remove it or use Equal")
        if entry["tolerationSeconds"] is not None and entry["effect"] != "NoExecute":
            place.key("tolerationSeconds").bad("counts for the effect NoExecute only: remove it or change the effect")
    return [without_nulls(entry) for entry in found] or None


def claim_templates(value: Any, at: At) -> list[dict[str, Any]]:
    """The disks of a StatefulSet's pods."""
    readers: dict[str, Reader] = {
        "name": label_name_reader(63),
        "storage": syntax.size,
        "storageClassName": name_reader(253),
        "accessModes": list_of(ACCESS_MODE),
        "mountPath": syntax.mount_path,
        "subPath": syntax.sub_path,
    }
    found = records(value, at, readers, required=("name", "storage"))
    seen: set[str] = set()
    for i, entry in enumerate(found):
        if entry["name"] in seen:
            at.item(i).key("name").bad(f"{shown(entry['name'])} is listed twice")
        seen.add(entry["name"])
        entry["accessModes"] = entry["accessModes"] or ["ReadWriteOnce"]
    return found


def access_modes(value: Any, at: At) -> list[str] | None:
    """How a disk may be used; at least one way."""
    found = list(dict.fromkeys(list_of(ACCESS_MODE)(value, at)))
    if not found and not items(value, at):
        return at.bad("needs at least one access mode, e.g. ReadWriteOnce")
    return found
