"""Values that the published schema allows, drawn by a generator of numbers: quick, and the same for the same seed."""

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from app.compose.schema_check import compose_schema, definition

_NAMES: Final = ("web", "db", "my_app", "Cache", "2nd", "a.b-c")
_TEXTS: Final = (
    "", "x", "8080", "80:80", "db:5432", "127.0.0.1:53:53/udp", "5s", "1m30s", "512m", "0.5", "data:/data", "./a:/b:ro",
    "/var/run/docker.sock:/s", "${V:-x}", "$$", "http://db:80/x", "true", "KEY=value", "KEY", "a b 'c d'", "host",
    "service:db", "service_healthy", "on-failure:3", "node.labels.a == b", "../up", "é\u2028", "$(x)", "0 * * * *",
)  # fmt: skip


def value_of(schema: Mapping[str, Any], draw: Random, depth: int = 0) -> Any:
    """A value of a schema; deeper ones stay small."""
    if "$ref" in schema:
        return value_of(definition(schema["$ref"]), draw, depth)
    if "enum" in schema:
        return draw.choice(schema["enum"])
    for word in ("oneOf", "anyOf"):
        if word in schema and "properties" not in schema:
            return value_of(draw.choice(schema[word]), draw, depth + 1)
    types = schema.get("type", "object")
    return _of_type(types if isinstance(types, str) else draw.choice(types), schema, draw, depth)


def _of_type(kind: str, schema: Mapping[str, Any], draw: Random, depth: int) -> Any:
    match kind:
        case "string":
            return draw.choice(_TEXTS if "pattern" not in schema else ("always", "missing", "build"))
        case "integer":
            return draw.randint(schema.get("minimum", -2), min(schema.get("maximum", 70000), 70000))
        case "number":
            return draw.choice((0, 1, 80, 9000, 0.5, 1.25))
        case "boolean":
            return draw.random() < 0.5
        case "null":
            return None
        case "array":
            inner = schema.get("items") or {"type": "string"}
            entries = [value_of(inner, draw, depth + 1) for _ in range(draw.randint(0, 2))]
            return list({repr(entry): entry for entry in entries}.values())
        case _:
            return _mapping(schema, draw, depth)


def _mapping(schema: Mapping[str, Any], draw: Random, depth: int) -> dict[str, Any]:
    known = properties_of(schema)
    wanted = [key for key in schema.get("required", ()) if key in known]
    if "anyOf" in schema:
        wanted += draw.choice(schema["anyOf"])["required"]
    wanted += draw.sample(sorted(known), min(len(known), draw.randint(0, 12 if depth < 4 else 3)))
    found = {key: value_of(known[key], draw, depth + 1) for key in dict.fromkeys(wanted)}
    for pattern, inner in schema.get("patternProperties", {}).items():
        if not pattern.startswith("^x-"):
            for name in draw.sample(_NAMES if pattern != "^[a-z]+$" else ("nofile", "nproc"), draw.randint(0, 2)):
                found[name] = value_of(inner, draw, depth + 1)
    return found


def properties_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a mapping, those of schemas that it includes too."""
    found = dict(schema.get("properties", {}))
    for inner in schema.get("allOf", ()):
        found |= properties_of(definition(inner["$ref"]) if "$ref" in inner else inner)
    return found


def compose_file(seed: int) -> dict[str, Any]:
    """A whole file that the schema allows; most services have an image."""
    draw = Random(seed)
    service = definition("#/$defs/service")
    images: tuple[dict[str, Any], ...] = ({"image": "example/x:1"}, {"image": "redis:7"}, {"image": "postgres"}, {})
    services = {
        name: {**value_of(service, draw, 2), **draw.choice(images)} for name in draw.sample(_NAMES, draw.randint(1, 4))
    }
    found: dict[str, Any] = {"services": services}
    for section in ("volumes", "networks", "configs", "secrets", "models", "jobs"):
        if draw.random() < 0.5:
            found[section] = value_of(compose_schema()["properties"][section], draw, 2)
    return found
