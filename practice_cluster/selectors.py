"""Label and field selectors of lists and watches. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from practice_cluster.errors import bad_request
from practice_cluster.kinds import Kind

Matcher = Callable[[Mapping[str, str]], bool]

_TERM: Final = re.compile(r"\s*(!?)\s*([\w./-]+)\s*(?:(==|=|!=|\s(?:not)?in\b)\s*(\([^)]*\)|[\w.-]*))?\s*(?:,|$)")


def label_matcher(selector: str) -> Matcher | None:
    """`a=b,c!=d,e in (f,g),!h`; `None` for an empty one, which matches all.

    Raises:
        ApiError: 400, it can't be read.
    """
    terms, position = list[Matcher](), 0
    while position < len(selector):
        if not (found := _TERM.match(selector, position)):
            raise bad_request(f'unable to parse requirement: found "{selector[position:]}"')
        terms.append(_term(*found.group(1, 2, 3, 4)))
        position = found.end()
    return (lambda labels: all(term(labels) for term in terms)) if terms else None


def _term(bang: str, key: str, operator: str | None, value: str) -> Matcher:
    if operator is None:
        return lambda labels: (key in labels) != bool(bang)
    values = {part.strip() for part in value.strip("()").split(",")}
    is_wanted = operator.strip() in ("=", "==", "in")
    return lambda labels: (labels.get(key) in values) == is_wanted


def field_matcher(kind: Kind, selector: str) -> Matcher | None:
    """`metadata.name=x,status.phase!=Running`.

    Raises:
        ApiError: 400, this kind has no such field to select by.
    """
    known = {"metadata.name", "metadata.namespace", *kind.rules.get("fields", ())}
    terms = []
    for term in filter(None, selector.split(",")):
        key, operator, value = (*re.split(r"(!=|==|=)", term, maxsplit=1), "", "")[:3]
        if key not in known or not operator:
            raise bad_request(f'"{key}" is not a known field selector: only {", ".join(sorted(known))}')
        terms.append((key, value, operator != "!="))
    return (lambda fields: all((fields.get(k, "") == v) == want for k, v, want in terms)) if terms else None
