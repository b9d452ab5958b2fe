"""What of a merged document the published schema allows. The rest becomes a finding each, and is left out."""

from collections.abc import Sequence
from typing import Any, Final

from app.compose.findings import Findings, refused
from app.compose.schema_check import SchemaProblem, compose_schema, definition, schema_problems

_SYNTAX: Final = "INVALID_COMPOSE_SYNTAX"
_SECTIONS: Final = ("services", "jobs")


def usable(document: dict[str, Any], findings: Findings) -> dict[str, Any]:
    """The document without what the schema refuses.

    Raises:
        InvalidError: `services` is no mapping.
    """
    services = document.get("services")
    if services is not None and not isinstance(services, dict):
        raise refused(_SYNTAX, "services must be a mapping of names to services")
    found = document
    for problem in schema_problems(document):
        found = _without(found, problem, findings)
    return {key: part for key, part in found.items() if key != "version"}


def _without(document: dict[str, Any], problem: SchemaProblem, findings: Findings) -> dict[str, Any]:
    place = problem.place
    names = [str(part) for part in place]
    if len(place) >= 3 and names[0] in _SECTIONS:
        key = _dotted(place[2:])
        if problem.unknown_key:
            findings.warn("UNKNOWN_KEY", problem.message + _meant(place), service=names[1], key=key)
            return _cut(document, place)
        findings.error(_SYNTAX, f"{problem.message}: mend it, it is left out", service=names[1], key=key)
        return _cut(document, place[:3])
    shown = ".".join(names) or "the file"
    if len(place) == 2 and names[0] in _SECTIONS:
        text = problem.message if not problem.unknown_key else "is no name for a service: use letters, digits, . _ -"
        findings.error(_SYNTAX, f"{text}: the service is left out", service=names[1])
        return _cut(document, place)
    if problem.unknown_key:
        findings.warn("UNKNOWN_KEY", f"{shown} {problem.message}{_meant(place)}")
        return _cut(document, place)
    findings.error(_SYNTAX, f"{shown} {problem.message}: mend it, it is left out")
    return _cut(document, place[:2])


def _dotted(place: Sequence[str | int]) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _meant(place: Sequence[str | int]) -> str:
    """Which key was likely meant."""
    from difflib import get_close_matches  # only for who mistypes: a command line shouldn't wait for it

    if len(place) == 3:
        job = place[0] == "jobs"
        known = [
            *definition("#/$defs/container_spec")["properties"], *definition("#/$defs/workload_spec")["properties"],
            *definition("#/$defs/job" if job else "#/$defs/service")["properties"],
        ]  # fmt: skip
    elif len(place) == 1:
        known = list(compose_schema()["properties"])
    else:
        known = []
    close = get_close_matches(str(place[-1]), known, n=1)
    return f": did you mean {close[0]}? It is left out" if close else ": it is left out, remove it"


def _cut(document: dict[str, Any], place: Sequence[str | int]) -> dict[str, Any]:
    """The document without what stands there; empty when that is all of it."""
    found = _without_part(document, place)
    return found if isinstance(found, dict) else {}


def _without_part(value: Any, place: Sequence[str | int]) -> Any:
    """A copy without what stands there. A list keeps its length until all problems are said: `None` takes the place."""
    if not place:
        return {}
    head, rest = place[0], place[1:]
    if isinstance(value, dict) and head in value:
        if not rest:
            return {key: part for key, part in value.items() if key != head}
        return {**value, str(head): _without_part(value[str(head)], rest)}
    if isinstance(value, list) and isinstance(head, int) and head < len(value) and rest:
        return [*value[:head], _without_part(value[head], rest), *value[head + 1 :]]
    return value
