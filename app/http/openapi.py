"""`@documented`: what a route takes and gives, beside the route. `openapi_document.py` makes the document from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pydantic import BaseModel

View = TypeVar("View", bound=Callable[..., Any])

# What an answer or a body looks like: a model, a JSON schema, or None for no body.
Shape = type[BaseModel] | Mapping[str, Any] | None

MARK: Final = "_documented"


@dataclass(frozen=True, slots=True)
class Query:
    """A parameter of the query string.

    Args:
        schema: JSON schema of its value.
    """

    name: str
    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    required: bool = False


@dataclass(frozen=True, slots=True)
class Documentation:
    """What `@documented` was given."""

    summary: str
    description: str
    tags: tuple[str, ...]
    body: Shape
    body_required: bool
    query: tuple[Query, ...]
    answers: Mapping[int, Shape]
    errors: tuple[int, ...]
    events: Mapping[str, str]
    multipart: bool


def documented(
    summary: str,
    *,
    description: str = "",
    tags: Sequence[str] = (),
    body: Shape = None,
    body_required: bool = True,
    query: Sequence[Query] = (),
    answers: Mapping[int, Shape] | None = None,
    errors: Sequence[int] = (),
    events: Mapping[str, str] | None = None,
    multipart: bool = False,
) -> Callable[[View], View]:
    """Describe a route for people and programs; a test fails for a route without it.

    Args:
        summary: what it does, in a few words.
        description: what a caller must know besides; Markdown.
        tags: groups of the API's page; default: the blueprint's name.
        body: of the request.
        body_required: False where no field is required.
        query: parameters of the query string; those of the path are known.
        answers: by status; default `{200: {"type": "object"}}`.
        errors: statuses of `{"error": …}`; 401 and 403 of guarded routes, 429 and 500 are added.
        events: of a stream: name → what its data is. The answer is then `text/event-stream`.
        multipart: the body is an upload.
    """
    documentation = Documentation(
        summary=summary,
        description=description,
        tags=tuple(tags),
        body=body,
        body_required=body_required,
        query=tuple(query),
        answers=dict(answers if answers is not None else {200: {"type": "object"}}),
        errors=tuple(errors),
        events=dict(events or {}),
        multipart=multipart,
    )

    def mark(view: View) -> View:
        setattr(view, MARK, documentation)
        return view

    return mark


def documentation_of(view: object) -> Documentation | None:
    """What `@documented` says of a view function."""
    return getattr(view, MARK, None)
