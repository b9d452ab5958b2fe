"""Which kind of workload a service becomes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.compose.choices import ServiceChoice
from app.compose.images import is_store
from app.compose.project import Project, Service
from app.compose.work import inner, truth


@dataclass(frozen=True, slots=True)
class Usage:
    """What services make of each other, counted once for all."""

    awaited: frozenset[str]
    """Somebody waits until these have completed."""
    volumes: Mapping[str, int]
    """How many services mount a volume."""

    @classmethod
    def of(cls, project: Project) -> "Usage":
        """Count."""
        awaited, volumes = set(), Counter[str]()
        for service in project.services.values():
            for other, entry in (service.get("depends_on") or {}).items():
                if entry.get("condition") == "service_completed_successfully":
                    awaited.add(other)
            volumes.update({str(mount.get("source")) for mount in service.get("volumes") or ()})
        return cls(frozenset(awaited), volumes)


def kind_of(key: str, service: Service, project: Project, usage: Usage, choice: ServiceChoice, *, image: str) -> str:
    """The chosen kind, else by its mode, by who waits for its end, by what it keeps."""
    if choice.kind is not None:
        return choice.kind
    if key in project.jobs and project.jobs[key] is service:
        return "cronjob" if inner(service, "triggers", "schedule") else "job"
    mode = str(inner(service, "deploy", "mode") or "")
    if mode.endswith("-job"):
        return "job"
    if mode == "global":
        return "daemonset"
    if key in usage.awaited or _runs_once(service):
        return "job"
    if is_store(image) or _own_volume(service, project, usage):
        return "statefulset"
    return "deployment"


def _runs_once(service: Service) -> bool:
    restart = str(service.get("restart") or "")
    condition = str(inner(service, "deploy", "restart_policy", "condition") or "")
    written = restart == "no" or restart.startswith("on-failure") or condition in ("none", "on-failure")
    return written and not (service.get("ports") or service.get("expose") or service.get("healthcheck"))


def _own_volume(service: Service, project: Project, usage: Usage) -> bool:
    """A named volume that it writes and nobody else mounts."""
    return any(
        mount.get("type") == "volume"
        and bool(mount.get("source"))
        and usage.volumes.get(mount["source"]) == 1
        and not truth(mount.get("read_only"))
        and not truth((project.volumes.get(mount["source"]) or {}).get("external"))
        for mount in service.get("volumes") or ()
    )
