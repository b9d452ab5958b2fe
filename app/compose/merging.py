"""Two Compose files → one, by the specification's rules a key. Nothing given is changed; parts may be shared.

Also takes `!reset` and `!override` out of a document: the paths that they stand at are removed from what was before.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from app.compose.findings import refused
from app.compose.scalars import as_text
from app.compose.yaml_reader import Override, Reset

Path = tuple[str, ...]
_Merger = Callable[[Any, Any, Path], Any]


def merged(base: Any, other: Any, path: Path = ()) -> Any:
    """`other` over `base`: mappings by key, lists one behind the other, else the later value; some keys otherwise.

    Raises:
        InvalidError: a mapping stands over a list, or the like.
    """
    special = _SPECIAL.get(_pattern(path))
    if special is not None:
        return special(base, other, path)
    if other is None:
        return base
    if isinstance(base, dict):
        return _mappings(base, _same(other, dict, path), path)
    if isinstance(base, list):
        return [*base, *_same(other, list, path)]
    return other


def _same(other: Any, kind: type, path: Path) -> Any:
    if not isinstance(other, kind):
        message = f"{'.'.join(path)}: a later file has another form of it (list, mapping or text): use the same form"
        raise refused("INVALID_COMPOSE_SYNTAX", message)
    return other


def _pattern(path: Path) -> str:
    """The path with `*` for names, as the tables have it."""
    parts = list(path)
    if len(parts) > 1:
        parts[1] = "*"
    if len(parts) > 3 and parts[2] in ("ulimits", "networks", "volumes"):
        parts[3] = "*"
    return ".".join(parts)


def _mappings(base: Mapping[str, Any], other: Mapping[str, Any], path: Path) -> dict[str, Any]:
    found = dict(base)
    for key, value in other.items():
        found[key] = merged(base[key], value, (*path, key)) if key in base else value
    return found


def _later(_base: Any, other: Any, _path: Path) -> Any:
    return other


def _one_list(base: Any, other: Any, _path: Path) -> Any:
    return [*as_list(base), *as_list(other)]


def _hosts(base: Any, other: Any, _path: Path) -> Any:
    first = as_list(base)
    return [*first, *(entry for entry in as_list(other) if entry not in first)]


def _build(base: Any, other: Any, path: Path) -> Any:
    return _mappings(_context(base), _context(other), path)


def _context(build: Any) -> dict[str, Any]:
    return build if isinstance(build, dict) else {"context": build} if isinstance(build, str) else {}


def _depends_on(base: Any, other: Any, path: Path) -> Any:
    started = {"condition": "service_started", "required": True}
    return _mappings(_named(base, started), _named(other, started), path)


def _by_name(base: Any, other: Any, path: Path) -> Any:
    return _mappings(_named(base, None), _named(other, None), path)


def _named(value: Any, default: Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    names = value if isinstance(value, list) else ()
    return {str(name): dict(default) if default is not None else None for name in names}


def _logging(base: Any, other: Any, path: Path) -> Any:
    if not isinstance(base, dict) or not isinstance(other, dict):
        return other
    drivers = {mapping["driver"] for mapping in (base, other) if isinstance(mapping.get("driver"), str)}
    return other if len(drivers) > 1 else _mappings(base, other, path)


def _ulimit(_base: Any, other: Any, _path: Path) -> Any:
    return other


def _ipam(base: Any, other: Any, path: Path) -> Any:
    if not isinstance(base, list) or not isinstance(other, list):
        return other
    found: dict[Any, Any] = {}
    for one in base:
        for two in other:
            if not isinstance(one, dict) or not isinstance(two, dict):
                return other
            if one.get("subnet") != two.get("subnet") and two.get("subnet") not in found:
                found[two.get("subnet")] = two
            else:
                both = _mappings(one, two, path)
                found[both.get("subnet")] = both
    return list(found.values())


_SPECIAL: Final[Mapping[str, _Merger]] = {
    "networks.*.ipam.config": _ipam,
    "services.*.build": _build,
    "services.*.depends_on": _depends_on,
    "services.*.extra_hosts": _hosts,
    "services.*.build.extra_hosts": _hosts,
    "services.*.logging": _logging,
    "services.*.models": _by_name,
    "services.*.networks": _by_name,
    "services.*.ulimits.*": _ulimit,
    **dict.fromkeys(("services.*.command", "services.*.entrypoint", "services.*.healthcheck.test"), _later),
    **dict.fromkeys(
        (
            "networks.*.labels", "volumes.*.labels", "services.*.annotations", "services.*.build.args",
            "services.*.build.additional_contexts", "services.*.build.labels", "services.*.deploy.labels",
            "services.*.dns", "services.*.dns_opt", "services.*.dns_search", "services.*.env_file",
            "services.*.label_file", "services.*.environment", "services.*.labels",
            "services.*.volumes.*.volume.labels", "services.*.sysctls", "services.*.tmpfs",
        ),
        _one_list,
    ),
}  # fmt: skip


def as_list(value: Any) -> list[Any]:
    """A list, a text or a mapping as a list; a mapping's entries become `key=value`, by key."""
    match value:
        case list():
            return value
        case str():
            return [value]
        case dict():
            found: list[Any] = []
            for key, part in sorted(value.items()):
                parts = part if isinstance(part, list) else [part]
                found.extend(key if one is None else f"{key}={as_text(one)}" for one in parts)
            return found
        case _:
            return []


# --- !reset and !override ---------------------------------------------------------------------------------------


def taken_out(value: Any) -> tuple[Any, list[Path]]:
    """The document without its tags, and the paths where they stood."""
    paths: list[Path] = []

    def walk(part: Any, path: Path) -> Any:
        match part:
            case Override():
                paths.append(path)
                return walk(part.value, path)
            case dict():
                for key, inner in part.items():
                    if isinstance(inner, Reset):
                        paths.append((*path, key))
                return {key: walk(inner, (*path, key)) for key, inner in part.items() if not isinstance(inner, Reset)}
            case list():
                return [walk(inner, (*path, "[]")) for inner in part if not isinstance(inner, Reset)]
            case Reset():
                return None
            case _:
                return part

    return walk(value, ()), paths


def without(value: Any, paths: Iterable[Path]) -> Any:
    """A document without what stands at these paths."""
    for path in paths:
        value = _removed(value, path)
    return value


def _removed(value: Any, path: Path) -> Any:
    if not path or not isinstance(value, dict) or path[0] not in value:
        return value
    if len(path) == 1:
        return {key: part for key, part in value.items() if key != path[0]}
    return {**value, path[0]: _removed(value[path[0]], path[1:])}
