"""Documents, requests and answers of workflows and runs. No I/O.

Workflows themselves stay raw mappings on their way through: a canvas of 50 nodes is read a thousand times a second,
and the graph's checks are `sanitise.py`'s. `WorkflowFields` only documents the answer's shape.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.storage.documents import Document, Id

WorkflowStatus = Literal["draft", "published", "archived"]
RunStatus = Literal["queued", "running", "completed", "failed", "cancelled"]
Trigger = Literal["manual", "webhook", "rollback", "schedule"]

UNFINISHED: Final = ("queued", "running")

RawWorkflow = Mapping[str, Any]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)


class CreateWorkflow(_Body):
    """POST /workflows."""

    name: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=10_000)
    cluster_id: str = Field(min_length=1, description="The cluster's name.")


class UpdateWorkflow(_Body):
    """PUT /workflows/:id. Only what is given changes."""

    name: str | None = Field(None, min_length=1, max_length=200)
    description: str | None = Field(None, max_length=10_000)
    nodes: list[Any] | None = None
    edges: list[Any] | None = None
    status: str | None = None
    cluster_id: str | None = Field(None, min_length=1)
    tags: list[str] | None = Field(None, max_length=50)


class SaveWorkflow(_Body):
    """POST /workflows/:id/save."""

    nodes: list[Any]
    edges: list[Any]
    description: str | None = Field(None, max_length=10_000)


class ChangeStatus(_Body):
    """PUT /workflows/:id/status."""

    status: str


class CloneWorkflow(_Body):
    """POST /workflows/:id/clone."""

    name: str = Field(min_length=1, max_length=200)


Values = dict[str, dict[str, str]]


class TriggerData(_Body):
    """What a person gives for one run only: by node id, then by key or variable. Never logged, never in a graph."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=False)

    secrets: Values = Field(default_factory=dict, repr=False)
    env_vars: Values = Field(default_factory=dict, alias="envVars", repr=False)

    @field_validator("secrets", "env_vars", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        """Forms send numbers and cleared fields too: numbers become text, null means not given."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            return value
        return {node: _texts(values) for node, values in value.items() if values is not None}

    def names(self) -> dict[str, dict[str, list[str]]]:
        """Which nodes and keys were given: all that an answer may tell."""
        return {
            "secrets": {node: sorted(values) for node, values in self.secrets.items()},
            "envVars": {node: sorted(values) for node, values in self.env_vars.items()},
        }


def _texts(values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    return {
        key: str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for key, value in values.items()
        if value is not None
    }


class RunRequest(_Body):
    """POST /workflows/:id/run."""

    trigger_data: TriggerData | None = None


class Run(Document):
    """One execution of one version. The document is the job; a task message has only its id."""

    id: Id = Field(alias="_id")
    workflow_id: Id
    user_id: Id
    cluster_id: Id
    cluster_name: str = ""
    version: int | None = Field(None, ge=1, description="None until its snapshot is stored; then the graph is there.")
    status: RunStatus = "queued"
    graph: dict[str, Any] | None = Field(None, repr=False)
    started_at: datetime
    completed_at: datetime | None = None
    healthy_at: datetime | None = None
    node_states: dict[str, Any] = Field(default_factory=dict)
    output: dict[str, Any] = Field(default_factory=dict)
    logs: list[str] = Field(default_factory=list)
    error: str | None = None
    triggered_by: Trigger = "manual"
    given: dict[str, dict[str, list[str]]] = Field(default_factory=dict)
    trigger_data: bytes | None = Field(None, repr=False, description="Sealed, until the run ends.")
    cancel_requested: bool = False
    fence: int = Field(0, ge=0, description="Grows with each claim; a stale writer has an old one.")
    progress: dict[str, int] = Field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.status not in UNFINISHED

    @property
    def took_ms(self) -> int | None:
        """Milliseconds from start to end."""
        if self.completed_at is None:
            return None
        return max(0, round((self.completed_at - self.started_at).total_seconds() * 1000))


class Position(BaseModel):
    x: float
    y: float


class NodeShape(BaseModel):
    """A node of the canvas; further keys of React Flow are kept."""

    model_config = ConfigDict(extra="allow")

    id: str
    type: str
    position: Position
    data: dict[str, Any] = Field(description="Fields by type; `_status` is its live state.")


class EdgeShape(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: str
    source: str
    target: str


class WorkflowShape(BaseModel):
    """A workflow in answers."""

    model_config = ConfigDict(populate_by_name=True)

    id: Id
    name: str
    description: str
    cluster_id: str = Field(description="The cluster's name.")
    status: WorkflowStatus
    tags: list[str]
    nodes: list[NodeShape]
    edges: list[EdgeShape]
    current_version: int
    owner_id: Id
    team_id: str
    created_at: datetime
    updated_at: datetime
    last_run_at: datetime | None = None
    run_count: int
    success_count: int
    failure_count: int
    import_: dict[str, Any] | None = Field(
        None, alias="import", description="Where it came from: `{sessionId, detectedType, source, warnings}`."
    )


class WorkflowAnswer(BaseModel):
    message: str
    workflow: WorkflowShape
    warning: str | None = None


class WorkflowCreated(BaseModel):
    """The workflow twice: the UI reads it from `workflow`, other clients from the answer itself."""

    model_config = ConfigDict(extra="allow")

    id: Id
    message: str
    workflow: WorkflowShape


class WorkflowList(BaseModel):
    workflows: list[WorkflowShape]
    total: int | None = None


class Message(BaseModel):
    message: str
    warning: str | None = None


class RunShape(BaseModel):
    """A run in answers."""

    id: Id
    workflow_id: Id
    version: int
    status: RunStatus
    started_at: datetime
    completed_at: datetime | None = None
    healthy_at: datetime | None = None
    healthy: bool | None = Field(None, description="Of the newest run: are all nodes healthy now?")
    duration: int | None = Field(None, description="Milliseconds.")
    node_states: dict[str, Any]
    output: dict[str, Any]
    logs: list[str]
    error: str | None = None
    triggered_by: Trigger
    trigger_data: dict[str, dict[str, list[str]]] = Field(description="Which keys were given, never values.")
    progress: dict[str, int]


class RunList(BaseModel):
    runs: list[RunShape]


class RunStarted(BaseModel):
    """The answer of POST /workflows/:id/run. The UI knows `running` only, so a queued run says so too."""

    message: str = "Workflow execution started"
    run_id: Id
    version: int
    status: Literal["running"] = "running"
    logs: list[str]
