"""The OpenAPI 3.1 document, made from the URL map, `@documented` and the pydantic models. Served by `api_docs.py`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from app.http.auth import READING, guard_of
from app.http.openapi import Documentation, Shape, documentation_of

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]
References = Mapping[tuple[Any, Mode], Schema]

API: Final = "/v1/api/"
ARGUMENT: Final = re.compile(r"<(?:(?P<converter>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
TYPES: Final = {"int": "integer", "float": "number"}
STATUS_TEXTS: Final = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "Done; no content",
    302: "Redirect",
    400: "The request can't be carried out as it is; `details` says why, by field",
    401: "No token, or one that isn't good any more",
    403: "Not allowed for this role",
    404: "Unknown, or somebody else's",
    409: "It clashes with what is there or going on",
    413: "The body is too large",
    415: "A content type that this route doesn't take",
    429: "Too many requests; `Retry-After` says for how long",
    500: "A fault of ours; `error` has a reference",
    502: "A remote system answered with an error",
    503: "A part that is needed can't be reached now",
}
ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "What is wrong and what to do."},
        "message": {"type": "string", "description": "The same text, under /auth/ only."},
        "details": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "By field: what is wrong with it.",
        },
    },
}


class Route(NamedTuple):
    """A method of a rule, with its view."""

    rule: Rule
    method: str
    view: Any


def routes_of(app: Flask) -> Iterator[Route]:
    """Every route, but those that Flask adds by itself."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Route(rule, method, app.view_functions[rule.endpoint])


def undocumented(app: Flask) -> list[str]:
    """`GET /path` of each route without `@documented`; a test wants none."""
    return [f"{route.method} {route.rule.rule}" for route in routes_of(app) if documentation_of(route.view) is None]


def build_document(app: Flask, *, server: str, version: str) -> Schema:
    """
    Args:
        server: the address that browsers reach this server at.
    """
    described = [(route, doc) for route in routes_of(app) if (doc := documentation_of(route.view)) is not None]
    references, definitions = _schemas([doc for _, doc in described])
    paths: dict[str, Schema] = {}
    for route, doc in described:
        path = ARGUMENT.sub(r"{\g<name>}", route.rule.rule)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, doc, references)
    tags = sorted({tag for item in paths.values() for operation in item.values() for tag in operation["tags"]})
    return {
        "openapi": "3.1.0",
        "info": {"title": "KubeOrch", "version": version, "description": "Applications as graphs, on Kubernetes."},
        "servers": [{"url": server}],
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": {**definitions, "Error": ERROR},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _schemas(docs: list[Documentation]) -> tuple[References, Schema]:
    wanted: dict[tuple[type[BaseModel], Mode], None] = {}
    for doc in docs:
        if isinstance(doc.body, type):
            wanted[doc.body, "validation"] = None
        for answer in doc.answers.values():
            if isinstance(answer, type):
                wanted[answer, "serialization"] = None
    references, schema = models_json_schema(list(wanted), ref_template="#/components/schemas/{model}")
    return references, schema.get("$defs", {})


def _operation(route: Route, doc: Documentation, references: References) -> Schema:
    operation: Schema = {
        "operationId": f"{route.rule.endpoint}.{route.method.lower()}".replace(".", "_"),
        "summary": doc.summary,
        "tags": list(doc.tags or (route.rule.endpoint.partition(".")[0],)),
        "responses": {str(status): answer for status, answer in _answers(route, doc, references)},
    }
    if doc.description:
        operation["description"] = doc.description
    if parameters := [*_path_parameters(route.rule), *_query_parameters(doc)]:
        operation["parameters"] = parameters
    if doc.body is not None:
        content = "multipart/form-data" if doc.multipart else "application/json"
        schema = _reference(doc.body, "validation", references)
        operation["requestBody"] = {"required": doc.body_required, "content": {content: {"schema": schema}}}
    if guard_of(route.view) is not None:
        operation["security"] = [{"bearer": []}]
    return operation


def _answers(route: Route, doc: Documentation, references: References) -> Iterator[tuple[int, Schema]]:
    for status, shape in doc.answers.items():
        answer: Schema = {"description": STATUS_TEXTS.get(status, str(status))}
        if doc.events and status == 200:
            answer |= _stream(doc.events)
        elif shape is not None:
            answer["content"] = {"application/json": {"schema": _reference(shape, "serialization", references)}}
        yield status, answer
    for status in sorted(_errors(route, doc) - set(doc.answers)):
        yield (
            status,
            {
                "description": STATUS_TEXTS.get(status, str(status)),
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        )


def _errors(route: Route, doc: Documentation) -> set[int]:
    errors = {*doc.errors, 500}
    guard = guard_of(route.view)
    if guard is not None:
        errors |= {401, 403}
    if route.rule.rule.startswith(API):
        errors.add(429)
    if route.method not in READING:
        errors.add(415)
    if doc.body is not None:
        errors |= {400, 413}
    return errors


def _stream(events: Mapping[str, str]) -> Schema:
    rows = [f"| `{name}` | {text} |" for name, text in events.items()]
    return {
        "description": "\n".join(["Server-sent events.", "", "| event | data |", "| --- | --- |", *rows]),
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
        "x-events": dict(events),
    }


def _path_parameters(rule: Rule) -> Iterator[Schema]:
    for argument in ARGUMENT.finditer(rule.rule):
        kind = TYPES.get(argument["converter"] or "", "string")
        yield {"name": argument["name"], "in": "path", "required": True, "schema": {"type": kind}}


def _query_parameters(doc: Documentation) -> Iterator[Schema]:
    for query in doc.query:
        parameter: Schema = {
            "name": query.name,
            "in": "query",
            "required": query.required,
            "schema": dict(query.schema),
        }
        if query.description:
            parameter["description"] = query.description
        yield parameter


def _reference(shape: Shape, mode: Mode, references: References) -> Schema:
    if isinstance(shape, type):
        return references[shape, mode]
    return dict(shape or {})
