"""What a person may choose for an import, and its JSON form; everything has a default. Pure.

Frozen: a conversion is a function of it. In JSON every field has a reader of `app/manifests/`; an unknown field is
refused, because a typing error would be a choice that silently isn't made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_args

from app.compose.choices import Expose, ImageFacts, Kind, RepositoryFacts, ServiceChoice, VolumeChoice
from app.compose.files import is_host_path
from app.compose.secrecy import is_secret
from app.errors import InvalidError
from app.manifests.formats import Reader, choice, kind_of, missing, number, shown, switch, text
from app.manifests.names import env_name_problem, hostname, ingress_host, subdomain
from app.manifests.problems import At, Problems
from app.manifests.syntax import cron, image, size

_MOST: Final = 1000  # entries of one list or mapping: twice as many services as can be imported
_LONGEST: Final = 32 * 1024  # of a variable's value
_SHOWN: Final = 60  # of a strange key in a message
_MODES: Final = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")

Table = Mapping[str, tuple[str, Reader]]
"""By JSON key: the field of the dataclass, and how its value is read."""


@dataclass(frozen=True, slots=True)
class Options:
    """Of an import."""

    services: Mapping[str, ServiceChoice] = field(default_factory=dict)
    volumes: Mapping[str, VolumeChoice] = field(default_factory=dict)
    files: Sequence[str] = ()
    """Compose files to merge, later ones over earlier ones; none: the one that is found."""
    path: str = ""
    """Where in a repository to look: a folder or a file."""
    profiles: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values of variables; some are secret."""
    expose: Expose | None = None
    domain: str | None = None
    ingress_class: str | None = None
    network_policies: bool = False
    wants_image_facts: bool = True
    """May the import ask registries about images?"""

    # What a person doesn't choose here, but whoever imports knows.
    namespace: str | None = None
    published: Expose = "nodeport"
    """How a published port is exposed when nothing is chosen (IMPORT_EXPOSE)."""
    storage: str = "10Gi"
    """The size of a claim (IMPORT_STORAGE)."""
    image_facts: Mapping[str, ImageFacts] = field(default_factory=dict)
    repository: RepositoryFacts | None = None

    def of_service(self, name: str) -> ServiceChoice:
        """The choices for a service, defaults when there are none."""
        return self.services.get(name) or ServiceChoice()

    def of_volume(self, name: str) -> VolumeChoice:
        """The choices for a volume."""
        return self.volumes.get(name) or VolumeChoice()

    def as_json(self, *, masked: bool = True) -> dict[str, Any]:
        """What was chosen, in the contract's words; `options_of` gives the same choices back.

        Args:
            masked: values of variables that look secret are blank, for an answer; `False` is for whoever seals it.
        """
        found = _as_json(self, _OPTIONS)
        for key, table in (("services", _SERVICE), ("volumes", _VOLUME)):
            if key in found:
                found[key] = {name: _as_json(one, table) for name, one in found[key].items()}
        if masked and "env" in found:
            found["env"] = {name: "" if is_secret(name, value) else value for name, value in found["env"].items()}
        return found


def options_of(value: object, defaults: Options | None = None) -> Options:
    """Options as a request has them.

    Args:
        value: JSON; `None` and `{}` choose nothing.
        defaults: what isn't in JSON (namespace, settings), and what is taken where nothing is chosen.

    Raises:
        InvalidError: `details` says for each wrong field what is possible.
    """
    problems = Problems()
    base = defaults or Options()
    if value is None:
        return base
    chosen = _record(value, problems.at("options"), _OPTIONS)
    for name, service in chosen.get("services", {}).items():
        both = service.secret_keys & service.plain_keys
        if both:
            at = problems.at(f"options.services.{name}.plainKeys")
            at.bad(f"{shown(min(both))} is among secretKeys too: it can't be both")
    if problems.by_field:
        place, message = next(iter(problems.by_field.items()))
        raise InvalidError(f"{place}: {message}", problems.by_field, extra={"code": "INVALID_OPTION"})
    return replace(base, **chosen)


def _as_json(chosen: Any, table: Table) -> dict[str, Any]:
    """Only what differs from the default."""
    plain = type(chosen)()
    found = {}
    for key, (name, _) in table.items():
        value = getattr(chosen, name)
        if value != getattr(plain, name):
            found[key] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    match value:
        case frozenset():
            return sorted(value)
        case tuple() | list():
            return list(value)
        case Mapping():
            return dict(value)
        case _:
            return value


# --- reading ----------------------------------------------------------------------------------------------------


