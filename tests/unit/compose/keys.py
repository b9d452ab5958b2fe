"""The keys of the published schema as dotted paths (`services.build.args`), and a sensible value for each."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.compose.findings import Findings
from app.compose.merging import taken_out
from app.compose.old_versions import modernised
from app.compose.schema_check import definition
from app.compose.short_forms import long_forms
from app.compose.yaml_reader import read_yaml
from tests.corpus.compose.cases import Case

NAMED: Final = frozenset({"services", "jobs", "models", "networks", "volumes", "secrets", "configs"})
_MAP_OF_NAMES: Final = "*"


def leaf_keys(schema: Mapping[str, Any]) -> list[str]:
    """Every key that the schema knows, by path; names of things are `*`."""
    return list(dict.fromkeys(_walk(schema, "")))


def _walk(schema: Mapping[str, Any], path: str, depth: int = 0) -> Iterator[str]:
    if depth > 30 or path.count(".") > 6 or path.endswith(".pre_start"):  # a hook has a container's keys once more
        return
    if "$ref" in schema:
        yield from _walk(definition(schema["$ref"]), path, depth + 1)
    for word in ("oneOf", "anyOf", "allOf"):
        for branch in schema.get(word, ()):
            yield from _walk(branch, path, depth + 1)
    for key, inner in schema.get("properties", {}).items():
        here = f"{path}.{key}" if path else key
        yield here
        yield from _walk(inner, here, depth + 1)
    for pattern, inner in schema.get("patternProperties", {}).items():
        if not pattern.startswith("^x-") and pattern not in (".+", "^.+$"):
            yield from _walk(inner, f"{path}.{_MAP_OF_NAMES}", depth + 1)
    if isinstance(schema.get("items"), dict):
        yield from _walk(schema["items"], path, depth + 1)


def keys_in(case: Case) -> set[str]:
    """The paths that a case's Compose files use, in short or long form."""
    found: set[str] = set()
    for name, content in case.files.items():
        if name.endswith((".yaml", ".yml")):
            for document in read_yaml(content, name):
                if isinstance(document.value, dict):
                    value, _ = taken_out(modernised(document.value, Findings()))
                    found |= set(_used(document.value, ""))
                    found |= set(_used(value, ""))
                    found |= set(_used(long_forms(value, Findings()), ""))
    return found


def _used(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for part in value:
            yield from _used(part, path)
    if isinstance(value, dict):
        for key, part in value.items():
            for here in (f"{path}.{key}" if path else str(key), f"{path}.{_MAP_OF_NAMES}" if path else str(key)):
                yield here
                yield from _used(part, here)
