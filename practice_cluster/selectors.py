"""Label and field selectors. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from practice_cluster.errors import bad_request
from practice_cluster.objects import Obj, at, is_ready

Matcher = Callable[[Mapping[str, str]], bool]

_TERM: Final = re.compile(
    r"\s*(?:(!?)\s*([\w./-]+)\s*(?:(==|=|!=|>|<|\s(?:not)?in\b)\s*(\([^)]*\)|[\w.-]*))?)\s*(?:,|$)"
)
READY, LEAVES = "~ready", "~leaves"
NO_FIELDS: Final[dict[str, str]] = {}
"""One for all: most objects have none."""
FIELDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "pods": {
        "status.phase": ("status", "phase"),
        "spec.nodeName": ("spec", "nodeName"),
        "spec.restartPolicy": ("spec", "restartPolicy"),
        "status.podIP": ("status", "podIP"),
    },
    "events": {
        **{
            f"involvedObject.{key}": ("involvedObject", key)
            for key in ("kind", "namespace", "name", "uid", "apiVersion")
        },
        "involvedObject.fieldPath": ("involvedObject", "fieldPath"),
        "reason": ("reason",),
        "type": ("type",),
    },
    "secrets": {"type": ("type",)},
    "namespaces": {"status.phase": ("status", "phase")},
    "jobs.batch": {"status.successful": ("status", "succeeded")},
}


def fields_of(resource: str, obj: Obj) -> dict[str, str]:
    """What field selectors may ask about this object, beyond its name, and what controllers want to know."""
    found = {}
    for name, path in FIELDS.get(resource, {}).items():
        found[name] = str(at(obj, *path) or "")
    if resource == "pods":
        found[READY] = str(is_ready(obj))
    if "deletionTimestamp" in obj["metadata"]:
        found[LEAVES] = ",".join(obj["metadata"].get("finalizers") or [])
    return found or NO_FIELDS


def label_matcher(selector: str) -> Matcher | None:
    """`a=b,c!=d,e in (f,g),!h`; `None` for an empty one, which matches all.

    Raises:
        ApiError: 400, it can't be read.
    """
    terms, position = list[Matcher](), 0
    while position < len(selector):
        found = _TERM.match(selector, position)
        if not found or not found.group(2):
            raise bad_request(f'unable to parse requirement: found "{selector[position:]}"')
        terms.append(_term(found.group(1) == "!", found.group(2), (found.group(3) or "").strip(), found.group(4) or ""))
        position = found.end()
    return (lambda labels: all(term(labels) for term in terms)) if terms else None


def _term(negated: bool, key: str, operator: str, value: str) -> Matcher:
    values = {part.strip() for part in value.strip("()").split(",")}
    match operator:
        case "":
            return lambda labels: (key in labels) != negated
        case "=" | "==":
            return lambda labels: labels.get(key) == value
        case "!=":
            return lambda labels: labels.get(key) != value
        case "in":
            return lambda labels: labels.get(key) in values
        case "notin":
            return lambda labels: labels.get(key) not in values
        case _:
            low, sign = int(value), 1 if operator == ">" else -1
            return lambda labels: labels.get(key, "").isdecimal() and (int(labels[key]) - low) * sign > 0


def field_matcher(resource: str, selector: str) -> Matcher | None:
    """`metadata.name=x,status.phase!=Running`.

    Raises:
        ApiError: 400, this kind has no such field to select by.
    """
    known = {"metadata.name", "metadata.namespace", *FIELDS.get(resource, {})}
    terms: list[tuple[str, str, bool]] = []
    for term in filter(None, selector.split(",")):
        key, operator, value = re.split(r"(!=|==|=)", term, maxsplit=1) if "=" in term else (term, "", "")
        if not operator or key not in known:
            if resource in FIELDS:
                raise bad_request(f"field label not supported: {key}")
            names = '"metadata.name", "metadata.namespace"'
            raise bad_request(f'"{key}" is not a known field selector: only {names}')
        terms.append((key, value, operator != "!="))
    return (lambda fields: all((fields.get(k, "") == v) == want for k, v, want in terms)) if terms else None


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """A LabelSelector inside an object."""
    selector = selector or {}
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for each in selector.get("matchExpressions") or []:
        has, values = labels.get(each["key"]), each.get("values") or []
        fits = {
            "In": has in values,
            "NotIn": has not in values,
            "Exists": has is not None,
            "DoesNotExist": has is None,
        }
        if not fits[each["operator"]]:
            return False
    return True
