"""What can be chosen for a service or a volume, and what is known of images and the repository. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass
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
class RepositoryFacts:
    """Where the files come from, for what has to be built."""

    url: str
    """Without credentials or the path of a page."""
    branch: str
    name: str = ""
    """What it is called: its last part, without `.git`."""
