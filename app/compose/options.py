"""What a person may choose for an import; everything has a default. Frozen: a conversion is a function of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["deployment", "statefulset", "daemonset", "job", "cronjob"]
Expose = Literal["none", "clusterip", "nodeport", "loadbalancer", "ingress"]


@dataclass(frozen=True, slots=True)
class ServiceChoice:
    """For one service."""

    include: bool = True
    kind: Kind | None = None
    schedule: str | None = None
    expose: Expose | None = None
    host: str | None = None
    replicas: int | None = None
    image: str | None = None
    use: Literal["image", "build"] | None = None
    secret_keys: frozenset[str] = frozenset()
    plain_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class VolumeChoice:
    """For one volume, or a bind mount by its source."""

    size: str | None = None
    storage_class: str | None = None
    access_modes: Sequence[str] = ()
    host_path: bool = False


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a registry knows of an image. The import asks for it; converting goes on without."""

    ports: Sequence[int] = ()
    user: int | None = None
    """Numeric only."""
    volumes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Repository:
    """Where the files come from, for what has to be built."""

    url: str
    branch: str


@dataclass(frozen=True, slots=True)
class Options:
    """Of a conversion."""

    services: Mapping[str, ServiceChoice] = field(default_factory=dict)
    volumes: Mapping[str, VolumeChoice] = field(default_factory=dict)
    namespace: str | None = None
    expose: Expose | None = None
    published: Expose = "nodeport"
    """How a published port is exposed when nothing is chosen (IMPORT_EXPOSE)."""
    domain: str | None = None
    ingress_class: str | None = None
    network_policies: bool = False
    storage: str = "10Gi"
    """The size of a claim (IMPORT_STORAGE)."""
    image_facts: Mapping[str, ImageFacts] = field(default_factory=dict)
    repository: Repository | None = None

    def of_service(self, name: str) -> ServiceChoice:
        """The choices for a service, defaults when there are none."""
        return self.services.get(name) or ServiceChoice()

    def of_volume(self, name: str) -> VolumeChoice:
        """The choices for a volume."""
        return self.volumes.get(name) or VolumeChoice()
