"""What `GET /templates` answers, for the OpenAPI document."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class OptionAnswer(BaseModel):
    """A choice of a select."""

    value: str
    label: str


class ParameterAnswer(BaseModel):
    """A field of a node, for its form."""

    model_config = ConfigDict(extra="forbid")

    name: str
    label: str
    description: str
    type: Literal["string", "number", "boolean", "select", "object", "array"]
    required: bool
    default: Any = None
    options: list[OptionAnswer] | None = None
    min: int | None = None
    max: int | None = None


class TemplateAnswer(BaseModel):
    """A type of node."""

    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    display_name: str = Field(alias="displayName")
    category: Literal["core", "configuration", "storage", "networking"]
    description: str
    icon: str
    version: str
    tags: list[str]
    usage_frequency: Literal["very-high", "high", "medium", "low"] = Field(alias="usageFrequency")
    difficulty: Literal["easy", "medium", "hard"]
    dependencies: list[str]
    parameters: list[ParameterAnswer]


class TemplatesAnswer(BaseModel):
    """All types of nodes."""

    templates: list[TemplateAnswer]
