"""Bodies and answers of imports. No I/O."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from app.storage.documents import Id
from app.workflows.models import WorkflowShape

Source = Literal["file", "github", "gitlab", "git_url"]
SOURCES: Final = ("file", "github", "gitlab", "git_url")
SessionStatus = Literal["pending", "cloning", "analyzing", "completed", "failed"]
Stage = Literal["clone", "analyze", "convert", "queue", "cancelled"]
OnConflict = Literal["rename", "skip", "replace", "fail"]

MAX_URL: Final = 2048
MAX_TEXT: Final = 255


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Analyze(_Body):
    """POST /import/analyze."""

    source: str = Field(description="file, github, gitlab or git_url; a hint, the URL decides.")
    url: str = Field("", max_length=MAX_URL)
    branch: str = Field("", max_length=MAX_TEXT, description="A branch, tag or commit; `main`: else the default one.")
    file_content: str = Field("", alias="fileContent", description="Base64.", repr=False)
    file_name: str = Field("", alias="fileName", max_length=MAX_TEXT)
    namespace: str = Field("", max_length=63)
    workflow_id: str = Field("", alias="workflowId", description="One's own; its names are avoided.")
    token: str = Field("", max_length=4096, repr=False, description="For this clone only; never stored in clear.")
    username: str = Field("", max_length=MAX_TEXT)
    path: str = Field("", max_length=1024, description="Folder of the repository to look in.")
    options: dict[str, Any] = Field(default_factory=dict)
    wait: float | None = Field(None, ge=0, le=27, description="Seconds; 0: asynchronous at once.")


class CreateFromImport(_Body):
    """POST /import/create-workflow."""

    name: str = Field(min_length=1, max_length=200)
    cluster_id: str = Field(alias="clusterId", min_length=1, description="The cluster's name.")
    analysis: dict[str, Any]
    description: str | None = Field(None, max_length=10_000)
    session_id: str = Field("", alias="sessionId")
    on_conflict: OnConflict = Field("rename", alias="onConflict")


class ApplyImport(_Body):
    """POST /import/apply."""

    workflow_id: str = Field(alias="workflowId")
    nodes: list[Any]
    edges: list[Any] = Field(default_factory=list)
    positions: dict[str, Any] = Field(default_factory=dict)
    on_conflict: OnConflict = Field("rename", alias="onConflict")


class ChangeOptions(_Body):
    """PUT /import/:id/options."""

    options: dict[str, Any]


class AnalysisShape(_Answer):
    """What an import would make; further fields as the reference says."""

    model_config = ConfigDict(extra="allow")

    detected_type: str
    services: list[dict[str, Any]]
    volumes: list[dict[str, Any]]
    networks: list[dict[str, Any]]
    warnings: list[str]
    errors: list[dict[str, Any]]
    suggested_nodes: list[dict[str, Any]]
    suggested_edges: list[dict[str, Any]]
    layout_positions: dict[str, Any]
    needs_build: bool


class Uploaded(_Answer):
    """The answer of POST /import/upload."""

    analysis: AnalysisShape
    file_name: str
    file_size: int
    file_content: str = Field(description="Base64.")
    session_id: Id


class Analyzed(_Answer):
    """The answer of POST /import/analyze."""

    is_async: bool = Field(alias="async", description="False: `analysis` is there. True: follow the session.")
    analysis: AnalysisShape | None = None
    session_id: Id
    message: str | None = None


class SessionShape(_Answer):
    """An import session in answers."""

    id: Id
    user_id: Id
    source: Source
    url: str | None = None
    branch: str | None = None
    file_name: str | None = None
    namespace: str
    status: SessionStatus
    current_stage: str
    progress: int
    analysis: AnalysisShape | None = None
    error_message: str | None = None
    error_stage: Stage | None = None
    error_code: str | None = None
    commit_sha: str | None = None
    options: dict[str, Any] | None = None
    created_at: datetime
    completed_at: datetime | None = None
    expires_at: datetime


class OneSession(_Answer):
    session: SessionShape


class SessionList(_Answer):
    sessions: list[SessionShape]
    total: int
    limit: int
    offset: int


class AnalysisAnswer(_Answer):
    analysis: AnalysisShape


class CreatedFromImport(_Answer):
    workflow: WorkflowShape
    message: str


class Renamed(_Answer):
    node_id: str
    from_: str = Field(alias="from")
    to: str


class AppliedImport(_Answer):
    workflow: WorkflowShape
    message: str
    renamed: list[Renamed]
    skipped: list[dict[str, str]] = Field(description="`{nodeId, name}`: the node that is there instead.")


class CancelAsked(_Answer):
    message: str