def _record(value: object, at: At, table: Table) -> dict[str, Any]:
    """By field of the dataclass: what was given and is right."""
    if not isinstance(value, dict):
        at.bad(f"must be a mapping of names to values, not {kind_of(value)}")
        return {}
    found = {}
    for key, raw in value.items():
        if key not in table:
            at.key(str(key)[:_SHOWN]).bad(_unknown(str(key), table))
        elif raw is not None:
            name, read = table[key]
            entry = read(raw, at.key(key))
            if entry is not None:
                found[name] = entry
    return found


def _unknown(key: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # only for who mistypes: a command line shouldn't wait for it

    near = get_close_matches(key, list(known), n=1)
    return f"is no option: did you mean {near[0]}?" if near else f"is no option: known are {', '.join(known)}"


def _entries(value: Any, at: At) -> Mapping[str, Any] | None:
    if not isinstance(value, dict):
        return at.bad(f"must be a mapping of names to values, not {kind_of(value)}")
    if len(value) > _MOST:
        return at.bad(f"holds {len(value)} entries: at most {_MOST} are possible")
    return value


def _by_name(table: Table, made: type[ServiceChoice] | type[VolumeChoice]) -> Reader:
    def read(value: Any, at: At) -> dict[str, Any] | None:
        given = _entries(value, at)
        return given if given is None else {k: made(**_record(v, at.key(k), table)) for k, v in given.items()}

    return read


def _variables(value: Any, at: At) -> dict[str, str] | None:
    found = {}
    for name, raw in (_entries(value, at) or {}).items():
        problem = env_name_problem(name)
        entry = "" if raw is None else text(raw, at.key(name))
        if problem:
            at.bad(problem)
        elif entry is not None and (len(entry) > _LONGEST or "\0" in entry):
            at.key(name).bad(f"must be text of at most {_LONGEST} characters")
        elif entry is not None:
            found[name] = entry
    return found


def _list(read: Reader) -> Reader:
    def read_all(value: Any, at: At) -> tuple[Any, ...] | None:
        if not isinstance(value, list):
            return at.bad(f"must be a list, not {kind_of(value)}")
        if len(value) > _MOST:
            return at.bad(f"holds {len(value)} entries: at most {_MOST} are possible")
        return tuple(entry for n, one in enumerate(value) if (entry := read(one, at.item(n))) is not None)

    return read_all


def _keys(value: Any, at: At) -> frozenset[str] | None:
    found = _list(_word)(value, at)
    return None if found is None else frozenset(found)


def _word(value: Any, at: At) -> str | None:
    if not isinstance(value, str) or missing(value) or len(value) > 253:
        return at.bad("must be text of 1 to 253 characters")
    return value.strip()


def _place(value: Any, at: At) -> str | None:
    """A path below the root."""
    found = str(value).strip() if isinstance(value, str) and len(value) <= 1024 else None
    if found is None or "\0" in found:
        return at.bad("must be a path of at most 1024 characters")
    if is_host_path(found) or ".." in found.replace("\\", "/").split("/"):
        return at.bad(f"{shown(found)} leads out of the files: write a path relative to their root, without '..'")
    return found


def _file(value: Any, at: At) -> str | None:
    return at.bad("must be the name of a file") if missing(value) else _place(value, at)


def _or_none(read: Reader) -> Reader:
    """Blank is as good as absent: forms send it."""
    return lambda value, at: None if missing(value) else read(value, at)


_SERVICE: Final[Table] = {
    "include": ("include", switch),
    "kind": ("kind", _or_none(choice(get_args(Kind)))),
    "schedule": ("schedule", _or_none(cron)),
    "expose": ("expose", _or_none(choice(get_args(Expose)))),
    "host": ("host", _or_none(ingress_host)),
    "replicas": ("replicas", _or_none(number(0, 100))),
    "image": ("image", _or_none(image)),
    "use": ("use", _or_none(choice(("image", "build")))),
    "secretKeys": ("secret_keys", _keys),
    "plainKeys": ("plain_keys", _keys),
}
_VOLUME: Final[Table] = {
    "size": ("size", _or_none(size)),
    "storageClassName": ("storage_class", _or_none(subdomain)),
    "accessModes": ("access_modes", _list(choice(_MODES))),
    "hostPath": ("host_path", switch),
}
_OPTIONS: Final[Table] = {
    "services": ("services", _by_name(_SERVICE, ServiceChoice)),
    "volumes": ("volumes", _by_name(_VOLUME, VolumeChoice)),
    "files": ("files", _list(_file)),
    "path": ("path", _or_none(_place)),
    "profiles": ("profiles", _list(_word)),
    "env": ("env", _variables),
    "expose": ("expose", _or_none(choice(get_args(Expose)))),
    "domain": ("domain", _or_none(hostname)),
    "ingressClassName": ("ingress_class", _or_none(subdomain)),
    "networkPolicies": ("network_policies", switch),
    "imageFacts": ("wants_image_facts", switch),
}
