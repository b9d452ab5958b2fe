"""Checks values against the published JSON schema of Compose files (`schema/`). Only what it uses is known here.

Our own, because a conversion needs every problem with its path, in words, and starts in milliseconds.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("schema") / "compose-spec.json"

Schema = Mapping[str, Any]
Place = tuple[str | int, ...]

_KNOWN: Final = frozenset(
    {
        "$schema", "$id", "$ref", "$defs", "title", "description", "deprecated", "default", "type", "properties",
        "patternProperties", "additionalProperties", "unevaluatedProperties", "required", "items", "uniqueItems",
        "enum", "pattern", "minimum", "maximum", "oneOf", "anyOf", "allOf", "not", "format", "examples",
    }
)  # fmt: skip
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "null": (type(None),),
    "object": (dict,), "array": (list,),
}  # fmt: skip
_WORDS: Final = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "null": "nothing", "object": "a mapping", "array": "a list",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """What the schema doesn't allow, and where."""

    place: Place
    message: str
    unknown_key: bool = False


@cache
def compose_schema() -> Schema:
    """The published schema, read once."""
    schema: Schema = json.loads(FILE.read_text(encoding="utf-8"))
    return schema


def schema_problems(value: Any, schema: Schema | None = None, place: Place = ()) -> list[SchemaProblem]:
    """Everything that is wrong, in the order of the value."""
    return list(_check(value, compose_schema() if schema is None else schema, place))


def definition(ref: str) -> Schema:
    """What a `$ref` names."""
    part: Any = compose_schema()
    for name in ref.removeprefix("#/").split("/"):
        part = part[name]
    found: Schema = part
    return found


def keywords(schema: Any) -> Iterator[str]:
    """All keywords of a schema: a test refuses a newer schema that uses one which isn't checked here."""
    if isinstance(schema, dict):
        for key, part in schema.items():
            if key in ("properties", "patternProperties", "$defs"):
                yield key
                for inner in part.values():
                    yield from keywords(inner)
            else:
                yield key
                yield from keywords(part)
    elif isinstance(schema, list):
        for inner in schema:
            yield from keywords(inner)


def unknown_keywords() -> set[str]:
    """Keywords of the schema that `_check` would pass over."""
    return set(keywords(compose_schema())) - _KNOWN


def _check(value: Any, schema: Schema, place: Place) -> Iterator[SchemaProblem]:
    if "$ref" in schema:
        yield from _check(value, definition(schema["$ref"]), place)
    types = schema.get("type")
    if types is not None and not _is_one_of(value, [types] if isinstance(types, str) else types):
        wanted = " or ".join(_WORDS[kind] for kind in ([types] if isinstance(types, str) else types))
        yield SchemaProblem(place, f"must be {wanted}, not {_kind_of(value)}")
        return
    if "enum" in schema and value not in schema["enum"]:
        yield SchemaProblem(place, f"{_shown(value)} is not possible here: use {', '.join(map(str, schema['enum']))}")
    for inner in schema.get("allOf", ()):
        yield from _check(value, inner, place)
    for word in ("oneOf", "anyOf"):
        if word in schema:
            yield from _alternatives(value, schema[word], place)
    if isinstance(value, dict):
        yield from _mapping(value, schema, place)
    elif isinstance(value, list):
        yield from _list(value, schema, place)
    elif isinstance(value, str):
        if "pattern" in schema and re.search(schema["pattern"], value) is None:
            yield SchemaProblem(place, f"{_shown(value)} is not possible here")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        if (low is not None and value < low) or (high is not None and value > high):
            yield SchemaProblem(place, f"{_shown(value)} is out of range ({low} to {high})")


def _alternatives(value: Any, branches: list[Schema], place: Place) -> Iterator[SchemaProblem]:
    """The problems of the form that was most likely meant: one whose type fits, with the fewest problems."""
    found = [list(_check(value, branch, place)) for branch in branches]
    if any(not problems for problems in found):
        return
    deeper = [problems for problems in found if all(problem.place != place for problem in problems)]
    if deeper:
        yield from min(deeper, key=len)
        return
    messages = list(dict.fromkeys(problems[0].message for problems in found))
    ending = f", not {_kind_of(value)}"
    if all(message.startswith("must be ") and message.endswith(ending) for message in messages):
        wanted = [message.removeprefix("must be ").removesuffix(ending) for message in messages]
        messages = [f"must be {' or '.join(wanted)}{ending}"]
    unknown = all(problem.unknown_key for problems in found for problem in problems)
    yield SchemaProblem(place, "; or ".join(messages), unknown)


def _mapping(value: dict[str, Any], schema: Schema, place: Place) -> Iterator[SchemaProblem]:
    for key in schema.get("required", ()):
        if key not in value:
            yield SchemaProblem(place, f"{key} is required")
    if not schema.keys() & {"properties", "patternProperties", "additionalProperties", "unevaluatedProperties"}:
        return
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    closed = schema.get("additionalProperties") is False
    others = _evaluated(schema) if schema.get("unevaluatedProperties") is False else None
    for key, part in value.items():
        matched = False
        if key in known:
            matched = True
            yield from _check(part, known[key], (*place, key))
        for pattern, inner in patterns.items():
            if re.search(pattern, key):
                matched = True
                yield from _check(part, inner, (*place, key))
        if not matched and (closed or (others is not None and not _covered(key, others))):
            yield SchemaProblem((*place, key), "is not a key of Compose files here", unknown_key=True)


def _evaluated(schema: Schema) -> list[Schema]:
    """This schema and those that it includes: together they say which keys are known."""
    found = [schema]
    for inner in (*schema.get("allOf", ()), *([schema] if "$ref" in schema else [])):
        part = definition(inner["$ref"]) if "$ref" in inner else inner
        if part is not schema:
            found.extend(_evaluated(part))
    return found


def _covered(key: str, schemas: list[Schema]) -> bool:
    return any(
        key in schema.get("properties", ()) or any(re.search(p, key) for p in schema.get("patternProperties", ()))
        for schema in schemas
    )


def _list(value: list[Any], schema: Schema, place: Place) -> Iterator[SchemaProblem]:
    items = schema.get("items")
    if items is not None:
        for i, part in enumerate(value):
            yield from _check(part, items, (*place, i))
    if schema.get("uniqueItems"):
        seen: set[str] = set()
        for part in value:
            mark = json.dumps(part, sort_keys=True, default=str)
            if mark in seen:
                yield SchemaProblem(place, f"{_shown(part)} is listed twice: remove one")
                return
            seen.add(mark)


def _is_one_of(value: Any, types: list[str]) -> bool:
    for kind in types:
        if isinstance(value, bool):
            if kind == "boolean":
                return True
        elif isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, float) and value.is_integer()):
            return True
    return False


def _kind_of(value: Any) -> str:
    for kind in ("null", "boolean", "integer", "number", "string", "array", "object"):
        if _is_one_of(value, [kind]):
            return _WORDS[kind]
    return "something else"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"
