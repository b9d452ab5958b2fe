"""Documents of this domain, as their stores give them out. No I/O.

The sealed credentials are not part of `Cluster`: they are read apart, by `connections.py` alone, so that nothing that
lists or answers ever holds them.
"""

from datetime import datetime
from typing import Any, Final, Literal, get_args

from bson import ObjectId
from pydantic import Field

from app.kube.errors import UnreachableReason
from app.storage.documents import Document, Id

AuthType = Literal["token", "certificate", "kubeconfig", "serviceaccount", "oidc"]
ClusterStatus = Literal["connected", "disconnected", "error", "unknown"]
Role = Literal["owner", "deploy", "read"]
StatusReason = Literal["", UnreachableReason, "unauthorized", "anonymous", "expired", "oidc", "key"]
Capability = Literal["nodes", "namespaces", "deploy", "exec", "logs", "secrets", "metrics"]
LogLevel = Literal["info", "warning", "error"]
LogAction = Literal[
    "cluster_added",
    "cluster_updated",
    "credentials_updated",
    "connection_test",
    "health_check",
    "metadata_refreshed",
    "access_granted",
    "access_revoked",
    "cluster_removed",
]

AUTH_TYPES: Final[tuple[AuthType, ...]] = get_args(AuthType)
# Reasons that may heal by themselves; with any other one somebody has to change something first.
HEALING: Final[frozenset[StatusReason]] = frozenset({"dns", "refused", "timeout", "server_error"})
RANK: Final[dict[Role, int]] = {"read": 0, "deploy": 1, "owner": 2}

INSECURE: Final = "TLS verification is off: whoever sits between us and this cluster can read and change everything"


def status_for(reason: StatusReason) -> ClusterStatus:
    """Which status goes with a reason; "" is the reason of a cluster that answers."""
    if reason == "":
        return "connected"
    return "disconnected" if reason in HEALING else "error"


class Metadata(Document):
    """What a cluster is and has, as far as its credentials may see; "" and [] when unknown."""

    version: str = ""
    platform: str = ""
    provider: str = ""
    region: str = ""
    node_count: int = 0
    cpu_capacity: str = ""
    memory_capacity: str = ""
    storage_classes: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    last_updated: datetime | None = None


class Taint(Document):
    """A NoSchedule taint that single-node mode took away."""

    node: str
    key: str
    value: str = ""


class Cluster(Document):
    """A Kubernetes cluster that somebody has added. Its credentials are elsewhere."""

    id: Id = Field(alias="_id")
    user_id: Id = Field(description="The owner.")
    name: str = Field(description="Never changes; one cluster of this name for each user who sees it.")
    display_name: str = ""
    description: str = ""
    server: str
    auth_type: AuthType
    namespace: str = Field("default", description="Where objects go that name no namespace.")
    context: str = Field("", description="Of the kubeconfig it came with.")
    insecure: bool = False
    tls_server_name: str = ""
    single_node: bool = False
    taken_taints: tuple[Taint, ...] = Field((), description="What to put back when single-node mode ends.")
    labels: dict[str, str] = Field(default_factory=dict)
    watch_namespaces: tuple[str, ...] = Field(
        (), description="What to list and watch for credentials that can't cluster-wide."
    )
    credential_fields: tuple[str, ...] = Field((), description="Which credentials are set, by the request's names.")
    credentials_version: int = Field(1, ge=1, description="Raised by each change of how we connect.")
    credential_expires_at: datetime | None = None
    status: ClusterStatus = "unknown"
    status_reason: StatusReason = ""
    status_message: str = ""
    last_check: datetime | None = None
    next_check_at: datetime | None = None
    failures: int = Field(0, ge=0, description="Checks in a row that didn't reach it; spaces them out.")
    metadata: Metadata = Metadata()
    warnings: tuple[str, ...] = Field((), description="What stays true until the next edit or refresh.")
    created_at: datetime
    updated_at: datetime

    @property
    def watched_namespaces(self) -> tuple[str, ...]:
        """Where to look when cluster-wide lists are forbidden."""
        return self.watch_namespaces or (self.namespace,)


class Entry(Document):
    """Who may see a cluster under which name, and what they may do. The owner has one too."""

    id: Id = Field(alias="_id")
    user_id: Id
    cluster_id: Id
    cluster_name: str
    role: Role
    namespaces: tuple[str, ...] = Field((), description="The right holds only there; empty: everywhere.")
    granted_by: Id
    granted_at: datetime
    expires_at: datetime | None = None

    def allows(self, role: Role) -> bool:
        return RANK[self.role] >= RANK[role]


class LogEntry(Document):
    """A line of a cluster's connection log."""

    id: Id = Field(alias="_id", default_factory=ObjectId)
    cluster_id: Id
    user_id: Id | None = Field(None, description="Whose request it was; nobody's for a scheduled check.")
    action: LogAction
    success: bool
    level: LogLevel
    message: str
    error: str | None = None
    details: dict[str, Any] | None = None
    timestamp: datetime
