"""CPU, memory and devices of a service → `resources`; who it runs as and what it may do → `securityContext`."""

import math
from typing import Any, Final

from app.compose.units import quantity, size_bytes
from app.compose.work import Part, Work, inner, truth, whole

_NOT: Final = "KEY_NOT_CONVERTED"
_ROOT: Final = {"root": 0}


def set_resources(work: Work, part: Part) -> None:
    """Requests and limits, in Kubernetes' units; no request above its limit."""
    service = part.service
    limits: dict[str, str] = {}
    requests: dict[str, str] = {}
    sources = (
        (limits, "cpu", "cpus", inner(service, "deploy", "resources", "limits", "cpus"), service.get("cpus")),
        (limits, "memory", "mem_limit", inner(service, "deploy", "resources", "limits", "memory"),
         service.get("mem_limit")),
        (requests, "cpu", "cpus", inner(service, "deploy", "resources", "reservations", "cpus"), None),
        (requests, "memory", "mem_reservation", inner(service, "deploy", "resources", "reservations", "memory"),
         service.get("mem_reservation")),
    )  # fmt: skip
    for side, name, key, first, second in sources:
        value = first if first is not None else second
        amount = _amount(name, value)
        if amount is not None:
            side[name] = amount
        elif value is not None and str(value) not in ("0", "0.0", ""):
            work.findings.warn(_NOT, f"'{str(value)[:40]}' is no amount: left out", service=part.key, key=key)
    _lower_requests(work, part, requests, limits)
    _devices(work, part, limits)
    found = {side: amounts for side, amounts in (("requests", requests), ("limits", limits)) if amounts}
    if found:
        part.data["resources"] = found


def _amount(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if name == "memory":
        size = size_bytes(value)
        return quantity(size) if size is not None and size > 0 else None
    try:
        cores = float(value)
    except (TypeError, ValueError):
        return None
    if not 0 < cores < 1e6:
        return None
    return str(int(cores)) if cores.is_integer() else f"{max(1, math.ceil(cores * 1000))}m"


def _lower_requests(work: Work, part: Part, requests: dict[str, str], limits: dict[str, str]) -> None:
    from app.kube.quantities import parse_quantity

    for name, wanted in requests.items():
        limit = limits.get(name)
        if limit is not None and parse_quantity(wanted) > parse_quantity(limit):
            requests[name] = limit
            message = f"{name}: {wanted} is reserved above the limit of {limit}: lowered to it"
            work.findings.warn(_NOT, message, service=part.key, key="deploy.resources.reservations")


def _devices(work: Work, part: Part, limits: dict[str, str]) -> None:
    """Graphics cards: the device plugins of their makers count them."""
    reserved = inner(part.service, "deploy", "resources", "reservations", "devices") or ()
    for key, entries in (("gpus", part.service.get("gpus") or ()), ("deploy.resources.reservations.devices", reserved)):
        for entry in entries:
            driver = str(entry.get("driver") or "nvidia")
            capabilities = [str(one) for one in entry.get("capabilities") or ["gpu"]]
            if not set(capabilities) & {"gpu", "nvidia", "compute"} or driver not in ("nvidia", "amd"):
                message = f"{driver} {', '.join(capabilities)} has no counterpart: ask for the device by hand"
                work.findings.warn(_NOT, message, service=part.key, key=key)
                continue
            count = len(entry["device_ids"]) if entry.get("device_ids") else whole(entry.get("count", "all"))
            limits[f"{driver}.com/gpu"] = str(max(1, count or 1))
            if entry.get("options"):
                message = "options are the device plugin's to set: left out"
                work.findings.info(_NOT, message, service=part.key, key=key)
            message = f"{driver}.com/gpu is asked for: the cluster needs that device plugin"
            work.findings.info(_NOT, message, service=part.key, key=key)
            if count is None:
                message = "all graphics cards are meant, one is asked for: raise the number under resources"
                work.findings.warn(_NOT, message, service=part.key, key=key)


# --- security ---------------------------------------------------------------------------------------------------


def set_security(work: Work, part: Part) -> None:
    """Whom it runs as and what it may do. What reaches out to the machine is said, in whichever form it was written."""
    service, found = part.service, dict[str, Any]()
    _user(work, part, found)
    groups = []
    for group in service.get("group_add") or ():
        number = whole(group)
        if number is not None and 0 <= number < 2**31:
            groups.append(number)
        else:
            message = f"the group {str(group)[:40]} has no number here: write its number"
            work.findings.warn(_NOT, message, service=part.key, key="group_add")
    if groups:
        found["supplementalGroups"] = groups
    capabilities = {
        side: names
        for side, key in (("add", "cap_add"), ("drop", "cap_drop"))
        if (names := [str(one).upper().removeprefix("CAP_") for one in service.get(key) or ()])
    }
    if capabilities:
        found["capabilities"] = capabilities
    if "add" in capabilities:
        message = f"{', '.join(capabilities['add'])}: many clusters refuse pods that ask for more rights"
        work.findings.warn(_NOT, message, service=part.key, key="cap_add")
    if truth(service.get("privileged")):
        found["privileged"] = True
        message = "has all rights of the machine that it runs on: remove it unless that is meant"
        work.findings.warn(_NOT, message, service=part.key, key="privileged")
    if truth(service.get("read_only")):
        found["readOnlyRootFilesystem"] = True
    _sysctls(work, part, found)
    if found:
        part.data["securityContext"] = found


def _user(work: Work, part: Part, found: dict[str, Any]) -> None:
    user = str(part.service.get("user") or "").strip()
    facts = work.options.image_facts.get(part.image)
    if not user:
        if facts is not None and facts.user and part.service.get("volumes"):
            found["fsGroup"] = facts.user
        return
    name, _, group = user.partition(":")
    numbers = [_ROOT.get(one, whole(one)) if one else None for one in (name, group)]
    if any(
        one and (number is None or not 0 <= number < 2**31) for one, number in zip((name, group), numbers, strict=True)
    ):
        message = f"{user[:60]}: Kubernetes knows users by number: write the number (id -u {name[:30]} in the image)"
        work.findings.warn(_NOT, message, service=part.key, key="user")
        return
    uid, gid = numbers
    if uid is not None:
        found["runAsUser"] = uid
    if gid is not None:
        found["runAsGroup"] = gid
    owner = gid if gid is not None else uid
    if owner and part.service.get("volumes"):
        found["fsGroup"] = owner


def _sysctls(work: Work, part: Part, found: dict[str, Any]) -> None:
    entries = {}
    for name, value in (part.service.get("sysctls") or {}).items():
        if part.data.get("hostNetwork") and name.startswith("net."):
            message = f"{name} can't be set on the machine's network: left out"
            work.findings.warn(_NOT, message, service=part.key, key="sysctls")
        elif value:
            entries[name] = value
    if entries:
        found["sysctls"] = entries
        message = f"{', '.join(entries)}: the cluster must allow these (kubelet's allowed-unsafe-sysctls)"
        work.findings.info(_NOT, message, service=part.key, key="sysctls")
