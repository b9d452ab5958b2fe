"""What clients get: the cluster object and its relatives, camelCase. Never a credential; only which ones are set."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from app.clusters.models import INSECURE, AuthType, Capability, Cluster, ClusterStatus, Entry, LogEntry, Metadata, Role
from app.storage.documents import Id


class Answer(BaseModel):
    """Base: frozen, camelCase in JSON, absent when unknown."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, arbitrary_types_allowed=True
    )

    def as_json(self) -> dict[str, Any]:
        """For Flask; ids and times are written by our JSON provider."""
        return self.model_dump(by_alias=True, exclude_none=True)


class MetadataAnswer(Answer):
    version: str = Field(examples=["v1.34.1"])
    platform: str
    provider: str
    region: str
    node_count: int
    cpu_capacity: str = Field(examples=["8"])
    memory_capacity: str = Field(examples=["15.6Gi"])
    storage_classes: tuple[str, ...]
    namespaces: tuple[str, ...]
    capabilities: tuple[Capability, ...] = Field(description="What these credentials may do.")
    last_updated: datetime | None = None

    @classmethod
    def of(cls, metadata: Metadata) -> Self:
        return cls(**metadata.model_dump())


class OwnerAnswer(Answer):
    id: Id
    name: str


class ClusterAnswer(Answer):
    """The cluster object."""

    id: Id
    name: str
    display_name: str
    description: str
    server: str
    auth_type: AuthType
    status: ClusterStatus
    default: bool = Field(description="It is the caller's default.")
    single_node: bool
    labels: dict[str, str]
    metadata: MetadataAnswer
    namespace: str
    insecure: bool
    tls_server_name: str
    watch_namespaces: tuple[str, ...]
    last_check: datetime | None = None
    status_reason: str
    status_message: str
    credential_fields: tuple[str, ...] | None = Field(None, description="Which credentials are set; owners only.")
    credential_expires_at: datetime | None = None
    role: Role = Field(description="The caller's.")
    owner: OwnerAnswer
    created_at: datetime
    updated_at: datetime
    warnings: tuple[str, ...]


class StatusAnswer(Answer):
    cluster: str
    status: ClusterStatus
    last_check: datetime | None = None
    is_stale: bool
    is_online: bool
    reason: str
    message: str
    next_check: datetime | None = None
    credential_expires_at: datetime | None = None


class LogEntryAnswer(Answer):
    id: Id
    cluster_id: Id
    user_id: Id | None = None
    action: str
    success: bool
    level: str
    message: str
    error: str | None = None
    details: dict[str, Any] | None = None
    timestamp: datetime

    @classmethod
    def of(cls, entry: LogEntry) -> Self:
        return cls(**entry.model_dump())


class ClustersAnswer(Answer):
    clusters: list[ClusterAnswer]
    default: str = Field(description='Id of the caller\'s default; "" without one.')


class AddedAnswer(Answer):
    message: str = "Cluster added successfully"
    status: ClusterStatus
    cluster: ClusterAnswer
    warnings: tuple[str, ...]


class UpdatedAnswer(Answer):
    message: str = "Cluster updated successfully"
    cluster: ClusterAnswer


class NamedAnswer(Answer):
    """Something was done to this cluster."""

    message: str
    cluster: str


class RemovedAnswer(NamedAnswer):
    workflows: int = Field(description="How many workflows still name it.")


class TestedAnswer(NamedAnswer):
    status: ClusterStatus


class RefreshedAnswer(Answer):
    message: str = "Metadata refreshed successfully"
    metadata: MetadataAnswer


class LogsAnswer(Answer):
    cluster: str
    logs: list[LogEntryAnswer]


_NOT_IN_THE_OBJECT: Final = frozenset(
    {"user_id", "context", "taken_taints", "credentials_version", "next_check_at", "failures", "metadata", "warnings"}
)


def cluster_answer(
    cluster: Cluster,
    entry: Entry,
    *,
    is_default: bool,
    owner_name: str,
    warnings: Sequence[str],
) -> ClusterAnswer:
    """The cluster object as this caller sees it."""
    fields = cluster.model_dump(exclude=set(_NOT_IN_THE_OBJECT))
    if entry.role != "owner":
        fields |= {"credential_fields": None}
    return ClusterAnswer(
        **fields,
        default=is_default,
        metadata=MetadataAnswer.of(cluster.metadata),
        role=entry.role,
        owner=OwnerAnswer(id=cluster.user_id, name=owner_name),
        warnings=tuple(warnings),
    )


def warnings_of(cluster: Cluster, now: datetime, *, expiry_warning: timedelta) -> tuple[str, ...]:
    """What everybody who sees it should know."""
    found = list(cluster.warnings)
    if cluster.insecure:
        found.insert(0, INSECURE)
    if cluster.credential_expires_at and cluster.credential_expires_at - now < expiry_warning:
        day = cluster.credential_expires_at.strftime("%Y-%m-%d %H:%M UTC")
        verb = "expired" if cluster.credential_expires_at <= now else "expire"
        found.append(f"The credentials {verb} on {day}: enter new ones")
    return tuple(found)
