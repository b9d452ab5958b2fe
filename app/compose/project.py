"""A Compose project as read: every form long, variables replaced, files merged. What converting goes by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Service = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Project:
    """All sections by name, in the files' order."""

    name: str
    services: Mapping[str, Service]
    jobs: Mapping[str, Service] = field(default_factory=dict)
    volumes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    networks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    """Services outside the chosen profiles."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Of variables: options, then `.env`."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """That were given, for what is mounted."""
    by_nixpacks: bool = False
    """Nixpacks builds what has to be built."""
