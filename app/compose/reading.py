"""The given files → a `Project`. The order of steps is Compose's own, so that the result is what
`docker compose config` would print; what Compose refuses as a whole is here a finding wherever the rest can go on.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.compose.dotenv import read_dotenv
from app.compose.extending import Extending
from app.compose.files import decoded, folder_of, is_host_path, read_file, resolved
from app.compose.findings import Findings, refused
from app.compose.layers import Reading
from app.compose.merging import merged, without
from app.compose.places import with_places
from app.compose.project import Project
from app.compose.settling import settled
from app.compose.short_forms import long_forms
from app.compose.unique import unique_entries
from app.compose.usable import usable

_SECTIONS: Final = ("services", "jobs", "volumes", "networks", "secrets", "configs", "models")
MAX_SERVICES: Final = 500


def read_project(
    files: Mapping[str, bytes],
    names: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    dotenv: bool = True,
    profiles: Sequence[str] = (),
    findings: Findings | None = None,
) -> Project:
    """Read Compose files and whatever they name, from the given files only.

    Args:
        files: all that was given, by name relative to the root.
        names: the Compose files, later ones over earlier ones; the first one's folder is the project's.
        env: values of variables.
        dotenv: does `.env` beside the first file come after them?
        profiles: which optional services are wanted; `*` for all.
        findings: gets every remark.

    Raises:
        InvalidError: nothing can be made of it; `extra["code"]` says why.
    """
    findings = findings if findings is not None else Findings()
    if not names:
        raise refused("NOTHING_FOUND", "no Compose file was given")
    reading = Reading(files, findings)
    base = folder_of(posixpath.normpath(names[0]))
    values = _values(reading, base, env or {}) if dotenv else dict(env or {})
    document = _loaded(reading, [posixpath.normpath(name) for name in names], base, values, ())
    for name in reading.asked.unset:
        message = f"the variable {name} has no value: it is blank. Give one in the options or in .env"
        findings.warn("VARIABLE_NOT_SET", message)
    count = len(document.get("services") or {}) + len(document.get("jobs") or {})
    if count > MAX_SERVICES:
        raise refused("LIMIT_EXCEEDED", f"has {count} services: at most {MAX_SERVICES} can be imported")
    return settled(reading, document, base=base, values=values, profiles=profiles)


def _values(reading: Reading, base: str, env: Mapping[str, str]) -> dict[str, str]:
    """Variables: those given, then the file's."""
    found = _with_file(reading, resolved(base, ".env"), env)
    if found is not None:
        return found
    for example in (".env.example", ".env.sample"):
        found = _with_file(reading, resolved(base, example), env)
        if found is not None:
            message = f"there is no .env: variables have the values of {example}. Give the real ones"
            reading.findings.warn("VARIABLE_NOT_SET", message)
            return found
    return dict(env)


def _with_file(reading: Reading, path: str, values: Mapping[str, str]) -> dict[str, str] | None:
    content = read_file(reading.files, path)
    if content is None:
        return None
    found = read_dotenv(decoded(content, path), path, values)
    return {name: value for name, value in found.items() if value is not None} | dict(values)


def _loaded(
    reading: Reading, names: Sequence[str], base: str, values: Mapping[str, str], including: tuple[str, ...]
) -> dict[str, Any]:
    """Some files merged in their order, with what they extend and include; in long forms, paths from the root."""
    document: dict[str, Any] = {}
    extending = Extending(reading, values)
    for name in names:
        layers = None if is_host_path(name) else reading.layers(name, values)
        if layers is None:
            raise refused("FILE_NOT_FOUND", f"the file {name} was not given: add it")
        for layer in layers:
            own = extending.extended(layer, name, base)
            document = without(document, layer.resets)
            own = _included(reading, own, base, values, (*including, name))
            document = unique_entries(merged(document, own))
            document = usable(document, reading.findings)
            document = unique_entries(long_forms(document, reading.findings))
    return with_places(document, base)


def _included(
    reading: Reading, document: dict[str, Any], base: str, values: Mapping[str, str], including: tuple[str, ...]
) -> dict[str, Any]:
    entries = document.get("include")
    found = {key: part for key, part in document.items() if key != "include"}
    if entries is None:
        return found
    if not isinstance(entries, list):
        reading.findings.error("INVALID_COMPOSE_SYNTAX", "include must be a list of files: nothing is included")
        return found
    for entry in entries:
        imported = _imported(reading, entry if isinstance(entry, dict) else {"path": entry}, base, values, including)
        for section in _SECTIONS if imported else ():
            found = _with_section(found, imported, section)
    return found


def _imported(
    reading: Reading, entry: Mapping[str, Any], base: str, values: Mapping[str, str], including: tuple[str, ...]
) -> dict[str, Any]:
    path, folder = entry.get("path"), entry.get("project_directory")
    names = [path] if isinstance(path, str) else [one for one in path or () if isinstance(one, str)]
    if not names:
        reading.findings.error("INVALID_COMPOSE_SYNTAX", "include: an entry names no path: nothing is included")
        return {}
    paths = [resolved(base, name) for name in names]
    for shown, one in zip(names, paths, strict=True):
        if re.match(r"[a-z]+://|git@", shown):
            reading.findings.error("PATH_OUTSIDE", f"include: {shown} is elsewhere: add the file to the upload")
            return {}
        if reading.documents(one) is None:
            code = "PATH_OUTSIDE" if is_host_path(one) or one.startswith("..") else "FILE_NOT_FOUND"
            reading.findings.error(code, f"include: the file {shown} was not given: add it to the upload")
            return {}
    if paths[0] in including:
        chain = " → ".join([*including, paths[0]])
        raise refused("CIRCULAR_DEPENDENCY", f"files include each other in a circle ({chain}): break it")
    inner = resolved(base, folder) if isinstance(folder, str) else folder_of(paths[0])
    return _loaded(reading, paths, inner, _values_inside(reading, entry, base, inner, values), including)


def _values_inside(
    reading: Reading, entry: Mapping[str, Any], base: str, inner: str, values: Mapping[str, str]
) -> dict[str, str]:
    """An included project has its own `.env`; what the outer one says counts more."""
    listed = entry.get("env_file")
    files = [listed] if isinstance(listed, str) else [one for one in listed or () if isinstance(one, str)]
    paths = [resolved(base, one) for one in files] or [resolved(inner, ".env")]
    found = dict(values)
    for shown, path in zip(files or [".env"], paths, strict=True):
        with_file = _with_file(reading, path, values)
        if with_file is None and files:
            reading.findings.error("FILE_NOT_FOUND", f"include: the file {shown} was not given: add it to the upload")
        found = {**found, **(with_file or {}), **values}
    return found


def _with_section(document: dict[str, Any], imported: Mapping[str, Any], section: str) -> dict[str, Any]:
    theirs = imported.get(section)
    if not isinstance(theirs, dict):
        return document
    own = document.get(section)
    own = own if isinstance(own, dict) else {}
    clash = [name for name in theirs if name in own and theirs[name] != own[name]]
    if clash:
        message = f"{section}.{clash[0]} is in an included file too, and differs: rename one of them"
        raise refused("INVALID_COMPOSE_SYNTAX", message)
    return {**document, section: {**own, **theirs}}
