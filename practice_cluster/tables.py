"""The tables that `kubectl get` prints, by the columns in `kinds.yaml`. Pure."""

import re
from typing import Any, Final

from practice_cluster.kinds import Kind
from practice_cluster.objects import Obj, at, is_leaving, seconds_of

_PART: Final = re.compile(r"\{([\w.]+)(#)?(?::([^}]*))?\}")
_WIDE: Final = ("IP", "Node")


def table(kind: Kind, objects: list[Obj], now: float, metadata: Obj) -> Obj:
    """A meta.k8s.io/v1 Table; its times are ages, which is why it needs the present one."""
    columns = {"Name": "{metadata.name}"} | kind.rules.get("columns", {}) | {"Age": ""}
    about = {"type": "string", "description": ""}
    header = [
        about | {"name": name, "priority": int(name in _WIDE), "format": "name" if name == "Name" else ""}
        for name in columns
    ]
    rows = []
    for obj in objects:
        known = obj | _told(obj) if not kind.is_custom else obj
        cells = [_cell(known, text) for text in columns.values()][:-1]
        cells.append(_age(obj.get("lastTimestamp") or obj["metadata"]["creationTimestamp"], now))
        partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
        rows.append({"cells": cells, "object": partial})
    found = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    return found | {"columnDefinitions": header, "rows": rows}


def _cell(obj: Obj, text: str) -> str:
    def value(found: re.Match[str]) -> str:
        path, counts, default = found.groups()
        here = at(obj, path)
        return str(len(here or ())) if counts else str(default or "") if here in (None, "") else str(here)

    return _PART.sub(value, text)


def _told(obj: Obj) -> dict[str, Any]:
    """What no path leads to."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    match obj["kind"]:
        case "Pod":
            mains, state = status.get("containerStatuses") or [], status.get("reason") or status.get("phase")
            for each in [*(status.get("initContainerStatuses") or []), *mains]:
                about = each["state"].get("waiting") or each["state"].get("terminated") or {}
                state = about["reason"] if about.get("reason") not in (None, "PodInitializing") else state
            counts = {"restarts": str(sum(each["restartCount"] for each in mains))}
            counts |= {"ready": f"{sum(each['ready'] for each in mains)}/{len(spec['containers'])}"}
            return counts | {"state": "Terminating" if is_leaving(obj) else state}
        case "Service":
            waits = "<pending>" if spec["type"] == "LoadBalancer" else "<none>"
            addresses = [each.get("ip", "") for each in at(status, "loadBalancer.ingress") or []]
            shown = [
                port | {"on": f":{port['nodePort']}" if "nodePort" in port else ""} for port in spec.get("ports") or []
            ]
            ports = ",".join(_cell(port, "{port}{on}/{protocol}") for port in shown)
            return {"state": spec.get("externalName") or ",".join(addresses) or waits, "ports": ports}
        case "Job":
            done = [each["type"] for each in status.get("conditions") or [] if each["status"] == "True"]
            return {"state": next((name for name in ("Complete", "Failed", "Suspended") if name in done), "Running")}
        case "Node":
            return {"state": "Ready,SchedulingDisabled" if spec.get("unschedulable") else "Ready"}
        case "Ingress":
            return {"hosts": ",".join(rule.get("host", "*") for rule in spec.get("rules") or [])}
    return {}


def _age(since: object, now: float) -> str:
    """How long ago, as kubectl shortens it: `90s`, `45m`, `20h`, `3d`."""
    passed = max(0, int(now - seconds_of(since)))
    for most, unit, name in ((120, 1, "s"), (7200, 60, "m"), (172_800, 3600, "h")):
        if passed < most:
            return f"{passed // unit}{name}"
    return f"{passed // 86_400}d"
