"""Readers of lists and mappings that many types share: labels, data, keys, words, records.

As in `formats.py`: a reader gets what a person typed and its place, gives what the templates use, and says what is
wrong. Keys that a record doesn't know are ignored, as unknown fields of a node are.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.manifests.formats import Reader, kind_of, missing, shown, text
from app.manifests.names import data_key_problem, env_name_problem, label_key_problem, label_value
from app.manifests.problems import At

# The API server's limit for a ConfigMap or Secret is 1 MiB of data.
MAX_DATA_BYTES: Final = 1024 * 1024
MAX_ANNOTATION_BYTES: Final = 256 * 1024


def mapping(value: Any, at: At) -> dict[str, Any] | None:
    """A mapping with text keys."""
    if isinstance(value, dict):
        return value
    return at.bad(f"must be a mapping of names to values, not {kind_of(value)}")


def items(value: Any, at: At) -> list[Any] | None:
    """A list; a single mapping or text counts as a list of one."""
    match value:
        case list() | tuple():
            return list(value)
        case dict() | str() | int():
            return [value]
        case _:
            return at.bad(f"must be a list, not {kind_of(value)}")


def record(value: Any, at: At, readers: Mapping[str, Reader], required: tuple[str, ...] = ()) -> dict[str, Any] | None:
    """A mapping with known fields: every one is in the result, `None` where it is missing or wrong."""
    given = mapping(value, at)
    if given is None:
        return None
    found: dict[str, Any] = {}
    for name, read in readers.items():
        raw = given.get(name)
        if missing(raw):
            found[name] = None
            if name in required:
                at.key(name).bad(f"{name} is required")
        else:
            found[name] = read(raw, at.key(name))
    return found


def records(value: Any, at: At, readers: Mapping[str, Reader], required: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """A list of records; those that are no mapping are left out."""
    found = (record(item, at.item(i), readers, required) for i, item in enumerate(items(value, at) or ()))
    return [entry for entry in found if entry is not None]


def without_nulls(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the API gets: nothing for what nobody set."""
    return {key: value for key, value in entry.items() if value is not None}


def list_of(read: Reader) -> Reader:
    """A list whose entries are all of one format; blank ones are left out."""

    def read_all(value: Any, at: At) -> list[Any]:
        entries = [read(item, at.item(i)) for i, item in enumerate(items(value, at) or ()) if not missing(item)]
        return [entry for entry in entries if entry is not None]

    return read_all


def names(value: Any, at: At) -> list[str]:
    """Names, also as `{name}` (the API's own form), each once."""
    found: dict[str, None] = {}
    for i, item in enumerate(items(value, at) or ()):
        raw = item.get("name") if isinstance(item, dict) else item
        name = None if missing(raw) else text(raw, at.item(i))
        if name is not None:
            found[name.strip()] = None
    return list(found)


def words(value: Any, at: At) -> list[str] | None:
    """A command: a list of words, each as it is, or one line as in a shell."""
    if isinstance(value, str):
        try:
            return shlex.split(value)
        except ValueError as error:
            return at.bad(f"{shown(value)} can't be split into words ({error}): close the quotes or write a list")
    given = items(value, at)
    if given is None:
        return None
    found = [text(item, at.item(i)) for i, item in enumerate(given)]
    # An empty list would clear nothing: the API takes it for "as the image says".
    return [word for word in found if word is not None] or None


# --- labels, annotations, data ----------------------------------------------------------------------------------


def labels(value: Any, at: At) -> dict[str, str]:
    """Labels or a node selector."""
    return _texts(mapping(value, at) or {}, at, label_key_problem, label_value)


def annotations(value: Any, at: At) -> dict[str, str] | None:
    """Annotations: any text under keys as labels have them. `None` for none: nothing to send."""
    found = _texts(mapping(value, at) or {}, at, label_key_problem, text)
    if sum(len(k) + len(v.encode("utf-8", "replace")) for k, v in found.items()) > MAX_ANNOTATION_BYTES:
        at.bad("annotations are larger than 256 KiB in all")
    return found or None


