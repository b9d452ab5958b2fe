"""Bodies made from what routes say that they take: a good one, and ones that are wrong in one place each."""

import copy
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

from app.http.openapi import Documentation

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]

DEEPEST: Final = 5
TYPES: Final = {"string": str, "array": list, "object": dict, "integer": int, "number": float, "boolean": bool}


def schema_of(documentation: Documentation | None) -> Schema:
    """JSON schema of a route's body; empty when it takes none."""
    body = documentation.body if documentation else None
    if isinstance(body, type) and issubclass(body, BaseModel):
        return body.model_json_schema(mode="validation")
    return body or {}


def fields_of(documentation: Documentation | None) -> list[str]:
    """The names at the top of a body."""
    schema = schema_of(documentation)
    return list(_resolved(schema, schema).get("properties", {}))


def a_body(documentation: Documentation | None) -> Any:
    """The least that the schema asks for."""
    schema = schema_of(documentation)
    return _sample(schema, schema) if schema else {}


def wrong_bodies(documentation: Documentation | None, good: Any, canary: str) -> Iterator[tuple[str, Any]]:
    """(place, body): `good` but for one place, which has the canary in a value of a type that can't be there."""
    root = schema_of(documentation)
    for path, schema in _places(root, root, ()):
        types = _types(schema, root)
        for wrong in (canary, [canary], {canary: canary}):
            if types and not any(isinstance(wrong, TYPES[each]) for each in types if each in TYPES):
                yield ".".join(map(str, path)), _with(good, path, wrong, root)


def _places(schema: Schema, root: Schema, path: Path) -> Iterator[tuple[Path, Schema]]:
    if len(path) > DEEPEST:
        return
    for each in _variants(schema, root):
        for name, inner in each.get("properties", {}).items():
            yield (*path, name), inner
            yield from _places(inner, root, (*path, name))
        if isinstance(inner := each.get("items"), dict):
            yield (*path, 0), inner
            yield from _places(inner, root, (*path, 0))
        if isinstance(inner := each.get("additionalProperties"), dict):
            yield (*path, "key"), inner
            yield from _places(inner, root, (*path, "key"))


def _with(good: Any, path: Path, value: Any, root: Schema) -> Any:
    """A copy of `good` with this value at this place; what is missing on the way there is made."""
    body = copy.deepcopy(good) if isinstance(good, dict) else {}
    place: Any = body
    for here, following in itertools.pairwise(path):
        fitting = list if isinstance(following, int) else dict
        if isinstance(place, list):
            place[:] = [place[0] if place and isinstance(place[0], fitting) else fitting()]
        elif not isinstance(place.get(here), fitting):
            place[here] = fitting()
        place = place[here]
    if isinstance(place, list):
        place[:] = [value]
    else:
        place[path[-1]] = value
    return body


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _variants(schema: Schema, root: Schema) -> Iterator[Schema]:
    schema = _resolved(schema, root)
    inner = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if inner is None:
        yield schema
    for each in inner or ():
        yield from _variants(each, root)


def _types(schema: Schema, root: Schema) -> set[str]:
    """What a value may be; empty: anything."""
    found: set[str] = set()
    for each in _variants(schema, root):
        if "enum" in each or "const" in each:
            found |= {"enum"}
        elif isinstance(each.get("type"), str):
            found |= {each["type"]}
        else:
            return set()
    return found


def _sample(schema: Schema, root: Schema) -> Any:
    each = next((one for one in _variants(schema, root) if one.get("type") != "null"), {})
    if "const" in each or "enum" in each:
        return each.get("const", each.get("enum", [None])[0])
    match each.get("type"):
        case "object":
            return {name: _sample(each["properties"][name], root) for name in each.get("required", ())}
        case "array":
            return [_sample(each.get("items", {}), root)] * each.get("minItems", 0)
        case "integer" | "number":
            return each.get("minimum", each.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return False
    return "x" * max(each.get("minLength", 1), 1)
