"""A kubeconfig from a stranger → one server and one set of credentials, or why not. Pure: opens and runs nothing.

A kubeconfig can name programs to run and files to read, and every loader obeys. So it is looked through before
anything is made of it: the parser's events first (aliases, documents, depth), then the fields by name. Only what the
chosen context needs is kept, as plain values; the text itself is stored nowhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

MAX_BYTES: Final = 256 * 1024
_MAX_DEPTH: Final = 32
_WAY_OUT: Final = "make a self-contained one with `kubectl config view --flatten --minify`, or use a token"

# What makes a program run, a file be read or a password be sent; refused in every entry, chosen or not.
_REFUSED_OF_USER: Final = (
    "exec",
    "auth-provider",
    "tokenFile",
    "client-certificate",
    "client-key",
    "username",
    "password",
)
_REFUSED_OF_CLUSTER: Final = ("certificate-authority", "proxy-url")
# Acting as somebody else than the person meant would be worse than not at all.
_NOT_SUPPORTED: Final = ("as-uid", "as-user-extra")

# The parser in C where the wheel has it: 256 KiB take the other one half a second.
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

T = TypeVar("T")


class KubeconfigError(Exception):
    """Why it isn't taken and what to do; names fields, shows no value of them."""


@dataclass(frozen=True, slots=True)
class ChosenContext:
    """What one context of a kubeconfig says. PEM values are as given (base64)."""

    context: str
    server: str
    namespace: str = ""
    insecure: bool | None = None
    tls_server_name: str = ""
    ca: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    client_cert: str = field(default="", repr=False)
    client_key: str = field(default="", repr=False)
    impersonate_user: str = ""
    impersonate_groups: tuple[str, ...] = ()


def _text(value: object) -> object:
    """YAML reads a token of digits as a number, an empty value as null."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _entries(value: object) -> object:
    """`kubectl` writes `users: null` for none."""
    return [] if value is None else value


Text = Annotated[str, BeforeValidator(_text)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=False)


class _Cluster(_Part):
    server: Text = ""
    ca: Text = Field("", alias="certificate-authority-data")
    insecure: bool | None = Field(None, alias="insecure-skip-tls-verify")
    tls_server_name: Text = Field("", alias="tls-server-name")


class _User(_Part):
    token: Text = ""
    client_cert: Text = Field("", alias="client-certificate-data")
    client_key: Text = Field("", alias="client-key-data")
    impersonate_user: Text = Field("", alias="as")
    impersonate_groups: Annotated[tuple[Text, ...], BeforeValidator(lambda value: value or ())] = Field(
        (), alias="as-groups"
    )


class _Context(_Part):
    cluster: Text = ""
    user: Text = ""
    namespace: Text = ""


class _NamedCluster(_Part):
    name: Text
    cluster: Annotated[_Cluster, BeforeValidator(lambda value: value or {})]


class _NamedUser(_Part):
    name: Text
    user: Annotated[_User, BeforeValidator(lambda value: value or {})]


class _NamedContext(_Part):
    name: Text
    context: Annotated[_Context, BeforeValidator(lambda value: value or {})]


class _Kubeconfig(_Part):
    clusters: Annotated[list[_NamedCluster], BeforeValidator(_entries)] = Field(default_factory=list)
    users: Annotated[list[_NamedUser], BeforeValidator(_entries)] = Field(default_factory=list)
    contexts: Annotated[list[_NamedContext], BeforeValidator(_entries)] = Field(default_factory=list)
    current_context: Text = Field("", alias="current-context")


def choose_context(text: str, wanted: str = "") -> ChosenContext:
    """Read a kubeconfig and keep one context of it.

    Args:
        text: the YAML.
        wanted: the context's name; else its `current-context`, else the only one.

    Raises:
        KubeconfigError: not readable, refused fields, or no such context.
    """
    tree = _load(text)
    _refuse_fields(tree)
    try:
        config = _Kubeconfig.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise KubeconfigError(f"has a bad value at {where}: {first['msg']}") from None
    context = _context(config, wanted or config.current_context)
    cluster = _named(config.clusters, context.context.cluster, f"cluster of the context {context.name!r}").cluster
    user = _named(config.users, context.context.user, f"user of the context {context.name!r}").user
    return ChosenContext(
        context=context.name,
        namespace=context.context.namespace,
        **{name: getattr(cluster, name) for name in _Cluster.model_fields},
        **{name: getattr(user, name) for name in _User.model_fields},
    )


def _load(text: str) -> Mapping[str, Any]:
    if len(text.encode()) > MAX_BYTES:
        raise KubeconfigError(f"is larger than {MAX_BYTES // 1024} KiB: {_WAY_OUT}")
    try:
        _check_events(text)
        tree = yaml.load(text, Loader=_Loader)  # noqa: S506  the safe one, in C
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        # The parser's own text quotes the line, which may hold a token.
        raise KubeconfigError(f"is no readable YAML{line}") from None
    except ValueError:  # a date such as 2026-99-99
        raise KubeconfigError("has a value that isn't what it looks like: put dates in quotes") from None
    if not isinstance(tree, dict):
        raise KubeconfigError("is no kubeconfig: it must have clusters, users and contexts")
    return tree


def _check_events(text: str) -> None:
    """Before anything is built: aliases can make a small text enormous, depth can exhaust the stack."""
    depth, documents = 0, 0
    for event in yaml.parse(text, Loader=_Loader):
        match event:
            case yaml.AliasEvent():
                raise KubeconfigError(f"uses YAML aliases, which are not allowed: {_WAY_OUT}")
            case yaml.DocumentStartEvent():
                documents += 1
            case yaml.CollectionStartEvent():
                depth += 1
            case yaml.CollectionEndEvent():
                depth -= 1
        if depth > _MAX_DEPTH:
            raise KubeconfigError("is nested too deep")
        if documents > 1:
            raise KubeconfigError(f"holds several YAML documents: {_WAY_OUT}")


def _refuse_fields(tree: Mapping[str, Any]) -> None:
    for listed, inner, refused in (
        ("users", "user", _REFUSED_OF_USER),
        ("clusters", "cluster", _REFUSED_OF_CLUSTER),
    ):
        for index, entry in _inner(tree.get(listed), inner):
            for name in refused:
                if entry.get(name):
                    raise KubeconfigError(f"{listed}[{index}].{inner}.{name} is not allowed here: {_WAY_OUT}")
            for name in _NOT_SUPPORTED:
                if entry.get(name):
                    raise KubeconfigError(f"{listed}[{index}].{inner}.{name} is not supported: only as and as-groups")


def _inner(entries: object, key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        value = entry.get(key) if isinstance(entry, dict) else None
        if isinstance(value, dict):
            yield index, value


def _context(config: _Kubeconfig, wanted: str) -> _NamedContext:
    if not wanted and len(config.contexts) == 1:
        return config.contexts[0]
    for context in config.contexts:
        if wanted and context.name == wanted:
            return context
    names = ", ".join(context.name for context in config.contexts) or "none"
    asked = f"has no context {wanted!r}" if wanted else "names no current-context"
    raise KubeconfigError(f"{asked}: choose one with credentials.context; it has: {names}")


def _named(entries: list[T], name: str, what: str) -> T:
    for entry in entries:
        if getattr(entry, "name", None) == name:
            return entry
    raise KubeconfigError(f"the {what} is {name!r}, which isn't in it")