def config_data(value: Any, at: At) -> dict[str, str]:
    """Text by key; numbers and switches are written as text, lists and mappings as JSON."""
    found: dict[str, str] = {}
    size = 0
    for key, raw in (mapping(value, at) or {}).items():
        problem = data_key_problem(key)
        if problem:
            at.bad(problem)
            continue
        match raw:
            case str():
                found[key] = raw
            case None:
                found[key] = ""
            case dict() | list():
                found[key] = json.dumps(raw, ensure_ascii=False)
            case _:
                found[key] = text(raw, at.key(key)) or ""
        size += len(key) + len(found[key].encode("utf-8", "replace"))
    if size > MAX_DATA_BYTES:
        at.bad(f"holds {size // 1024} KiB: a configmap takes at most 1024 KiB")
    return found


# --- environment and keys ---------------------------------------------------------------------------------------


def env(value: Any, at: At) -> dict[str, str]:
    """Environment by name, also as a list of `{name, value}` (the API's own form)."""
    given: dict[str, Any] = {}
    if isinstance(value, list):
        for i, entry in enumerate(value):
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                given[entry["name"]] = entry.get("value")
            else:
                at.item(i).bad("must be a mapping with name and value")
    else:
        given = mapping(value, at) or {}
    return _texts(given, at, env_name_problem, text)


def _texts(given: Mapping[str, Any], at: At, problem_of: Callable[[str], str | None], read: Reader) -> dict[str, str]:
    """Text by key, of those entries whose key and value are good; nothing given is an empty text."""
    found: dict[str, str] = {}
    for key, raw in given.items():
        if problem := problem_of(key):
            at.bad(problem)
            continue
        entry = "" if raw is None else read(raw, at.key(key))
        if entry is not None:
            found[key] = entry
    return found


def _key_names(value: Any, at: At, problem_of: Callable[[str], str | None]) -> list[str]:
    """The names of `[{id, name}]`, in order; entries that nobody has named yet are left out."""
    found: dict[str, None] = {}
    for i, entry in enumerate(items(value, at) or ()):
        raw = entry.get("name") if isinstance(entry, dict) else entry
        if missing(raw):
            continue
        name = text(raw, at.item(i))
        if name is None:
            continue
        name = name.strip()
        problem = f"{shown(name)} is listed twice" if name in found else problem_of(name)
        if problem:
            at.item(i).bad(problem)
        else:
            found[name] = None
    return list(found)


def env_keys(value: Any, at: At) -> list[str]:
    """Names of environment entries whose values come with a run."""
    return _key_names(value, at, env_name_problem)


def secret_keys(value: Any, at: At) -> list[str]:
    """Names of a secret's keys."""
    return _key_names(value, at, data_key_problem)


# --- selectors --------------------------------------------------------------------------------------------------


def selector(value: Any, at: At) -> dict[str, Any] | None:
    """A label selector: labels by key, or the API's own form with `matchLabels` and `matchExpressions`."""
    given = mapping(value, at)
    if given is None:
        return None
    if not {"matchLabels", "matchExpressions"} & given.keys():
        found = labels(given, at)
        return {"matchLabels": found} if found else {}
    result: dict[str, Any] = {}
    if given.get("matchLabels"):
        result["matchLabels"] = labels(given["matchLabels"], at.key("matchLabels"))
    if given.get("matchExpressions"):
        result["matchExpressions"] = [
            _expression(entry, at.key("matchExpressions").item(i))
            for i, entry in enumerate(items(given["matchExpressions"], at.key("matchExpressions")) or ())
        ]
    return result


def _expression(value: Any, at: At) -> dict[str, Any]:
    from_api: dict[str, Reader] = {"key": text, "operator": text, "values": list_of(label_value)}
    found = record(value, at, from_api, required=("key", "operator")) or {}
    if found.get("key") and (problem := label_key_problem(found["key"])):
        at.key("key").bad(problem)
    operator = found.get("operator")
    if operator and operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        at.key("operator").bad(f"{shown(operator)} is not possible here: use In, NotIn, Exists or DoesNotExist")
    if operator in ("In", "NotIn") and not found.get("values"):
        at.key("values").bad(f"{operator} needs values")
    return without_nulls(found)
